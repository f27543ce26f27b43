"""What the page shows without its script: numbers of the run and their words, classes, and some examples and pairs."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from memjax.notebook import Summary, frame
from memjax.report.page.figures import MEMORIZED
from memjax.results import Estimates, PairTable
from memjax.statistics import clopper_pearson, gini, mean_known
from memjax.types import Dataset, Estimate

Number = int | float | np.number
MISSED = 0.05  # of intervals of 95 %, the most that are wrong at one end


def number(value: Number, digits: int = 3) -> str:
    """A score: with a proper minus sign, and never a minus before zero.

    >>> number(0.25), number(-0.00001), number(float("nan"))
    ('0.250', '0.000', 'undefined')
    """
    if not math.isfinite(value):
        return "undefined"
    return f"{value:z,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def percent(value: Number) -> str:
    """A fraction as a percentage."""
    return f"{value:.1%}".replace("%", "\N{NO-BREAK SPACE}%") if math.isfinite(value) else "undefined"


def short(value: Number) -> str:
    """A number beside an axis.

    >>> short(0.25), short(-0.5), short(20.0)
    ('0.25', '\u22120.5', '20')
    """
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def whole(value: Number) -> str:
    """A count.

    >>> whole(50000), whole(float("nan"))
    ('50,000', 'unknown')
    """
    return f"{value:,.0f}" if math.isfinite(value) else "unknown"


def of_run(estimates: Estimates) -> dict[str, Any]:
    """The numbers of the whole run that `Estimates` does not have; NaN where they are not defined."""
    mem, counts = finite(estimates.mem), [np.sum(count, dtype=np.float64) for count in estimates.memorization[2:]]
    large, known = int((mem >= MEMORIZED).sum()), len(mem)
    sides = estimates.scores[estimates.score]
    return {
        "mean_in": mean_known(sides.mean_in),
        "mean_out": mean_known(sides.mean_out),
        "known": known,
        "large": large,
        "share": large / known if known else np.nan,
        "share_interval": share_interval(estimates.memorization) if known else (np.nan, np.nan),
        "sum": mem.sum() if known else np.nan,
        "sum_interval": np.multiply(estimates.mean_interval, known),
        "gini": float(gini(mem.clip(min=0))) if known else np.nan,
        "largest_error": Summary(estimates.mem_stderr).high,
        "subset_fraction": counts[0] / sum(counts) if sum(counts) else np.nan,
    }


def share_interval(memorization: Estimate) -> tuple[float, float]:
    """95 % interval of the share of examples whose true memorization is large.

    It counts the noise of scores and the draw of examples: the ends are Clopper-Pearson limits of the shares of
    examples whose own interval is above the threshold, or not below it, of which at most one in 20 misses its truth.
    """
    low, high = map(np.asarray, memorization.interval())
    known = np.isfinite(np.asarray(memorization.value))
    ends = [
        clopper_pearson(float(sure[known].sum()), int(known.sum()))[0] for sure in (low >= MEMORIZED, high < MEMORIZED)
    ]
    above, below = (max(0.0, (float(end) - MISSED) / (1 - MISSED)) for end in ends)
    return above, 1 - below


def by_class(dataset: Dataset, estimates: Estimates) -> list[dict[str, Any]]:
    """A row for each class, in descending order of mean memorization; classes without a score come last.

    The mean is over the defined scores.  Its 95 % interval counts examples and models, see `class_means`.  large: how
    many scores are.  share: mean / largest mean.
    """
    members = [dataset.train_labels == label for label in range(dataset.num_classes)]
    scores = [finite(estimates.mem[member]) for member in members]
    means = np.array([score.mean() if len(score) else np.nan for score in scores])
    intervals = np.full((2, len(means)), np.nan) if estimates.class_intervals is None else estimates.class_intervals
    longest = np.max(np.abs(means), where=np.isfinite(means), initial=0) or 1.0
    rows = frame({
        "name": dataset.class_names, "examples": [member.sum() for member in members], "mean": means,
        "low": intervals[0], "high": intervals[1], "large": [(score >= MEMORIZED).sum() for score in scores],
        "share": means / longest,
    })  # fmt: skip
    return rows.sort_values("mean", ascending=False, kind="stable").to_dict("records")


def finite(values: np.ndarray) -> Float[np.ndarray, " defined"]:
    """The defined values, in double precision."""
    return values[np.isfinite(values)].astype(np.float64)


def nearest(mem: np.ndarray, target: float, limit: int) -> Int[np.ndarray, " few"]:
    """The examples with the scores nearest to a value; ties are broken at random, with a fixed seed."""
    defined = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(mem)))
    return defined[np.argsort(np.abs(mem[defined] - target), kind="stable")[:limit]]


def strips(train_rows: Int[np.ndarray, " pairs"]) -> dict[int, list[int]]:
    """The strongest pairs, a list for each training example, ordered by the strongest pair of the list."""
    found: dict[int, list[int]] = {}
    for pair, row in enumerate(train_rows.tolist()):
        found.setdefault(row, []).append(pair)
    return found


def pair_counts(dataset: Dataset, mem: np.ndarray, pairs: PairTable) -> dict[str, Any]:
    """The numbers of examples in pairs, of memorized examples, and of possible pairs, which have one class."""
    train, test = (
        np.bincount(labels, minlength=dataset.num_classes) for labels in (dataset.train_labels, dataset.test_labels)
    )
    return {
        "train": len(np.unique(pairs.train_rows)),
        "test": len(np.unique(pairs.test_rows)),
        "possible": int(train @ test),
        "large": int((finite(mem) >= pairs.memorization_threshold).sum()),
    }
