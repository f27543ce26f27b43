"""What the user gives a run: arrays, data frames, collections, a table's file, or a data set's name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from memjax.config.specs import DataSpec, TableSpec
from memjax.data.adapters import arrays_of, as_frame, ids_of, is_collection, is_frame
from memjax.data.in_memory import InMemory, as_groups, from_arrays
from memjax.data.readers.image_folder import load_image_folder
from memjax.data.readers.text import load_text
from memjax.data.sources import refuse_bare_path
from memjax.data.tables.files import is_table, read_table
from memjax.data.tables.take import from_frames, from_table
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.types import Dataset


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
