"""CIFAR-10 and CIFAR-100 from the binary version of the archive, unpacked in memory and never to disk."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax.data.build import Parts, Split, clean_names
from memjax.errors import InputError
from memjax.untrusted import reading

_IMAGE = 3 * 32 * 32
_MEMBER_MOST = 50_000 * (_IMAGE + 2)
_ARCHIVE_MOST = 2**28  # bytes; the archives unpack to 184 MB


class _Layout(NamedTuple):
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    names: str
    labels: int  # bytes before an image; the last one is the class
    classes: int


_LAYOUTS = {
    "cifar10": _Layout(
        "cifar-10-batches-bin", tuple(f"data_batch_{number}.bin" for number in range(1, 6)), ("test_batch.bin",),
        "batches.meta.txt", 1, 10,
    ),
    "cifar100": _Layout("cifar-100-binary", ("train.bin",), ("test.bin",), "fine_label_names.txt", 2, 100),
}  # fmt: skip


def read_cifar(path: Path, version: str) -> Parts:
    """Images (examples, 32, 32, 3) uint8, labels and class names of the .tar.gz file of the binary version.

    The version is cifar10 or cifar100, which has its 100 fine classes.
    """
    layout = _LAYOUTS[version]
    content = _read_members(path, layout)
    train, test = (
        _parse_records({name: content[name] for name in files}, path, layout) for files in (layout.train, layout.test)
    )
    names = [line for line in content[layout.names].decode("ascii", "replace").splitlines() if line]
    if len(names) != layout.classes:
        raise InputError(f"{path} names {len(names)} classes in {layout.names}; expected {layout.classes}")
    return Parts(train, test, clean_names(names, f"{path}: {layout.names}"))


def _read_members(path: Path, layout: _Layout) -> dict[str, bytes]:
    """The content of the wanted members by name; all others are ignored."""
    wanted = {f"{layout.folder}/{name}": name for name in (*layout.train, *layout.test, layout.names)}
    found: dict[str, bytes] = {}
    with reading(path, tarfile.TarError, ValueError) as stream:
        content = gzip.GzipFile(fileobj=stream).read(_ARCHIVE_MOST + 1)  # to the end, where gzip has its checksum
        if len(content) > _ARCHIVE_MOST:
            raise InputError(f"{path} unpacks to more than a CIFAR archive holds; get it again")
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                if member.name.startswith(("cifar-10-batches-py", "cifar-100-python")):
                    raise InputError(
                        f"{path} is the Python version of CIFAR, made of pickles, which can run any program when read; "
                        "get the binary version"
                    )
                name = wanted.get(member.name)
                if name in found:
                    raise InputError(f"{path} holds {member.name} twice; get it again")
                if name is not None:
                    found[name] = _content_of(member, content, path)
    missing = [name for name in wanted.values() if name not in found]
    if missing:
        raise InputError(f"{path} has no {layout.folder}/{missing[0]}; get the binary version of CIFAR")
    return found


def _content_of(member: tarfile.TarInfo, archive: bytes, path: Path) -> bytes:
    data = archive[member.offset_data : member.offset_data + max(member.size, 0)]
    if not member.isreg() or member.issparse() or len(data) != member.size or len(data) > _MEMBER_MOST:
        raise InputError(f"{path}: {member.name} is no plain file of at most {_MEMBER_MOST} bytes; get it again")
    return data


def _parse_records(files: dict[str, bytes], path: Path, layout: _Layout) -> Split:
    """A record holds the labels of an image, then 1024 red, 1024 green and 1024 blue bytes, row by row."""
    record = layout.labels + _IMAGE
    for name, data in files.items():
        if not data or len(data) % record:
            raise InputError(f"{path}: {name} has {len(data)} bytes, not a multiple of {record}; get it again")
    rows = np.concatenate([np.frombuffer(data, np.uint8).reshape(-1, record) for data in files.values()])
    images = rows[:, layout.labels :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), rows[:, layout.labels - 1].astype(np.int32))
