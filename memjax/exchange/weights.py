"""Parameters of trained networks by name, from the files of other programs and from run folders."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from memjax import store
from memjax.errors import InputError, first_line
from memjax.store.files import local_copy
from memjax.untrusted import read_npz, user_path

KINDS = (".npz", ".safetensors")


def read_weights(source: str) -> dict[str, np.ndarray]:
    """Parameters by name, such as layers.0.kernel or params/layers/0/kernel.

    source: an .npz or .safetensors file; the folder of an Orbax checkpoint; a run folder that kept parameters, or a
    folder of such files with one network each, which then have an axis of networks in front: in the order of their
    numbers, and of the files' names with numbers in them in order.

    Raises:
      InputError: there is no such file, it cannot be read, or the files of a folder hold different arrays.
    """
    path = user_path(source)
    if not path.is_dir():
        return _read_file(local_copy(path))
    if (path / "plan.json").exists():
        return _of_run(path)
    if any((path / name).exists() for name in ("_METADATA", "_CHECKPOINT_METADATA")):
        return _of_orbax(path)
    files = sorted(
        (file for file in path.iterdir() if file.suffix in KINDS),
        key=lambda file: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", file.name)],
    )
    if not files:
        raise InputError(
            f"{path} holds no parameters; expected an Orbax checkpoint, a run, or files {' or '.join(KINDS)}"
        )
    return _together({str(file): _read_file(file) for file in files})


def _read_file(path: Path) -> dict[str, np.ndarray]:
    if path.suffix == ".npz":
        return read_npz(path)
    if path.suffix != ".safetensors":
        raise InputError(f"--init {path}: expected a file {' or '.join(KINDS)}, an Orbax checkpoint or a run folder")
    try:
        from safetensors import SafetensorError
        from safetensors.flax import load_file
    except ImportError:
        raise InputError("safetensors reads this file and is not installed; pip install safetensors") from None
    try:
        return {name: np.asarray(array) for name, array in load_file(path).items()}
    except (SafetensorError, OSError) as problem:
        raise InputError(
            f"{path} cannot be read: {first_line(problem)}; check the path, or get the file again"
        ) from None


def as_safetensors(arrays: dict[str, np.ndarray]) -> Callable[[Any], object]:
    """What writes arrays to a stream in this format."""
    try:
        from safetensors.numpy import save
    except ImportError:
        raise InputError("safetensors writes this file and is not installed; pip install safetensors") from None
    return lambda stream: stream.write(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def _of_orbax(path: Path) -> dict[str, np.ndarray]:
    import orbax.checkpoint as ocp

    from memjax.models.frozen import arrays_by_name

    try:
        with ocp.StandardCheckpointer() as checkpointer:
            found = arrays_by_name(checkpointer.restore(path.absolute()))
        return {name: np.asarray(array) for name, array in found.items()}
    except Exception as problem:  # whatever Orbax and its storage raise for files that are damaged
        raise InputError(f"the checkpoint {path} cannot be read: {first_line(problem)}; save it again") from problem


def _of_run(folder: Path) -> dict[str, np.ndarray]:
    """The parameters of all models of a run after their last epoch."""
    blocks = {}
    for number in sorted(store.finished_blocks(folder)):
        try:
            arrays = store.read_parameters(folder, number) or {}
        except store.CorruptBlock as problem:
            raise InputError(f"{folder}: {problem}; memjax verify --repair trains it again") from None
        last = max((int(name.partition("/")[0]) for name in arrays), default=0)
        kept = [name for name in arrays if name.startswith(f"{last}/")]
        blocks[f"block {number} of {folder}"] = {name.partition("/")[2]: arrays[name] for name in kept}
    if not blocks or not all(blocks.values()):
        raise InputError(
            f"{folder} kept no parameters of its models; train it with --keep correct probability parameters"
        )
    return _together(blocks, np.concatenate)


def _together(parts: dict[str, dict[str, np.ndarray]], join: Any = np.stack) -> dict[str, np.ndarray]:
    (first, arrays), *others = parts.items()
    for other, found in others:
        for name in arrays.keys() | found.keys():
            here, there = (part[name].shape if name in part else "nothing" for part in (arrays, found))
            if here != there:
                raise InputError(f"{first} holds {here} for {name}, {other} {there}; give files of one network each")
    return {name: join([part[name] for part in parts.values()]) for name in arrays}
