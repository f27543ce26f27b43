"""What a run takes on accelerators that are named, by their compiler or by their data sheet."""

import shlex
from dataclasses import asdict
from typing import Any

from memjax.config.run_config import RunConfig
from memjax.data.targets import input_type
from memjax.machine.chips import CALIBRATION, GIB, PRICED, SLOWEST, Slice
from memjax.runs.build_training import make_single, network, network_of
from memjax.runs.compile_ahead import TOO_MUCH, USABLE, compile_ahead, devices_of, has_compiler, search
from memjax.runs.forecast import costs, duration
from memjax.runs.pack_size import operations
from memjax.subsets import make_design
from memjax.types import Dataset

Rows = list[tuple[str, str]]


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
