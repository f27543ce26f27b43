"""Means over models that saw an example and over those that did not, within each subset size, by groups of models.

With y the sum of the scores of a group on one side, r its number of models and m the mean over all models of this
side, the group adds y - r m to what is uncertain about the mean.  Its variance is the sum of squares of these, and
partners of complementary subsets add the product of what they have on either side.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from memjax.estimators.kernels.layout import Grouped, Layout, grouped
from memjax.estimators.kernels.moments import Errors, Moments
from memjax.types import Estimate

AT_ONCE = 2**22  # scores of all models that are summed at the same time

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


def own(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of each example the sum of its own values, over groups whose subset has it."""
    return (masks * values).sum(0)


def every(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of each train-test pair."""
    return masks.T.astype(np.float64) @ values


class _Side(NamedTuple):
    models: Any
    groups: Any
    total: Any
    squares: Any  # of y
    mixed: Any  # y r
    models_squared: Any


def sides_by_size(
    layout: Layout, masks: np.ndarray, scores: np.ndarray, errors: Errors, product: Product, kept: Any = None
) -> tuple[Moments, Moments, Float[np.ndarray, "*shape"]]:
    """Both sides and the standard error of their difference.

    Means are weighted over sizes by n_in n_out / (n_in + n_out) (Mantel and Haenszel).  Where there are several sizes,
    one counts for an example if it has two groups on either side; NaN where none has.

    Args:
      product: `own` or `every`.
      kept: (models, columns), which models count for a column.

    Reference:
      Mantel and Haenszel, Statistical Aspects of the Analysis of Data from Retrospective Studies, 1959; Greenland and
      Robins, 1985, for differences; Liang and Zeger, Longitudinal Data Analysis Using Generalized Linear Models, 1986.
    """
    scores = np.asarray(scores, np.float64)
    rates = ((scores == 0) | (scores == 1)).all(0)
    mean = np.where(rates, 0.0, scores.mean(0))
    always, never = (each[:, None] if product is every else each for each in (masks.all(0), ~masks.any(0)))
    strata: list[Any] = [_sides(part, product, always, never) for part in grouped(layout, masks, scores - mean, kept)]
    added = rates * (errors == "adjusted")
    used = [(part[0].groups > 1) & (part[1].groups > 1) if len(strata) > 1 else True for part in strata]
    groups_in, groups_out = (
        sum(np.where(counts, part[side].groups, 0) for counts, part in zip(used, strata, strict=True))
        for side in (0, 1)
    )
    terms: list[Any] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for (inside, outside, cross), counts in zip(strata, used, strict=True):
            more_in, more_out = added * inside.groups / groups_in, added * outside.groups / groups_out
            mean_in, variance_in, scale_in = _variance(inside, more_in, errors)
            mean_out, variance_out, scale_out = _variance(outside, more_out, errors)
            more = np.sqrt(more_in * more_out) * (inside.models / inside.groups) * (outside.models / outside.groups)
            both = _covariance(cross, (mean_in, mean_out), (scale_in, scale_out), more)
            share = inside.models * outside.models / (inside.models + outside.models)
            share = np.where(counts, share, 0.0) if len(strata) > 1 else 1.0
            means = [np.where(share > 0, share * (side.total / side.models), 0.0) for side in (inside, outside)]
            squares = [np.where(share > 0, share**2 * value, 0.0) for value in (variance_in, variance_out, both)]
            terms.append((share, *means, *squares))
        weight, *means, of_in, of_out, shared = map(sum, zip(*terms, strict=True))
        stderr = np.sqrt(np.maximum(of_in + of_out - 2 * shared, 0)) / weight
        counts = [np.round(sum(part[side].models for part in strata)).astype(np.int32) for side in (0, 1)]
        first, second = (
            Moments(np.broadcast_to(count, np.shape(total)), total / weight + mean, of / weight**2)
            for count, total, of in zip(counts, means, (of_in, of_out), strict=True)
        )
    return first, second, stderr


def laid_out(
    estimate: Estimate, layout: Layout | None, masks: Any, scores: Any, errors: Errors, product: Product,
    kept: Any = None,
) -> Estimate:  # fmt: skip
    """An estimate for independent models of one size, as the layout of the models would have it: other errors, and
    from subsets of several sizes other values."""
    if layout is None:
        return estimate
    found = estimate_by_size(layout, masks, scores, errors, product, kept)
    return found if layout.strata.any() else estimate._replace(stderr=found.stderr)


def estimate_by_size(
    layout: Layout, masks: Any, scores: Any, errors: Errors, product: Product, kept: Any = None
) -> Estimate:
    """Memorization (`own`) or influence (`every`), some columns at a time."""
    masks, scores = np.asarray(masks), np.asarray(scores)
    step, parts = max(1, AT_ONCE // len(masks)), []
    for start in range(0, max(1, scores.shape[1]), step):
        part = np.s_[:, start : start + step]
        rows = masks[part] if product is own else masks
        inside, outside, stderr = sides_by_size(
            layout, rows, scores[part], errors, product, None if kept is None else kept[part]
        )
        parts.append((inside.mean - outside.mean, stderr, inside.count, outside.count))
    value, stderr, num_in, num_out = (np.concatenate(field, axis=-1) for field in zip(*parts, strict=True))
    value, stderr = (jnp.asarray(field, jnp.float32) for field in (value, stderr))
    return Estimate(value, stderr, jnp.asarray(num_in), jnp.asarray(num_out))


def _sides(part: Grouped, product: Product, always: np.ndarray, never: np.ndarray) -> tuple[_Side, _Side, tuple]:
    (y, r), (z, q) = part.same, part.opposite

    def split(of_same, of_opposite):
        inside, total = product(part.masks, of_same - of_opposite) + of_opposite.sum(0), (of_same + of_opposite).sum(0)
        inside = np.where(always | never, always * total, inside)  # the opposite of a subset has such an example, too
        return inside, total - inside

    pairs = [(r, q), (1.0 * (r > 0), 1.0 * (q > 0)), (y, z), (y * y, z * z), (y * r, z * q), (r * r, q * q)]
    inside, outside = (_Side._make(side) for side in zip(*(split(*pair) for pair in pairs), strict=True))
    return inside, outside, ((y * z).sum(0), *split(y * q, z * r), (r * q).sum(0))


def _variance(side: _Side, more: Any, errors: Errors) -> tuple[Any, Any, Any]:
    """The mean, its variance, and what its sum of squares was divided by; with `more` of a group of right and of wrong
    answers added, as `moments_of_rates` adds a model of each."""
    size = side.models / side.groups
    extra, models = more * size**2, side.models + 2 * more * size
    mean = (side.total + more * size) / models
    squares = side.squares + extra - 2 * mean * (side.mixed + extra) + mean**2 * (side.models_squared + 2 * extra)
    less = side.groups - (errors != "plug-in")
    scale = np.where(less > 0, (side.groups + 2 * more) * less * size**2, np.nan)
    return mean, np.maximum(squares, 0) / scale, scale


def _covariance(cross: tuple, means: Any, scales: Any, more: Any) -> Any:
    """Of the two means, from groups that have models on both sides."""
    products, own_other, other_own, models = cross
    total = products - means[1] * own_other - means[0] * other_own + means[0] * means[1] * models
    # As many added groups have both, one or no right answer.
    extra = more * (0.5 - means[0] - means[1] + 2 * means[0] * means[1])
    return np.where(models > 0, total + extra, 0.0) / np.sqrt(scales[0] * scales[1])
