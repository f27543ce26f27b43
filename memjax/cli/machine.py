"""Commands about this machine: what it can do, and the data on it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tyro

from memjax.cli.output import Output, table
from memjax.cli.parsing import parse
from memjax.config.presets import preset_and_rest
from memjax.config.run_config import RunConfig
from memjax.config.specs import FleetSpec
from memjax.machine import environment
from memjax.runs import summary


@dataclass(frozen=True)
class Forecast:
    """A run, and the machines that it is planned for."""

    config: RunConfig
    fleet: FleetSpec = field(default_factory=FleetSpec)


def doctor(arguments: list[str]) -> None:
    about = "This machine, and what a run with these options will take and reach on it, or on others with --plan."
    preset, rest = preset_and_rest(arguments)
    request = parse(Forecast, "python -m memjax.run doctor", about, rest, Forecast(preset or RunConfig()))
    config, fleet = request.config, request.fleet
    environment.start_jax(config.cpu_devices)
    from memjax.runs.forecast import forecast, machine

    output = Output(config.output)

    def say(event: str, rows: list[tuple[str, str]], **facts: Any) -> None:
        rows = [(name, summary.printable(text)) for name, text in rows]
        output.say(event, table(rows, "without a score"), **dict(rows), **facts)

    if not fleet.plan:
        say("machine", machine(config.folder()))
    rows, costs = forecast(config, fleet)
    say("forecast", rows, costs=costs._asdict())


def seed(arguments: list[str]) -> None:
    def request(dataset: tyro.conf.Positional[str], folder: tyro.conf.Positional[Path]) -> tuple[str, Path]:
        """Put files that you already have where they would have been downloaded to."""
        return dataset, folder

    from memjax.data.downloads.seed import seed_cache

    dataset, folder = tyro.cli(request, prog="python -m memjax.run seed", args=arguments)
    for path in seed_cache(dataset, folder):
        print(path)
