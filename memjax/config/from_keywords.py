"""The settings of a run from keywords: each option of the command line by its name."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from numbers import Integral, Real
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from memjax.config.run_config import RunConfig
from memjax.config.specs import SubsetSpec
from memjax.errors import InputError, one_of

# `--for`: the subsets that need fewest models for a purpose.  docs/concepts/designs.md has the measurements.
PURPOSES = {
    "memorization": SubsetSpec("balanced", 0.5),
    "influence": SubsetSpec("fixed-size", 0.5),
    "membership": SubsetSpec("balanced", 0.5),
}
KEPT = ("log_odds",)  # what `--for membership` adds to --keep
FIRST = 32  # models, after which a run with a goal looks for the first time


def run_config(config: RunConfig | None = None, **options: Any) -> RunConfig:
    """The settings with some options changed: num_models=1000, per_class=40, epochs=30, ...

    Args:
      config: settings to change; by default those of the command line.
      options: new values by option name, with underscores.  Lists count as tuples.  purpose="memorization" is the
        option `--for`; others go before it.

    Raises:
      InputError: an option is not known, or its value cannot be used.
    """
    if config is None and {"until", "until_stderr"} & options.keys():
        config = RunConfig(num_models=FIRST)
    config = with_purpose(config or RunConfig(), options.pop("purpose", None), options.get("keep", KEPT))
    sections = {part.name: getattr(config, part.name) for part in fields(config) if is_dataclass(part.type)}
    own = {part.name: part.type for part in fields(config) if part.name not in sections}
    known = own | {part.name: part.type for section in sections.values() for part in fields(section)}
    for option in options:
        if option not in known:
            nearest = get_close_matches(option, known, 1)
            hint = f"did you mean {nearest[0]}? " if nearest else ""
            raise InputError(f"{option} is no option of a run; {hint}see `memjax --help-all` for the options")
    values = {option: _as(known[option], value, option) for option, value in options.items()}
    for name, section in sections.items():
        names = {part.name for part in fields(section)} & values.keys()
        sections[name] = replace(section, **{option: values[option] for option in names})
    return replace(config, **sections, **{option: values[option] for option in own.keys() & values.keys()})


def with_purpose(config: RunConfig, purpose: str | None, keep: Collection[str] = KEPT) -> RunConfig:
    """The settings with the subsets for a purpose; for membership the log odds are stored too.

    `keep` is what the user wants to be stored, if anything was said.
    """
    if purpose is None:
        return config
    if purpose not in PURPOSES:
        raise one_of("purpose", purpose, list(PURPOSES))
    membership = purpose == "membership"
    if membership and not {*KEPT} <= {*((keep,) if isinstance(keep, str) else keep)}:
        raise InputError("--keep leaves out log_odds, which --for membership needs; name it too, or leave out --keep")
    added = KEPT if membership and not {*KEPT} <= {*config.keep} else ()
    return replace(config, subset=PURPOSES[purpose], keep=config.keep + added)


def _as(kind: Any, value: Any, option: str) -> Any:
    """The value in the type of the option: NumPy integers as int, lists as tuples."""
    try:
        return _converted(kind, tuple(value) if isinstance(value, list) else value)
    except TypeError:
        expected = kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")
        raise InputError(f"{option} is {value!r}, a {type(value).__name__}; expected {expected}") from None


def _converted(kind: Any, value: Any) -> Any:
    """The value in this type.  Raises TypeError if it does not fit."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        for part in inner:
            with suppress(TypeError):
                return _converted(part, value)
        raise TypeError
    if (kind, type(value)) == (tuple[str, ...], str):  # train="head"
        return (value,)
    if origin is tuple and isinstance(value, tuple):
        kinds = inner[:1] * len(value) if inner[1:] == (...,) else inner
        if len(kinds) != len(value):
            raise TypeError
        return tuple(_converted(part, item) for part, item in zip(kinds, value, strict=True))
    number = isinstance(value, Real) and not isinstance(value, bool)
    if kind is float and number:
        return float(value)
    if kind is int and number and isinstance(value, Integral):
        return int(value)
    fits = isinstance(kind, type) and isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if (origin is Literal and value in inner) or (fits and not number):
        return value
    raise TypeError
