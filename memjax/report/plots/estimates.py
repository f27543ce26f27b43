"""Figures of estimates, as functions of arrays."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.report.page.figures import MEMORIZED, histogram
from memjax.report.page.images import Painter
from memjax.report.plots.artists import BLUE, GREY, ORANGE, caption, grid, note, single, undefined, vector
from memjax.types import Dataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    mem = vector("mem", mem)
    counts, edges = histogram(mem)
    figure, axes = single(6.4, 3.4)
    axes.bar(edges[:-1], counts, width=np.diff(edges) * 0.92, align="edge", color=BLUE)
    axes.axvline(threshold, color=ORANGE, linewidth=1, linestyle="--")
    share = (mem >= threshold).sum() / max(1, np.isfinite(mem).sum())
    note(axes, f"{100 * share:.1f} % at {threshold:g} or above" + undefined(mem))
    if log:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
    axes.set_xlim(edges[0], edges[-1])
    axes.set(xlabel="memorization", ylabel="training examples")
    return figure


def accuracy_in_out(
    correct_in: ArrayLike,
    correct_out: ArrayLike,
    *,
    mislabelled: ArrayLike | None = None,
    threshold: float = MEMORIZED,
) -> "Figure":
    """Accuracy on each example: models that trained on it against models that did not.

    Memorization is the height above the diagonal; what lies above the dashed line is at the threshold or beyond.

    Args:
      correct_in, correct_out: (train,) shares of models that get the example right; NaN is left out.
      mislabelled: (train,) examples drawn in another colour, such as those whose label was changed on purpose.
    """
    correct_in, correct_out = vector("correct_in", correct_in), vector("correct_out", correct_out)
    special = np.zeros(len(correct_in), bool) if mislabelled is None else np.asarray(mislabelled)
    if not len(correct_in) == len(correct_out) == len(special):
        raise InputError(f"lengths {len(correct_in)}, {len(correct_out)} and {len(special)} differ; expected the same")
    figure, axes = single(4.6, 4.4)
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
      names: one an example, the label's.
    """
    inputs, value = np.asarray(inputs), vector("value", value)
    if len(inputs) != len(value):
        raise InputError(f"there are {len(inputs)} inputs and {len(value)} values; expected one of each an example")
    columns = max(1, min(columns, len(value)))
    rows = max(1, -(-len(value) // columns))
    figure, _ = grid(0.98 * columns, 1.32 * rows, rows, columns)
    draw = _drawer(inputs)
    for number, place in enumerate(figure.axes):
        place.set_axis_off()
        if number < len(value):
            draw(place, inputs[number])
            error = "" if stderr is None else f" ± {_short(np.asarray(stderr)[number])}"
            name = "" if names is None else f"\n{_name(names[number])}"
            caption(place, f"{_short(value[number])}{error}{name}")
    return figure


def pair_strips(
    dataset: Dataset,
    tr_idx: ArrayLike,
    tt_idx: ArrayLike,
    infl: ArrayLike,
    *,
    rows: int = 6,
    columns: int = 6,
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
    strips: dict[int, list[int]] = {}
    for pair, row in enumerate(tr_idx.tolist()):
        strips.setdefault(row, []).append(pair)
    shown = list(strips.items())[:rows]
    if not shown:
        raise InputError("there are no pairs to draw; train more models, or lower the thresholds")
    width = 1 + min(columns, max(len(pairs) for _, pairs in shown))
    figure, axes = grid(1.1 * width + 0.3, 1.36 * len(shown), len(shown), width)
    draw = _drawer(dataset.train_inputs)
    for place in figure.axes:
        place.set_axis_off()
    for line, (row, pairs) in zip(axes, shown, strict=True):
        draw(line[0], dataset.train_inputs[row], frame=ORANGE)
        caption(line[0], f"train {dataset.train_ids[row]}\n{_name(dataset.class_names[dataset.train_labels[row]])}")
        for place, pair in zip(line[1:], pairs, strict=False):
            column = int(tt_idx[pair])
            draw(place, dataset.test_inputs[column])
            name = _name(dataset.class_names[dataset.test_labels[column]])
            caption(place, f"{_short(infl[pair])}\n{name}")
    return figure


def error_by_models(
    num_models: ArrayLike, stderr: ArrayLike, *,
    goal: float | None = None,
) -> "Figure":  # fmt: skip
    """Typical standard error against the number of models, with the line that more models are expected to follow.

    The line falls with the square root of the number of models, through the last point.  Errors of 0 / 1 outcomes fall
    faster while there are few models, since one success and one failure were added to them.

    Args:
      num_models, stderr: one entry a measurement, e.g. of the first 50, 100, 200, ... models of a run.
      goal: a standard error that is wanted; how many models it takes is marked.
    """
    models, errors = vector("num_models", num_models), vector("stderr", stderr)
    if not len(models) == len(errors) or not len(models):
        raise InputError(f"there are {len(models)} numbers of models and {len(errors)} errors; expected as many, not 0")
    constant = errors[-1] * np.sqrt(models[-1])
    needed = None if goal is None else (constant / goal) ** 2
    reach = np.geomspace(models.min(), max(2 * models.max(), 1.2 * (needed or 0)), 50)
    figure, axes = single(5.6, 3.4)
    axes.plot(reach, constant / np.sqrt(reach), color=GREY, linewidth=1)
    axes.plot(models, errors, "o", color=BLUE, markersize=5)
    if goal is not None and needed is not None:
        axes.plot([needed, needed, reach[0]], [0.5 * goal, goal, goal], color=ORANGE, linewidth=1, linestyle="--")
        axes.set_ylim(bottom=min(0.8 * goal, 0.8 * errors.min()))
        note(axes, f"{goal:g} takes about {int(np.ceil(needed)):,} models")
    axes.set(xscale="log", yscale="log", xlabel="models", ylabel="typical standard error")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    return figure


def membership_roc(
    false_positives: ArrayLike, true_positives: ArrayLike, band: tuple[ArrayLike, ArrayLike] | None = None
) -> "Figure":
    """True against false positive rates of a membership attack, on logarithmic axes: the left end matters.

    Args:
      false_positives, true_positives: as in the `Curve` that `membership_curve` returns.
      band: lower and upper ends of the true positive rates, as `Curve.band` gives them.

    Reference:
      Carlini et al., Membership Inference Attacks From First Principles, 2022, arXiv 2112.03570.
    """
    false, true = vector("false_positives", false_positives), vector("true_positives", true_positives)
    least = min(1e-3, max(1e-6, false[false > 0].min(initial=1.0)))
    figure, axes = single(4.4, 4.2)
    axes.plot([least, 1], [least, 1], color=GREY, linewidth=1, linestyle="--", label="chance")
    axes.step(np.maximum(false, least), np.maximum(true, least), color=BLUE, where="post", label="attack")
    if band is not None:
        low, high = (np.maximum(vector("band", end), least) for end in band)
        axes.fill_between(np.maximum(false, least), low, high, color=BLUE, alpha=0.2, step="post", label="interval")
    axes.set(xscale="log", yscale="log", xlim=(least, 1), ylim=(least, 1.05), aspect="equal")
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    axes.legend(loc="lower right", frameon=False)
    return figure


def _drawer(inputs: Inputs):
    """Draws one example after another on the same scale."""
    painter = Painter(inputs)

    def draw(axes: "Axes", example: np.ndarray, frame: str | None = None) -> None:
        spread = np.where(painter.high > painter.low, painter.high - painter.low, 1.0)
        unit = ((np.nan_to_num(example.astype(np.float64)) - painter.low) / spread).clip(0, 1)
        pixels = unit if painter.is_image else unit.reshape(1, -1)
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, aspect="equal" if painter.is_image else "auto")
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


def _short(value: float) -> str:
    return f"{value:z.2f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "undefined"
