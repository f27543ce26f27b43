"""Many models at once: the only file in which training has a model axis."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Int

from memjax import prng
from memjax.training.compiler import compiler_options
from memjax.training.single import Examples
from memjax.types import TrainOutput

Devices = list[Any]  # of jax.Device, which is no class to a type checker


class Pack(NamedTuple):
    """The models of one block, trained together on one device; NumPy arrays with a leading `models` axis."""

    number: int
    model_ids: Int[np.ndarray, " models"]
    masks: Bool[np.ndarray, "models train"]
    output: TrainOutput


def train_many(
    train: Callable[[Array, Array, Examples], TrainOutput],
    seed: int,
    draw_masks: Callable[[np.ndarray], np.ndarray],
    examples: Examples,
    blocks: Iterable[int],
    pack_size: int,
    devices: Devices | None = None,
) -> Iterator[Pack]:
    """Trains whole blocks of models, block b being models b * pack_size .. (b + 1) * pack_size - 1.

    A device trains one block a call.  A model's number alone decides its seed, its subset and its order of batches;
    the number of devices and the other blocks change nothing.  There is one compilation.

    Args:
      train: `train(key, mask, examples)` of one model, see `training.single`.
      seed: the run's seed.
      draw_masks: model numbers -> (models, train) masks, see `types.SubsetDesign`.
      examples: the data set.
      blocks: numbers of the blocks to train, in order.
      pack_size: models a block.
      devices: where to train; by default all devices of this process.

    Yields:
      One finished pack a block, in order, while the next call is already under way.
    """
    devices = devices or jax.local_devices()
    on_devices = replicate(examples, devices)
    program = training_program(train, seed, on_devices, pack_size, devices)
    waiting = None
    for numbers in _rounds(list(blocks), len(devices)):
        padded = numbers + numbers[-1:] * (len(devices) - len(numbers))  # one shape, one compilation
        model_ids = np.array(padded)[:, None] * pack_size + np.arange(pack_size)
        masks = np.stack([draw_masks(ids) for ids in model_ids])
        started = numbers, model_ids, masks, program(model_ids.astype(np.uint32), masks, on_devices)
        if waiting:
            yield from _finished(*waiting)
        waiting = started
    if waiting:
        yield from _finished(*waiting)


def training_program(
    train: Callable[[Array, Array, Examples], TrainOutput],
    seed: int,
    examples: Examples,
    pack_size: int,
    devices: Devices,
) -> jax.stages.Compiled:
    """The training of a pack on each device, compiled: (model_ids, masks, examples) -> TrainOutput.

    model_ids is (devices, models), uint32; masks (devices, models, train); the output has those two axes in front.
    """
    key = prng.run_key(seed)

    def train_one(model_id, mask, examples):
        return train(jax.random.fold_in(key, model_id), mask, examples)

    shape = (len(devices), pack_size)
    ids = jax.ShapeDtypeStruct(shape, np.uint32)
    masks = jax.ShapeDtypeStruct((*shape, len(examples.train_labels)), bool)
    program = over_devices(jax.vmap(train_one, in_axes=(0, 0, None)), devices).lower(ids, masks, examples)
    return program.compile(compiler_options(program.as_text(), devices[0].platform))


def over_devices(function: Callable, devices: Devices) -> jax.stages.Wrapped:
    """function(a, b, shared) with a device axis in front of a and b, one slice a device, and `shared` on each.

    Independent models need no collectives.  `pmap` is `jit(shard_map(..., check_vma=False))`; a plain jit with
    sharded arguments would not do, since vmapped convolutions then gather the models of all devices.  The jit around
    it lets itself be lowered and compiled with options.
    """
    mapped = jax.pmap(function, in_axes=(0, 0, None), devices=devices)
    return jax.jit(mapped)


def replicate(tree: Examples, devices: Devices) -> Examples:
    """A copy on each device, made once: pmap would send host arrays anew with every call."""
    mesh = jax.sharding.Mesh(np.array(devices), ("devices",))
    return jax.device_put(tree, jax.NamedSharding(mesh, jax.P()))


def _rounds(numbers: list[int], width: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), width):
        yield numbers[start : start + width]


def _finished(numbers: list[int], model_ids: np.ndarray, masks: np.ndarray, output: TrainOutput) -> Iterator[Pack]:
    output = jax.tree.map(np.asarray, output)  # waits for the devices
    for device, number in enumerate(numbers):
        own = jax.tree.map(lambda leaf, device=device: leaf[device], output)
        yield Pack(number, model_ids[device], masks[device], own)
