"""A run's settings from keywords: every option of the command line by its name."""

from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from numbers import Integral, Real
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from memjax.config.run_config import RunConfig
from memjax.errors import InputError


def run_config(config: RunConfig | None = None, **options: Any) -> RunConfig:
    """The settings with some options changed: num_models=1000, per_class=40, epochs=30, ...

    Args:
      config: settings to begin with; by default those of the command line.
      options: by the names of the command line, with underscores; a list is as good as a tuple.

    Raises:
      InputError: an option is not known, or its value cannot be used.
    """
    config = config or RunConfig()
    sections: dict[str, Any] = {part.name: getattr(config, part.name) for part in fields(config)}
    sections = {name: section for name, section in sections.items() if is_dataclass(section)}
    owner = {part.name: ("", part.type) for part in fields(config) if part.name not in sections}
    owner |= {part.name: (name, part.type) for name, section in sections.items() for part in fields(section)}
    changes: dict[str, dict[str, Any]] = {}
    for option, value in options.items():
        if option not in owner:
            nearest = get_close_matches(option, owner, 1)
            hint = f"did you mean {nearest[0]}? " if nearest else ""
            raise InputError(f"{option} is no option of a run; {hint}`memjax --help-all` lists them")
        section, kind = owner[option]
        changes.setdefault(section, {})[option] = _as(kind, value, option)
    own = changes.pop("", {})
    return replace(config, **own, **{name: replace(sections[name], **some) for name, some in changes.items()})


def _as(kind: Any, value: Any, option: str) -> Any:
    """The value as the option's type has it: whole numbers of NumPy as int, lists as tuples."""
    try:
        return _converted(kind, tuple(value) if isinstance(value, list) else value)
    except TypeError:
        expected = kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")
        kinds = f"{value!r}, a {type(value).__name__}"
        raise InputError(f"{option} is {kinds}; expected {expected}") from None


def _converted(kind: Any, value: Any) -> Any:
    """The value as this type; TypeError where it is none of it."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        for part in inner:
            with suppress(TypeError):
                return _converted(part, value)
        raise TypeError
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
    if (origin is Literal and value in inner) or (isinstance(kind, type) and isinstance(value, kind) and not number):
        return value
    raise TypeError
