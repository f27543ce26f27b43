"""Intervals of statistics that have no formula: drawing the examples again, with replacement."""

from collections.abc import Callable

import numpy as np

from experiments.claim import LEVEL, Interval

DRAWS = 1000


def bootstrap(count: int, statistic: Callable[[np.ndarray], float], seed: int = 0, draws: int = DRAWS) -> Interval:
    """A statistic of `count` examples, with the percentiles of what it is on examples drawn with replacement.

    Args:
      statistic: rows of examples, maybe some of them several times -> a number; NaN where it is not defined, and such
        draws are left out.

    Returns:
      The statistic of all examples; `repeats` is their number.
    """
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(rng.integers(count, size=count)) for _ in range(draws if count else 0)])
    value = float(statistic(np.arange(count))) if count else np.nan
    if not len(drawn) or np.isnan(drawn).all():
        return Interval(value, -np.inf, np.inf, count)
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high), count)
