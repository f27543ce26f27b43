"""Sums and when they are learned."""

import numpy as np

from experiments.language import grokking


def test_every_pair_is_there_once_with_its_sum():
    pairs, answers = grokking.sums(5)

    assert len({tuple(pair) for pair in pairs.tolist()}) == 25
    assert (answers == (pairs[:, 0] + pairs[:, 1]) % 5).all()
    assert pairs[7].tolist() == [1, 2]  # row a * modulus + b: the mirror image is at b * modulus + a


def test_the_first_epoch_from_which_pairs_are_learned():
    accuracy = np.array([[0, 0.95, 0.5, 1], [0, 0, 0, 0.2]])

    assert grokking.first_epoch(np.array([0, 1, 5, 9]), accuracy).tolist() == [1, 9]


def test_memorization_of_each_epoch_is_that_of_the_estimator():
    import memjax

    rng = np.random.default_rng(0)
    masks, right = rng.random((30, 8)) < 0.5, rng.random((30, 3, 8)) < 0.6

    found = grokking.memorization(right.astype(float), masks)

    for epoch in range(3):
        np.testing.assert_allclose(found[epoch], memjax.memorization(masks, right[:, epoch]).value, rtol=1e-5)
