import numpy as np
import pytest
from scipy.special import betaln

from memjax.estimators.intervals import difference_bounds


def by_a_grid(inside, num_in, outside, num_out, error):
    """The smallest and largest difference of two rates on a grid that the mixtures do not exclude."""
    rates = np.linspace(0.0005, 0.9995, 1000)

    def mixture(won, of):
        lost = of - won
        return betaln(0.5 + won, 0.5 + lost) - betaln(0.5, 0.5) - won * np.log(rates) - lost * np.log1p(-rates)

    kept = mixture(inside, num_in)[:, None] + mixture(outside, num_out) < np.log(1 / error)
    differences = (rates[:, None] - rates)[kept]
    return differences.min(), differences.max()


@pytest.mark.parametrize("error", [0.05, 1e-5])
@pytest.mark.parametrize(
    "counts", [(20, 20, 10, 20), (0, 5, 5, 5), (20, 20, 20, 20), (7.5, 20, 12.25, 30), (3, 10, 0, 0), (90, 100, 1, 40)]
)
def test_ends_are_those_of_a_search_over_all_rates(counts, error):
    found = difference_bounds(*np.array(counts)[:, None], error)

    np.testing.assert_allclose(np.ravel(found), by_a_grid(*counts, error), atol=0.002)


def test_without_models_nothing_is_known():
    np.testing.assert_allclose(difference_bounds(*np.zeros((4, 1)), 0.05), [[-1], [1]])
    np.testing.assert_allclose(difference_bounds(*np.zeros((4, 1)), 0.05, in_pairs=True), [[-1], [1]])


def test_pairs_take_an_interval_of_each_side_with_half_of_the_error():
    inside, outside = np.array(9.0), np.array(4.0)
    nobody = np.array(0.0)

    low, high = difference_bounds(inside, np.array(10), outside, np.array(10), 0.05, in_pairs=True)

    (a, b), (c, d) = (difference_bounds(won, np.array(10), nobody, nobody, 0.025) for won in (inside, outside))
    np.testing.assert_allclose([low, high], [(a + 1) - d, b - (c + 1)], atol=1e-9)  # a + 1: q may be 1


def test_counts_that_are_sent_as_one_column_fit_all_test_examples():
    low, high = difference_bounds(np.ones((3, 2)), np.full((3, 1), 4), np.ones((3, 2)), np.full((3, 1), 5), 0.05)

    assert low.shape == high.shape == (3, 2)
    assert (low < high).all()
