"""What does a stream cost?  The same trainings with the data on the devices and with the data on disk.

    python -m benchmarks.streaming                                             a few seconds
    python -m benchmarks.streaming --per-class 6000 --model cnn --epochs 5 --pack-size 4 --rounds 5

Fashion-MNIST is written to a folder of arrays, which one side loads and the other streams; the sides take turns, in one
process, after a first call each that compiles.  Subsets and initial weights are the same; the batches are not, since
in a stream all models share them (`tests/training/test_streamed.py` has both sides on the same batches).  A batch of
the stream is as much larger as makes a model's own share of it --batch-size.  Prints one JSON line:

    models_per_s, examples_per_s   median over rounds, of each side; examples are those that models train on
    resident_faster_by             ratio within a round: median, least, most
    accuracies                     of each side: in sample, held out and test, mean and standard error over models
"""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.machine import environment


@dataclass(frozen=True)
class Setting:
    """What to time."""

    per_class: int = 100
    test_per_class: int = 20
    model: str = "mlp:64"
    epochs: int = 3
    batch_size: int = 64
    pack_size: int = 4
    rounds: int = 3


def config_of(setting: Setting, folder: Path, stream: bool) -> RunConfig:
    """The request of one side."""
    batch = round(setting.batch_size / 0.7) if stream else setting.batch_size
    train = TrainSpec(epochs=setting.epochs, batch_size=batch, scaling="unit")
    return RunConfig(data=DataSpec(f"npy:{folder}", stream=stream), model=ModelSpec(setting.model), train=train)


def write_arrays(setting: Setting, folder: Path) -> None:
    from memjax.data import load_dataset

    data = load_dataset(
        DataSpec("fashion_mnist", per_class=setting.per_class, test_per_class=setting.test_per_class)
    )  # fmt: skip
    for name in ("train", "test"):
        np.save(folder / f"x_{name}.npy", getattr(data, f"{name}_inputs"))
        np.save(folder / f"y_{name}.npy", getattr(data, f"{name}_labels"))


def rounds_of(config: RunConfig, setting: Setting) -> Iterator[tuple[float, np.ndarray]]:
    """Seconds of a call over all devices, and (models, 3) accuracies; a call's packs each time."""
    import jax

    from memjax.data import load_dataset
    from memjax.runs import build_training
    from memjax.subsets import make_design
    from memjax.training import compile_any, replicate

    data, devices = load_dataset(config.data), jax.local_devices()
    design = make_design(config.subset, data.num_train, config.seed)
    examples = replicate(build_training.make_examples(config, data), devices)
    single = build_training.make_single(config, data, design)
    programs = compile_any(single, config.seed, examples, setting.pack_size, devices)
    numbers = np.arange(len(devices) * setting.pack_size, dtype=np.uint32).reshape(len(devices), -1)
    for call in range(setting.rounds + 1):
        ids = numbers + np.uint32(call * numbers.size)
        masks = np.stack([design.masks(row) for row in ids])
        started = time.monotonic()
        output = jax.tree.map(np.asarray, programs(ids, masks, examples))
        seconds = time.monotonic() - started
        right = output.train["correct"]
        found = [right.mean(where=masks, axis=-1), right.mean(where=~masks, axis=-1), output.test["correct"].mean(-1)]
        yield seconds, np.stack(found, -1).reshape(-1, 3)


def main(setting: Setting) -> None:
    environment.start_jax()
    with tempfile.TemporaryDirectory() as name:
        write_arrays(setting, Path(name))
        sides = {side: rounds_of(config_of(setting, Path(name), side == "streamed"), setting)
                 for side in ("resident", "streamed")}  # fmt: skip
        times, right = {side: [] for side in sides}, {side: [] for side in sides}
        for number in range(setting.rounds + 1):
            for side, calls in sides.items():
                seconds, accuracies = next(calls)
                right[side].append(accuracies)
                if number:
                    times[side].append(seconds)
    num_models = len(right["resident"][0])
    seen = setting.per_class * 10 * 7 // 10 * setting.epochs  # by a model
    ratio = np.array(times["streamed"]) / np.array(times["resident"])
    print(json.dumps({
        "models_per_s": {side: num_models / float(np.median(all_times)) for side, all_times in times.items()},
        "examples_per_s": {side: num_models * seen / float(np.median(all_times)) for side, all_times in times.items()},
        "resident_faster_by": [float(np.median(ratio)), float(ratio.min()), float(ratio.max())],
        "accuracies": {side: _mean_and_error(np.concatenate(found)) for side, found in right.items()},
        **environment.versions(),
    }))  # fmt: skip


def _mean_and_error(values: np.ndarray) -> dict[str, list[float]]:
    error = values.std(0, ddof=1) / np.sqrt(len(values))
    names = ("in_sample", "held_out", "test")
    return {name: [float(mean), float(one)] for name, mean, one in zip(names, values.mean(0), error, strict=True)}


if __name__ == "__main__":
    main(tyro.cli(Setting, description=__doc__))
