import numpy as np
import pytest

from experiments.arpit.filters import smoothness


def test_by_hand():
    chessboard, stripes = np.array([[1.0, -1], [-1, 1]]), np.array([[1.0, 1], [-1, -1]])

    # Variance 1; differences 2 everywhere, and 2 in two places of four.
    np.testing.assert_allclose(smoothness(np.stack([chessboard, stripes])), [1 - 4 / 2, 1 - 2 / 2])


def test_noise_has_none_a_slope_is_smooth_and_a_constant_has_no_smoothness():
    noise = np.random.default_rng(0).normal(size=(200, 28, 28))
    slope = np.linspace(0, 1, 28)[None, :, None] + np.zeros((1, 28, 28))

    assert abs(smoothness(noise).mean()) < 4 * smoothness(noise).std() / 200**0.5 + 2 / 28**2
    assert smoothness(slope)[0] > 0.98
    assert np.isnan(smoothness(np.ones((1, 5, 5)))[0])


def test_a_dot_is_rough():
    dot = np.zeros((1, 9, 9))
    dot[0, 4, 4] = 1

    assert smoothness(dot)[0] == pytest.approx(1 - 4 / 144 / (2 * (1 / 81) * (80 / 81)))
