"""All options for the help and the documentation, read from the settings' own types, defaults and docstrings."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import tyro

from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, OutputSpec, SubsetSpec, TrainSpec

GROUPS: dict[str, tuple[type, tuple[str, ...]]] = {
    "The run": (RunConfig, ("run", "num_models", "until_stderr", "seed")),
    "Data": (DataSpec, ()),
    "Subsets": (SubsetSpec, ()),
    "Model": (ModelSpec, ()),
    "Training": (TrainSpec, ()),
    "What is stored, estimated and recorded": (
        RunConfig, ("keep", "score", "influence", "record", "record_every", "record_epochs", "record_own", "examples"),
    ),
    "Machine and cluster": (
        RunConfig,
        ("pack_size", "cpu_devices", "worker", "distributed", "checkpoint_minutes", "max_failed"),
    ),
    "What is printed": (OutputSpec, ()),
}  # fmt: skip


class Option(NamedTuple):
    """One option: its name on the command line, what it takes, its default in words, and what it means."""

    name: str
    takes: str
    default: str
    about: str


def options_of(kind: type, names: tuple[str, ...] = ()) -> Iterator[Option]:
    """The options of a settings class, in their order; with `names` only those.  Nested settings are left out."""
    about = _docstrings(kind)
    for part in fields(kind):
        if (names and part.name not in names) or part.name not in about:
            continue
        default = part.default if part.default is not MISSING else None
        if part.default_factory is not MISSING:
            default = part.default_factory()
        if _positional(part.type):
            yield Option(part.name.upper(), "", "", about[part.name])
        else:
            told = "" if "Default:" in about[part.name] else _default(default)
            yield Option(_flag(part.name, part.type, default), _takes(part.type), told, about[part.name])


def grouped() -> Iterator[tuple[str, list[Option]]]:
    """All options of a run, by group."""
    for title, (kind, names) in GROUPS.items():
        yield title, list(options_of(kind, names))


def as_text(option: Option, width: int = 100) -> str:
    """An option as the help shows it: the name in a line, its meaning below."""
    default = f"  (default: {option.default})" if option.default else ""
    lines = textwrap.wrap(option.about, width - 6, break_long_words=False, break_on_hyphens=False)
    head = textwrap.wrap(f"{option.name} {option.takes}".rstrip() + default, width - 6, break_on_hyphens=False)
    return "\n".join([f"  {head[0]}", *(f"        {line}" for line in head[1:]), *(f"      {line}" for line in lines)])


@cache
def _docstrings(kind: type) -> dict[str, str]:
    """The text below each attribute of a settings class, on one line."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):  # type: ignore[attr-defined]
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[before.target.id] = " ".join(str(after.value.value).split())  # type: ignore[union-attr]
    return found


def _positional(kind: Any) -> bool:
    """Whether an argument has no name on the command line, only a place."""
    return any("Positional" in repr(mark) or mark is tyro.conf.Positional for mark in getattr(kind, "__metadata__", ()))


def _flag(name: str, kind: Any, default: Any) -> str:
    flag = name.replace("_", "-")
    return f"--no-{flag}" if kind is bool and default is True else f"--{flag}"


def _takes(kind: Any) -> str:
    """What stands after an option: INT, TEXT, one of some words, ...; nothing for a switch."""
    inner = [part for part in get_args(kind) if part is not type(None) and part is not ...]
    if get_origin(kind) is Literal:
        return "|".join(map(str, inner))
    if get_origin(kind) is tuple:
        return " ".join(_takes(part) for part in inner) + (" ..." if ... in get_args(kind) else "")
    if len(inner) == 1 or get_origin(kind) is Union:
        return _takes(inner[0])
    return {int: "INT", float: "NUMBER", bool: ""}.get(kind, "TEXT")


def _default(value: Any) -> str:
    if value is None or value == "" or value == () or isinstance(value, bool):
        return ""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
