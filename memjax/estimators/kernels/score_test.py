"""The test of a difference of two proportions that is more than some margin."""

import numpy as np
from jaxtyping import Float, Shaped

Counts = Shaped[np.ndarray, " pairs"] | int


def score_test(
    right_in: Counts, num_in: Counts, right_out: Counts, num_out: Counts, margin: float
) -> Float[np.ndarray, " pairs"]:
    """One-sided p-values of the null that the first rate exceeds the second by no more than the margin.

    An approximation, good down to about a thousandth with ten models a side: the difference over the deviation that it
    has under the likeliest rates that differ by the margin (Farrington and Manning, Statistics in Medicine 9, 1990).
    """
    from scipy.special import ndtr

    first, second, ratio = right_in / num_in, right_out / num_out, num_out / num_in
    # The likeliest first rate is a root of a cubic.
    a, b = 1 + ratio, -(1 + ratio + first + ratio * second + margin * (ratio + 2))
    c = margin**2 + margin * (2 * first + ratio + 1) + first + ratio * second
    d = -first * margin * (1 + margin)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a * a) + d / (2 * a)
    u = np.where(v < 0, -1, 1) * np.sqrt(np.maximum((b / (3 * a)) ** 2 - c / (3 * a), 0))
    angle = (np.pi + np.arccos(np.clip(v / np.where(u == 0, 1, u) ** 3, -1, 1))) / 3
    likely = np.clip(2 * u * np.cos(angle) - b / (3 * a), margin, 1)
    variance = likely * (1 - likely) / num_in + (likely - margin) * (1 - likely + margin) / num_out
    return ndtr((margin - (first - second)) / np.sqrt(np.maximum(variance, np.finfo(float).tiny)))
