"""A run's settings from keywords: every option of the command line by its name."""

from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any

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
    owner = {part.name: "" for part in fields(config) if part.name not in sections}
    owner |= {part.name: name for name, section in sections.items() for part in fields(section)}
    changes: dict[str, dict[str, Any]] = {}
    for option, value in options.items():
        if option not in owner:
            nearest = get_close_matches(option, owner, 1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise InputError(f"{option} is no option of a run{hint} `memjax --help-all` lists them")
        changes.setdefault(owner[option], {})[option] = tuple(value) if isinstance(value, list) else value
    own = changes.pop("", {})
    return replace(config, **own, **{name: replace(sections[name], **some) for name, some in changes.items()})
