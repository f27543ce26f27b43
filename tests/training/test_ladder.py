"""The choice of a pack size on the ladder, by few tries."""

import math

import numpy as np
import pytest

from memjax.training.packing import LADDER, TRIES, best_on_ladder

# Cycles a model and step by XLA's compiler for a v5e.
SEEN = {
    "mlp:128": {8: 3780, 64: 748, 256: 487, 1024: 789},
    "cnn": {1: 135_800, 2: 101_400, 4: 82_900, 6: 71_500, 8: 73_000, 12: 67_700, 16: 85_800, 32: 113_300},
}


def curve(seen):
    """The costs that were seen, and straight lines between them over the logarithm of the size."""
    sizes, costs = map(np.log, (list(seen), list(seen.values())))
    return lambda size: float(np.exp(np.interp(np.log(size), sizes, costs)))


def valley(best):
    """A fifth more for twice or half the best size."""
    return lambda size: 1 + 0.2 * abs(math.log2(size / best))


@pytest.mark.parametrize("off", [0.5, 1, 2])
@pytest.mark.parametrize(
    ("cost", "best"), [(curve(SEEN["mlp:128"]), 256), (curve(SEEN["cnn"]), 12), (valley(3), 3), (valley(48), 48)]
)
def test_within_a_tenth_of_the_best_in_four_tries(cost, best, off):
    found = best_on_ladder(cost, round(best * off), LADDER[-1])

    assert len(found) <= TRIES
    assert min(found.values()) <= 1.1 * min(map(cost, LADDER))


def test_each_size_is_tried_once_and_none_beyond_the_most():
    tried = []
    found = best_on_ladder(lambda size: tried.append(size) or 1 / size, 64, 100)

    assert len(tried) == len(set(tried)) == len(found)
    assert max(tried) == 96


def test_sizes_that_do_not_fit_are_left_for_smaller_ones():
    found = best_on_ladder(lambda size: math.inf if size > 20 else 1 / size, 256, 1024)

    assert math.isfinite(min(found.values()))
    assert len(found) <= TRIES


def test_one_model_alone():
    assert best_on_ladder(lambda size: 1.0, 64, 1) == {1: 1.0}
