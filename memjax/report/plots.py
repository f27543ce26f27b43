"""Figures of estimates, from arrays: for a notebook, a talk or a paper.

Each function returns a matplotlib Figure.  It does not use pyplot, so no state is shared.  A notebook shows the figure,
and `figure.savefig(path)` saves it.  Names in a data set are drawn as they are, `$` included.
"""

import functools
import io
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.report.page.figures import MEMORIZED, histogram
from memjax.report.page.images import Painter
from memjax.report.page.overview import number as digits
from memjax.report.page.overview import strips
from memjax.types import Dataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["accuracy_in_out", "example_grid", "memorization_histogram", "pair_strips"]

INK, BLUE, ORANGE, GREY = "#222222", "#3465a4", "#c4570e", "#8a8a8a"
LONGEST_NAME = 16  # letters of a class name in a caption


def memorization_histogram(mem: ArrayLike, *, threshold: float = MEMORIZED, log: bool = True) -> "Figure":
    """Histogram of memorization in the 18 equal bins of the paper's figures.

    Args:
      mem: (train,) memorization; NaN is left out, and counted in a note.
      threshold: marked by a line.
      log: whether the counts are on a logarithmic axis, without which the tail is not seen.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703.
    """
    mem = _vector("mem", mem)
    counts, edges = histogram(mem)
    figure, axes = _single(6.4, 3.4)
    axes.bar(edges[:-1], counts, width=np.diff(edges) * 0.92, align="edge", color=BLUE)
    axes.axvline(threshold, color=ORANGE, linewidth=1, linestyle="--")
    share = (mem >= threshold).sum() / max(1, np.isfinite(mem).sum())
    undefined = f"\n{np.isnan(mem).sum():,} undefined" if np.isnan(mem).any() else ""
    words = f"{100 * share:.1f} % at {threshold:g} or above{undefined}"
    axes.text(0.99, 0.97, words, transform=axes.transAxes, ha="right", va="top", fontsize=9, color=INK)
    if log:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
    axes.set_xlim(edges[0], edges[-1])
    axes.set(xlabel="memorization", ylabel="training examples")
    return figure


def accuracy_in_out(
    correct_in: ArrayLike, correct_out: ArrayLike, *, mislabelled: ArrayLike | None = None, threshold: float = MEMORIZED
) -> "Figure":
    """Accuracy on each example: models that trained on it against models that did not.

    Memorization is the height above the diagonal; what lies above the dashed line is at the threshold or beyond.

    Args:
      correct_in, correct_out: (train,) shares of models that get the example right; NaN is left out.
      mislabelled: (train,) examples drawn in another colour, such as those whose label was changed on purpose.
    """
    correct_in, correct_out = _vector("correct_in", correct_in), _vector("correct_out", correct_out)
    special = np.zeros(len(correct_in), bool) if mislabelled is None else np.asarray(mislabelled)
    if not len(correct_in) == len(correct_out) == len(special):
        raise InputError(f"lengths {len(correct_in)}, {len(correct_out)} and {len(special)} differ; expected the same")
    figure, axes = _single(4.6, 4.4)
    ends = np.array([0.0, 1.0])
    axes.plot(ends, ends, color=GREY, linewidth=1)
    axes.plot(ends, ends + threshold, color=ORANGE, linewidth=1, linestyle="--")
    opacity = float(np.clip(400 / max(1, len(correct_in)), 0.05, 0.7))
    axes.scatter(correct_out[~special], correct_in[~special], s=12, color=BLUE, alpha=opacity, linewidths=0)
    if special.any():
        axes.scatter(correct_out[special], correct_in[special], s=16, color=ORANGE, linewidths=0, label="mislabelled")
        axes.legend(loc="lower right", frameon=False)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    axes.set(xlabel="accuracy of models not trained on it", ylabel="accuracy of models trained on it")
    return figure


