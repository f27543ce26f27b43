"""Augmentation: what it may change, what it must not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from memjax.config.specs import TrainSpec
from memjax.errors import InputError
from memjax.training.batches import make_augment, random_crop, random_flip

KEY = jax.random.key(0)


def numbered(count=200, height=5, width=4, channels=()):
    """Images of which every pixel has a value of its own, none of them 0."""
    return jnp.arange(1, 1 + count * height * width, dtype=jnp.float32).reshape(count, height, width, *channels)


@pytest.mark.parametrize("channels", [(), (1,)])
def test_a_crop_is_a_shift_with_zeros_moving_in(channels):
    images = numbered(channels=channels)
    padded = np.pad(images, [(0, 0), (2, 2), (2, 2)] + [(0, 0)] * len(channels))

    found = np.asarray(random_crop(KEY, images, 2))

    seen = set()
    for number, image in enumerate(found):
        matches = [
            (i, j) for i in range(5) for j in range(5) if np.array_equal(image, padded[number, i : i + 5, j : j + 4])
        ]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == 25  # 200 draws miss one of 25 places with probability below 0.01


def test_a_flip_mirrors_about_half_of_the_images():
    images = numbered(count=1000)

    found = np.asarray(random_flip(KEY, images))

    flipped = (found == np.asarray(images)[:, :, ::-1]).all((1, 2))
    np.testing.assert_array_equal(found[~flipped], np.asarray(images)[~flipped])
    assert abs(flipped.mean() - 0.5) < 4 * np.sqrt(0.25 / 1000)


def test_noise_has_the_deviation_asked_for_and_is_new_for_each_key():
    augment = make_augment(TrainSpec(input_noise=0.3), (10, 10))
    zeros = jnp.zeros((100, 10, 10))

    first, second = augment(KEY, zeros), augment(jax.random.key(1), zeros)

    assert abs(float(first.std()) - 0.3) < 4 * 0.3 / np.sqrt(2 * zeros.size)
    assert not np.array_equal(first, second)


def test_nothing_asked_for_changes_nothing():
    images = numbered()

    np.testing.assert_array_equal(make_augment(TrainSpec(), (5, 4))(KEY, images), images)


@pytest.mark.parametrize("options", [{"crop": 1}, {"flip": True}])
def test_vectors_have_no_sides(options):
    with pytest.raises(InputError, match="need images"):
        make_augment(TrainSpec(**options), (64,))
