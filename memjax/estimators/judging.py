"""What attribution scores are judged by, beside the linear datamodeling score."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.estimators.lds import mean_of_known, pearson
from memjax.statistics import clopper_pearson

_SWAPS = 400


class LeftOut(NamedTuple):
    """What models do without some training examples, from models that leave out one group each, in several repeats.

    Attributes:
      masks: one subset for each group; models on everything are left out.
      outputs: the mean output over the repeats.
      halves: the same over every other repeat; None where a group has one model only.
    """

    masks: Bool[np.ndarray, "groups train"]
    outputs: Float[np.ndarray, "groups test"]
    halves: tuple[Float[np.ndarray, "groups test"], Float[np.ndarray, "groups test"]] | None


def left_out(masks: Bool[np.ndarray, "models train"], outputs: Float[np.ndarray, "models test"]) -> LeftOut:
    """Means of outputs over models of the same subset."""
    some = ~masks.all(1)
    masks, outputs = masks[some], outputs[some]
    _, first, group = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(group, kind="stable")
    repeat = np.empty(len(group), int)
    repeat[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])

    def means(chosen: Bool[np.ndarray, " models"]) -> Float[np.ndarray, "groups test"]:
        sums = np.zeros((len(first), outputs.shape[1]))
        np.add.at(sums, group[chosen], outputs[chosen])
        return sums / np.bincount(group[chosen], minlength=len(first))[:, None]

    several = len(first) and np.bincount(group).min() > 1
    halves = (means(repeat % 2 == 0), means(repeat % 2 == 1)) if several else None
    return LeftOut(masks[first], means(np.ones(len(group), bool)), halves)


def ceiling_of_halves(first: Float[np.ndarray, "rows test"], second: Float[np.ndarray, "rows test"]) -> float:
    """The correlation (Pearson) that a perfect score has with the mean of two halves, each with noise of its own.

    With r the mean correlation of the halves it is sqrt(2 r / (1 + r)); 0 where they do not agree (Spearman and Brown).
    Rank correlations do not follow this formula: of influence, whose tails are heavy, it promises far too much.
    """
    r = np.maximum(mean_of_known(pearson(first, second)), 0.0)
    return float(np.sqrt(2 * r / (1 + r)))


def favour(
    predicted: Float[np.ndarray, "models test"], outputs: Float[np.ndarray, "models test"],
    again: Float[np.ndarray, "models test"], seed: int = 0,
) -> float:  # fmt: skip
    """How much better scores predict some models than others trained on the same subsets, in standard errors.

    Scores that were made from neither predict both equally well.  The standard error comes from swapping each model
    with its twin at random.  Beyond 4 in size, the scores were made from one side.
    """
    from scipy.stats import rankdata

    both = rankdata(np.concatenate([outputs, again]), axis=0)
    mine, theirs = np.split(both - both.mean(0), 2)
    expected = rankdata(predicted, axis=0)
    expected = expected - expected.mean(0)
    spread = np.sqrt((expected**2).sum(0) * (both.var(0) * len(mine)))
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.nansum(expected * (mine - theirs) / spread, axis=1)  # of each model
    swaps = np.random.default_rng(seed).choice([-1.0, 1.0], (_SWAPS, len(each)))
    return float(each.sum() / max((swaps @ each).std(), np.finfo(float).tiny))


def average_precision(
    suspicion: Float[np.ndarray, " train"], wrong: Bool[np.ndarray, " train"], seed: int = 0, draws: int = 400
) -> tuple[float, float, float]:
    """Average precision of the order by suspicion, and its 95 % interval over training examples (bootstrap)."""
    from sklearn.metrics import average_precision_score

    rng, found = np.random.default_rng(seed), []
    for _ in range(draws):
        rows = rng.integers(len(wrong), size=len(wrong))
        if wrong[rows].any():
            found.append(average_precision_score(wrong[rows], suspicion[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(average_precision_score(wrong, suspicion)), float(low), float(high)


def recall_of_pairs(
    scores: Float[np.ndarray, "train test"], rows: Int[np.ndarray, " pairs"], columns: Int[np.ndarray, " pairs"],
    allowed: Bool[np.ndarray, "train test"], seed: int = 0, draws: int = 1000,
) -> tuple[float, float, float]:  # fmt: skip
    """Share of the given pairs among equally many largest scores of the allowed pairs, and its 95 % interval: that over
    test examples (bootstrap) and that of a rate (Clopper and Pearson) together.

    Equal scores at the end of the list count by their share of it.
    """
    values = scores[allowed]
    least = np.partition(values, -len(rows))[-len(rows)]
    above, equal = (values > least).sum(), (values == least).sum()
    share = (scores > least) + (scores == least) * ((len(rows) - above) / equal)
    hits = np.bincount(columns, share[rows, columns], scores.shape[1])
    count = np.bincount(columns, minlength=scores.shape[1])
    weights = np.random.default_rng(seed).multinomial(len(hits), np.full(len(hits), 1 / len(hits)), draws)
    with np.errstate(invalid="ignore"):
        low, high = np.nanquantile((weights @ hits) / (weights @ count), [0.025, 0.975])
    least, most = clopper_pearson(hits.sum(), len(rows))  # wider where there are few hits, or none to draw again
    return float(hits.sum() / len(rows)), float(min(low, least)), float(max(high, most))
