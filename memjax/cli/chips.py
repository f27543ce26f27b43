"""The options of `doctor --for CHIP`, read before all others: `--for` and `--classes` have other meanings too."""

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from memjax.config.from_keywords import PURPOSES
from memjax.config.specs import ShapeSpec
from memjax.errors import one_of
from memjax.machine.chips import CHIPS, slice_named


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
