"""Checkpoints of running packs: when they are saved and resumed, and how Orbax writes them.

A checkpoint is a folder.  Its name has the plan, the block, the number of epochs and a checksum of the content.  The
folder gets that name last, so that a half-written one is never taken for a checkpoint.
"""

import hashlib
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from memjax.errors import InputError
from memjax.training.programs import Programs, is_key, parameters_of, without_key_types
from memjax.types import TrainOutput, Tree


class Checkpoints(NamedTuple):
    """Where running packs are saved, for trainings so long that losing one hurts; models are NumPy arrays."""

    load: Callable[[int, Tree], tuple[int, Tree] | None]  # block, models of these shapes -> epochs done, its models
    save: Callable[[int, int, Tree], object]  # block, epochs done, its models
    seconds: float  # to train before the next save


def train_with_checkpoints(
    programs: Programs, ids: np.ndarray, masks: np.ndarray, examples: Any, numbers: list[int], checkpoints: Checkpoints,
    stop: Callable[[], bool], keep: tuple[int, ...] = (),
) -> TrainOutput | None:  # fmt: skip
    """Trains one epoch in each call, each device from its block's checkpoint; None if it was stopped before the end.

    With `keep`, the number of all epochs, the output has the parameters at the end.
    """
    state, first = _resumed(programs, ids, numbers, checkpoints)
    last_saved = time.monotonic()
    while (first < programs.num_epochs).any():
        following = np.minimum(first + 1, programs.num_epochs)
        state = jax.block_until_ready(programs.advance(ids, masks, state, examples, first, following))
        first = following
        stopped = stop()
        if stopped or time.monotonic() - last_saved >= checkpoints.seconds:
            plain = without_key_types(state)
            for device, number in enumerate(numbers):
                checkpoints.save(number, int(first[device]), slice_of(plain, device))
            last_saved = time.monotonic()
        if stopped:
            return None
    output = programs.finish(masks, state, examples)
    return output._replace(parameters={keep[-1]: parameters_of(state)}) if keep else output


def _resumed(
    programs: Programs, ids: np.ndarray, numbers: list[int], checkpoints: Checkpoints
) -> tuple[Tree, np.ndarray]:
    """The state of each device's block, new or from its checkpoint, and how many epochs it has trained."""
    state, first = programs.start(ids), np.zeros(len(ids), np.int32)
    first[len(numbers) :] = programs.num_epochs  # devices without a block have nothing to train
    host = jax.tree.map(np.array, without_key_types(state))
    found = {device: checkpoints.load(number, slice_of(host, device)) for device, number in enumerate(numbers)}
    if not any(found.values()):
        return state, first
    for device, checkpoint in found.items():
        if checkpoint:
            first[device], saved = checkpoint
            for whole, part in zip(jax.tree.leaves(host), jax.tree.leaves(saved), strict=True):
                whole[device] = part
    return jax.tree.map(_placed, host, programs.like), first


def _placed(leaf: np.ndarray, like: jax.ShapeDtypeStruct) -> jax.Array:
    """Back on the devices, and a random key again if it was one."""
    if not is_key(like):
        return jax.device_put(leaf, like.sharding)
    return jax.device_put(jax.random.wrap_key_data(jnp.asarray(leaf), impl="threefry2x32"), like.sharding)


def slice_of(tree: Tree, device: int) -> Tree:
    """A device's part, in NumPy arrays."""
    return jax.tree.map(lambda leaf: np.asarray(leaf[device]), tree)


def checkpoints_in(folder: Path, plan: str, seconds: float, notify: Callable[[str], object]) -> Checkpoints:
    """Checkpoints in a folder: for each block, the latest one; those of another plan are ignored.

    `notify` is called with a message when a checkpoint cannot be used.
    """
    if jax.process_count() > 1 and not jax.distributed.is_initialized():
        raise InputError(
            f"--checkpoint-minutes: this is process {jax.process_index()} of {jax.process_count()} and not connected "
            "to the other processes, so Orbax cannot save; leave it out, or call jax.distributed.initialize() before"
        )

    def load(number: int, like: Tree) -> tuple[int, Tree] | None:
        for path in _of(folder, plan, number):
            epochs, digest = path.name.split("-")[2:]
            if _is_whole(path, digest):
                try:
                    return int(epochs), _restore(path, like)
                except Exception:
                    if _is_whole(path, digest):
                        raise
            if path.exists():  # else another worker has just saved a newer one, or committed the block
                notify(f"checkpoint {path} is damaged and is not used")
        return None

    def save(number: int, epochs: int, tree: Tree) -> None:
        before = _of(folder, plan, number)
        folder.mkdir(exist_ok=True)
        aside = folder / f".{number:06d}-{secrets.token_hex(8)}"
        try:
            _write(aside, tree)
            path = folder / f"{plan[:16]}-{number:06d}-{epochs:05d}-{_digest(aside)}"
        except Exception:
            if any(folder.glob(f"{aside.name}*")):
                raise
            return  # another worker has committed the block meanwhile and removed its checkpoints
        try:
            aside.rename(path)
        except OSError:  # another worker trains the same block and has saved it
            shutil.rmtree(aside, ignore_errors=True)
        for older in before:
            if older != path:
                shutil.rmtree(older, ignore_errors=True)

    return Checkpoints(load, save, seconds)


def forget(folder: Path, plan: str, number: int) -> None:
    """Removes the checkpoints of a committed block, and the folder when it is empty."""
    for path in [*_of(folder, plan, number), *folder.glob(f".{number:06d}-*")]:
        shutil.rmtree(path, ignore_errors=True)
    try:
        folder.rmdir()
    except OSError:  # not there, or not empty
        return


def _of(folder: Path, plan: str, number: int) -> list[Path]:
    """Checkpoints of a block, the latest first."""
    return sorted(folder.glob(f"{plan[:16]}-{number:06d}-[0-9]*-[0-9a-f]*"), reverse=True)


def _write(path: Path, tree: Tree) -> None:
    with _checkpointer() as checkpointer:
        checkpointer.save(path.absolute(), jax.tree.leaves(tree))


def _restore(path: Path, like: Tree) -> Tree:
    leaves, shape = jax.tree.flatten(like)
    with _checkpointer() as checkpointer:
        return jax.tree.unflatten(shape, [np.asarray(leaf) for leaf in checkpointer.restore(path.absolute(), leaves)])


def _checkpointer():
    """Each process saves its own packs and waits for no other, also where jax has several processes."""
    import orbax.checkpoint as ocp

    me = jax.process_index()
    options = ocp.options.MultiprocessingOptions(me, {me}, barrier_sync_key_prefix=f"process-{me}")
    return ocp.StandardCheckpointer(multiprocessing_options=options)


def _is_whole(folder: Path, digest: str) -> bool:
    try:
        return _digest(folder) == digest
    except OSError:  # removed meanwhile by another worker
        return False


def _digest(folder: Path) -> str:
    """A checksum of all files in a folder, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with open(path, "rb") as stream:
            digest.update(f"{path.relative_to(folder)}\n{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()[:32]
