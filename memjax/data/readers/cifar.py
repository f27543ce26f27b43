"""CIFAR-10 and CIFAR-100 from the binary version of the archive, read as a stream and never unpacked to disk."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax.data.build import Parts, Split, clean_names
from memjax.errors import InputError
from memjax.untrusted import Readable, read_exactly, reading

_IMAGE = 3 * 32 * 32
_MEMBER_MOST = 50_000 * (_IMAGE + 2)
_ARCHIVE_MOST = 2**28  # 184 MB and the archive's own blocks


class _Layout(NamedTuple):
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    names: str
    labels: int  # bytes in front of an image; the last one is the class
    classes: int


_LAYOUTS = {
    "cifar10": _Layout(
        "cifar-10-batches-bin",
        tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
        ("test_batch.bin",),
        "batches.meta.txt",
        1,
        10,
    ),
    "cifar100": _Layout("cifar-100-binary", ("train.bin",), ("test.bin",), "fine_label_names.txt", 2, 100),
}


def read_cifar(path: Path, version: str) -> Parts:
    """Images (examples, 32, 32, 3) uint8, labels and names; of CIFAR-100 the 100 fine classes.

    Args:
      path: the .tar.gz file of the binary version.
      version: "cifar10" or "cifar100".

    Raises:
      InputError: the file is damaged, another archive, or the Python version, which is a pickle.
    """
    layout = _LAYOUTS[version]
    content = _read_members(path, layout)
    train, test = (
        _parse_records([(name, content[name]) for name in files], path, layout) for files in (layout.train, layout.test)
    )
    names = [line for line in content[layout.names].decode("ascii", "replace").splitlines() if line]
    if len(names) != layout.classes:
        raise InputError(f"{path} names {len(names)} classes in {layout.names}; expected {layout.classes}")
    return Parts(train, test, clean_names(names, f"{path}: {layout.names}"))


class _Capped(io.RawIOBase):
    """A stream that ends with an error after so many bytes: what is inside an archive may be long without end."""

    def __init__(self, stream: Readable, most: int):
        self._stream, self._left = stream, most

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(self._left + 1 if size < 0 else min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError("it unpacks to more than a CIFAR archive holds")
        return data


def _read_members(path: Path, layout: _Layout) -> dict[str, bytes]:
    """The wanted members by name; all others are passed over."""
    wanted = {f"{layout.folder}/{name}": name for name in (*layout.train, *layout.test, layout.names)}
    found: dict[str, bytes] = {}
    with reading(path, tarfile.TarError, ValueError) as stream:
        inside = _Capped(gzip.GzipFile(fileobj=stream), _ARCHIVE_MOST)
        with tarfile.open(fileobj=inside, mode="r|") as archive:
            for member in archive:
                _refuse_pickles(member.name, path)
                name = wanted.get(member.name)
                if name is not None:
                    if name in found:
                        raise InputError(f"{path} holds {member.name} twice; get it again")
                    found[name] = _read_member(archive, member, path)
        while inside.read(2**16):  # to the end, where gzip keeps its checksum
            pass
    missing = [name for name in wanted.values() if name not in found]
    if missing:
        raise InputError(f"{path} has no {layout.folder}/{missing[0]}; get the binary version of CIFAR")
    return found


def _refuse_pickles(name: str, path: Path) -> None:
    if name.startswith(("cifar-10-batches-py", "cifar-100-python")):
        raise InputError(
            f"{path} is the Python version of CIFAR, made of pickles, which can run any program when read; "
            "get the binary version"
        )


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes:
    content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None or not 0 <= member.size <= _MEMBER_MOST:
        raise InputError(f"{path}: {member.name} is no plain file of at most {_MEMBER_MOST} bytes; get it again")
    return read_exactly(content, member.size, f"{path}: {member.name}")


def _parse_records(files: list[tuple[str, bytes]], path: Path, layout: _Layout) -> Split:
    """An image is its labels, then 1024 red, 1024 green and 1024 blue bytes, row by row."""
    record = layout.labels + _IMAGE
    for name, data in files:
        if not data or len(data) % record:
            raise InputError(f"{path}: {name} has {len(data)} bytes, not a multiple of {record}; get it again")
    rows = np.concatenate([np.frombuffer(data, np.uint8).reshape(-1, record) for _, data in files])
    images = rows[:, layout.labels :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), rows[:, layout.labels - 1].astype(np.int32))
