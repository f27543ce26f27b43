import numpy as np

from experiments.feldman_zhang.influence_pairs import mean_by_case, mean_over_pairs


def test_a_mean_over_pairs_weighs_pairs():
    assert mean_by_case(np.array([1.0, 2.0, 6.0]), np.array([5, 5, 8])).value == 3


def test_the_interval_of_a_mean_over_pairs_counts_training_examples_that_have_many():
    """A hundred test examples depend on five training examples, so that five cases are what there is."""
    rng = np.random.default_rng(0)
    trains = np.repeat(np.arange(5), 20)
    values = rng.normal(size=5)[trains] + 0.1 * rng.normal(size=100)

    found = mean_over_pairs(values, trains, np.arange(100))

    assert found == mean_by_case(values, trains)
    assert found.high - found.low > 2 * (values.std() / 10) * 4
