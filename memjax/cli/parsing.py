"""Types of arguments that several commands take."""

from typing import Annotated

import tyro

Folder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]  # Path would turn gs:// into gs:/
