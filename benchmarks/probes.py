"""What does recording cost?  The time of a model with one record an epoch over that without, and what that is made of.

    python -m benchmarks.probes                               digits, mlp:128, the default recipe
    python -m benchmarks.probes --dataset fashion_mnist --per-class 600 --model mlp:512,256
    python -m benchmarks.probes --dataset fashion_mnist --per-class 200 --model cnn --epochs 10

Takes the options of `python -m memjax.run`.  Rounds with and without recording take turns, and seconds are those of
the processor, so that whatever else the machine does meets both alike.  Prints one JSON line: seconds a model without
and with, and the cost in percent, as mean and standard deviation over n rounds.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import tyro

from memjax.config.run_config import RunConfig
from memjax.machine import environment


@dataclass(frozen=True)
class Setting:
    """What to time."""

    config: RunConfig = field(default_factory=lambda: RunConfig(record=("correct", "loss", "margin")))
    rounds: int = 5


def calls(config: RunConfig) -> Iterator[float]:
    """Seconds of processor time a model, of one call after the other; compiled before the first."""
    import jax

    from memjax.data import load_dataset
    from memjax.runs import build_training
    from memjax.subsets import make_design
    from memjax.training import compile_training, examples_of, replicate

    dataset = load_dataset(config.data)
    design = make_design(config.subset, dataset.num_train, config.seed)
    devices, pack = jax.local_devices(), config.pack_size or 8
    examples = replicate(examples_of(dataset, config.train.scaling), devices)
    programs = compile_training(
        build_training.make_single(config, dataset, design), config.seed, examples, pack, devices
    )
    ids = np.arange(len(devices) * pack, dtype=np.uint32).reshape(len(devices), pack)
    masks = np.stack([design.masks(row) for row in ids])
    jax.block_until_ready(programs(ids, masks, examples))
    while True:
        started = time.process_time()
        jax.block_until_ready(programs(ids, masks, examples))
        yield (time.process_time() - started) / ids.size


def main(setting: Setting) -> None:
    environment.start_jax(setting.config.cpu_devices)
    sides = [calls(replace(setting.config, record=record)) for record in ((), setting.config.record)]
    times = np.array([[next(side) for side in sides] for _ in range(setting.rounds)])
    cost = 100 * (times[:, 1] / times[:, 0] - 1)
    found = {
        "model": setting.config.model.model,
        "data": setting.config.data.dataset,
        "records": len(setting.config.recorded_epochs),
        "without_s": times[:, 0].mean(),
        "with_s": times[:, 1].mean(),
        "cost_percent": cost.mean(),
        "sd": cost.std(ddof=1),
        "n": setting.rounds,
    }
    print(json.dumps({name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}))


if __name__ == "__main__":
    main(tyro.cli(Setting, config=(tyro.conf.OmitArgPrefixes,)))
