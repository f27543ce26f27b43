"""How the options of every command are read."""

from typing import Annotated

import tyro

Folder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]  # a Path would make one slash of two


def parse(kind, prog: str, about: str, arguments: list[str], default=None):
    """What was asked for, or the help text."""
    more = {} if default is None else {"default": default}
    return tyro.cli(kind, prog=prog, description=about, args=arguments, config=(tyro.conf.OmitArgPrefixes,), **more)
