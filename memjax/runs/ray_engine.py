"""Ray hands out the work of a run: each task trains some blocks, or makes a share of the estimates, on any node.

A block depends on the plan and its number only, and a task saves what it makes in the run folder, which all nodes see.
So a task whose node is lost begins again on another one, and tasks send back nothing but notices.  The driver, which is
the process that hands out the tasks, trains nothing.
"""

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.data.in_memory import InMemory
from memjax.data.sources import named_examples
from memjax.errors import InputError, first_line
from memjax.machine import environment
from memjax.runs.open_folder import Run, open_run
from memjax.store import Plan

RETRIES = 3  # of a task whose process or node is lost
NOT_SHARED = "{} is not the same folder on all nodes of the cluster; give a --run on a disk that they share"

Stage = Callable[..., Any]  # stage(run, advance, notify, share)
Shares = Callable[[int, int], Iterable[Any]]  # (tasks at once, devices of each) -> the share of each task
Notify = Callable[[str], object]


def connected(config: RunConfig) -> AbstractContextManager:
    """Connects this process to the cluster that `--engine` names, unless it is connected, until the context ends."""
    if not config.engine:
        return nullcontext()
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError as problem:
        raise InputError(f"--engine ray needs Ray ({problem}); pip install 'memjax[ray]'") from None
    if ray.is_initialized():
        return nullcontext()
    address, before = config.engine.partition(":")[2], signal.getsignal(signal.SIGTERM)
    host, _, port = address.rpartition(":")
    try:
        if port.isdigit() and "://" not in address:
            socket.create_connection((host, int(port)), 10).close()  # Ray itself would try for many minutes
        cluster = ray.init(address or None, log_to_driver=False, logging_level=logging.WARNING)
    except (OSError, RuntimeError, ValueError) as problem:
        raise InputError(f"--engine is {config.engine}, and no cluster answers; check the address: {problem}") from None
    with suppress(ValueError, TypeError):  # in another thread than the first one Ray has left the handler as it was
        signal.signal(signal.SIGTERM, before)
    return cluster


def begin(config: RunConfig, given: InMemory | None) -> InMemory | None:
    """Makes the plan of a new run folder in a task, since it is for the devices there; returns examples in memory."""
    folder = store.place(config.folder())
    if store.read_plan(folder) is None:
        given = given or named_examples(config.data, config.table, config.subset.groups)
        hand_out(config, None, open_run, lambda *_: [given], lambda _: None)
        if store.read_plan(folder) is None:
            raise InputError(NOT_SHARED.format(folder))
    return given


def _room(nodes: list[dict], config: RunConfig, plan: Plan | None) -> tuple[str, int, int]:
    """GPU or CPU, how many of them a task takes, and how many tasks the cluster carries out at once.

    One device, or two where those of the plan are several, because the programs and so the last bits depend on that.
    A new plan is for one GPU, or for several CPUs as in a single process on most machines.
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    kind = "GPU" if any(node.get("GPU") for node in there) else "CPU"
    has = [int(node.get(kind, 0)) for node in there]
    several = plan.environment.get("devices") == "several" if plan else kind == "CPU"
    devices = (kind == "CPU" and config.cpu_devices) or max(1, min(1 + several, max(has, default=0)))
    if not (tasks := sum(number // devices for number in has)):
        words = f"a task takes {devices} {kind}s and no node has so many; add a node, or give a smaller --cpu-devices"
        raise InputError(f"--engine is {config.engine}: {words}")
    return kind, devices, tasks


def hand_out(config: RunConfig, plan: Plan | None, act: Stage, shares: Shares, notify: Notify) -> bool:
    """Makes a task for each share of a stage, and waits for them.

    Some may be lost for good, if others end.  Returns whether the stage returned True in a task.
    """
    import ray  # pyright: ignore[reportMissingImports]
    from ray.exceptions import RayError, RayTaskError  # pyright: ignore[reportMissingImports]

    from memjax.models.user import GIVEN, find

    network = find(config.model.model) if config.model.model.startswith(GIVEN) else None
    with connected(config):
        kind, devices, tasks = _room(ray.nodes(), config, plan)
        folder = os.path.abspath(there) if "://" not in (there := config.folder()) else there
        own = replace(config, run=folder, engine=None, worker="0/1", cpu_devices=devices)
        own = replace(own, num_models=plan.num_models) if plan else own
        given = os.getcwd(), network, own, plan and plan.fingerprint, act
        task = ray.remote(_task).options(max_retries=RETRIES, **{f"num_{kind.lower()}s": devices})
        waiting, found, said = [task.remote(*given, share) for share in shares(tasks, devices)], [], set[str]()
        try:
            while waiting:
                (done,), waiting = ray.wait(waiting)
                try:
                    value, notices = ray.get(done)
                except RayTaskError as problem:
                    raise problem.cause from (None if isinstance(problem.cause, InputError) else problem)
                except RayError as problem:
                    if waiting or found:
                        continue
                    words = f"has lost all tasks, each {RETRIES + 1} times; see its logs: {first_line(problem)}"
                    raise InputError(f"--engine is {config.engine}, and Ray {words}") from None
                found.append(value)
                for notice in set(notices) - said:
                    notify(notice)
                said.update(notices)
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)
    return any(found)


def _task(folder: str, network: Any, config: RunConfig, plan: str | None, act: Stage, share: Any) -> tuple[Any, list]:
    """What a task does on its node, in the working folder of the driver: a stage, or without a plan `open_run`."""
    from memjax.models import model_words

    with suppress(OSError):  # a node may lack the folder; then only absolute paths lead to the user's files
        os.chdir(folder)
    if network is not None:
        model_words(network)  # makes it known in this process
    environment.start_jax(config.cpu_devices)
    said = list[str]()
    found = act(_opened(config, plan), lambda _: None, said.append, share) if plan else act(config, share)
    return found is True, said  # all else that a stage returns is in the run folder


@lru_cache(maxsize=1)
def _opened(config: RunConfig, plan: str) -> Run:
    there = store.read_plan(store.place(config.run))
    if there is None or there.fingerprint != plan:
        raise InputError(NOT_SHARED.format(config.run))
    return open_run(config, asked=False)
