"""What do a training step, its memory and its compilation take on an accelerator, with and without one at hand?

Without: the compiler for TPUs and its estimate of cycles (pip install 'memjax[tpu]'; no TPU is needed).  With `--here`:
the same list on a device that is present, in at most --seconds, an object of JSON for each case.  With `--every`: each
preset and each network of the zoo.

    python -m benchmarks.accelerators --chip v5e --only mlp
    python -m benchmarks.accelerators --chip v5e-4 --every --limit 600
    python -m benchmarks.accelerators --here > here.json
"""

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec, ShapeSpec, TrainSpec
from memjax.data import outline
from memjax.machine.chips import CHIPS, slice_named
from memjax.runs import compile_ahead
from memjax.runs.build_training import make_examples, make_single
from memjax.runs.pack_size import operations
from memjax.subsets import make_design
from memjax.types import Dataset

COST = "10 s to 5 minutes a case and batch of models on two cores; --every some hours; --here at most 8 minutes"


class Case(NamedTuple):
    """A network on data of some shape."""

    model: str
    shapes: ShapeSpec
    batch_size: int
    precision: Any
    packs: tuple[int, ...]


DIGITS = ShapeSpec("64", 10, 1437, 360)
IMAGENET = ShapeSpec("224,224,3", 1000, 1_281_167, 50_000)
ZOO = ("linear", "mlp:128", "cnn", "alexnet", "resnet18", "inception", "densenet100", "resnet50")
GREY, COLOUR = ShapeSpec("28,28", 10, 6000, 1000), ShapeSpec("32,32,3", 10, 6000, 1000)
CASES = {
    "mlp": Case("mlp:128", DIGITS, 64, "float32", (64, 256, 512)),
    "mlp on images": Case("mlp:128", ShapeSpec("8,8", 10, 1437, 360), 64, "float32", (64, 256, 512)),
    "cnn": Case("cnn", GREY, 128, "bfloat16", (6, 8)),
    "cnn:32,64,64": Case("cnn:32,64,64", GREY, 128, "bfloat16", (4, 6)),
    "resnet18:16": Case("resnet18:16", COLOUR, 128, "bfloat16", (4,)),
    "inception:.25": Case("inception:.25", COLOUR, 128, "bfloat16", (4,)),
}


@dataclass(frozen=True)
class Settings:
    """What to compile or to run."""

    chip: str = "v5e"
    only: str = ""
    """Cases whose names begin so, or the one whose name this is.  Default: all."""
    packs: tuple[int, ...] = ()
    """Models in a batch.  Default: a few for each case."""
    every: bool = False
    """Compile each preset and each network of the zoo instead of the cases."""
    limit: float = 0.0
    """With --every: seconds for each, in a process of its own, those of few operations first.  Default: no limit."""
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
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        return markdown([names, *([str(row.get(name, "")) for name in names] for row in self.rows)])


def run(settings: Settings) -> Result:
    rows: list[dict[str, Any]] = []
    measured = _here if settings.here else _apart if settings.every and settings.limit else _compiled
    for row in measured(settings):
        rows.append(row)
        log(**row)
    return Result(rows, settings.here)


def _compiled(settings: Settings) -> Iterator[dict[str, Any]]:
    target = slice_named(settings.chip)
    compile_ahead.prepare(target)
    devices = compile_ahead.devices_of(target)
    for name, config, dataset, pack in _everything(settings) if settings.every else _cases(settings):
        design = make_design(config.subset, dataset.num_train, 0)
        found = compile_ahead.compile_ahead(config, dataset, design, devices, pack)
        fits, cycles = found.size < compile_ahead.TOO_MUCH, round(found.step) if found.cycles else 0
        limit = _operations(config, dataset) / target.chip.peak * target.chip.clock
        yield {
            "network": name, "chips": len(devices), "batch of models": pack,
            **({"cycles a model and step": cycles or "",
                "share of the matrix unit's rate": round(limit / cycles, 3) if cycles else ""}
               if target.chip.topology else {"kernels": found.kernels}),
            "MiB": round(found.size / 2**20) if fits else "more than the chip has",
            "collectives": found.collectives or "none", "s to compile": round(found.seconds),
        }  # fmt: skip


