"""Several processes (workers) on one run folder: which blocks each of them trains.

Workers coordinate only through the files.  A worker first trains its own blocks, then unfinished blocks of other
workers.  Each worker takes the latter in a random order of its own, so that few train the same block twice; that
costs time and does no other harm.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

# The variables with the number of the process, from 0, and with the number of processes.
_VARIABLES = (
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SKYPILOT_NODE_RANK", "SKYPILOT_NUM_NODES"),
    ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"),  # Kubernetes sets only the first: the job's file has to set the second
)


SHARE_MOST = 8  # blocks for each device of a task, which has to open the run and to compile its programs


class Worker(NamedTuple):
    """Worker number `index`, from 0, of `count`."""

    index: int
    count: int


ALONE = Worker(0, 1)


def make_worker(text: str | None, variables: Mapping[str, str] = os.environ) -> Worker:
    """The worker from the text I/N of `RunConfig.worker`; without a text, from the scheduler's variables.

    Known are SLURM arrays and tasks, hosts of a TPU slice, MPI ranks, pods of an indexed Kubernetes job, and SkyPilot
    nodes.  If several are set, the one with the largest count is used.  A wrong guess costs only time, because a
    worker also trains the blocks of workers that never start.
    """
    return _from_scheduler(variables) if text is None else Worker(*map(int, text.split("/")))


def deal(missing: Sequence[int], worker: Worker, finished: Callable[[int], bool]) -> Iterator[int]:
    """The blocks that a worker trains, in order: of those missing at the start, the ones not `finished` by then."""
    own = [number for number in missing if number % worker.count == worker.index]
    others = [number for number in missing if number % worker.count != worker.index]
    # With a common rule, such as the last block of the slowest worker first, all workers would train the same block.
    shuffled = [others[place] for place in np.random.default_rng(worker.index).permutation(len(others))]
    return (number for number in own + shuffled if not finished(number))


def in_shares(missing: Sequence[int], tasks: int, devices: int) -> Iterator[Sequence[int]]:
    """The blocks of each task of an engine, which carries out `tasks` at once; the last are small, to end together."""
    while missing:
        size = devices * max(1, min(SHARE_MOST, len(missing) // (2 * tasks * devices)))
        yield missing[:size]
        missing = missing[size:]


def _from_scheduler(variables: Mapping[str, str]) -> Worker:
    def read(name: str, default: int) -> int:
        text = variables.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else default

    tasks = [(read(own, 0), read(count, 1)) for own, count in _VARIABLES if own in variables and count in variables]
    if "TPU_WORKER_ID" in variables:
        tasks.append((read("TPU_WORKER_ID", 0), len(variables.get("TPU_WORKER_HOSTNAMES", "").split(","))))
    index, count = max(tasks, key=lambda task: task[1], default=(0, 1))
    first = read("SLURM_ARRAY_TASK_MIN", 0)
    # The numbers of an array may have gaps, as in 0,2 or 0-6:2.  Whoever is finished trains the blocks of the gaps.
    jobs = read("SLURM_ARRAY_TASK_MAX", first + read("SLURM_ARRAY_TASK_COUNT", 1) - 1) - first + 1
    if jobs > 1:
        index, count = (read("SLURM_ARRAY_TASK_ID", first) - first) * count + index, jobs * count
    return Worker(index, count) if 0 <= index < count else ALONE
