"""The chance of an influence at least so large under the null: models are assigned anew to a training example."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.estimators.kernels.layout import Layout, grouped

AT_ONCE = 1024  # pairs
NUMBERS_AT_ONCE = 2**22
ROUNDING = 1e-15  # of a probability from a Fourier transform
OfPairs = Bool[np.ndarray, "models pairs"]
Chances = Float[np.ndarray, " pairs"]


def tails_by_size(layout: Layout, masks: OfPairs, right: OfPairs, influence: float | None = None) -> Chances:
    """The p-value of each pair: how likely so many right answers, or more, of models that saw the training example are;
    or, given an influence, so many as make at least this influence.

    Within each size, groups of equal subsets are drawn without replacement; of two opposite subsets either is as likely
    to have been seen.  So the test is Fisher's or McNemar's for one size, and else its exact stratified form.
    """
    if len(np.unique(layout.groups)) == len(masks):
        return _tails_of_single_models(layout, masks, right, influence)
    constant = masks.all(0) | ~masks.any(0)  # the opposite of a subset has such an example, too
    return np.where(constant, 1.0, _tails_of_groups(layout, masks, right, influence))


def _tails_of_single_models(layout: Layout, masks: OfPairs, right: OfPairs, influence: float | None) -> Chances:
    """A sum over sizes of hypergeometric counts: their distributions are multiplied as Fourier transforms."""
    from scipy.stats import hypergeom

    num_pairs, tables, expected, weight = masks.shape[1], [], np.zeros(masks.shape[1]), np.zeros(masks.shape[1])
    for stratum in range(layout.strata.max() + 1):
        rows = layout.strata == stratum
        models, num_in, num_right = rows.sum(), masks[rows].sum(0), right[rows].sum(0)
        code, place = np.unique(num_in * (models + 1) + num_right, return_inverse=True)
        drawn, good = np.divmod(code, models + 1)
        tables.append((hypergeom.pmf(np.arange(good.max(initial=0) + 1), models, good[:, None], drawn[:, None]), place))
        expected += num_right * num_in / models
        weight += num_in * (models - num_in) / models
    counts = 1 + sum(table.shape[1] - 1 for table, _ in tables)
    least = (masks & right).sum(0) if influence is None else np.ceil(expected + influence * weight - 1e-9).clip(0)
    found = np.ones(num_pairs)
    for start in range(0, num_pairs, AT_ONCE):
        part = np.s_[start : start + AT_ONCE]
        transform = 1.0
        for table, place in tables:
            transform = transform * np.fft.rfft(table[place[part]], counts)
        chances = np.fft.irfft(transform, counts)
        found[part] = np.where(np.arange(counts) >= least[part][:, None], chances, 0).sum(1)
    return np.where(weight > 0, found.clip(ROUNDING, 1), 1.0)


def _tails_of_groups(layout: Layout, masks: OfPairs, right: OfPairs, influence: float | None) -> Chances:
    """As `_tails_of_single_models`.  Pairs whose groups are right equally often share a distribution."""
    num_pairs, counts = masks.shape[1], 1 + int(right.sum(0).max(initial=0))
    starts = range(0, max(num_pairs, 1), AT_ONCE)
    parts = [
        _kinds_of(layout, masks[:, start : start + AT_ONCE], right[:, start : start + AT_ONCE]) for start in starts
    ]
    kinds, expected, weight = (np.concatenate(values) for values in zip(*parts, strict=True))
    least = (masks & right).sum(0) if influence is None else np.ceil(expected + influence * weight - 1e-9).clip(0)
    distinct, place = np.unique(kinds.reshape(num_pairs, -1), axis=0, return_inverse=True)
    distinct, place, found = distinct.reshape(-1, *kinds.shape[1:]), place.reshape(-1), np.ones(num_pairs)
    step = max(1, NUMBERS_AT_ONCE // (counts * (1 + int(kinds[..., 2].max(initial=0)))))
    for start in range(0, len(distinct), step):
        rows = np.flatnonzero((place >= start) & (place < start + step))
        tails = _distributions(distinct[start : start + step], counts)[:, ::-1].cumsum(1)[:, ::-1]
        tails = np.concatenate([tails, np.zeros((len(tails), 1))], 1)
        found[rows] = tails[place[rows] - start, least[rows].clip(max=counts).astype(int)]
    return np.where(weight > 0, found.clip(ROUNDING, 1), 1.0)


def _kinds_of(layout: Layout, masks: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the distribution of each pair depends on, in each stratum: right answers that are certain, groups that are
    drawn, of so many, how many of these have 0, 1, 2, ... right answers, and in how many pairs of opposite groups the
    numbers of right answers differ by 0, 1, 2, ...  And the right answers expected, and the weight of the influence."""
    values = np.arange(1 + np.unique(layout.groups, return_counts=True)[1].max())[:, None, None]
    kinds, expected, weight = [], np.zeros(masks.shape[1]), np.zeros(masks.shape[1])
    for part in grouped(layout, masks, right.astype(np.float64)):
        (same, size), (opposite, other) = part.same, part.opposite
        paired = other[:, 0] > 0
        drawn, apart = same[~paired], np.abs(same - opposite)[paired]
        certain, groups = np.minimum(same, opposite)[paired].sum(0), np.full(masks.shape[1], len(drawn))
        times = [(each == values).sum(1) for each in (drawn, apart)]
        kinds.append(np.concatenate([[certain, part.masks[~paired].sum(0), groups], *times]).T)
        models, num_in = (size + other).sum(), np.where(part.masks, size, other).sum(0)
        expected += (same + opposite).sum(0) * num_in / models
        weight += num_in * (models - num_in) / models
    return np.stack(kinds, 1).astype(np.int64), expected, weight


