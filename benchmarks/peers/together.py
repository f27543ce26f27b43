"""Several processes that begin at the same moment, for a peer that does better with a process a core."""

import multiprocessing
from collections.abc import Callable
from typing import Any

_begin: Callable[[], object] = lambda: None  # noqa: E731


def begin() -> None:
    """Called in each process when it is warm: returns when all are."""
    _begin()


def run_together(work: Callable[[Any], dict[str, float]], settings: Any, processes: int) -> dict[str, float]:
    """Runs `work(settings)` in so many processes at once; the mean of each number found, over all and per process.

    Every number is a time that one process took for one model; together they take 1 / processes of it.
    """
    if processes == 1:
        return work(settings)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with context.Pool(processes, _set_begin, (barrier.wait,)) as pool:
        found = pool.map(work, [settings] * processes, chunksize=1)
    return {name: sum(each[name] for each in found) / processes**2 for name in found[0]}


def _set_begin(wait: Callable[[], object]) -> None:
    global _begin
    _begin = wait
