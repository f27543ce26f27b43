import jax
import numpy as np
import pytest

from memjax import prng
from memjax.errors import InputError


def test_golden_bits():
    """The bits are the same on every machine and in every version of NumPy and jax, so that runs can be extended."""
    assert prng.host_bits(1, "mask", 2, 2).tolist() == GOLDEN_HOST
    assert jax.random.bits(jax.random.fold_in(prng.run_key(1), 2), (2,)).tolist() == GOLDEN_DEVICE


def test_every_part_of_the_address_matters():
    drawn = {tuple(prng.host_bits(*address, 4)) for address in [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1)]}

    assert len(drawn) == 4


def test_a_longer_draw_begins_with_the_shorter():
    np.testing.assert_array_equal(prng.host_bits(0, "a", 0, 10)[:4], prng.host_bits(0, "a", 0, 4))


def test_a_permutation_has_each_number_once():
    assert sorted(prng.host_permutation(0, "a", 0, 100)) == list(range(100))


def test_an_order_of_names_has_each_once_and_does_not_depend_on_other_names():
    names = [f"row {number}" for number in range(50)]

    order = prng.host_order(3, "a", names)
    some = prng.host_order(3, "a", names[10:30])

    assert sorted(order) == list(range(50))
    assert [names[at] for at in order if 10 <= at < 30] == [names[10 + at] for at in some]
    assert order.tolist() != prng.host_order(4, "a", names).tolist()
    assert prng.host_order(3, "a", "memjax").tolist() == GOLDEN_ORDER


@pytest.mark.parametrize("seed", [-1, 2**32, 2**40])
def test_seeds_that_jax_would_cut_short_are_refused(seed):
    with pytest.raises(InputError, match="out of range"):
        prng.run_key(seed)


GOLDEN_HOST = [11574837733972397330, 8449821400712945878]
GOLDEN_DEVICE = [2395664632, 962309673]
GOLDEN_ORDER = [4, 5, 3, 1, 0, 2]
