"""What do a training step, its memory and its compilation take on an accelerator, with and without one at hand?

Without: the compiler for TPUs and its estimate of cycles (pip install 'memjax[tpu]'; no TPU is needed).  With `--here`:
the same list on a device that is present, in at most --seconds, an object of JSON for each case.

    python -m benchmarks.accelerators --chip v5e --only mlp
    python -m benchmarks.accelerators --here > here.json
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown
from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec, ShapeSpec, TrainSpec
from memjax.data.outline import outline
from memjax.machine.chips import CHIPS, slice_named
from memjax.runs import compile_ahead
from memjax.runs.build_training import make_examples, make_single
from memjax.runs.pack_size import operations
from memjax.subsets import make_design
from memjax.types import Dataset

COST = "10 s to 5 minutes a case and batch of models on two cores; --here at most 8 minutes"


class Case(NamedTuple):
    """A network on data of some shape."""

    model: str
    shapes: ShapeSpec
    batch_size: int
    precision: Any
    packs: tuple[int, ...]


DIGITS = ShapeSpec("64", 10, 1437, 360)
GREY, COLOUR = ShapeSpec("28,28", 10, 6000, 1000), ShapeSpec("32,32,3", 10, 6000, 1000)
CASES = {
    "mlp": Case("mlp:128", DIGITS, 64, "float32", (64, 256)),
    "cnn": Case("cnn:32,64,64", GREY, 128, "bfloat16", (8, 12)),
    "resnet18:16": Case("resnet18:16", COLOUR, 128, "bfloat16", (4,)),
    "inception:.25": Case("inception:.25", COLOUR, 128, "bfloat16", (4,)),
}


@dataclass(frozen=True)
class Settings:
    """What to compile or to run."""

    chip: str = "v5e"
    only: str = ""
    """Cases whose names begin so.  Default: all."""
    packs: tuple[int, ...] = ()
    """Models in a batch.  Default: a few for each case."""
    here: bool = False
    """Run on the device that is present."""
    seconds: float = 480.0
    """With --here: no case begins after so long."""


class Result(NamedTuple):
    """A row for each case and batch of models: names of columns and numbers."""

    rows: list[dict[str, Any]]
    here: bool

    def __str__(self) -> str:
        if self.here:
            return json.dumps(self.rows)
        return markdown([list(self.rows[0]), *([str(value) for value in row.values()] for row in self.rows)])


def run(settings: Settings) -> Result:
    rows: list[dict[str, Any]] = []
    for row in _here(settings) if settings.here else _compiled(settings):
        rows.append(row)
        log(**row)
    return Result(rows, settings.here)


def _compiled(settings: Settings) -> Iterator[dict[str, Any]]:
    target = slice_named(settings.chip)
    compile_ahead.prepare(target)
    devices = compile_ahead.devices_of(target)
    for name, case, pack in _cases(settings):
        config, dataset = _settings(case)
        design = make_design(config.subset, dataset.num_train, 0)
        found = compile_ahead.compile_ahead(config, dataset, design, devices, pack)
        limit = _operations(case, config, dataset) / (target.chip.peak / target.chip.clock)
        yield {
            "network": name, "batch of models": pack, "cycles a model and step": round(found.step),
            "share of the matrix unit's rate": round(limit / found.step, 3), "MiB": round(found.size / 2**20),
            "s to compile": round(found.seconds),
        }  # fmt: skip


def _here(settings: Settings) -> Iterator[dict[str, Any]]:
    import jax

    from memjax.training import compile_any, replicate

    began, device = time.monotonic(), jax.local_devices()[0]
    known = [chip for name, chip in CHIPS.items() if name in device.device_kind.lower().replace(" ", "")]
    for name, case, pack in _cases(settings):
        if time.monotonic() - began > settings.seconds:
            yield {"network": name, "batch of models": pack, "left out": f"{settings.seconds:g} s are over"}
            continue
        config, dataset = _settings(case)
        design = make_design(config.subset, dataset.num_train, 0)
        single, examples = make_single(config, dataset, design), make_examples(config, dataset)
        ids = np.arange(pack, dtype=np.uint32)[None]
        masks = design.masks(ids[0])[None]
        seen, programs, started = replicate(examples, [device]), None, time.monotonic()
        programs = compile_any(single, 0, seen, pack, [device])
        compiled = time.monotonic() - started
        seconds = [_seconds(programs, ids, masks, seen, epochs) for epochs in (1, 1, 3)][1:]
        steps = -(-design.max_size // case.batch_size)
        step = (seconds[1] - seconds[0]) / 2 / steps / pack
        found = np.asarray(programs(ids, masks, seen).test["probability"])[0, :2]
        cpu = jax.local_devices(backend="cpu")[:1]
        own = compile_any(single, 0, replicate(examples, cpu), 2, cpu)
        expected = np.asarray(own(ids[:, :2], masks[:, :2], replicate(examples, cpu)).test["probability"])[0]
        rate = _operations(case, config, dataset) / step
        yield {
            "network": name, "batch of models": pack, "device": device.device_kind, "us a model and step": step * 1e6,
            "models per second": 1 / (step * steps * config.train.epochs), "TFLOP/s": rate / 1e12,
            "share of peak": rate / known[0].peak if known else None, "MiB": programs.num_bytes / 2**20,
            "s to compile": compiled, "mean difference from CPU": float(abs(found - expected).mean()),
        }  # fmt: skip


def _seconds(programs: Any, ids: np.ndarray, masks: np.ndarray, examples: Any, epochs: int) -> float:
    import jax

    state, edges = programs.start(ids), [np.full(1, edge, np.int32) for edge in (0, epochs)]
    jax.block_until_ready(state)
    started = time.perf_counter()
    jax.block_until_ready(programs.advance(ids, masks, state, examples, *edges))
    return time.perf_counter() - started


def _cases(settings: Settings) -> Iterator[tuple[str, Case, int]]:
    for name, case in CASES.items():
        if name.startswith(settings.only):
            for pack in settings.packs or case.packs:
                yield name, case, pack


def _settings(case: Case) -> tuple[RunConfig, Dataset]:
    """The settings, and data of the case's shape with random inputs and labels that can be learnt."""
    train = TrainSpec(epochs=2, batch_size=case.batch_size, precision=case.precision)
    dataset = outline(RunConfig().data, case.shapes)
    draw = np.random.default_rng(0)
    inputs = []
    for labels, like in ((dataset.train_labels, dataset.train_inputs), (dataset.test_labels, dataset.test_inputs)):
        drawn = draw.integers(0, 64, like.shape, np.uint8).astype(like.dtype)
        drawn.reshape(len(drawn), -1)[np.arange(len(drawn)), labels] += 64
        inputs.append(drawn)
    config = RunConfig(model=ModelSpec(case.model), train=train)
    return config, Dataset(**{**vars(dataset), "train_inputs": inputs[0], "test_inputs": inputs[1]})


def _operations(case: Case, config: RunConfig, dataset: Dataset) -> float:
    """Of a model's training step, multiplications and additions."""
    from memjax.models import make_model

    model = make_model(config.model, dataset.input_shape, dataset.num_classes)
    design = make_design(config.subset, dataset.num_train, 0)
    whole = operations(model, dataset.input_shape, config, design)
    return whole / design.max_size / config.train.epochs * case.batch_size


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
