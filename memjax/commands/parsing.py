"""How the options of every command are read."""

from pathlib import Path
from typing import Annotated

import tyro

Folder = Annotated[Path, tyro.conf.Positional]


def parse(kind, prog: str, about: str, arguments: list[str], default=None):
    """What was asked for, or the help text."""
    more = {} if default is None else {"default": default}
    return tyro.cli(kind, prog=prog, description=about, args=arguments, config=(tyro.conf.OmitArgPrefixes,), **more)
