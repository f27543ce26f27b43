"""Many models at once: the only file in which training has a model axis."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from memjax import prng
from memjax.machine.debugging import pinned
from memjax.models.platform import traced_for
from memjax.training.checkpoints import Checkpoints, slice_of, train_with_checkpoints
from memjax.training.programs import Programs, compiler_options, drive
from memjax.training.single import Examples, State, Training, initial_of
from memjax.training.stream import Stream, StreamedTraining
from memjax.types import TrainOutput, Tree

Devices = list[Any]  # of jax.Device, which is no class to a type checker


class Lowered(NamedTuple):
    """The parts of a training before compilation, see `Programs`, and the shapes and placement of the state.

    For a stream, `advance` is one step, and `finish` evaluates one batch.
    """

    start: jax.stages.Lowered
    advance: jax.stages.Lowered
    finish: jax.stages.Lowered
    like: Tree

    def compiled(self, devices: Devices) -> tuple[jax.stages.Compiled, ...]:
        """The three programs, compiled for the devices that they were lowered for."""
        platform = devices[0].platform
        return tuple(part.compile(compiler_options(part.as_text(), platform)) for part in self[:3])


class Pack(NamedTuple):
    """The models of one block, trained together on one device; NumPy arrays with a leading `models` axis."""

    number: int
    model_ids: Int[np.ndarray, " models"]
    masks: Bool[np.ndarray, "models train"]
    output: TrainOutput


def train_many(
    training: Training | StreamedTraining, seed: int, draw_masks: Callable[[np.ndarray], np.ndarray],
    examples: Examples | Stream, blocks: Iterable[int], pack_size: int, devices: Devices | None = None,
    checkpoints: Checkpoints | None = None, stop: Callable[[], bool] = lambda: False, keep: tuple[int, ...] = (),
) -> Iterator[Pack]:  # fmt: skip
    """Trains whole blocks of models: block b holds the models b * pack_size .. (b + 1) * pack_size - 1.

    A device trains one block in each call.  A model's number alone decides its seed, its subset and its order of
    batches; the number of devices and the other blocks change nothing.  The program is compiled once.

    Args:
      training: of one model, see `make_train`, or `StreamedTraining` for a stream.
      seed: the run's seed.
      draw_masks: model numbers -> (models, train) masks, see `types.SubsetDesign`.
      examples: the data set.
      blocks: numbers of the blocks to train, in order; asked for the next only when a device is free for it.
      pack_size: models per block.
      devices: where to train; by default all devices of this process.
      checkpoints: where packs are saved during training; by default nowhere.
      stop: called now and then; once it returns True no new block is begun, and running blocks are saved if there are
        checkpoints, else finished.
      keep: epochs after which the output has the parameters, the last epoch among them; by default none.  With
        checkpoints or a stream, only the last one.

    Yields:
      One finished pack for each block, in order, while the next ones are being trained; with a stream, before they are.
    """
    devices = devices or jax.local_devices()
    on_devices = replicate(examples, devices)
    programs = compile_any(training, seed, on_devices, pack_size, devices)
    waiting, blocks = None, iter(blocks)
    while not stop() and (numbers := list(islice(blocks, len(devices)))):
        padded = numbers + numbers[-1:] * (len(devices) - len(numbers))  # one shape, one compilation
        model_ids = np.array(padded)[:, None] * pack_size + np.arange(pack_size)
        masks = np.stack([draw_masks(ids) for ids in model_ids])
        ids = model_ids.astype(np.uint32)
        if checkpoints is None:
            output = programs(ids, masks, on_devices, keep)
        else:
            output = train_with_checkpoints(programs, ids, masks, on_devices, numbers, checkpoints, stop, keep)
        if waiting:
            yield from _finished(*waiting)
        waiting = (numbers, model_ids, masks, output) if output else None
        if waiting and isinstance(examples, Stream):  # the host itself was busy: there is nothing to wait for
            yield from _finished(*waiting)
            waiting = None
    if waiting:
        yield from _finished(*waiting)


@pinned()
def compile_any(training: Any, seed: int, examples: Any, pack_size: int, devices: Devices) -> Programs:
    """The programs of a training, compiled for these devices; for a stream, epochs are legs."""
    lowered = lower_any(training, seed, examples, pack_size, devices)
    start, go_on, end = compiled = lowered.compiled(devices)

    def begin(model_ids: np.ndarray) -> Tree:
        return start(model_ids, initial_of(training.initial, model_ids))

    like, num_bytes = lowered.like, max(map(bytes_of, compiled))
    if not isinstance(examples, Stream):
        return Programs(begin, go_on, end, like, len(devices), training.num_epochs, num_bytes)
    put, place = partial(replicate, devices=devices), partial(jax.device_put, device=like.step.sharding)
    steps = partial(drive, go_on, put, place, training), partial(_gathered, end, put, (len(devices), pack_size))
    return Programs(begin, *steps, like, len(devices), training.num_legs, num_bytes)


@pinned()
def lower_any(
    training: Any, seed: int, examples: Any, pack_size: int, devices: Devices, platform: str | None = None
) -> Lowered:
    """The three parts of a training for packs of so many models on these devices.

    One program advances by any number of epochs, so that a training resumed from a checkpoint gives the same bits.  On
    a stream it is called for each batch, which goes to all models of all devices.

    Args:
      examples, devices: descriptions are enough: shapes with shardings from `replicate`, devices of a topology.
      platform: by default that of the devices; another one gives programs to read, not to compile.
    """
    streamed = isinstance(examples, Stream)
    start, advance = _numbered(seed, training.start, training.step if streamed else training.advance)
    lower = partial(_lowered, platform or devices[0].platform, devices)
    ids = jax.ShapeDtypeStruct((len(devices), pack_size), np.uint32)
    masks = jax.ShapeDtypeStruct((*ids.shape, len(examples.train_labels)), bool)
    given = {name: jax.ShapeDtypeStruct((*ids.shape, *array.shape[1:]), array.dtype)
             for name, array in training.initial.items()}  # fmt: skip
    over_models = _alone if pack_size == 1 else jax.vmap
    begin = lower(over_models(start, (0, 0)), (0, 0), (ids, given))
    apart = jax.NamedSharding(_mesh(devices), jax.P("devices"))
    like = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=apart), begin.out_info)
    if streamed:
        active = jax.ShapeDtypeStruct(ids.shape[:1], bool)
        batch = replicate(jax.eval_shape(lambda batch: batch, examples.like()), devices)
        masks = jax.ShapeDtypeStruct(masks.shape, bool, sharding=apart)  # sent once, not with each batch
        axes, given = (0, 0, 0, None, None), (ids, masks, like, active, batch)
        go_on = lower(over_models(advance, axes), (0, 0, 0, 0, None), given, donated=(2,))
        return Lowered(begin, go_on, lower(over_models(training.judge, (0, None)), (0, None), (like, batch)), like)
    epoch = jax.ShapeDtypeStruct(ids.shape[:1], np.int32)
    given = (ids, masks, like, examples, epoch, epoch)
    if pack_size > 1 and (platform or devices[0].platform) == "tpu":
        advance = _counting_once(advance, (0, 0, 0, None, None, None))
    else:
        advance = over_models(advance, (0, 0, 0, None, None, None))
    go_on = lower(advance, (0, 0, 0, None, 0, 0), given, donated=(2,))
    finish = partial(_finish, over_models(training.finish, (0, None)))
    return Lowered(begin, go_on, lower(finish, (0, 0, None), (masks, like, examples)), like)


def _alone(function: Callable[..., Tree], axes: tuple) -> Callable[..., Tree]:
    """`jax.vmap(function, axes)` for one model: XLA's products with a model axis of length 1 are slow on a CPU."""

    def of_one(*given: Any) -> Tree:
        own = (tree if axis is None else jax.tree.map(lambda leaf: leaf[0], tree)
               for tree, axis in zip(given, axes, strict=True))  # fmt: skip
        return jax.tree.map(lambda leaf: leaf[None], function(*own))

    return of_one


