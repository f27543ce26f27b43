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
    strata = [_sides(part, product) for part in grouped(layout, masks, scores - mean, kept)]
    several, added = len(strata) > 1, rates * (errors == "adjusted")
    all_groups = [sum(part[side].groups for part in strata) for side in (0, 1)]
    weight = means_in = means_out = of_in = of_out = shared = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        for inside, outside, cross in strata:
            more = [added * side.groups / of for side, of in zip((inside, outside), all_groups, strict=True)]
            centres, variances, scales = zip(
                *(_variance(side, h, errors) for side, h in zip((inside, outside), more, strict=True)), strict=True
            )
            sizes = [side.models / side.groups for side in (inside, outside)]
            both = _covariance(cross, centres, scales, np.sqrt(more[0] * more[1]) * sizes[0] * sizes[1])
            share = inside.models * outside.models / (inside.models + outside.models)
            share = np.where((inside.groups > 1) & (outside.groups > 1), share, 0.0) if several else 1.0
            used = share > 0

            def add(total, values, factor, used=used):
                return total + np.where(used, factor * values, 0.0)

            weight = weight + share
            means_in = add(means_in, inside.total / inside.models, share)
            means_out = add(means_out, outside.total / outside.models, share)
            of_in, of_out = add(of_in, variances[0], share**2), add(of_out, variances[1], share**2)
            shared = add(shared, both, share**2)
        counts = [sum(part[side].models for part in strata) for side in (0, 1)]
        stderr = np.sqrt(np.maximum(of_in + of_out - 2 * shared, 0)) / weight
        found = [
            Moments(
                np.broadcast_to(np.round(count).astype(np.int32), value.shape), value / weight + mean, of / weight**2
            )
            for count, value, of in zip(counts, (means_in, means_out), (of_in, of_out), strict=True)
        ]
    return found[0], found[1], stderr


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
    floats = (jnp.asarray(field, jnp.float32) for field in (value, stderr))
    return Estimate(*floats, jnp.asarray(num_in), jnp.asarray(num_out))


def _sides(part: Grouped, product: Product) -> tuple[_Side, _Side, tuple]:
    (y, r), (z, q) = part.same, part.opposite

    def split(of_same, of_opposite):
        inside = product(part.masks, of_same - of_opposite) + of_opposite.sum(0)
        return inside, (of_same + of_opposite).sum(0) - inside

    pairs = [split(r, q), split(1.0 * (r > 0), 1.0 * (q > 0)), split(y, z), split(y * y, z * z), split(y * r, z * q)]
    inside, outside = (_Side(*side) for side in zip(*pairs, split(r * r, q * q), strict=True))
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
