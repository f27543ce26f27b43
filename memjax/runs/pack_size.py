"""Short trainings that tell what a long one takes, and the pack size that follows from them."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from memjax.config.run_config import RunConfig
from memjax.data import take_rows
from memjax.data.targets import input_type
from memjax.machine import environment
from memjax.runs.build_training import make_examples, make_single, network
from memjax.types import Dataset, Model, SubsetDesign

LONG = 1e13  # floating-point operations from which finding the best pack size is worth the compilations
STEPS = 4  # of a trial's epoch; there are two
ENOUGH = 1.0  # seconds that a timing should last


def chosen_pack_size(config: RunConfig, dataset: Dataset, design: SubsetDesign) -> int:
    """Models a pack for a new run: as asked for; by the network's size, if the run is short; else by trying.

    A short run has the same pack size each time, whatever the machine does meanwhile, and so the same bits.
    """
    import jax

    from memjax.training import choose_pack_size

    if config.pack_size:
        return config.pack_size
    guess = guessed_pack_size(config, dataset)
    model = network(config, dataset)
    if operations(model, dataset.input_shape, config, design, input_type(dataset)) * config.num_models < LONG:
        return guess
    devices = jax.local_devices()
    most = -(-config.num_models // len(devices))
    memory = environment.device_memory()
    if not config.data.stream:
        memory -= dataset.train_inputs.nbytes + dataset.test_inputs.nbytes
    return choose_pack_size(lambda size: trial(config, dataset, design, size), guess, most, memory)


def guessed_pack_size(config: RunConfig, dataset: Dataset) -> int:
    """Models a pack as asked for, or by the network's size alone."""
    import jax

    from memjax.training import guess_pack_size

    devices = jax.local_devices()
    model = network(config, dataset)
    return config.pack_size or guess_pack_size(model, config.num_models, len(devices), devices[0].platform)


def operations(
    model: Model, input_shape: Sequence[int], config: RunConfig, design: SubsetDesign, kind: Any = np.float32
) -> float:
    """About how many floating-point operations the training of one model takes: three times its forward passes."""
    import jax

    forward = jax.jit(lambda params, state, inputs: model.apply(params, state, inputs, None, False)[0])
    inputs = jax.ShapeDtypeStruct((8, *input_shape), kind)
    counted = forward.lower(*jax.eval_shape(model.init, jax.random.key(0)), inputs).cost_analysis() or {}
    return 3 * counted.get("flops", 0.0) / 8 * design.max_size * config.train.epochs


def trial(config: RunConfig, dataset: Dataset, design: SubsetDesign, size: int):
    """The `training.Trial` of one pack of `size` models per device, trained a few steps on the first examples."""
    import jax

    from memjax.training import Trial, compile_any, replicate

    devices, batch = jax.local_devices(), config.train.batch_size
    seen = min(STEPS * batch, design.max_size)
    part = take_rows(dataset, slice(2 * seen), slice(batch))
    single = make_single(config.shortened(2), part, design._replace(max_size=seen))
    ids = np.arange(len(devices) * size, dtype=np.uint32).reshape(len(devices), size)
    masks = np.broadcast_to(np.arange(len(part.train_labels)) < seen, (*ids.shape, len(part.train_labels)))
    examples = replicate(make_examples(config, part), devices)
    program = compile_any(single, config.seed, examples, size, devices)
    times: list[float] = []
    while sum(times) < ENOUGH:
        started = time.monotonic()
        jax.block_until_ready(program(ids, masks, examples))
        times.append(time.monotonic() - started)
    return Trial(min(times) / ids.size, program.num_bytes)
