"""Presets: the settings of the papers, and the source of each value, as presets.toml has them."""

import tomllib
from pathlib import Path

from memjax.config.from_keywords import run_config
from memjax.config.run_config import RunConfig

PRESETS: dict[str, RunConfig] = {}
SOURCES: dict[str, dict[str, str]] = {}  # of each preset: settings -> where their values are from

_table = tomllib.loads((Path(__file__).parent / "presets.toml").read_text(encoding="utf-8"))
for _name, _own in _table["presets"].items():
    _training = _table["training"][_own.pop("training")]
    SOURCES[_name] = _own.pop("sources", {}) | _training.get("sources", {})
    PRESETS[_name] = run_config(**{option: value for option, value in _training.items() if option != "sources"} | _own)
