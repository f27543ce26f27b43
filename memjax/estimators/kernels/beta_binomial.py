"""The posterior of a difference of two rates, of which each is 1 or drawn from a beta distribution."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

STEPS = 40  # halvings: to a trillionth of the range
Numbers = Float[np.ndarray, " entries"]


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


NODES = 16  # quantiles of the first rate over which the second is averaged


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
    (mean_in, variance_in), (mean_out, variance_out) = map(_moments, (inside, outside))
    below = _distribution(inside, outside)
    low, high = central_interval(below, np.full(len(mean_in), -1.0), np.ones(len(mean_in)), level)
    at_least = 1 - below(np.full(len(mean_in), np.nextafter(threshold, -1)))
    found = np.stack([mean_in - mean_out, np.sqrt(variance_in + variance_out), low, high, at_least])
    return found[:, place.ravel()]


def _rates(fitted: Float[np.ndarray, "2 fitted"], given: Float[np.ndarray, "2 entries"]) -> Rates:
    """The posterior under a prior of maximum likelihood.  The beta distribution counts for no more than a ninth of all
    models, so that an interval still holds a truth that the fitted mean misses a little."""
    from scipy.optimize import minimize
    from scipy.special import betaln, expit

    (right, count), number = np.unique(fitted, axis=1, return_counts=True)
    most = max(np.log(fitted[1].sum() / 9), 1.0)

    def likelihoods(free, right, count):
        mean, size = np.clip(expit(free[0]), 1e-6, 1 - 1e-6), np.exp(np.clip(free[1], -5, most))
        a, b, one = size * mean, size * (1 - mean), expit(free[2])
        drawn = (1 - one) * np.exp(betaln(a + right, b + count - right) - betaln(a, b))
        return a, b, one * (right == count), drawn

    def surprise(free):
        return -number @ np.log(sum(likelihoods(free, right, count)[2:]) + np.finfo(float).tiny)

    starts = ([1.0, 0.0, 0.0], [2.0, 4.0, -4.0], [0.0, 1.0, 3.0])
    found = min((minimize(surprise, start, method="Nelder-Mead") for start in starts), key=lambda found: found.fun)
    a, b, one, drawn = likelihoods(found.x, *given)
    return Rates(one / np.maximum(one + drawn, np.finfo(float).tiny), a + given[0], b + given[1] - given[0])


def _moments(rates: Rates) -> tuple[Float[np.ndarray, " entries"], Float[np.ndarray, " entries"]]:
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
