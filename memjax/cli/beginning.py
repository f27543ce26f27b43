"""The defaults of a command line: those of a preset, of an existing run folder, or of memjax."""

from dataclasses import dataclass, replace

import tyro

from memjax import store
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.errors import one_of


@dataclass(frozen=True)
class Beginning:
    """The options that decide the defaults of all others."""

    preset: str | None = None
    run: str | None = None


def beginning(arguments: list[str]) -> tuple[RunConfig, list[str]]:
    """The settings that `--preset NAME` or an existing `--run DIR` give, and the arguments that are left.

    Raises:
      InputError: the preset is not known, or the folder cannot be read.
    """
    found, rest = tyro.cli(Beginning, args=arguments, add_help=False, return_unknown_args=True)
    if found.preset is not None and found.preset not in PRESETS:
        raise one_of("--preset", found.preset, list(PRESETS))
    preset = PRESETS[found.preset] if found.preset is not None else None
    plan = store.read_plan(store.place(found.run)) if found.run else None
    if plan is not None and found.run and preset is None:
        from memjax.runs.plan_of import config_of

        return replace(config_of(plan, store.place(found.run)), run=found.run), rest
    config = preset or RunConfig()
    return (replace(config, run=found.run) if found.run else config), rest
