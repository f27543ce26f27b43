"""Which models may be compared, because their subsets have one size, and which are not independent of each other.

Subsets that are drawn for each model alone need neither question.  Others do: models that saw an example are larger
where subsets have several sizes, models of one subset share what the subset says, and partners of a complementary pair
have just what the other lacks.

Means are taken within each subset size.  With y the sum of the scores of a group on one side, r its number of models
and m the mean over all models of this side, the group adds y - r m to what is uncertain about the mean.  Its variance
is the sum of squares of these, and partners of complementary subsets add the product of what they have on either side.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Bool, Float, Int, UInt8

from memjax.estimators.kernels.moments import Errors, Moments
from memjax.types import Estimate

RARE = 1e-6  # chance at which independent draws would be taken for a plan
Numbers = Int[np.ndarray, " models"]
AT_ONCE = 2**22  # scores of all models that are summed at the same time
Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Layout(NamedTuple):
    """The plan behind the subsets of models."""

    strata: Numbers  # models with one number have subsets of about one size
    groups: Numbers  # models with one number, in one stratum, have equal or opposite subsets
    turned: Bool[np.ndarray, " models"]  # whether the subset is the opposite of that of the first model of its group


def layout_of(masks: Any) -> Layout | None:
    """The layout of masks; None where they look like independent draws of one size, and within a jit."""
    return None if isinstance(masks, Tracer) else layout_of_parts([np.asarray(masks)])


def layout_of_parts(parts: Iterable[Bool[np.ndarray, "models train"]]) -> Layout | None:
    """The layout of masks that come in parts.  Sizes matter if they vary more than independent draws would
    (chi-square), and equal and opposite subsets if there are more than such draws would give (Poisson)."""
    sizes, packed, total = [], [], np.zeros(1)
    for masks in parts:
        total = total + masks.sum(0)
        sizes.append(masks.sum(1))
        packed.append(np.packbits(masks, axis=1))
    size = np.concatenate(sizes)
    if len(size) < 3:
        return None
    rate = total / len(size)
    strata = _strata(size, float((rate * (1 - rate)).sum()))
    if strata.any() and len(units := _units(packed, size, rate)) < len(rate):
        counts = [np.unpackbits(part, axis=1)[:, units].sum(1, dtype=np.int64) for part in packed]
        strata = _strata(np.concatenate(counts), float((rate * (1 - rate))[units].sum()))
    varies = (rate > 0) & (rate < 1)  # examples that are always in or never in make no other subsets
    keys, every = np.concatenate(packed), np.packbits(varies)
    start = np.zeros(len(size), bool)
    if varies.any():
        octet, bit = divmod(int(varies.argmax()), 8)
        start = keys[:, octet] & np.uint8(128 >> bit) > 0
    keys = (keys ^ np.where(start[:, None], 255, 0).astype(np.uint8)) & every
    groups = _groups(keys, size - int((rate == 1).sum()), int(varies.sum()))
    if not strata.any() and len(np.unique(groups)) == len(size):
        return None
    # Opposite subsets of different sizes are in different strata, and so in different groups.
    _, leader, groups = np.unique(np.stack([strata, groups]), axis=1, return_index=True, return_inverse=True)
    groups = groups.reshape(-1)
    return Layout(strata, groups, start != start[leader][groups])


def _units(
    packed: list[UInt8[np.ndarray, "models octets"]], size: Numbers, rate: Float[np.ndarray, " train"]
) -> Int[np.ndarray, " units"]:
    """One of the examples of each group that was drawn as a whole, and all others.

    More examples are in and out of the same subsets than independent draws would give: at least twice as many pairs,
    and more than chance allows (Poisson).
    """
    from scipy.stats import poisson

    sums, rng = np.zeros(len(rate), np.uint64), np.random.default_rng(0)
    for part in packed:
        for row in part:
            sums += np.unpackbits(row, count=len(rate)) * rng.integers(2**62, dtype=np.uint64)
    varies = np.flatnonzero((rate > 0) & (rate < 1))
    _, first, counts = np.unique(sums[varies], return_index=True, return_counts=True)
    share, pairs = size / len(rate), int((counts * (counts - 1) // 2).sum())
    expected = len(varies) * (len(varies) - 1) / 2 * float(np.prod(share**2 + (1 - share) ** 2))
    if pairs < 2 * expected or poisson.sf(pairs - 1, expected) >= RARE:
        return np.arange(len(rate))
    return np.sort(varies[first])


def _strata(size: Numbers, variance: float) -> Numbers:
    from scipy.stats import chi2

    strata = np.zeros(len(size), np.int64)
    if np.square(size - size.mean()).sum() <= variance * chi2.isf(RARE, len(size) - 1):
        return strata
    lowest, number = -np.inf, -1
    for value in np.unique(size):
        if value - lowest > np.sqrt(variance):
            lowest, number = value, number + 1
        strata[size == value] = number
    return strata


def _groups(keys: UInt8[np.ndarray, "models octets"], size: Numbers, num_train: int) -> Numbers:
    from scipy.special import gammaln
    from scipy.stats import poisson

    known: dict[bytes, int] = {}
    groups = np.array([known.setdefault(key.tobytes(), len(known)) for key in keys])
    members = np.bincount(groups)
    sizes, counts = np.unique(size, return_counts=True)
    with np.errstate(over="ignore"):  # more subsets than a float can count: none is drawn twice
        subsets = np.exp(gammaln(num_train + 1) - gammaln(sizes + 1) - gammaln(num_train - sizes + 1))
    opposite = np.array([counts[sizes == num_train - value].sum() for value in sizes])
    expected = float((counts * (counts - 1 + opposite) / 2 / subsets).sum())
    if poisson.sf((members * (members - 1) // 2).sum() - 1, expected) < RARE:
        return groups
    return np.arange(len(size))


class Grouped(NamedTuple):
    """The models of one stratum, summed over the models of each group."""

    masks: Bool[np.ndarray, "groups train"]  # (groups, train) of the first model of each group
    # same, opposite: the sum of scores, (groups, columns), and the number of models, (groups, 1 or columns), over
    # models of this subset and of its opposite
    same: tuple[Float[np.ndarray, "groups columns"], Float[np.ndarray, "groups some"]]
    opposite: tuple[Float[np.ndarray, "groups columns"], Float[np.ndarray, "groups some"]]


def grouped(
    layout: Layout, masks: Bool[np.ndarray, "models train"], scores: Float[np.ndarray, "models columns"],
    kept: Bool[np.ndarray, "models some"] | None = None,
) -> list[Grouped]:  # fmt: skip
    """The sums of each stratum; of models that are not kept for a column, nothing."""
    weight = np.ones((len(masks), 1)) if kept is None else kept.astype(np.float64)
    found = []
    for stratum in range(layout.strata.max() + 1):
        rows = np.flatnonzero(layout.strata == stratum)
        _, first, place = np.unique(layout.groups[rows], return_index=True, return_inverse=True)

        def summed(values, chosen, rows=rows, place=place, first=first):
            total = np.zeros((len(first), values.shape[1]))
            np.add.at(total, place[chosen], values[rows[chosen]])
            return total

        turned = layout.turned[rows]
        sides = [(summed(scores * weight, side), summed(weight, side)) for side in (~turned, turned)]
        found.append(Grouped(masks[rows[first]], sides[0], sides[1]))
    return found


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
