"""Shared by the figures of `memjax.report.plots`: a figure without pyplot, its axes, colours and notes."""

import functools
import io
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, BLUE, ORANGE, GREY = "#222222", "#3465a4", "#c4570e", "#8a8a8a"


@functools.cache
def _kind():
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        """A figure that a notebook shows without pyplot."""

        def _repr_png_(self) -> bytes:
            stream = io.BytesIO()
            self.savefig(stream, format="png", dpi=150)
            return stream.getvalue()

    return NotebookFigure


def single(width: float, height: float) -> "tuple[Figure, Axes]":
    """A figure of so many inches with one pair of axes."""
    figure, ((axes,),) = grid(width, height, 1, 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def grid(width: float, height: float, rows: int, columns: int) -> "tuple[Figure, list[list[Axes]]]":
    figure = _kind()(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.subplots(rows, columns, squeeze=False).tolist()


def caption(axes: "Axes", text: str) -> None:
    axes.set_title(text, fontsize=7.5, color=INK, pad=3, parse_math=False)


def note(axes: "Axes", text: str) -> None:
    axes.text(0.99, 0.97, text, transform=axes.transAxes, ha="right", va="top", fontsize=9, color=INK)


def undefined(values: np.ndarray) -> str:
    count = int(np.isnan(values).sum())
    return f"\n{count:,} undefined" if count else ""


def vector(name: str, values) -> Float[np.ndarray, " entries"]:
    array = np.asarray(values, np.float64)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {array.shape}; expected one axis")
    return array
