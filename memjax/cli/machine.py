"""Commands about this machine and the data on it."""

from pathlib import Path
from typing import Any

import tyro

from memjax.cli.chips import Ahead
from memjax.cli.output import Output, put, two_columns
from memjax.config.run_config import RunConfig
from memjax.config.specs import FleetSpec
from memjax.machine import environment
from memjax.machine.chips import slice_named
from memjax.runs import summary
from memjax.store import place


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
        from memjax.data.outline import outline
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
