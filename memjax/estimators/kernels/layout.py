"""Which models may be compared, because their subsets have one size, and which are not independent of each other.

Subsets that are drawn for each model alone need neither question.  Others do: models that saw an example are larger
where subsets have several sizes, models of one subset share what the subset says, and partners of a complementary pair
have just what the other lacks.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jax.core import Tracer
from jaxtyping import Bool, Float, Int, UInt8

RARE = 1e-6  # chance at which independent draws would be taken for a plan
Numbers = Int[np.ndarray, " models"]


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
