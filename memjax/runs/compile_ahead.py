"""What a run takes on accelerators that are not there: its programs are compiled for them, without data.

Of GPUs whose compiler is not installed, the data sheet gives a bound.
"""

import contextlib
import hashlib
import json
import math
import os
import re
import shlex
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from memjax.config.run_config import RunConfig
from memjax.data import take_rows
from memjax.data.targets import input_type
from memjax.errors import InputError, first_line
from memjax.machine import chips
from memjax.machine.chips import CALIBRATION, GIB, PRICED, SLOWEST, Slice, collectives, estimated_cycles, kernels
from memjax.runs.build_training import make_examples, make_single, network, network_of
from memjax.runs.forecast import costs, duration
from memjax.runs.pack_size import operations
from memjax.subsets import make_design
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
Rows = list[tuple[str, str]]


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
    gpu = {} if chip.topology else {"target_config": chips.described(chip), "topology": "1x1x1"}
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


def for_chip(config: RunConfig, dataset: Dataset, target: Slice, command: list[str]) -> tuple[Rows, dict[str, Any]]:
    """Memory, time and price of a run on these chips, as rows of name and text and as facts.

    Args:
      command: the command line of the run; a pack size is added unless it has one.
    """
    network_of(config, dataset)  # a network that cannot be used is refused
    chip, hosts = target.chip, f"{target.hosts} host{'s' * (target.hosts > 1)}"
    rows = [("chips", f"{target.chips} x {chip.name} on {hosts}, {chip.memory / GIB:.0f} GiB a device")]
    more, facts = (_by_compiler if chip.topology else _by_data_sheet)(config, dataset, target)
    rows += more
    if not facts["fits"]:
        return rows, facts
    low, high = facts["models_per_second"]
    size, devices, least = facts["pack_size"], target.devices, "" if low else "at least "
    seconds = [costs(config.num_models, size, rate / devices, devices, None).seconds for rate in (high, low) if rate]
    hours = [each / 3600 for each in seconds]
    prices = [each * target.chips * chip.price for each in hours]
    spans = (" to ".join(map(duration, seconds)), " to ".join(f"{price:,.2f}" for price in prices))
    rows += [
        ("time", f"{least}{spans[0]} of training for {config.num_models:,} models"),
        ("price", f"{least}{spans[1]} dollars at {chip.price:.2f} a chip and hour. "
                  f"This price of {PRICED} is unconfirmed: look up yours before you spend"),
        (f"run on {'each host' if target.hosts > 1 else 'it'}",
         shlex.join([*command, *([] if config.pack_size else ["--pack-size", str(size)])])),
    ]  # fmt: skip
    return rows, facts | {"hours": hours, "price": prices, "price_date": PRICED}


def _by_compiler(config: RunConfig, dataset: Dataset, target: Slice) -> tuple[Rows, dict[str, Any]]:
    chip = target.chip
    design = make_design(config.subset, dataset.num_train, config.seed)
    tried = search(config, dataset, design, target)
    best, fits = tried[0], tried[0].size <= USABLE * chip.memory
    names = ", ".join(f"{each.pack_size}: {each.step:,.0f}" for each in sorted(tried, key=lambda each: each.pack_size))
    memory = "more than the device has" if best.size == TOO_MUCH else f"{best.size / GIB:.2f} GiB"
    rate = target.devices * chip.clock * best.pack_size / best.cycles if best.cycles else 0.0
    rates = SLOWEST * rate, CALIBRATION[chip.name] * rate
    rows = [
        ("fits", f"{'yes' if fits else 'no'}: {memory} of {USABLE * chip.memory / GIB:.1f} that a run may use"),
        ("models per batch", f"{best.pack_size}; cycles a model and step by size: {names}"),
        ("cycles", f"{best.cycles / best.pack_size:,.0f} a model, by the compiler's estimate"),
        ("speed", f"{rates[0]:.3g} to {rates[1]:.3g} models/s"),
        ("range", f"from {SLOWEST:g} times the estimated speed, which is assumed, to {CALIBRATION[chip.name]:g} times, "
                  "by which the estimate is slower than the data sheet; gathers and sorts have no estimate, and no "
                  "estimate was held against a clock"),
    ]  # fmt: skip
    return rows, {"fits": fits, "bytes": best.size, "models_per_second": rates, **asdict(best),
                  "tried": {each.pack_size: each.step for each in tried}}  # fmt: skip


def _by_data_sheet(config: RunConfig, dataset: Dataset, target: Slice) -> tuple[Rows, dict[str, Any]]:
    """Of a GPU: memory and kernels by the compiler if it is installed, and a bound of the speed."""
    import jax

    from memjax.training import guess_pack_size, num_batches
    from memjax.training.packing import tree_bytes

    chip, design = target.chip, make_design(config.subset, dataset.num_train, config.seed)
    model = network(config, dataset)
    size = config.pack_size or guess_pack_size(model, config.num_models, target.devices, "gpu")
    state = jax.eval_shape(make_single(config, dataset, design).start, jax.random.key(0))
    weights = tree_bytes((state.params, state.optimizer_state))
    steps = config.train.epochs * num_batches(design.max_size, config.train.batch_size)
    count, moved = operations(model, dataset.input_shape, config, design, input_type(dataset)), 2 * weights * steps
    peak = chip.peak if config.train.precision == "bfloat16" else chip.peak / 2  # float32 is rounded to tf32
    most = target.devices / max(count / peak, moved / chip.bandwidth)
    compiled = compile_ahead(config, dataset, design, devices_of(target), size) if has_compiler(target) else None
    num_bytes = compiled.size if compiled else size * weights
    fits = num_bytes <= USABLE * chip.memory
    rows = [
        ("fits", f"{'yes' if fits else 'no'}: {num_bytes / GIB:.2f} GiB of {USABLE * chip.memory / GIB:.1f}"
         if compiled or not fits else f"not known: weights and optimiser take {num_bytes / GIB:.2f} GiB of "
         f"{USABLE * chip.memory / GIB:.1f}; for activations pip install 'memjax[cuda]', 5 GB with the compiler"),
        ("models per batch", f"{size}, by the size of the network; a run there measures up to four sizes"),
        *([("kernels", f"{compiled.kernels:,} in the three programs")] if compiled else []),
        ("speed", f"at most {most:.3g} models/s: a bound, {count:.3g} operations a model at {peak / 1e12:.0f} TFLOP/s, "
                  f"or {moved:.3g} bytes of weights at {chip.bandwidth / 1e12:.2f} TB/s; programs are slower"),
    ]  # fmt: skip
    return rows, {"fits": fits, "pack_size": size, "bytes": num_bytes, "models_per_second": (0.0, most)}
