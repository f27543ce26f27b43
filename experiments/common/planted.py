"""How much one size of an experiment on planted errors has."""

from typing import NamedTuple

FOLDS = 5  # of the peers, and of the same network beside them
PEER = "cleanlab"


class Size(NamedTuple):
    """Data sets, models of each run, and draws of the planted errors."""

    names: tuple[str, ...]
    models: int
    draws: int
