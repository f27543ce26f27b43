"""The numbers of a whole run and of its classes, as the overview shows them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from memjax.report.page.figures import MEMORIZED
from memjax.report.page.words import number, percent, whole
from memjax.results import Estimates
from memjax.types import Dataset

Z95 = 1.96


class Tile(NamedTuple):
    """One number of the overview, as text."""

    label: str
    text: str
    note: str = ""


class ClassRow(NamedTuple):
    """Memorization of one class: mean over its defined scores, its standard error, and how many are large.

    `share` is mean / largest mean.
    """

    name: str
    examples: int
    mean: float
    stderr: float
    large: int
    share: float


def overview(dataset: Dataset, estimates: Estimates) -> list[Tile]:
    """The numbers of the whole run."""
    mem, stderr = finite(estimates.mem), finite(estimates.mem_stderr)
    large = int((mem >= MEMORIZED).sum())
    share = large / len(mem) if len(mem) else np.nan
    low, high = wilson(large, len(mem))
    total = mem.sum() if len(mem) else np.nan
    largest = stderr.max() if len(stderr) else np.nan
    num_in, num_out = (np.asarray(count, np.float64) for count in estimates.memorization[2:])
    seen, models = float(np.sum(num_in)), float(np.sum(num_in + num_out))
    of = estimates.score
    meaning = "estimated number of memorized examples" if of == "correct" else f"in units of {of}"
    return [
        Tile("Training examples", whole(dataset.num_train)),
        Tile("Test examples", whole(dataset.num_test)),
        Tile("Classes", whole(dataset.num_classes)),
        Tile("Models", whole(estimates.num_models), f"{whole(estimates.num_failed)} diverged models (excluded)"),
        Tile("Subset fraction", percent(seen / models if models else np.nan), "of the training examples in each model"),
        Tile("In-sample accuracy", percent(estimates.in_sample_accuracy), "on examples a model trained on"),
        Tile("Held-out accuracy", percent(estimates.held_out_accuracy), "on training examples a model did not see"),
        Tile("Test accuracy", percent(estimates.test_accuracy), "on the test examples"),
        Tile(
            "Memorization at least 0.25",
            percent(share),
            f"{large:,} of {len(mem):,} examples; 95 % interval {percent(low)} to {percent(high)}",
        ),
        Tile("Sum of memorization", number(total, 1), meaning),
        Tile("Gini coefficient", number(gini(mem)), "of memorization; 0: spread evenly, 1: all in one example"),
        Tile(
            "Typical standard error",
            number(_root_mean_square(stderr)),
            f"of a score, root mean square; {number(largest)} at most",
        ),
    ]


def by_class(dataset: Dataset, mem: np.ndarray) -> list[ClassRow]:
    """One row a class, the most memorized first; classes without a defined score last."""
    members = [dataset.train_labels == label for label in range(dataset.num_classes)]
    scores = [finite(mem[member]) for member in members]
    means = np.array([score.mean() if len(score) else np.nan for score in scores])
    errors = [score.std(ddof=1) / np.sqrt(len(score)) if len(score) > 1 else np.nan for score in scores]
    longest = np.max(np.abs(means), where=np.isfinite(means), initial=0) or 1.0
    rows = [
        ClassRow(
            name, int(member.sum()), float(mean), float(error), int((score >= MEMORIZED).sum()), float(mean / longest)
        )
        for name, member, score, mean, error in zip(dataset.class_names, members, scores, means, errors, strict=True)
    ]
    return [rows[place] for place in np.argsort(-means, kind="stable")]


def gini(mem: Float[np.ndarray, " defined"]) -> float:
    """Gini coefficient of the scores, negative ones taken as 0: how unevenly memorization is spread.

    0 where all are equal, near 1 where few have all; NaN where there is none.

    >>> gini(np.array([0.0, 0.0, 0.0, 1.0])), gini(np.array([0.5, 0.5]))
    (0.75, 0.0)
    """
    scores = np.sort(mem.clip(min=0))
    if not scores.sum() > 0:
        return np.nan
    count = len(scores)
    return float((2 * np.arange(1, count + 1) - count - 1) @ scores / (count * scores.sum()))


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; NaN where there is nothing to count."""
    if not trials:
        return np.nan, np.nan
    share, shrink = hits / trials, 1 + Z95**2 / trials
    centre = (share + Z95**2 / (2 * trials)) / shrink
    half = Z95 / shrink * np.sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials**2))
    return float(centre - half), float(centre + half)


def finite(values: np.ndarray) -> Float[np.ndarray, " defined"]:
    """The defined values, in double precision."""
    return values[np.isfinite(values)].astype(np.float64)


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else np.nan
