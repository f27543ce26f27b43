"""Commands about this machine, about machines that a run is planned for, and about the data."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from memjax.cli.output import Output, put, two_columns
from memjax.config.from_keywords import PURPOSES
from memjax.config.run_config import RunConfig
from memjax.config.specs import FleetSpec, ShapeSpec
from memjax.errors import one_of
from memjax.machine import environment
from memjax.machine.chips import CHIPS, slice_named
from memjax.runs import summary
from memjax.store import place


@dataclass(frozen=True)
class Ahead:
    """Accelerators that a run is planned for, and data that need not be there."""

    chip: Annotated[str, tyro.conf.arg(name="for")] = ""
    """Predict for these accelerators, none of which has to be there: v4, v5e, v5p, v6e, a100, h100, h200, or several of
    them, such as v5e-16.  The run's programs are compiled for them, and the pack size is that of the fewest cycles by
    the compiler's estimate.  TPUs need memjax[tpu]."""
    shapes: ShapeSpec = field(default_factory=ShapeSpec)
    command: tyro.conf.Suppress[tuple[str, ...]] = ()


def ahead(arguments: list[str]) -> tuple[Ahead, list[str]]:
    """What `--for CHIP` asks for, with the shapes of the data, and the arguments that are left.

    It is read before all other options: `--for` and `--classes` have other meanings too.
    """
    asked, rest = tyro.cli(_For, args=arguments, add_help=False, return_unknown_args=True)
    if asked.word is None or asked.word in PURPOSES:
        return Ahead(), arguments
    if not asked.word.startswith(tuple(CHIPS)):
        raise one_of("--for", asked.word, [*PURPOSES, *CHIPS])
    slice_named(asked.word)
    shapes = ShapeSpec()
    if any(word.partition("=")[0] == "--shape" for word in rest):
        shapes, rest = tyro.cli(ShapeSpec, args=rest, add_help=False, return_unknown_args=True)
    return Ahead(asked.word, shapes, ("memjax", *rest)), rest


@dataclass(frozen=True)
class _For:
    """The word after `--for`: a purpose or chips."""

    word: Annotated[str | None, tyro.conf.arg(name="for")] = None


def doctor(config: RunConfig, fleet: FleetSpec, ahead: tyro.conf.Suppress[tyro.conf.Fixed[Ahead]]) -> None:
    """Say what is understood of the data, and predict the time, disk and precision of a run.  Nothing is trained.

    All options of a run are understood too; memjax --help-all lists them.  With --plan the prediction is for other
    machines, with --for CHIP for accelerators that are compiled for."""
    target = slice_named(ahead.chip) if ahead.chip else None
    if target:
        from memjax.runs.compile_ahead import prepare

        prepare(target)
    environment.start_jax(config.cpu_devices)
    from memjax.runs.forecast import data_rows, forecast, machine
    from memjax.runs.request import read_request

    output = Output(config.output)

    def say(event: str, rows: list[tuple[str, str]], **facts: Any) -> None:
        rows = [(name, summary.printable(text)) for name, text in rows]
        output.say(event, two_columns(rows, "without a score"), **dict(rows), **facts)

    if target:
        from memjax.data import outline
        from memjax.runs.compile_ahead import for_chip

        dataset, shapes = outline(config.data, ahead.shapes), ahead.shapes
        command = [*ahead.command, *(["--dataset", "NAME"] if shapes.shape else [])]
        rows, facts = for_chip(config, dataset, target, command)
        say("forecast", [("run", f"{config.num_models:,} models {config.model.model} on {dataset.name}"), *rows],
            plan=facts)  # fmt: skip
        return
    if not fleet.plan:
        say("machine", machine(place(config.folder())))
    asked = read_request(config)
    say("data", data_rows(asked))
    rows, costs = forecast(asked, fleet)
    say("forecast", rows, costs=costs._asdict())


def seed(dataset: tyro.conf.Positional[str], folder: tyro.conf.Positional[Path]) -> None:
    """Copy data files that you already have into the download folder.

    Args:
      dataset: mnist, fashion_mnist, cifar10, cifar100 or svhn_cropped.
      folder: The folder with the files.
    """
    from memjax.data.downloads import seed_cache

    for path in seed_cache(dataset, folder):
        put(str(path))
