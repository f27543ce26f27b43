"""Random changes of the inputs at each training step: crop, mirror image, noise."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from memjax.config.specs import TrainSpec
from memjax.errors import InputError

Augment = Callable[[Key[Array, ""], Float[Array, "batch ..."]], Float[Array, "batch ..."]]


def unchanged(key: Key[Array, ""], inputs: Float[Array, "batch ..."]) -> Float[Array, "batch ..."]:
    """No augmentation."""
    return inputs


def make_augment(spec: TrainSpec, input_shape: tuple[int, ...]) -> Augment:
    """The augmentation of a spec, a function of a key and a batch of scaled inputs; each example has its own draw."""
    if (spec.crop or spec.flip) and len(input_shape) < 2:
        raise InputError(f"--crop and --flip need images; these inputs have the shape {input_shape}")
    if not (spec.crop or spec.flip or spec.input_noise):
        return unchanged

    def augment(key, inputs):
        crop_key, flip_key, noise_key = (jax.random.fold_in(key, number) for number in range(3))
        if spec.crop:
            inputs = random_crop(crop_key, inputs, spec.crop)
        if spec.flip:
            inputs = random_flip(flip_key, inputs)
        if spec.input_noise:
            inputs += spec.input_noise * jax.random.normal(noise_key, (inputs.size,)).reshape(inputs.shape)
        return inputs

    return augment


def random_crop(
    key: Key[Array, ""], images: Float[Array, "batch height width *channels"], padding: int
) -> Float[Array, "batch height width *channels"]:
    """Each image moved by up to `padding` pixels either way, with zeros where nothing moves in."""
    count, height, width = images.shape[:3]
    edges = [(0, 0), (padding, padding), (padding, padding)] + [(0, 0)] * (images.ndim - 3)
    corners = jax.random.randint(key, (2, count), 0, 2 * padding + 1)
    rows = corners[0][:, None] + jnp.arange(height)
    columns = corners[1][:, None] + jnp.arange(width)
    return jnp.pad(images, edges)[jnp.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def random_flip(
    key: Key[Array, ""], images: Float[Array, "batch height width *channels"]
) -> Float[Array, "batch height width *channels"]:
    """Each image mirrored left to right with probability one half."""
    chosen = jax.random.bernoulli(key, shape=(len(images),)).reshape(-1, *[1] * (images.ndim - 1))
    return jnp.where(chosen, images[:, :, ::-1], images)