def _distributions(kinds: Int[np.ndarray, "kinds strata columns"], counts: int) -> Float[np.ndarray, "kinds counts"]:
    """How likely each number of right answers is: products of Fourier transforms."""
    y = np.exp(-2j * np.pi * np.arange(counts // 2 + 1) / counts)
    values = np.arange((kinds.shape[2] - 3) // 2)[:, None]
    transform = np.ones((len(kinds), len(y)), complex)
    for certain, number, groups, *times in kinds.transpose(1, 2, 0):
        drawn, apart = np.split(np.stack(times, 1), 2, axis=1)
        transform *= y ** certain[:, None] * _exp(apart.astype(float), _log((1 + y**values) / 2), 0j)
        # Groups drawn without replacement: a coefficient of the product of (1 - p + p x y ** right) over groups, with p
        # the share that is drawn.  Coefficients that are nine deviations away are as good as 0.
        for some in np.unique(number) if groups.any() else ():
            rows, share = number == some, some / groups[0]
            length = 1 + min(groups[0], int(np.ceil(9 * np.sqrt(groups[0] * share * (1 - share)))))
            turn = 2j * np.pi * np.arange(length)[:, None] / length
            factors = _log(1 - share + share * np.exp(turn) * y ** values[:, None]).reshape(len(values), -1)
            start = (-some * turn + np.zeros(y.shape)).ravel()
            of_number = _exp(drawn[rows].astype(float), factors, start).reshape(-1, length, len(y)).sum(1)
            transform[rows] *= of_number / of_number[:, :1]
    return np.maximum(np.fft.irfft(transform, counts), 0)


def _log(values: np.ndarray) -> Any:
    """The logarithm of complex numbers; that of 0 is very small, so that its multiples are defined."""
    return np.log(np.maximum(np.abs(values), np.finfo(float).tiny)) + 1j * np.angle(values)


def _exp(times: np.ndarray, logs: Any, start: Any) -> np.ndarray:
    """exp(start + times @ logs); of real numbers, which is five times faster than of complex ones."""
    size, angle = np.exp(times @ logs.real + np.real(start)), times @ logs.imag + np.imag(start)
    found: Any = np.empty(size.shape, complex)
    np.multiply(size, np.cos(angle), out=found.real)
    np.multiply(size, np.sin(angle), out=found.imag)
    return found
