"""Experiments on planted errors: how much one size has, and how scores are compared."""

from typing import NamedTuple

from experiments.common.claim import Verdict
from experiments.common.intervals import paired

FOLDS = 5  # of the peers, and of the same network beside them
PEER = "cleanlab"


class Size(NamedTuple):
    """Data sets, models of each run, and draws of the planted errors."""

    names: tuple[str, ...]
    models: int
    draws: int


def finds_more(chosen: str, found: dict[str, dict[str, list[float]]]) -> list[Verdict]:
    """Whether one score finds more than each other one, in each set.

    Args:
      found: average precision by set and score, a value for each draw of the planted errors.
    """
    return [
        Verdict(f"{name}: {chosen} finds more than {other} (difference)", paired(of[chosen], of[other]))
        for name, of in found.items()
        for other in of
        if other != chosen
    ]