def _apart(settings: Settings) -> Iterator[dict[str, Any]]:
    """Each preset and network in a process of its own, whose failure is a row too."""
    target = slice_named(settings.chip)
    compile_ahead.prepare(target)
    for name, _, _, pack in sorted(_everything(settings), key=lambda each: _operations(*each[1:3])):
        command = [sys.executable, "-m", "benchmarks.accelerators", "--every", "--chip", settings.chip, "--only", name]
        row = {"network": name, "chips": min(target.chips, target.chip.host), "batch of models": pack}
        try:
            said = subprocess.run(
                [*command, "--packs", str(pack)], capture_output=True, text=True, timeout=settings.limit
            )
        except subprocess.TimeoutExpired:
            yield row | {"s to compile": f"more than {settings.limit:g}"}
            continue
        found = [line for line in said.stdout.splitlines() if line.startswith("{")]
        yield json.loads(found[0]) if found else row | {"failed": said.stderr.strip().splitlines()[-1]}


def _here(settings: Settings) -> Iterator[dict[str, Any]]:
    import jax

    from memjax.training import compile_any, num_batches, replicate

    began, device = time.monotonic(), jax.local_devices()[0]
    known = [chip for name, chip in CHIPS.items() if name in device.device_kind.lower().replace(" ", "")]
    for name, config, dataset, pack in _cases(settings):
        if time.monotonic() - began > settings.seconds:
            yield {"network": name, "batch of models": pack, "left out": f"{settings.seconds:g} s are over"}
            continue
        design = make_design(config.subset, dataset.num_train, 0)
        single, examples = make_single(config, dataset, design), make_examples(config, dataset)
        ids = np.arange(pack, dtype=np.uint32)[None]
        masks = design.masks(ids[0])[None]
        seen, programs, started = replicate(examples, [device]), None, time.monotonic()
        programs = compile_any(single, 0, seen, pack, [device])
        compiled = time.monotonic() - started
        seconds = [_seconds(programs, ids, masks, seen, epochs) for epochs in (1, 1, 3)][1:]
        steps = num_batches(design.max_size, config.train.batch_size)
        step = (seconds[1] - seconds[0]) / 2 / steps / pack
        found = np.asarray(programs(ids, masks, seen).test["probability"])[0, :2]
        cpu = jax.local_devices(backend="cpu")[:1]
        own = compile_any(single, 0, replicate(examples, cpu), 2, cpu)
        expected = np.asarray(own(ids[:, :2], masks[:, :2], replicate(examples, cpu)).test["probability"])[0]
        rate = _operations(config, dataset) / step
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


def _cases(settings: Settings) -> Iterator[tuple[str, RunConfig, Dataset, int]]:
    for name, case in CASES.items():
        if _asked(name, CASES, settings.only):
            for pack in settings.packs or case.packs:
                yield name, *_settings(case), pack


def _everything(settings: Settings) -> Iterator[tuple[str, RunConfig, Dataset, int]]:
    """Presets and networks, each with the batch of models at which the search for the best one begins."""
    zoo = {model: (RunConfig(model=ModelSpec(model), train=TrainSpec(batch_size=128)), COLOUR) for model in ZOO}
    presets = {name: (config, IMAGENET if config.data.stream else ShapeSpec()) for name, config in PRESETS.items()}
    for name, (config, shapes) in (zoo | presets).items():
        if _asked(name, zoo | presets, settings.only):
            dataset = outline(config.data, shapes)
            for pack in settings.packs or (compile_ahead.guess(config, dataset),):
                yield name, config, dataset, pack


def _asked(name: str, names: Collection[str], only: str) -> bool:
    return name == only if only in names else name.startswith(only)


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


def _operations(config: RunConfig, dataset: Dataset) -> float:
    """Of a model's training step, multiplications and additions."""
    from memjax.models import make_model

    model = make_model(config.model, dataset.input_shape, dataset.num_classes)
    design = make_design(config.subset, dataset.num_train, 0)
    whole = operations(model, dataset.input_shape, config, design)
    return whole / design.max_size / config.train.epochs * config.train.batch_size


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
