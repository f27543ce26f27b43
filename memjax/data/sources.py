"""Chooses the reader for the data set that the user named."""

import os

from memjax.config.specs import DataSpec
from memjax.data.downloads.cache import load_cached
from memjax.data.downloads.catalog import CATALOG
from memjax.data.readers.arrays import load_npy, load_npz
from memjax.data.readers.digits import load_digits
from memjax.data.readers.idx import load_idx
from memjax.data.readers.tfds import load_prepared
from memjax.errors import InputError, one_of
from memjax.types import Dataset

_WITH_PLACE = {"idx": "FOLDER", "npz": "FILE", "npy": "FOLDER", "tfds": "NAME"}


def read_source(spec: DataSpec) -> Dataset:
    """All examples of a source, such as "digits", "idx:FOLDER" or "cifar10".

    With `spec.stream` the inputs of npy and tfds stay on disk.
    """
    source = spec.dataset
    kind, _, place = source.partition(":")
    if kind in _WITH_PLACE:
        if not place:
            raise InputError(f"data set {source!r} does not say where; write {kind}:{_WITH_PLACE[kind]}")
        if kind == "tfds":
            return load_prepared(place, spec.test_split, spec.image_size, spec.stream)
        if kind == "npy":
            return load_npy(place, spec.stream)
        return load_idx(place) if kind == "idx" else load_npz(place)
    if source == "digits" or source in CATALOG:
        return load_digits() if source == "digits" else load_cached(source)
    refuse_bare_path(source)
    places = {"csv": "FILE", "parquet": "FILE", "folder": "FOLDER"} | _WITH_PLACE  # runs keep the first three
    choices = ["digits", *CATALOG, *(f"{prefix}:{what}" for prefix, what in places.items())]
    raise one_of("data set", source, choices)


def refuse_bare_path(source: str) -> None:
    """Refuses the path of a file or folder that does not say how it is read."""
    if kind := _KIND_OF.get(os.path.splitext(source)[1].lower(), _kind_of_folder(source)):
        raise InputError(f"data set {source!r} is not known; did you mean {kind}:{source}?")


_KIND_OF = {".npz": "npz", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}
_BY_FILE = {"x_train.npy": "npy", "train-images": "idx"}


def _kind_of_folder(source: str) -> str:
    """How a folder of arrays, of files like MNIST's or of images is read; empty for another source."""
    if not os.path.isdir(source):
        return ""
    inside = os.listdir(source)
    found = (kind for name, kind in _BY_FILE.items() if any(file.startswith(name) for file in inside))
    return next(found, "folder" if any(os.path.isdir(os.path.join(source, file)) for file in inside) else "")
