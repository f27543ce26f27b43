"""What attribution scores are judged by, above all the linear datamodeling score.  It asks whether sums of scores
predict how models trained on other subsets behave."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax import notebook
from memjax.errors import InputError
from memjax.estimators.checks import as_masks
from memjax.estimators.kernels.layout import layout_of
from memjax.statistics import clopper_pearson, mean_known
from memjax.types import ArrayLike

_SWAPS = 400


class LinearDatamodelingScore(NamedTuple):
    """Rank correlations between predicted and true outputs over held-out models.

    Attributes:
      value: their mean over test examples.
      low, high: 95 % interval of that mean, over models and test examples; models of equal or opposite subsets count as
        one.
      each: (test,) one correlation a test example; NaN where predictions or outputs are constant.
      num_undefined: how many are NaN and left out of the mean.
      ceiling: what a perfect prediction of the mean output would reach: the mean, over test examples, of the square
        root of the correlation r of the outputs with those of independent retrainings on the same subsets; for r below
        0, which is noise, -sqrt(-r).  NaN if there are no retrainings.
    """

    value: float
    low: float
    high: float
    each: Float[np.ndarray, " test"]
    num_undefined: int
    ceiling: float

    def __repr__(self) -> str:
        value, low, high = map(notebook.three_digits, self[:3])
        undefined = f", {self.num_undefined:,} undefined" if self.num_undefined else ""
        ceiling = "" if np.isnan(self.ceiling) else f"; ceiling {notebook.three_digits(self.ceiling)}"
        return (
            f"LinearDatamodelingScore({value}, 95 % interval {low} to {high}; {len(self.each):,} test examples"
            f"{undefined}{ceiling})"
        )


def linear_datamodeling_score(
    scores: ArrayLike, masks: ArrayLike, outputs: ArrayLike, *, fitted_masks: ArrayLike | None,
    outputs_again: ArrayLike | None = None, seed: int = 0, draws: int = 200,
) -> LinearDatamodelingScore:  # fmt: skip
    """How well any matrix of attributions predicts what training on a subset does to each test example.

        each[j] = Spearman correlation, over models t, of (sum over i in subset t of scores[i, j]) and outputs[t, j]

    Args:
      scores: influence[i, j], datamodel weights, or any other; positive where training on i helps with j.
      masks: (models, train), of models that no part of `scores` was made from.
      outputs: what the scores should predict: correctness, probability, margin or log odds.
      fitted_masks: masks of the models that `scores` was made from, to be compared with `masks`; None where it was made
        from no such models, such as attributions by gradients.
      outputs_again: outputs of other models trained on the same subsets, for the ceiling.
      seed, draws: of the bootstrap; without draws the interval is NaN.

    Raises:
      InputError: shapes that do not fit, numbers that are not finite, fewer than three models, or a subset that is
        among `fitted_masks`: scores explain the models that they were made from far too well.

    Reference:
      Park et al., TRAK: Attributing Model Behavior at Scale, 2023, arXiv 2303.14186, section 2.
    """
    masks = np.asarray(as_masks(masks))
    scores, outputs = np.asarray(scores, np.float64), np.asarray(outputs, np.float64)
    again = None if outputs_again is None else np.asarray(outputs_again, np.float64)
    wanted = (masks.shape[1], outputs.shape[-1])
    if outputs.ndim != 2 or len(outputs) != len(masks) or scores.shape != wanted:
        raise InputError(
            f"scores {scores.shape}, masks {masks.shape} and outputs {outputs.shape} do not fit; expected "
            "(train, test), (models, train) and (models, test)"
        )
    if again is not None and again.shape != outputs.shape:
        raise InputError(f"outputs_again has shape {again.shape} and outputs {outputs.shape}; expected the same")
    for name, numbers in (("scores", scores), ("outputs", outputs), ("outputs_again", again)):
        if numbers is not None and not np.isfinite(numbers).all():
            raise InputError(
                f"{name} holds values that are not finite numbers; leave out models that diverged, and give 0 for "
                "training examples whose influence is undefined"
            )
    if len(masks) < 3:
        raise InputError(f"{len(masks)} models are too few for a rank correlation; give at least 3")
    if fitted_masks is not None and (shared := _shared(masks, np.asarray(as_masks(fitted_masks)))):
        raise InputError(
            f"{shared} of the {len(masks)} subsets are among those that the scores were made from; give models of "
            "other subsets"
        )
    groups = layout.groups if (layout := layout_of(masks)) else None
    return agreement(sums_over(masks, scores), outputs, again, groups=groups, seed=seed, draws=draws)


def agreement(
    predicted: Float[np.ndarray, "rows test"], outputs: Float[np.ndarray, "rows test"],
    again: Float[np.ndarray, "rows test"] | None = None, *, groups: Int[np.ndarray, " rows"] | None = None,
    of: Callable | None = None, seed: int = 0, draws: int = 200,
) -> LinearDatamodelingScore:  # fmt: skip
    """Correlation over rows, for each test example, with the interval over both and the ceiling of `again`.

    It is Spearman's, or that of the function `of`.  Rows of one group are not independent.
    """
    of = of or spearman
    each = of(predicted, outputs)
    groups = np.arange(len(outputs)) if groups is None else groups
    low, high = _interval(predicted, outputs, each, groups, of, seed, draws)
    ceiling = np.nan
    if again is not None:
        retrained = of(again, outputs)
        ceiling = mean_known(np.sign(retrained) * np.sqrt(np.abs(retrained)))
    return LinearDatamodelingScore(mean_known(each), low, high, each, int(np.isnan(each).sum()), ceiling)


def sums_over(
    masks: Bool[np.ndarray, "models train"], scores: Float[np.ndarray, "train test"]
) -> Float[np.ndarray, "models test"]:
    """Sums of scores over each subset.  Ranks must not tell apart sums that are equal but for rounding."""
    sizes, first = masks.sum(1, dtype=np.float64), scores[:1]
    sums = masks.astype(np.float64) @ (scores - first) + (sizes - sizes[0])[:, None] * first
    return np.round(sums / np.maximum(np.abs(sums).max(0), np.finfo(float).tiny), 12)


def _shared(masks: Bool[np.ndarray, "models train"], fitted: Bool[np.ndarray, "fitted train"]) -> int:
    """How many of the subsets are among those that the scores were made from."""
    if masks.shape[1] != fitted.shape[1]:
        raise InputError(f"fitted_masks has {fitted.shape[1]} training examples and masks {masks.shape[1]}")
    known = {row.tobytes() for row in np.packbits(fitted, axis=1)}
    return sum(row.tobytes() in known for row in np.packbits(masks, axis=1))


def spearman(
    first: Float[np.ndarray, "models test"], second: Float[np.ndarray, "models test"]
) -> Float[np.ndarray, " test"]:
    """Column by column; equal values share their mean rank, and a constant column has no correlation."""
    from scipy.stats import rankdata

    return pearson(rankdata(first, axis=0), rankdata(second, axis=0))


def pearson(
    first: Float[np.ndarray, "rows test"], second: Float[np.ndarray, "rows test"]
) -> Float[np.ndarray, " test"]:
    """Column by column; a constant column has no correlation."""
    centred = [values - values.mean(0) for values in (first, second)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return (centred[0] * centred[1]).sum(0) / np.sqrt((centred[0] ** 2).sum(0) * (centred[1] ** 2).sum(0))


def _interval(
    predicted: Float[np.ndarray, "models test"], outputs: Float[np.ndarray, "models test"],
    each: Float[np.ndarray, " test"], groups: Int[np.ndarray, " models"], of: Callable, seed: int,
    draws: int,
) -> tuple[float, float]:  # fmt: skip
    """The mean -+ 1.96 standard errors, both models and test examples being samples (Owen, The Pigeonhole Bootstrap,
    2007): the variance over models plus that over test examples, less the noise of single correlations, which both
    hold.  Models of one group, whose subsets are equal or opposite, are drawn together."""
    rng, known = np.random.default_rng(seed), np.isfinite(each)
    members, number = [np.flatnonzero(groups == group) for group in range(groups.max() + 1)], int(known.sum())
    drawn = [
        np.concatenate([members[group] for group in rng.integers(len(members), size=len(members))])
        for _ in range(draws)
    ]
    again = np.array([of(predicted[rows][:, known], outputs[rows][:, known]) for rows in drawn])
    if draws < 2 or not number:
        return float("nan"), float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of few models some draws have no correlation at all
        of_models = float(np.nanvar(np.nanmean(again, axis=1), ddof=1))
        of_single = float(np.nanmean(np.nanvar(again, axis=0, ddof=1)))
    variance = of_models
    if number > 1:
        variance += float(each[known].var(ddof=1)) / number - max(of_single - of_models, 0.0) / (number - 1)
    half = 1.96 * np.sqrt(max(variance, of_models))
    return mean_known(each) - half, mean_known(each) + half


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
    r = np.maximum(mean_known(pearson(first, second)), 0.0)
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
