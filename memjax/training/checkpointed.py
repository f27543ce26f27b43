"""Training with checkpoints: running models are saved every so often, and resumed from there."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from memjax.training.programs import Programs
from memjax.types import TrainOutput, Tree


class Checkpoints(NamedTuple):
    """Where running packs are saved, for trainings so long that losing one hurts; models are NumPy arrays."""

    load: Callable[[int, Tree], tuple[int, Tree] | None]  # block, models of these shapes -> epochs done, its models
    save: Callable[[int, int, Tree], object]  # block, epochs done, its models
    seconds: float  # to train before the next save


def train_with_checkpoints(
    programs: Programs,
    ids: np.ndarray,
    masks: np.ndarray,
    examples: Any,
    numbers: list[int],
    checkpoints: Checkpoints,
    stop: Callable[[], bool],
) -> TrainOutput | None:
    """Trains one epoch in each call, each device from its block's checkpoint; None if it was stopped before the end."""
    state, first = _resumed(programs, ids, numbers, checkpoints)
    last_saved = time.monotonic()
    while (first < programs.num_epochs).any():
        following = np.minimum(first + 1, programs.num_epochs)
        state = jax.block_until_ready(programs.advance(ids, masks, state, examples, first, following))
        first = following
        stopped = stop()
        if stopped or time.monotonic() - last_saved >= checkpoints.seconds:
            plain = _without_key_types(state)
            for device, number in enumerate(numbers):
                checkpoints.save(number, int(first[device]), slice_of(plain, device))
            last_saved = time.monotonic()
        if stopped:
            return None
    return programs.finish(masks, state, examples)


def _resumed(
    programs: Programs, ids: np.ndarray, numbers: list[int], checkpoints: Checkpoints
) -> tuple[Tree, np.ndarray]:
    """The state of each device's block, new or from its checkpoint, and how many epochs it has trained."""
    state, first = programs.start(ids), np.zeros(len(ids), np.int32)
    first[len(numbers) :] = programs.num_epochs  # devices without a block have nothing to train
    host = jax.tree.map(np.array, _without_key_types(state))
    found = {device: checkpoints.load(number, slice_of(host, device)) for device, number in enumerate(numbers)}
    if not any(found.values()):
        return state, first
    for device, checkpoint in found.items():
        if checkpoint:
            first[device], saved = checkpoint
            for whole, part in zip(jax.tree.leaves(host), jax.tree.leaves(saved), strict=True):
                whole[device] = part
    return jax.tree.map(_placed, host, programs.like), first


def _without_key_types(tree: Tree) -> Tree:
    """Random keys, a type of jax, as plain numbers."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if _is_key(leaf) else leaf, tree)


def _placed(leaf: np.ndarray, like: jax.ShapeDtypeStruct) -> jax.Array:
    """Back on the devices, and a random key again if it was one."""
    if not _is_key(like):
        return jax.device_put(leaf, like.sharding)
    return jax.device_put(jax.random.wrap_key_data(jnp.asarray(leaf), impl="threefry2x32"), like.sharding)


def _is_key(leaf: jax.Array | jax.ShapeDtypeStruct) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def slice_of(tree: Tree, device: int) -> Tree:
    """A device's part, in NumPy arrays."""
    return jax.tree.map(lambda leaf: np.asarray(leaf[device]), tree)
