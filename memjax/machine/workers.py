"""Several processes on one run folder: which of its blocks this one takes.

There is no coordination but the files.  A worker first trains the blocks dealt to it, then whatever nobody has
committed yet, each worker in a random order of its own, so that few come to the same block.  Two that train the same
block do no harm.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from memjax.errors import InputError

# Name of the variable with the process's number, of the one with their count, where they start counting.
_VARIABLES = (
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SKYPILOT_NODE_RANK", "SKYPILOT_NUM_NODES"),
    ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"),  # the second is not Kubernetes' own: the job's file has to set it
)


class Worker(NamedTuple):
    """Worker number `index`, from 0, of `count`."""

    index: int
    count: int


ALONE = Worker(0, 1)


def make_worker(text: str | None, variables: Mapping[str, str] = os.environ) -> Worker:
    """The worker that was asked for as I/N, or the one that the scheduler's variables say.

    SLURM's arrays and tasks, a TPU slice's hosts, MPI's ranks, the pods of an indexed Kubernetes job and SkyPilot's
    nodes are known; where several speak, the one that knows of the most.  A wrong guess costs nothing but time: a
    worker whose fellows never come does their share as well.

    Raises:
      InputError: the text is not I/N with 0 <= I < N.
    """
    if text is None:
        return _from_scheduler(variables)
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if not found or int(found[1]) >= int(found[2]):
        raise InputError(f"--worker is {text!r}; give I/N, counted from 0: 0/4, 1/4, 2/4 and 3/4 are four workers")
    return Worker(int(found[1]), int(found[2]))


def deal(missing: Sequence[int], worker: Worker, finished: Callable[[int], bool]) -> Iterator[int]:
    """The blocks that a worker trains, in its order; each is looked up once more when its turn comes.

    Args:
      missing: blocks that were not there at the start, ascending.
      finished: whether a block is there by now.
    """
    own = [number for number in missing if number % worker.count == worker.index]
    others = [number for number in missing if number % worker.count != worker.index]
    # Whatever all helpers go by, such as the far end of the slowest one's share, leads them all to the same block.
    shuffled = [others[place] for place in np.random.default_rng(worker.index).permutation(len(others))]
    return (number for number in own + shuffled if not finished(number))


def _from_scheduler(variables: Mapping[str, str]) -> Worker:
    def number(name: str, default: int) -> int:
        text = variables.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else default

    tasks = [(number(own, 0), number(count, 1)) for own, count in _VARIABLES if own in variables and count in variables]
    if "TPU_WORKER_ID" in variables:
        tasks.append((number("TPU_WORKER_ID", 0), len(variables.get("TPU_WORKER_HOSTNAMES", "").split(","))))
    index, count = max(tasks, key=lambda task: task[1], default=(0, 1))
    jobs = number("SLURM_ARRAY_TASK_COUNT", 1)
    job = number("SLURM_ARRAY_TASK_ID", 0) - number("SLURM_ARRAY_TASK_MIN", 0)
    return _sound(job % jobs * count + index, jobs * count) if jobs > 1 else _sound(index, count)


def _sound(index: int, count: int) -> Worker:
    return Worker(index, count) if 0 <= index < count else ALONE
