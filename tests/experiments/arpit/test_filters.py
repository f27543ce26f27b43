import jax
import numpy as np
import pytest

from experiments.arpit.filters import Settings, first_layer, smoothness
from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import make_model


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


def weights(model, shape):
    return make_model(ModelSpec(model), shape, 10).init(jax.random.key(0))[0]


@pytest.mark.parametrize(
    ("model", "shape", "expected"),
    [
        ("mlp:7", (6, 5), (7, 6, 5)),
        ("mlp:7", (6, 5, 3), (21, 6, 5)),
        ("cnn:4,8", (8, 8), (4, 3, 3)),
        ("cnn:4,8", (8, 8, 3), (12, 3, 3)),
    ],
)
def test_filters_are_images(model, shape, expected):
    assert first_layer(weights(model, shape), shape).shape == expected


def test_a_filter_has_the_weights_of_the_pixels_that_it_sees():
    """A unit that sees one pixel in one colour."""
    kernel = np.zeros((6 * 5 * 3, 7), np.float32)
    kernel[np.ravel_multi_index((2, 4, 1), (6, 5, 3)), 3] = 1

    images = np.asarray(first_layer({"kernel": kernel}, (6, 5, 3)))

    assert images.sum() == 1
    assert [image[2, 4] for image in images if image.any()] == [1]


def test_a_network_that_sees_no_image_is_refused():
    with pytest.raises(InputError, match="choose --model mlp:WIDTHS or cnn:CHANNELS"):
        first_layer({"kernel": np.zeros((3, 3))}, (6, 5))


def test_a_table_has_no_filters():
    with pytest.raises(InputError, match=r"examples have shape \(3,\), and only images have filters"):
        first_layer({"kernel": np.zeros((3, 3))}, (3,))


@pytest.mark.parametrize(("optimizer", "usual"), [("", 0.01), ("adam", 0.001)])
def test_the_rate_is_that_of_either_optimizer(optimizer, usual):
    assert Settings(optimizer=optimizer).recipe.learning_rate == usual
    assert Settings(optimizer=optimizer, learning_rate=0.05).recipe.learning_rate == 0.05
    assert Settings(optimizer=optimizer).recipe.optimizer == (optimizer or "sgd")
