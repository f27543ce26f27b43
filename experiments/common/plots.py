"""The parts that figures of experiments are made of.  Every band and every error bar is a 95 % interval."""

import math
from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np

from experiments.common.intervals import Interval, ends

COLOURS = {  # told apart without colour vision
    "real": "#0072b2",
    "random inputs": "#d55e00",
    "random labels": "#009e73",
}
NO_POINT = "no point: neither side has any, or neither has in some draw"
NO_BAR = "no bar: all are equal, or too few"
HOLLOW = "hollow: no interval (all equal, or too few)"
CHARACTERS = 18  # of a note in an inch
OF_A_DIGIT = 0.03  # its width, as a share of an axis
MANY = 20  # in the largest bar of a histogram
STYLE = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}


def panels(
    rows: int, columns: int, width: float = 4.2, height: float = 3.4, heights: Sequence[float] = (), note: str = ""
) -> tuple[Any, Any]:
    """A figure and its axes, (rows, columns).

    Args:
      heights: of the rows; by default all have `height`.
      note: what bands or error bars are; it stands below the figure.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update(STYLE)
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(width * columns, sum(heights) or height * rows), layout="constrained", squeeze=False,
        height_ratios=heights or None,
    )  # fmt: skip
    if note:
        write_note(figure, note)
    return figure, axes


def write_note(figure: Any, note: str) -> None:
    """Puts a note below the figure, in as many lines as its width asks for."""
    figure.supxlabel(_lines(note, figure), fontsize=7, color="0.4")


def _lines(note: str, figure: Any) -> str:
    return fill(note, int(CHARACTERS * figure.get_figwidth()), break_on_hyphens=False, break_long_words=False)


def named(figure: Any, name: str, behind: bool = False) -> None:
    """Puts the name of the data, or of a network that is not the usual one, before or behind the note of the figure."""
    note = " ".join(figure.get_supxlabel().split())
    if not note.startswith(name) and not (behind and note.endswith(name)):
        words = (note, name) if behind else (name, note)
        write_note(figure, "; ".join(filter(None, words)))


def band(axis: Any, x: Sequence[float], intervals: Sequence[Interval], label: str, **style: Any) -> None:
    """A line of values with their 95 % intervals shaded; a value whose interval has no ends is hollow."""
    values = np.array([item.value for item in intervals])
    low, high = (np.array([getattr(item, end) for item in intervals]) for end in ("low", "high"))
    known = np.isfinite(low) & np.isfinite(high)
    (line,) = axis.plot(x, values, marker="o", markersize=3, label=label, **style)
    colour, beside = line.get_color(), np.pad(known, 1)
    axis.fill_between(x, low, high, where=known, alpha=0.2, color=colour, linewidth=0)
    alone = known & ~(beside[:-2] | beside[2:])  # between points without an interval nothing can be shaded
    axis.vlines(np.asarray(x)[alone], low[alone], high[alone], color=colour, alpha=0.4, linewidth=2)
    if (~known & np.isfinite(values)).any() and "markevery" not in style:
        axis.plot(np.asarray(x)[~known], values[~known], "o", markersize=3, markerfacecolor="white", color=colour)
        named(axis.figure, HOLLOW, behind=True)


def shares(axis: Any) -> None:
    """The y axis is for shares from 0 to 1: neither points nor bands that end there are cut off.

    Points that are not a number are left out, and the note says so.
    """
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, -0.03), max(high, 1.03))
    if any(np.isnan(np.asarray(line.get_ydata(), float)).any() for line in axis.lines):
        named(axis.figure, NO_POINT, behind=True)


def barred(axis: Any, x: Sequence[float], intervals: Sequence[Interval], label: str, **style: Any) -> None:
    """Values with their 95 % intervals as error bars; a value whose interval has no ends is hollow."""
    known = np.array([np.isfinite([item.low, item.high]).all() for item in intervals], bool)
    values, x = np.array([item.value for item in intervals]), np.asarray(x)
    reach = np.array(ends([item for item, has in zip(intervals, known, strict=True) if has])).reshape(2, -1)
    style = {"fmt": "o", "capsize": 2, "markersize": 4} | style
    drawn = axis.errorbar(x[known], values[known], reach, label=label, **style)
    if (~known & np.isfinite(values)).any():
        colour = drawn.lines[0].get_color()
        axis.plot(x[~known], values[~known], "o", markersize=4, markerfacecolor="white", color=colour)
        named(axis.figure, HOLLOW, behind=True)


def logarithmic(axis: Any, x: Sequence[float]) -> None:
    """A logarithmic axis with a mark at each of the points.

    Plain numbers stand at the last mark, and to its left wherever there is room.
    """
    axis.set_xscale("log")
    room, names = math.log(max(x) / min(x)), [""] * len(x)
    following = math.inf  # where the number to the right begins, as a share of the axis
    for place in sorted(range(len(x)), key=lambda place: -x[place]):
        name = f"{x[place]:g}"
        middle, half = math.log(x[place] / min(x)) / room if room else 0.0, len(name) * OF_A_DIGIT / 2
        if middle + half + OF_A_DIGIT / 2 <= following:
            names[place], following = name, middle - half
    axis.set_xticks(x, names)
    axis.set_xticks([], minor=True)


def plainly(axis: Any) -> None:
    """The y axis is logarithmic, with enough marks, in plain numbers."""
    from matplotlib.ticker import LogLocator

    axis.set(yscale="log")
    low, high = axis.get_ylim()
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_locator(LogLocator(subs=(2, 5) if high > 8 * low else (1.5, 2, 3, 4, 5, 7)))
    axis.yaxis.set_minor_formatter("{x:g}")


def counted(axis: Any) -> None:
    """The y axis is for a histogram: logarithmic, so that bars of height 1 can be seen; linear if all are low."""
    from matplotlib.ticker import MaxNLocator

    most = axis.get_ylim()[1]
    axis.set(**{"ylim": (0, None)} if most < MANY else {"yscale": "log", "ylim": (0.5, 2 * most)})
    if most >= MANY:
        axis.yaxis.set_major_formatter("{x:,g}")
    else:
        axis.yaxis.set_major_locator(MaxNLocator(integer=True))


def image_row(
    axis: Any, images: Sequence[np.ndarray], titles: Sequence[str], heading: str = "", slots: int = 0
) -> None:
    """Images side by side on one axis, with a title over each and a heading at the left.

    Args:
      slots: leaves room for so many images; by default for those that there are.  With it each image has a frame.
    """
    axis.set_axis_off()
    count = max(1, len(images), slots)
    for place, (image, title) in enumerate(zip(images, titles, strict=True)):
        inset = axis.inset_axes((place / count, 0.0, 0.94 / count, 0.78))
        inset.imshow(as_picture(image), cmap="gray_r" if image.ndim == 2 else None, interpolation="nearest")
        inset.set(xticks=[], yticks=[])
        inset.spines[:].set(visible=bool(slots), color="0.7")
        inset.set_title(title, fontsize=5.5, pad=2)
    if heading:
        axis.text(-0.01, 0.4, heading, rotation=90, ha="right", va="center", fontsize=6.5, transform=axis.transAxes)


def as_picture(image: np.ndarray) -> np.ndarray:
    """Values from 0 to 1; a vector becomes one row."""
    picture = np.atleast_2d(np.asarray(image, np.float32).squeeze())
    return (picture - picture.min()) / max(float(np.ptp(picture)), 1e-9)
