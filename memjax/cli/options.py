"""All options for the help and the documentation, from the types, defaults and docstrings of the settings."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import docstring_parser
import tyro

from memjax.config.from_keywords import PURPOSES
from memjax.config.presets import PRESETS, SOURCES
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, OutputSpec, SubsetSpec, TableSpec, TrainSpec

Folder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]  # Path would turn gs:// into gs:/
GROUPS: dict[str, tuple[type, tuple[str, ...]]] = {
    "The run": (RunConfig, ("run", "num_models", "until", "until_stderr", "max_models", "seed")),
    "Data": (DataSpec, ()),
    "A table's columns": (TableSpec, ()),
    "Subsets": (SubsetSpec, ()),
    "Model": (ModelSpec, ()),
    "Training": (TrainSpec, ()),
    "What is stored, estimated and recorded": (
        RunConfig, ("keep", "score", "influence", "record", "record_every", "record_epochs", "record_own", "examples"),
    ),
    "Machine and cluster": (
        RunConfig, ("pack_size", "cpu_devices", "worker", "engine", "checkpoint_minutes", "max_failed"),
    ),
    "What is printed": (OutputSpec, ()),
    "What is sent": (RunConfig, ("log",)),
}  # fmt: skip


class Option(NamedTuple):
    """One option or argument of the command line, as text."""

    name: str  # --NAME, or the word for an argument without a name
    takes: str  # empty for a switch
    default: str  # empty if there is none or `about` explains it
    about: str
    required: bool


def options_of(kind: Callable[..., Any], names: tuple[str, ...] = ()) -> Iterator[Option]:
    """The options of a settings class or of a command, in their order; with `names` only those.

    Options of nested settings come after it.  The options of a run are left out: `memjax --help-all` has them.
    """
    for part, text in _parts(kind):
        nested = get_args(part.annotation)[0] if get_origin(part.annotation) is Annotated else part.annotation
        if names and part.name not in names:
            continue
        if text:
            yield _option(part, text)
        elif is_dataclass(nested) and nested is not RunConfig:
            yield from options_of(nested)  # type: ignore[arg-type]


def grouped() -> Iterator[tuple[str, list[Option]]]:
    """All options of a run, by group."""
    for title, (kind, names) in GROUPS.items():
        yield title, list(options_of(kind, names))


@cache
def _parts(kind: Any) -> list[tuple[inspect.Parameter, str]]:
    """The fields of a settings class, or the arguments of a command, each with its text; empty for nested settings."""
    about = {part.arg_name: part.description for part in docstring_parser.parse_from_object(kind).params}
    taken = inspect.signature(kind).parameters.values()
    return [(part, " ".join((about.get(part.name) or "").split())) for part in taken]


def _option(part: inspect.Parameter, text: str) -> Option:
    marks = getattr(part.annotation, "__metadata__", ())
    if tyro.conf.Positional in marks:
        given = [mark.metavar for mark in marks if mark is not tyro.conf.Positional]
        return Option((given or [part.name.upper()])[0], "", "", text, True)
    required = part.default is inspect.Parameter.empty
    prefix = "--no-" if part.default is True else "--"
    name = next((mark.name for mark in marks if getattr(mark, "name", None)), part.name)
    default = "" if required or "Default:" in text else _default(part.default)
    return Option(prefix + name.replace("_", "-"), _takes(part.annotation), default, text, required)


def _takes(kind: Any) -> str:
    """The kind of value of an option: INT, TEXT, one of some words, ...; empty for a switch."""
    inner = [part for part in get_args(kind) if part is not type(None) and part is not ...]
    if get_origin(kind) is Literal:
        return "|".join(map(str, inner))
    if get_origin(kind) is tuple:
        return " ".join(_takes(part) for part in inner) + (" ..." if ... in get_args(kind) else "")
    if len(inner) == 1 or get_origin(kind) is Union:
        return _takes(inner[0])
    return {int: "INT", float: "NUMBER", bool: "", Path: "PATH"}.get(kind, "TEXT")


def _default(value: Any) -> str:
    if value is None or value == "" or value == () or isinstance(value, bool):
        return ""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@cache
def _template(name: str):
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("memjax.cli", "help")
    environment = Environment(  # noqa: S701  no HTML
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.get_template(name)


def shortly() -> str:
    """What fits one screen: the options used most, and the other commands."""
    return _template("short.txt").render()


def of_command(name: str, command: Callable[..., Any]) -> str:
    """The help of one command: its usage, what it does, and its options."""
    return _template("command.txt").render(name=name, about=about(command), options=list(options_of(command)))


def about(command: Callable[..., Any]) -> str:
    """What a command does."""
    return " ".join(str(docstring_parser.parse(str(command.__doc__)).description).split())


def everything() -> str:
    """All options in groups, and the presets with their sources."""
    return _template("all.txt").render(groups=grouped(), purposes=PURPOSES, presets=PRESETS, sources=SOURCES)
