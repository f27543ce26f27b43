"""What the user gives a run: arrays, data frames, collections, or the name of a file or data set, and its reader."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from memjax.config.specs import DataSpec, TableSpec
from memjax.data.adapters import arrays_of, as_frame, ids_of, is_collection, is_frame
from memjax.data.build import Parts, Split, make_dataset
from memjax.data.downloads import CATALOG, MADE, load_cached, load_made
from memjax.data.in_memory import InMemory, as_groups, from_arrays
from memjax.data.readers.arrays import load_npy, load_npz
from memjax.data.readers.idx import load_idx
from memjax.data.readers.image_folder import load_image_folder
from memjax.data.readers.text import load_text
from memjax.data.readers.tfds import load_prepared
from memjax.data.tables.files import is_table, read_table
from memjax.data.tables.take import from_frames, from_table
from memjax.errors import InputError, one_of
from memjax.metrics import task_named
from memjax.prng import host_permutation
from memjax.types import Dataset

_WITH_PLACE = {"idx": "FOLDER", "npz": "FILE", "npy": "FOLDER", "tfds": "NAME"}
_PLACES = {"csv": "FILE", "parquet": "FILE", "folder": "FOLDER", "text": "FILE"} | _WITH_PLACE
_KIND_OF = {".npz": "npz", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "text"}
_BY_FILE = {"x_train.npy": "npy", "train-images": "idx"}
_NUM_TRAIN, _NUM_ALL = 1437, 1797


def examples_given(
    x_train: Any, y_train: Any, x_test: Any, y_test: Any, *, ids: Any, class_names: Sequence[str], name: str,
    table: TableSpec, seed: int, task: str = "", groups: Any = None,
) -> InMemory | None:  # fmt: skip
    """The examples that are in memory; None where they are named.  Arguments as of `memjax.fit`."""
    apart = {"ids": ids, "class_names": class_names, "name": name, "table": table, "seed": seed, "task": task}
    if groups is not None and not isinstance(groups, str):
        found = examples_given(x_train, y_train, x_test, y_test, **apart)
        if found is None or (y_train is None and is_frame(x_train)):
            raise InputError(
                "groups are an array beside a table or the name of a data set; give the name of a column, or of a .npy "
                "file that has the group of each training example"
            )
        return found._replace(groups=as_groups(groups, found.dataset.num_train))
    if isinstance(x_train, Dataset) and y_train is None:
        if not isinstance(x_train.train_inputs, np.ndarray) or not isinstance(x_train.test_inputs, np.ndarray):
            raise InputError(f"the inputs of {x_train.name} are on disk; give the data set by its name instead")
        return InMemory(x_train, np.array(x_train.class_names))
    if x_train is None or isinstance(x_train, str):
        if not all(part is None for part in (y_train, x_test, y_test, ids)):
            raise InputError("labels are given without x_train, their inputs; give both")
        return None
    if y_train is not None and table != TableSpec():
        raise InputError(
            "target, id, drop, split and test_fraction are for a table that holds its labels; leave them out, or leave "
            "y_train out"
        )
    if y_train is None and not is_frame(x_train) and is_collection(x_train):
        x_train, y_train = arrays_of(x_train, table)
        if x_test is not None and y_test is None:
            x_test, y_test = arrays_of(x_test, table)
    frame, sequences = as_frame(x_train) if is_frame(x_train) else None, task_named(task).targets == "tokens"
    if frame is not None and y_train is not None and groups in frame.columns:
        test = None if x_test is None else as_frame(x_test).drop(columns=groups, errors="ignore")
        return examples_given(frame.drop(columns=groups), y_train, test, y_test, **apart, groups=frame[groups])
    if frame is not None and y_train is None:
        if ids is not None or class_names:
            raise InputError("a table with its labels has its own names; give id=COLUMN instead of ids and class_names")
        if x_test is not None and table.split:
            raise InputError(f"split={table.split!r} is given beside x_test; leave one of them out")
        test = None if x_test is None else as_frame(x_test)
        return from_table(frame, table, seed, name, test, task, groups or "")
    if y_train is None and not sequences:
        raise InputError(
            f"x_train is a {type(x_train).__name__} without y_train; give the labels too, or the name of a data set; "
            "for sequences of tokens task='tokens'"
        )
    if (x_test is None) != (y_test is None) and not (sequences and y_test is None):
        given, missing = ("y_test", "x_test") if x_test is None else ("x_test", "y_test")
        raise InputError(f"{given} is given without {missing}; give both, or neither: then influence is not defined")
    apart = {"ids": ids, "class_names": class_names, "name": name, "task": task}
    if frame is None:
        return from_arrays(x_train, y_train, x_test, y_test, **apart)
    test = None if x_test is None else as_frame(x_test)
    for side, inputs, labels in (("train", frame, y_train), ("test", test, y_test)):
        if inputs is None or labels is None or not hasattr(labels, "iloc") or labels.index.equals(inputs.index):
            continue
        if set(labels.index) == set(inputs.index):
            raise InputError(
                f"x_{side} and y_{side} have the same index in another order; give y_{side}.loc[x_{side}.index], or "
                f"y_{side}.to_numpy() if the rows belong together as they stand"
            )
    apart |= {"ids": ids_of(frame) if ids is None else ids, "test_ids": None if test is None else ids_of(test)}
    return from_frames(frame, y_train, test, y_test, **apart)


def named_examples(data: DataSpec, table: TableSpec, groups: str = "") -> InMemory | None:
    """The examples of csv:FILE, parquet:FILE, folder:FOLDER or text:FILE; None for sources that stay where they are.

    Raises:
      InputError: the file or a column cannot be used, or columns are named for a source that has none.
    """
    source, place = data.dataset, data.dataset.partition(":")[2]
    if is_table(source):
        named = {"name": Path(place).name, "task": data.task, "groups": groups}
        return from_table(read_table(source, table.id), table, data.data_seed, **named)
    if source.startswith("text:"):
        return load_text(place, data, table)
    if source.startswith("folder:"):
        return load_image_folder(place, table, data.image_size, data.data_seed)
    if table != TableSpec() and not source.startswith("saved:"):
        refuse_bare_path(source)
        raise InputError(
            "--target, --id, --drop, --split and --test-fraction are for tables and folders of images; leave them out"
        )
    return None


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
    if kind in _PLACES and place:
        raise InputError(
            f"load_dataset does not read {source!r}; memjax.fit and `memjax run` do, and it reads npz:FILE"
        )
    refuse_bare_path(source)
    choices = ["digits", *CATALOG, *MADE, *(f"{prefix}:{what}" for prefix, what in _PLACES.items())]
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
    if source.partition(":")[0] not in _PLACES and (kind := kind_of(source)):
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
