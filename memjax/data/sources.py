"""Chooses the reader for the data set that the user named."""

import os

import numpy as np

from memjax.config.specs import DataSpec
from memjax.data.build import Parts, Split, make_dataset
from memjax.data.downloads import CATALOG, MADE, load_cached, load_made
from memjax.data.readers.arrays import load_npy, load_npz
from memjax.data.readers.idx import load_idx
from memjax.data.readers.tfds import load_prepared
from memjax.errors import InputError, one_of
from memjax.prng import host_permutation
from memjax.types import Dataset

_WITH_PLACE = {"idx": "FOLDER", "npz": "FILE", "npy": "FOLDER", "tfds": "NAME"}
_KIND_OF = {".npz": "npz", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "text"}
_BY_FILE = {"x_train.npy": "npy", "train-images": "idx"}
_NUM_TRAIN, _NUM_ALL = 1437, 1797


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
            return load_npy(place, spec.stream, spec.task)
        return load_idx(place) if kind == "idx" else load_npz(place, spec.task)
    if source == "digits" or source in CATALOG:
        return load_digits() if source == "digits" else load_cached(source)
    if source in MADE:
        return load_made(source)
    if kind == "hf":
        call = f"memjax.fit(datasets.load_dataset({place!r}, split='train'))"
        raise InputError(f"data set {source!r}: those of Hugging Face are taken in Python; call {call}")
    refuse_bare_path(source)
    places = {"csv": "FILE", "parquet": "FILE", "folder": "FOLDER", "text": "FILE"} | _WITH_PLACE
    choices = ["digits", *CATALOG, *MADE, *(f"{prefix}:{what}" for prefix, what in places.items())]
    raise one_of("data set", source, choices)


def kind_of(source: str) -> str:
    """How a file, or a folder of arrays, of files like MNIST's or of images, is read; empty for another source."""
    if (kind := _KIND_OF.get(os.path.splitext(source)[1].lower())) or not os.path.isdir(source):
        return kind or ""
    inside = os.listdir(source)
    found = (kind for name, kind in _BY_FILE.items() if any(file.startswith(name) for file in inside))
    return next(found, "folder" if any(os.path.isdir(os.path.join(source, file)) for file in inside) else "")


def refuse_bare_path(source: str) -> None:
    """Refuses the path of a file or folder that does not say how it is read."""
    if kind := kind_of(source):
        raise InputError(f"data set {source!r} is not known; did you mean {kind}:{source}?")


def load_digits() -> Dataset:
    """1,437 training and 360 test images, (8, 8) uint8 with values 0 .. 16, split the same way every time."""
    from sklearn import datasets

    inputs, labels = datasets.load_digits(return_X_y=True)
    inputs = np.asarray(inputs).astype(np.uint8).reshape(_NUM_ALL, 8, 8)
    labels = np.asarray(labels).astype(np.int32)
    order = host_permutation(0, "digits split", 0, _NUM_ALL)
    train, test = order[:_NUM_TRAIN], order[_NUM_TRAIN:]
    names = tuple(str(digit) for digit in range(10))
    return make_dataset("digits", Parts(Split(inputs[train], labels[train]), Split(inputs[test], labels[test]), names))
