import numpy as np
import pytest

from experiments.feldman_zhang import mixture


def test_memorization_of_a_sub_population_of_one_two_and_three():
    """Needed only while the others are out: .9, .9 * .3, .9 * .09."""
    np.testing.assert_allclose(mixture.predicted_memorization(np.array([1, 2, 3]), 0.7), [0.9, 0.27, 0.081])


def test_loss_is_the_share_of_what_is_wholly_gone():
    population = np.array([0, 0, 1, 2])
    shares = np.array([0.5, 0.3, 0.1, 0.1])

    assert mixture.predicted_loss(np.array([1, 0, 1, 0], bool), population, shares) == pytest.approx(0.9 * 0.3)
    assert mixture.predicted_loss(np.array([1, 1, 0, 1], bool), population, shares, 2) == pytest.approx(0.5 * 0.6)
    assert mixture.predicted_loss(np.zeros(4, bool), population, shares) == 0


def test_the_mixture_has_the_shares_it_says():
    found = mixture.draw_mixture(20, 300, seed=3, num_test=20000)

    counts = np.bincount(found.population_test, minlength=20) / 20000
    assert (np.abs(counts - found.shares) < 4 * np.sqrt(found.shares / 20000)).all()
    assert found.shares[0] / found.shares[9] == pytest.approx(10)


def test_examples_are_nearest_to_their_own_sub_population():
    found = mixture.draw_mixture(20, 300, seed=3, num_test=100)
    centres = np.stack([found.x_train[found.population == k].mean(0) for k in np.unique(found.population)])
    nearest = np.linalg.norm(found.x_train[:, None] - centres, axis=2).argmin(1)

    assert (np.unique(found.population)[nearest] == found.population).mean() > 0.99
    for k in np.unique(found.population):
        assert len(np.unique(found.y_train[found.population == k])) == 1