def _counting_once(advance: Callable[..., State], axes: tuple) -> Callable[..., State]:
    """`jax.vmap(advance, axes)`, but steps are counted once for all models, which have taken equally many.

    A counter for each model, and factors of the optimiser that follow from it, take a TPU as long as the products of a
    small network.
    """

    def counter(leaf: Array) -> bool:
        return leaf.ndim == 1 and jnp.issubdtype(leaf.dtype, jnp.integer)

    def of_all(ids: Array, masks: Array, state: State, *given: Any) -> State:
        kept = jax.tree.map(lambda leaf: None if counter(leaf) else 0, state.optimizer_state)
        once = jax.tree.map(lambda leaf: leaf[0] if counter(leaf) else leaf, state.optimizer_state)
        place: Any = state._replace(params=0, model_state=0, optimizer_state=kept, step=None, record=0)
        before = state._replace(optimizer_state=once, step=state.step[0])
        after = jax.vmap(advance, (*axes[:2], place, *axes[3:]), place)(ids, masks, before, *given)
        return jax.tree.map(lambda new, old: jnp.broadcast_to(new, old.shape), after, state)

    return of_all


def _finish(
    finish: Callable[..., TrainOutput], masks: Bool[Array, "models train"], state: Tree, examples: Examples
) -> TrainOutput:
    """What is stored of the models of a device; probabilities of every class as a mean over held-out models."""
    output = finish(state, examples)
    if output.classes is None:
        return output
    held_out = (~masks & output.finite[:, None])[..., None]
    total = jnp.where(held_out, output.classes, 0).sum(0)
    return output._replace(classes=total / held_out.sum(0))  # 0 / 0 is NaN: undefined, not zero


