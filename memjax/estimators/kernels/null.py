"""The chance of an influence at least so large under the null: models are assigned anew to a training example."""

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.estimators.kernels.layout import Layout, grouped

AT_ONCE = 1024  # pairs
ROUNDING = 1e-15  # of a probability from a Fourier transform


def tails_by_size(
    layout: Layout,
    masks: Bool[np.ndarray, "models pairs"],
    right: Bool[np.ndarray, "models pairs"],
    influence: float | None = None,
) -> Float[np.ndarray, " pairs"]:
    """The p-value of each pair: how likely so many right answers, or more, of models that saw the training example are;
    or, given an influence, so many as make at least this influence.

    Within each size, groups of equal subsets are drawn without replacement; of two opposite subsets either is as likely
    to have been seen.  So the test is Fisher's or McNemar's for one size, and else its exact stratified form.
    """
    if len(np.unique(layout.groups)) == len(masks):
        return _tails_of_single_models(layout, masks, right, influence)
    pairs = [np.s_[:, pair : pair + 1] for pair in range(masks.shape[1])]  # grouped sums differ from pair to pair
    return np.array([_tail_of_groups(layout, masks[pair], right[pair], influence) for pair in pairs])


def _tails_of_single_models(
    layout: Layout, masks: np.ndarray, right: np.ndarray, influence: float | None
) -> Float[np.ndarray, " pairs"]:
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


def _tail_of_groups(
    layout: Layout, mask: Bool[np.ndarray, "models 1"], right: Bool[np.ndarray, "models 1"], influence: float | None
) -> float:
    from scipy.signal import convolve

    chances, expected, weight = np.ones(1), 0.0, 0.0
    for part in grouped(layout, mask, right.astype(np.float64)):
        saw, pairs = part.masks[:, 0], part.opposite[1][:, 0] > 0
        (same, size), (opposite, other) = ((a[:, 0], b[:, 0]) for a, b in (part.same, part.opposite))
        for low, high in zip(same[pairs], opposite[pairs], strict=True):
            either = np.zeros(int(max(low, high)) + 1)
            either[int(low)] += 0.5
            either[int(high)] += 0.5
            chances = convolve(chances, either, method="direct")
        if not pairs.all():
            chances = convolve(chances, _drawn(same[~pairs].astype(int), int(saw[~pairs].sum())), method="direct")
        models, num_in = (size + other).sum(), np.where(saw, size, other).sum()
        expected += (same + opposite).sum() * num_in / models
        weight += num_in * (models - num_in) / models
    if weight == 0:
        return 1.0
    seen = (mask & right).sum() if influence is None else np.ceil(expected + influence * weight - 1e-9)
    return float(np.clip(chances[int(max(seen, 0)) :].sum(), ROUNDING, 1))


def _drawn(right: Int[np.ndarray, " groups"], number: int) -> Float[np.ndarray, " counts"]:
    """How likely each sum of right answers is, of so many groups drawn without replacement."""
    from scipy.stats import hypergeom

    groups, total = len(right), int(right.sum())
    if right.max(initial=0) <= 1:
        return hypergeom.pmf(np.arange(total + 1), groups, total, number)
    # Where groups have several right answers: a coefficient of the product of (1 - p + p x y ** right) over groups, p
    # being the share that is drawn, by a Fourier transform in both variables.
    share = number / groups
    values, times = np.unique(right, return_counts=True)
    x, y = (np.exp(2j * np.pi * np.arange(length) / length) for length in (groups + 1, total + 1))
    product = np.ones((groups + 1, total + 1), complex)
    for value, many in zip(values, times, strict=True):
        product *= (1 - share + share * x[:, None] * y**value) ** many
    of_number = (product * (x[:, None] ** -number)).mean(0)
    found = np.fft.fft(of_number).real
    return np.maximum(found, 0) / found.sum()
