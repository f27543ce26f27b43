"""Compiles the programs of a run for an accelerator that is not there, without data."""

import contextlib
import hashlib
import json
import math
import os
import re
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from memjax.config.run_config import RunConfig
from memjax.data import take_rows
from memjax.errors import InputError, first_line
from memjax.machine.chips import Slice, described
from memjax.machine.cycles import collectives, estimated_cycles, kernels
from memjax.runs.build_training import make_examples, make_single, network
from memjax.types import Dataset, SubsetDesign
from memjax.untrusted import cache_folder

FAST = 2**27  # bytes of a chip's fast memory, about; where the search for a pack size begins
USABLE = 0.9  # of a chip's memory
TOO_MUCH = 2**62  # bytes that stand for more than a chip has
# What libtpu asks a machine without TPU, and several plans at once; settings of the user's own are left.  The cache is
# not read, because programs for TPUs can only be loaded on one.
_TPU = {
    "TPU_SKIP_MDS_QUERY": "1", "TPU_WORKER_HOSTNAMES": "localhost", "TPU_ACCELERATOR_TYPE": "v5litepod-1",
    "JAX_PLATFORMS": "cpu", "ALLOW_MULTIPLE_LIBTPU_LOAD": "1", "JAX_ENABLE_COMPILATION_CACHE": "false",
}  # fmt: skip


@dataclass(frozen=True)
class Compiled:
    """What a compiler says of the programs of a run for packs of one size."""

    pack_size: int
    cycles: int  # of a device for the whole training of a pack; 0 where the compiler gives none
    step: float  # cycles of a training step for each model, with its share of the drawing of batches
    size: int  # bytes that a device needs
    seconds: float  # that the compilation took
    kernels: int = 0  # that a GPU starts
    collectives: str = ""  # names of instructions by which devices wait for each other; none are expected


def prepare(target: Slice) -> None:
    """Call it before jax is imported.  InputError where the compiler for TPUs is needed and not installed."""
    if target.chip.topology:
        if not has_compiler(target):
            raise InputError(
                f"--for {target.name} compiles with libtpu, which is not installed; pip install 'memjax[tpu]'. It "
                "needs no TPU"
            )
        for name, value in _TPU.items():
            os.environ.setdefault(name, value)


def has_compiler(target: Slice) -> bool:
    """Whether the compiler for these chips is installed."""
    return find_spec("libtpu" if target.chip.topology else "jax_cuda13_plugin") is not None


def devices_of(target: Slice) -> list[Any]:
    """The devices of one host of a slice, to compile for; none of them has to be there."""
    from jax.experimental import topologies

    chip, count = target.chip, min(target.chips, target.chip.host) * target.chip.cores
    gpu = {} if chip.topology else {"target_config": described(chip), "topology": "1x1x1"}
    try:
        return list(topologies.get_topology_desc(chip.topology, "cuda" if gpu else "tpu", **gpu).devices)[:count]
    except RuntimeError as problem:  # jax's error where a compiler does not load
        words = f"the compiler for {target.name} cannot be started on this machine"
        raise InputError(f"--for: {words}; plan on another Linux machine: {first_line(problem)}") from problem


def lowered(config: RunConfig, dataset: Dataset, design: SubsetDesign, devices: list[Any], size: int) -> Any:
    """The `training.Lowered` of a run for packs of `size` models on these devices."""
    from memjax.training import lower_any, replicate

    single = make_single(config, dataset, design)
    return lower_any(single, config.seed, replicate(examples_like(config, dataset), devices), size, devices)


def examples_like(config: RunConfig, dataset: Dataset) -> Any:
    """Shapes and types of the examples as the training takes them.  A stream is what it is: it stays on the host."""
    import jax

    if config.data.stream:
        return make_examples(config, dataset)
    few: Any = make_examples(config, take_rows(dataset, slice(2), slice(2)))
    counts = {"train": dataset.num_train, "test": dataset.num_test}

    def like(name: str, array: Any) -> Any:
        side = name.partition("_")[0]  # mean and scale belong to no side
        shape = (counts[side], *array.shape[1:]) if side in counts else array.shape
        return jax.ShapeDtypeStruct(shape, array.dtype)

    return type(few)(**{name: like(name, array) for name, array in few._asdict().items()})


