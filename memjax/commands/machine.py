"""Commands about this machine: what it can do, and the data on it."""

from pathlib import Path

import tyro

from memjax import environment, summary
from memjax.commands.parsing import parse
from memjax.config import RunConfig
from memjax.output import Output, table
from memjax.presets import preset_and_rest


def doctor(arguments: list[str]) -> None:
    about = "This machine, and what a run with these options will take and reach on it."
    preset, rest = preset_and_rest(arguments)
    config = parse(RunConfig, "python -m memjax.run doctor", about, rest, preset)
    environment.start_jax(config.cpu_devices)
    from memjax.doctor import forecast, machine

    output = Output(config.output)
    for event, rows in (("machine", machine(config.folder())), ("forecast", forecast(config))):
        rows = [(name, summary.printable(text)) for name, text in rows]
        output.say(event, table(rows, "without a score"), **dict(rows))


def seed(arguments: list[str]) -> None:
    def request(dataset: tyro.conf.Positional[str], folder: tyro.conf.Positional[Path]) -> tuple[str, Path]:
        """Put files that you already have where they would have been downloaded to."""
        return dataset, folder

    from memjax.data.seed import seed_cache

    dataset, folder = tyro.cli(request, prog="python -m memjax.run seed", args=arguments)
    for path in seed_cache(dataset, folder):
        print(path)
