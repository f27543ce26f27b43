"""Posteriors under fitted priors: of differences of two rates, and of estimates that are normal around their truth."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

STEPS = 40  # halvings: to a trillionth of the range
Numbers = Float[np.ndarray, " entries"]
PRIORS = 300  # that are tried in each box
ZOOMS = 7  # boxes, each around the likely priors of the one before
STRIDES = np.array([0.8191725134, 0.6710436067, 0.5497004779])  # of points that fill a cube evenly
NODES = 16  # quantiles of the first rate over which the second is averaged
ROUNDS = 200  # of EM
CERTAIN = 2.0  # standard errors by which the expected gain must exceed 0
BORROWED = 50  # entries of the prior of all that a part has beside its own
STRATA, MEMBERS = 10, 100  # at most so many parts by standard error, of at least so many entries
AT_ONCE = 100_000  # entries whose posterior is computed together


def central_interval(below: Callable[[Numbers], Numbers], least: Numbers, most: Numbers, level: float) -> list[Numbers]:
    """The interval between two quantiles of `below`, the probability of at most so much, by halving.  Each end is on
    the outer side of its quantile, so that a value of some probability lies within the interval."""
    ends = []
    for side, part in enumerate(((1 - level) / 2, (1 + level) / 2)):
        pair = np.stack([least, most])
        for _ in range(STEPS):
            middle = pair.mean(0)
            low = below(middle) < part
            pair = np.stack([np.where(low, middle, pair[0]), np.where(low, pair[1], middle)])
        ends.append(pair[side])
    return ends


class Rates(NamedTuple):
    """Posteriors: 1 with probability `one`, else a beta distribution."""

    one: Float[np.ndarray, " entries"]
    a: Float[np.ndarray, " entries"]
    b: Float[np.ndarray, " entries"]


def posterior_of_counts(
    fitted: Float[np.ndarray, "4 fitted"], given: Float[np.ndarray, "4 entries"], threshold: float, level: float
) -> Float[np.ndarray, "5 entries"]:
    """Mean, deviation, interval and probability of at least the threshold of the given right answers and models, on
    either side, under a prior fitted to others."""
    distinct, place = np.unique(given, axis=1, return_inverse=True)
    inside, outside = (_rates(fitted[side], distinct[side]) for side in (np.s_[:2], np.s_[2:]))
    (mean_in, variance_in), (mean_out, variance_out) = map(_mean_and_variance, (inside, outside))
    below = _distribution(inside, outside)
    low, high = central_interval(below, np.full(len(mean_in), -1.0), np.ones(len(mean_in)), level)
    at_least = 1 - below(np.full(len(mean_in), np.nextafter(threshold, -1)))
    found = np.stack([mean_in - mean_out, np.sqrt(variance_in + variance_out), low, high, at_least])
    return found[:, place.ravel()]


def _rates(fitted: Float[np.ndarray, "2 fitted"], given: Float[np.ndarray, "2 entries"]) -> Rates:
    """The posterior, averaged over priors.  The beta distribution has the mean and the variance of theirs."""
    priors, chance = _priors(fitted)
    (right, count), place = np.unique(given, axis=1, return_inverse=True)
    a, b, one, drawn = _likelihoods(priors, right, count)
    one = one / np.maximum(one + drawn, np.finfo(float).tiny)
    share, size = chance * (1 - one), a + b + count
    share = share / np.maximum(share.sum(0), np.finfo(float).tiny)
    each = (a + right) / size
    mean, square = (share * each).sum(0), (share * each * (a + right + 1) / (size + 1)).sum(0)
    size = (mean - square) / np.maximum(square - mean * mean, np.finfo(float).tiny)
    return Rates(*(field[place.ravel()] for field in ((chance * one).sum(0), size * mean, size * (1 - mean))))


def _priors(fitted: Float[np.ndarray, "2 fitted"]) -> tuple[np.ndarray, np.ndarray]:
    """Priors that fit, and how likely each is: few models cannot tell rates of 1 from rates a little below, so that the
    likeliest prior alone is too sure.

    Before, all log odds of the mean rate, shares of the spike and variances of the rates are as likely.  A beta
    distribution counts for no more than four times the models of an entry, nor a ninth of all: an interval still holds
    a truth that its mean misses a little, where so few models cannot tell a small spread from none.
    """
    (right, count), number = np.unique(fitted, axis=1, return_counts=True)
    wrong, models = (count - right) @ number + 0.5, count @ number + 1
    share = wrong / models
    error = np.sqrt((count - right - share * count) ** 2 @ number + wrong) / (models * share * (1 - share))
    odds, size = np.log(1 / share - 1), max(np.log(models / max(9, number.sum() / 4)), 1.0)
    low, high = bounds = np.array([[odds - 5 * error, -5.0, 0.0], [odds + 5 * error, size, 1.0]])
    for _ in range(ZOOMS):
        priors = low + np.arange(1, PRIORS + 1)[:, None] * STRIDES % 1 * (high - low)
        likelihood = sum(_likelihoods(priors, right, count)[2:]) + np.finfo(float).tiny
        logs = np.log(likelihood) @ number - priors[:, 1]
        likely, margin = priors[logs > logs.max() - 8], (high - low) / PRIORS ** (1 / 3)
        low, high = np.maximum(likely.min(0) - margin, bounds[0]), np.minimum(likely.max(0) + margin, bounds[1])
    chance = np.exp(logs - logs.max())
    return priors[chance > 1e-4], chance[chance > 1e-4, None] / chance[chance > 1e-4].sum()


def _likelihoods(priors: Float[np.ndarray, "priors 3"], right: Numbers, count: Numbers) -> list[np.ndarray]:
    """The arguments of each prior's beta distribution, and the likelihoods of a rate of 1 and of one drawn from it.

    A prior is the log odds of its mean rate, the log of a + b, and the part of the spike: (1 - one) b / (a + b) is 1
    less the mean rate, and (1 - one) is this to the power of 1 - part.
    """
    from scipy.special import betaln, expit

    odds, size, part = priors.T[:, :, None]
    lost = expit(-odds)
    b = np.exp(size) * np.clip(lost**part, 1e-9, 1 - 1e-9)
    a, one = np.exp(size) - b, 1 - lost ** (1 - part)
    drawn = (1 - one) * np.exp(betaln(a + right, b + count - right) - betaln(a, b))
    return [a, b, one * (right == count), drawn]


def _mean_and_variance(rates: Rates) -> tuple[Float[np.ndarray, " entries"], Float[np.ndarray, " entries"]]:
    size = rates.a + rates.b
    drawn = rates.a / size
    square = drawn * (rates.a + 1) / (size + 1)
    mean = rates.one + (1 - rates.one) * drawn
    return mean, np.maximum(rates.one + (1 - rates.one) * square - mean * mean, 0)


def _distribution(inside: Rates, outside: Rates):
    """How likely the difference is at most so much, as a function of so much."""
    from scipy.special import betainc, betaincinv

    middles = (np.arange(NODES) + 0.5) / NODES
    nodes = np.concatenate([np.ones((len(inside.a), 1)), betaincinv(inside.a[:, None], inside.b[:, None], middles)], 1)
    share = np.concatenate([inside.one[:, None], np.repeat((1 - inside.one[:, None]) / NODES, NODES, 1)], 1)
    one, a, b = (field[:, None] for field in outside)

    def below(difference):
        least = nodes - difference[:, None]
        above = one * (least <= 1) + (1 - one) * (1 - betainc(a, b, np.clip(least, 0, 1)))
        return (share * above).sum(1)

    return below


def posterior_of_normal(
    fitted: Float[np.ndarray, "2 fitted"], given: Float[np.ndarray, "2 entries"], threshold: float, level: float
) -> Float[np.ndarray, "5 entries"]:
    """Mean, deviation, interval and probability of at least the threshold of the given values and standard errors,
    under a prior fitted to others by the size of the error."""
    # Exactly 0: no two models differed.  The error is then that of the answers added to each side, and shows no noise.
    differing = fitted[:, fitted[0] != 0]
    fitted = differing if differing.shape[1] > 1 else fitted
    parts = int(np.clip(fitted.shape[1] // MEMBERS, 1, STRATA))
    bounds = np.quantile(fitted[1], np.arange(1, parts) / parts)
    own, place = (np.searchsorted(bounds, errors, side="right") for errors in (fitted[1], given[1]))
    centres, spreads = components = _components(fitted[0], fitted[1])
    of_all = _weights(fitted, components, np.zeros(components.shape[1]))
    found = np.empty((5, given.shape[1]))
    for part in np.unique(place):
        members = fitted[:, own == part]
        weights = _weights(members, components, BORROWED * of_all)
        prior = _with_raw(members, weights, components)
        rows = np.flatnonzero(place == part)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            value, error = given[0, some], given[1, some]
            weight, mean, variance = _posterior(value, error, prior, centres, spreads)
            found[:, some] = _summary(weight, mean, variance, value, error, threshold, level)
    return found


def _components(
    value: Float[np.ndarray, " fitted"], error: Float[np.ndarray, " fitted"]
) -> Float[np.ndarray, "2 components"]:
    """Centres and deviations of the normal distributions that are mixed."""
    middle, typical = np.median(value), max(np.median(error), 1e-6)
    widest = 2 * np.sqrt(max((value**2 - error**2).max(), typical**2))
    steps = np.geomspace(min(typical / 10, widest / 2), widest, 12)
    centres = np.concatenate([np.zeros(13), np.full(12, middle)])
    return np.stack([centres, np.concatenate([[0.0], steps, steps])])


def _weights(members, components, borrowed) -> Float[np.ndarray, " components"]:
    """By EM, where so many entries of each component are known beforehand."""
    likelihood = _likelihood(members[0], members[1], components[0], components[1])
    weights = np.full(components.shape[1], 1 / components.shape[1])
    for _ in range(ROUNDS):
        share = likelihood * weights
        weights = (share / share.sum(1, keepdims=True)).sum(0) + borrowed
        weights /= weights.sum()
    return weights


def _with_raw(members, weights, components) -> Float[np.ndarray, " weights"]:
    """The weights, and last that of the raw estimate, which is the posterior of a flat prior."""
    value, error = members
    centres, spreads = components
    weight, mean, variance = _posterior(value, error, np.r_[weights, 0.0], centres, spreads)
    pulled, spread = _moments(weight, mean, variance)
    # By Stein's estimate; the derivative of a posterior mean is the posterior variance over that of the noise.
    gain, apart = error**2 - spread**2, (value - pulled) ** 2
    trust = float(np.clip(gain.sum() / max(apart.sum(), np.finfo(float).tiny), 0, 1))
    gains = trust * (2 * gain - trust * apart)
    if gains.sum() < CERTAIN * np.sqrt(gains @ gains):
        trust = 0.0
    return np.r_[trust * weights, 1 - trust]


def _likelihood(value, error, centres, spreads) -> Float[np.ndarray, "entries components"]:
    """Up to a factor for each entry."""
    variance = np.maximum(error[:, None] ** 2 + spreads**2, np.finfo(float).tiny)
    logs = -((value[:, None] - centres) ** 2) / variance / 2 - np.log(variance) / 2
    return np.exp(logs - logs.max(1, keepdims=True))


def _posterior(value, error, weights, centres, spreads):
    """Weights, means and variances of the components of each entry's posterior."""
    share = _likelihood(value, error, centres, spreads) * weights[:-1]
    total = share.sum(1, keepdims=True)
    share = share / np.where(total > 0, total, 1) * (1 - weights[-1])
    noise, prior = error[:, None] ** 2, spreads**2
    variance = np.maximum(noise + prior, np.finfo(float).tiny)
    raw = [np.full((len(value), 1), weights[-1]), value[:, None], noise]
    known = [share, (centres * noise + value[:, None] * prior) / variance, noise * prior / variance]
    return tuple(np.concatenate(pair, 1) for pair in zip(known, raw, strict=True))


def _moments(weight, mean, variance):
    centre = (weight * mean).sum(1)
    return centre, np.sqrt((weight * (variance + (mean - centre[:, None]) ** 2)).sum(1))


def _summary(weight, mean, variance, value, error, threshold, level) -> Float[np.ndarray, "5 entries"]:
    from scipy.special import ndtr

    deviation = np.sqrt(variance)

    def below(limit):
        distance = limit[:, None] - mean
        smooth = ndtr(distance / np.where(deviation > 0, deviation, 1))
        return (weight * np.where(deviation > 0, smooth, distance >= 0)).sum(1)

    reach = 10 * error + np.abs(mean - value[:, None]).max(1)
    low, high = central_interval(below, value - reach, value + reach, level)
    at_least = 1 - below(np.full(len(value), np.nextafter(threshold, -np.inf)))
    return np.stack([*_moments(weight, mean, variance), low, high, at_least])