def compile_ahead(config: RunConfig, dataset: Dataset, design: SubsetDesign, devices: list[Any], size: int) -> Compiled:
    """Compiles all programs of a run for packs of `size` models; the memory is infinite where the compiler gives up."""
    import jax

    from memjax.training import bytes_of, is_out_of_memory, num_batches

    started = time.monotonic()
    try:
        programs = lowered(config, dataset, design, devices, size).compiled(devices)
    except jax.errors.JaxRuntimeError as problem:
        if not is_out_of_memory(problem):
            raise
        return Compiled(size, 0, math.inf, TOO_MUCH, time.monotonic() - started)
    start, advance, finish = texts = [program.as_text() for program in programs]
    batch, epochs, stream = config.train.batch_size, config.train.epochs, config.data.stream
    steps = epochs * num_batches(dataset.num_train if stream else design.max_size, batch)
    step = estimated_cycles(advance) if stream else estimated_cycles(advance, epochs) / steps
    parts = sum(num_batches(count, batch) for count in (dataset.num_train, dataset.num_test)) if stream else 1
    cycles = round(estimated_cycles(start) + steps * step + parts * estimated_cycles(finish))
    num_kernels, waits = sum(map(kernels, texts)), " ".join(collectives("".join(texts)))
    memory, seconds = max(map(bytes_of, programs)), time.monotonic() - started
    return Compiled(size, cycles, step / size, memory, seconds, num_kernels, waits)


def search(config: RunConfig, dataset: Dataset, design: SubsetDesign, target: Slice) -> list[Compiled]:
    """What was compiled to find the pack size: up to four sizes, the chosen one first; from the cache if it is there.

    The choice has the fewest cycles a model among those that fit in memory.
    """
    from memjax.training.packing import best_on_ladder

    devices, most = devices_of(target), -(-config.num_models // target.devices)
    tried: dict[int, Compiled] = {}

    def cost(size: int) -> float:
        found = tried[size] = compile_ahead(config, dataset, design, devices, size)
        return found.cycles / size if found.size <= USABLE * target.chip.memory else math.inf

    if config.pack_size:
        cost(config.pack_size)
        return list(tried.values())
    first = guess(config, dataset)
    text = lowered(config, dataset, design, devices, 1).advance.as_text()
    versions = [f"{name} {version(name)}" for name in ("memjax", "jax", "libtpu")]
    key = f"{text}{config.train.epochs} epochs, {most} models, {target.name}, {' '.join(versions)}"
    place = cache_folder("packs") / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    if found := _stored(place):
        return found
    costs = best_on_ladder(cost, first, most)
    found = sorted(tried.values(), key=lambda each: (costs[each.pack_size], each.pack_size))
    with contextlib.suppress(OSError):  # a cache that cannot be written saves no time, and that is all
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_text(json.dumps([asdict(each) for each in found]))
    return found


def _stored(place: Path) -> list[Compiled]:
    """What an earlier search found; empty if there was none, or if its file is damaged."""
    try:
        return [Compiled(**each) for each in json.loads(place.read_text())]
    except (OSError, ValueError, TypeError):
        return []


def guess(config: RunConfig, dataset: Dataset) -> int:
    """The pack size at which weights, optimiser and activations of all its models fill the fast memory of a chip."""
    import jax

    from memjax.models.platform import traced_for
    from memjax.training.packing import tree_bytes

    model = network(config, dataset)
    inputs = jax.ShapeDtypeStruct((config.train.batch_size, *dataset.input_shape), np.float32)
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    forward = jax.jit(lambda params, state, inputs: model.apply(params, state, inputs, None, False)[0])
    with traced_for("tpu"):
        text = forward.trace(params, state, inputs).lower(lowering_platforms=("tpu",)).as_text()
    made = re.findall(r"stablehlo\.(?:convolution|dot_general)\b.*-> tensor<([\dx]+)x[a-z]+(\d+)>", text)
    activations = sum(math.prod(map(int, sides.split("x"))) * int(bits) // 8 for sides, bits in made)
    return max(1, FAST // (activations + 4 * tree_bytes(params)))