def example_grid(
    inputs: ArrayLike,
    value: ArrayLike,
    stderr: ArrayLike | None = None,
    names: "list[str] | tuple[str, ...] | None" = None,
    *,
    columns: int = 10,
) -> "Figure":
    """Examples in the order given, each with its score, the score's standard error and its label.

    Args:
      inputs: (examples, *shape): images (height, width) or (height, width, 1 or 3); anything else is drawn as a strip
        of its numbers.
      value, stderr: (examples,) scores and their errors.
      names: one per example, the label's.
    """
    inputs, value = np.asarray(inputs), _vector("value", value)
    if len(inputs) != len(value):
        raise InputError(f"there are {len(inputs)} inputs and {len(value)} values; expected one of each an example")
    columns = max(1, min(columns, len(value)))
    rows = max(1, -(-len(value) // columns))
    figure, _ = _grid(0.98 * columns, 1.32 * rows, rows, columns)
    draw = _drawer(inputs)
    for number, place in enumerate(figure.axes):
        place.set_axis_off()
        if number < len(value):
            draw(place, inputs[number])
            error = "" if stderr is None else f" ± {digits(np.asarray(stderr)[number], 2)}"
            name = "" if names is None else f"\n{_name(names[number])}"
            _caption(place, f"{digits(value[number], 2)}{error}{name}")
    return figure


def pair_strips(
    dataset: Dataset, tr_idx: ArrayLike, tt_idx: ArrayLike, infl: ArrayLike, *, rows: int = 6, columns: int = 6
) -> "Figure":
    """Pairs as the paper shows them: a training example on the left, the test examples it helps to its right.

    Args:
      dataset: the examples that the rows are of.
      tr_idx, tt_idx, infl: as in `Pairs` or pairs.npz, strongest first.
      rows: training examples at most, those of the strongest pairs.
      columns: test examples of each at most.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703.
    """
    tr_idx, tt_idx, infl = np.asarray(tr_idx), np.asarray(tt_idx), np.asarray(infl)
    shown = list(strips(tr_idx).items())[:rows]
    if not shown:
        raise InputError("there are no pairs to draw; train more models, or lower the thresholds")
    width = 1 + min(columns, max(len(pairs) for _, pairs in shown))
    figure, axes = _grid(1.1 * width + 0.3, 1.36 * len(shown), len(shown), width)
    draw = _drawer(dataset.train_inputs)
    for place in figure.axes:
        place.set_axis_off()
    for line, (row, pairs) in zip(axes, shown, strict=True):
        draw(line[0], dataset.train_inputs[row], frame=ORANGE)
        _caption(line[0], f"train {dataset.train_ids[row]}\n{_name(dataset.class_names[dataset.train_labels[row]])}")
        for place, pair in zip(line[1:], pairs, strict=False):
            column = int(tt_idx[pair])
            draw(place, dataset.test_inputs[column])
            name = _name(dataset.class_names[dataset.test_labels[column]])
            _caption(place, f"{digits(infl[pair], 2)}\n{name}")
    return figure


def _drawer(inputs: Inputs):
    """Draws one example after another on the same scale."""
    painter = Painter(inputs)

    def draw(axes: "Axes", example: np.ndarray, frame: str | None = None) -> None:
        aspect = "equal" if painter.is_image else "auto"
        axes.imshow(painter.tiles(example[None])[0], cmap="gray", vmin=0, vmax=255, aspect=aspect)
        if frame:
            axes.set_axis_on()
            axes.set(xticks=[], yticks=[])
            for spine in axes.spines.values():
                spine.set(color=frame, linewidth=2)

    return draw


def _name(text: str) -> str:
    """A class name, shortened to fit under an image, without control characters."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


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


def _single(width: float, height: float) -> "tuple[Figure, Axes]":
    """A figure of so many inches with one pair of axes."""
    figure, ((axes,),) = _grid(width, height, 1, 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def _grid(width: float, height: float, rows: int, columns: int) -> "tuple[Figure, list[list[Axes]]]":
    figure = _kind()(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.subplots(rows, columns, squeeze=False).tolist()


def _caption(axes: "Axes", text: str) -> None:
    axes.set_title(text, fontsize=7.5, color=INK, pad=3, parse_math=False)


def _vector(name: str, values) -> Float[np.ndarray, " entries"]:
    array = np.asarray(values, np.float64)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {array.shape}; expected one axis")
    return array
