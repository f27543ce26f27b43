"""The defaults of a command line: those of a preset, of an existing run folder, or of memjax."""

from dataclasses import dataclass, replace
from typing import Annotated

import tyro

from memjax import store
from memjax.config.from_keywords import FIRST, with_purpose
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.errors import one_of


@dataclass(frozen=True)
class Beginning:
    """The options that decide the defaults of all others."""

    preset: str | None = None
    run: str | None = None
    purpose: Annotated[str | None, tyro.conf.arg(name="for")] = None


def beginning(arguments: list[str]) -> tuple[RunConfig, list[str]]:
    """The settings that `--preset`, `--for` or an existing `--run DIR` give, and the arguments that are left."""
    found, rest = tyro.cli(Beginning, args=arguments, add_help=False, return_unknown_args=True)
    if found.preset is not None and found.preset not in PRESETS:
        raise one_of("--preset", found.preset, list(PRESETS))
    preset = PRESETS[found.preset] if found.preset is not None else None
    plan = store.read_plan(store.place(found.run)) if found.run else None
    if plan is not None and found.run and preset is None:
        from memjax.runs.plan_of import config_of

        return with_purpose(replace(config_of(plan, store.place(found.run)), run=found.run), found.purpose), rest
    config = with_purpose(preset or RunConfig(), found.purpose)
    if any(word.partition("=")[0] in ("--until", "--until-stderr", "--until_stderr") for word in rest):
        config = replace(config, num_models=FIRST)
    return (replace(config, run=found.run) if found.run else config), rest