def _gathered(
    judge: Callable[..., tuple[Tree, Tree]], put: Callable[[Tree], Tree], shape: tuple[int, int], masks: np.ndarray,
    state: Tree, stream: Stream,
) -> TrainOutput:  # fmt: skip
    """The metrics of all models on all examples, each read once; `shape` is (devices, models)."""
    finite, found = np.ones(shape, bool), []
    for part, count in (("train", len(stream.train_labels)), ("test", len(stream.test_labels))):
        metrics: dict[str, np.ndarray] = {}
        start = 0
        for batch in map(put, stream.in_order(part)):
            values, all_finite = jax.tree.map(np.asarray, judge(state, batch))
            real = min(stream.batch_size, count - start)
            for name, value in values.items():
                if not start:
                    metrics[name] = np.empty((*shape, count, *value.shape[3:]), value.dtype)
                metrics[name][:, :, start : start + real] = value[:, :, :real]
            finite &= all_finite
            start += real
        found.append(metrics)
    return TrainOutput(found[0], found[1], finite, {})


def _numbered(seed: int, *functions: Callable) -> list[Callable]:
    """Functions of a model's key as functions of its number."""
    key = prng.run_key(seed)
    return [lambda model_id, *given, of=of: of(jax.random.fold_in(key, model_id), *given) for of in functions]


def _lowered(
    platform: str, devices: Devices, function: Callable, device_axes: tuple, given: tuple, donated: tuple = ()
) -> jax.stages.Lowered:
    with traced_for(platform):
        program = over_devices(function, devices, device_axes, donated)
        if platform == devices[0].platform:
            return program.lower(*given)
        return program.trace(*given).lower(lowering_platforms=(platform,))


def over_devices(
    function: Callable, devices: Devices, in_axes: tuple = (0, 0, None), donated: tuple = ()
) -> jax.stages.Wrapped:
    """The function over devices: arguments marked 0 have a device axis in front, those marked None go to each device.

    Independent models need no collectives.  `pmap` is `jit(shard_map(..., check_vma=False))`; a plain jit with
    sharded arguments would not do, since vmapped convolutions then gather the models of all devices.  The jit around
    it can be lowered and compiled with options.  Where jax has several processes, pmap takes the devices and the
    arguments of one process for a share of something larger; there the shard_map is written out.
    """
    if jax.process_count() == 1:
        return jax.jit(jax.pmap(function, in_axes=in_axes, devices=devices), donate_argnums=donated)

    def on_one(*arguments):
        own = [argument if axis is None else jax.tree.map(lambda leaf: leaf[0], argument)
               for argument, axis in zip(arguments, in_axes, strict=True)]  # fmt: skip
        return jax.tree.map(lambda leaf: leaf[None], function(*own))

    specs = tuple(jax.P() if axis is None else jax.P("devices") for axis in in_axes)
    mapped = jax.shard_map(on_one, mesh=_mesh(devices), in_specs=specs, out_specs=jax.P("devices"), check_vma=False)
    return jax.jit(mapped, donate_argnums=donated)


def replicate(tree: Tree, devices: Devices) -> Tree:
    """A copy on each device, made once: pmap would send host arrays again in each call.  A stream stays on the host.

    Of shapes, the shapes with that placement.
    """
    if isinstance(tree, Stream):
        return tree
    everywhere = jax.NamedSharding(_mesh(devices), jax.P())
    if isinstance(jax.tree.leaves(tree)[0], jax.ShapeDtypeStruct):
        return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=everywhere), tree)
    return jax.device_put(tree, everywhere)


def _mesh(devices: Devices) -> jax.sharding.Mesh:
    return jax.sharding.Mesh(np.array(devices), ("devices",))


def _finished(numbers: list[int], model_ids: np.ndarray, masks: np.ndarray, output: TrainOutput) -> Iterator[Pack]:
    output = jax.tree.map(np.asarray, output)  # waits for the devices
    for device, number in enumerate(numbers):
        yield Pack(number, model_ids[device], masks[device], slice_of(output, device))


def bytes_of(program: jax.stages.Compiled) -> int:
    """Memory that a compiled program needs on each device, by the compiler's estimate; 0 where it gives none."""
    used = program.memory_analysis()
    return used.argument_size_in_bytes + used.output_size_in_bytes + used.temp_size_in_bytes if used else 0
