"""Quantiles of many distributions at once, from their distribution functions."""

from collections.abc import Callable

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
