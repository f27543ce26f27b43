"""The overview: numbers of the whole run and their words, and memorization of each class."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from memjax.notebook import Summary
from memjax.report.page.figures import MEMORIZED
from memjax.results import Estimates
from memjax.statistics import clopper_pearson, gini
from memjax.types import Dataset, Estimate

MISSED = 0.05  # of intervals of 95 %, the most that are wrong at one end


def number(value: int | float, digits: int = 3) -> str:
    """A score: with a proper minus sign, and never a minus before zero.

    >>> number(0.25), number(-0.00001), number(float("nan"))
    ('0.250', '0.000', 'undefined')
    """
    if not math.isfinite(value):
        return "undefined"
    return f"{value:z,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def percent(value: int | float) -> str:
    """A fraction as a percentage."""
    return f"{value:.1%}".replace("%", "\N{NO-BREAK SPACE}%") if math.isfinite(value) else "undefined"


def short(value: int | float) -> str:
    """A number beside an axis.

    >>> short(0.25), short(-0.5), short(20.0)
    ('0.25', '\u22120.5', '20')
    """
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def whole(value: int | float) -> str:
    """A count.

    >>> whole(50000), whole(float("nan"))
    ('50,000', 'unknown')
    """
    return f"{value:,.0f}" if math.isfinite(value) else "unknown"


class Tile(NamedTuple):
    """One number of the overview, as text."""

    label: str
    text: str
    note: str = ""


class ClassRow(NamedTuple):
    """Memorization of one class: mean over its defined scores, its 95 % interval, and how many are large.

    The interval counts examples and models; see `class_means`.

    `share` is mean / largest mean.
    """

    name: str
    examples: int
    mean: float
    low: float
    high: float
    large: int
    share: float


def overview(dataset: Dataset, estimates: Estimates) -> list[Tile]:
    """The numbers of the whole run."""
    mem, most = finite(estimates.mem), number(Summary(estimates.mem_stderr).high)
    large, share, low, high, total, unequal = int((mem >= MEMORIZED).sum()), *[np.nan] * 5
    if len(mem):
        share, total, unequal = large / len(mem), mem.sum(), float(gini(mem.clip(min=0)))
        low, high = share_interval(estimates.memorization)
    interval = f"95 % interval {percent(low)} to {percent(high)}"
    num_in, num_out = (np.asarray(count, np.float64) for count in estimates.memorization[2:])
    seen, models = float(np.sum(num_in)), float(np.sum(num_in + num_out))
    of = estimates.score
    meaning = "estimated number of memorized examples" if of == "correct" else f"in units of {of}"
    if np.isfinite(estimates.mean_interval[0]):
        ends = (number(float(end) * len(mem), 1) for end in estimates.mean_interval)
        meaning += f"; 95 % interval, over examples and models, {' to '.join(ends)}"
    return [
        Tile("Training examples", whole(dataset.num_train)),
        Tile("Test examples", whole(dataset.num_test)),
        Tile("Classes", whole(dataset.num_classes)),
        Tile("Models", whole(estimates.num_models), f"{whole(estimates.num_failed)} diverged models (excluded)"),
        Tile("Subset fraction", percent(seen / models if models else np.nan), "of the training examples in each model"),
        Tile("In-sample accuracy", percent(estimates.in_sample_accuracy), "on the training examples of a model"),
        Tile("Held-out accuracy", percent(estimates.held_out_accuracy), "on training examples held out from a model"),
        Tile("Test accuracy", percent(estimates.test_accuracy), "on the test examples"),
        Tile("Memorization at least 0.25", percent(share), f"{large:,} of {len(mem):,} examples; {interval}"),
        Tile("Sum of memorization", number(total, 1), meaning),
        Tile("Gini coefficient", number(unequal), "of memorization; 0: spread evenly, 1: all in one example"),
        Tile(
            "Typical standard error", number(estimates.typical_stderr), f"of a score, root mean square; {most} at most"
        ),
    ]


def share_interval(memorization: Estimate) -> tuple[float, float]:
    """95 % interval of the share of examples whose true memorization is large.

    It counts the noise of scores and the draw of examples: the ends are Clopper-Pearson limits of the shares of
    examples whose own interval is above the threshold, or not below it, of which at most one in 20 is so by noise.
    """
    low, high = map(np.asarray, memorization.interval())
    known = np.isfinite(np.asarray(memorization.value))
    ends = [
        clopper_pearson(float(sure[known].sum()), int(known.sum()))[0] for sure in (low >= MEMORIZED, high < MEMORIZED)
    ]
    above, below = (max(0.0, (float(end) - MISSED) / (1 - MISSED)) for end in ends)
    return above, 1 - below


def by_class(dataset: Dataset, estimates: Estimates) -> list[ClassRow]:
    """A row for each class, in descending order of mean memorization; classes without a score come last."""
    members = [dataset.train_labels == label for label in range(dataset.num_classes)]
    scores = [finite(estimates.mem[member]) for member in members]
    means = np.array([score.mean() if len(score) else np.nan for score in scores])
    intervals = np.full((2, len(means)), np.nan) if estimates.class_intervals is None else estimates.class_intervals
    longest = np.max(np.abs(means), where=np.isfinite(means), initial=0) or 1.0
    sizes, large = [int(each.sum()) for each in members], [int((score >= MEMORIZED).sum()) for score in scores]
    columns = dataset.class_names, sizes, means.tolist(), *intervals.tolist(), large, (means / longest).tolist()
    rows = [ClassRow(*row) for row in zip(*columns, strict=True)]
    return [rows[place] for place in np.argsort(-means, kind="stable")]


def finite(values: np.ndarray) -> Float[np.ndarray, " defined"]:
    """The defined values, in double precision."""
    return values[np.isfinite(values)].astype(np.float64)
