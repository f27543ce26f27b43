"""Batches of a fixed shape for a model's mask, so that no held-out example enters a batch; random changes of inputs."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from memjax.config.specs import TrainSpec
from memjax.errors import InputError


def num_batches(max_size: int, batch_size: int) -> int:
    """Steps of an epoch, the same for all models of a design: enough for the largest subset."""
    return -(-max_size // batch_size)


def members(mask: Bool[Array, " train"], max_size: int) -> Int[Array, " max_size"]:
    """The rows that a mask marks, in order; a subset smaller than `max_size` is filled up with rows to ignore."""
    return jnp.argsort(~mask, stable=True)[:max_size]


def epoch_batches(
    key: Key[Array, ""], rows: Int[Array, " max_size"], size: Int[Array, ""], batch_size: int
) -> Int[Array, "num_batches batch"]:
    """One pass over the first `size` of `rows` in random order.

    Every batch is full: where the subset does not divide, the last batch is topped up from the start of the same
    order.  So there are no weights and no padding that could leak into batch statistics.
    """
    bits = jax.random.bits(key, (len(rows),)) >> 1
    last = jnp.uint32(2**32 - 1)  # the largest number, so that rows to ignore come last
    _, order = jax.lax.sort((jnp.where(jnp.arange(len(rows)) < size, bits, last), rows), num_keys=1)
    count = num_batches(len(rows), batch_size)
    return order[jnp.arange(count * batch_size) % size].reshape(count, batch_size)


Augment = Callable[[Key[Array, ""], Float[Array, "batch ..."]], Float[Array, "batch ..."]]


def unchanged(key: Key[Array, ""], inputs: Shaped[Array, "batch ..."]) -> Shaped[Array, "batch ..."]:
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
