"""The defaults of a command line: those of a preset, of an existing run folder, or of memjax."""

from dataclasses import dataclass, field, replace
from typing import Annotated

import tyro

from memjax import store
from memjax.config.from_keywords import FIRST, PURPOSES, with_purpose
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import ShapeSpec
from memjax.errors import one_of
from memjax.machine.chips import CHIPS, slice_named


@dataclass(frozen=True)
class Beginning:
    """The options that decide the defaults of all others."""

    preset: str | None = None
    run: str | None = None
    purpose: Annotated[str | None, tyro.conf.arg(name="for")] = None


@dataclass(frozen=True)
class Ahead:
    """Accelerators that a run is planned for, and data that need not be there."""

    chip: Annotated[str, tyro.conf.arg(name="for")] = ""
    """Predict for these accelerators, none of which has to be there: v4, v5e, v5p, v6e, a100, h100, h200, or several of
    them, such as v5e-16.  The run's programs are compiled for them, and the pack size is chosen by the compiler's cycles.
    TPUs need memjax[tpu]."""
    shapes: ShapeSpec = field(default_factory=ShapeSpec)
    command: tyro.conf.Suppress[tuple[str, ...]] = ()


def ahead(arguments: list[str]) -> tuple[Ahead, list[str]]:
    """What `--for CHIP` asks for, with the shapes of the data, and the arguments that are left."""
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
