"""What the user gives a run: arrays, data frames, collections, a table's file, or a data set's name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memjax.config.specs import TableSpec
from memjax.data.adapters.frames import as_frame, ids_of, is_frame
from memjax.data.in_memory import InMemory, from_arrays, from_dataset
from memjax.data.tables.files import is_table, read_table
from memjax.data.tables.take import from_frames, from_table
from memjax.errors import InputError
from memjax.types import Dataset


def examples_given(
    x_train: Any, y_train: Any, x_test: Any, y_test: Any, *, ids: Any, class_names: Sequence[str], name: str,
    table: TableSpec, seed: int,
) -> InMemory | None:  # fmt: skip
    """The examples that are in memory; None where they are named.  Arguments as of `memjax.fit`.

    Raises:
      InputError: the examples cannot be read or used, or something is given that does not go with them.
    """
    if isinstance(x_train, Dataset) and y_train is None:
        return from_dataset(x_train)
    if x_train is None or isinstance(x_train, str):
        if not all(part is None for part in (y_train, x_test, y_test, ids)):
            raise InputError("labels are given without x_train, their inputs; give both")
        return None
    frame = as_frame(x_train) if is_frame(x_train) else None
    if frame is not None and y_train is None:
        return from_table(frame, table, seed, name, None if x_test is None else as_frame(x_test))
    if y_train is None:
        raise InputError(
            f"x_train is a {type(x_train).__name__} without y_train; give the labels too, or the name of a data set"
        )
    if (x_test is None) != (y_test is None):
        given, missing = ("y_test", "x_test") if x_test is None else ("x_test", "y_test")
        raise InputError(f"{given} is given without {missing}; give both, or neither: then influence is not defined")
    apart = {"ids": ids, "class_names": class_names, "name": name}
    if frame is None:
        return from_arrays(x_train, y_train, x_test, y_test, **apart)
    test = None if x_test is None else as_frame(x_test)
    apart |= {"ids": ids_of(frame) if ids is None else ids, "test_ids": None if test is None else ids_of(test)}
    return from_frames(frame, y_train, test, y_test, **apart)


def table_named(source: str, table: TableSpec, seed: int) -> InMemory | None:
    """The examples of csv:FILE or parquet:FILE; None for other sources.

    Raises:
      InputError: the file or a column cannot be used, or columns are named for a source that has none.
    """
    if is_table(source):
        return from_table(read_table(source, table.id), table, seed, Path(source.partition(":")[2]).name)
    if table != TableSpec() and not source.startswith("saved:"):
        raise InputError(f"--target, --id, --drop, --split and --test-fraction are for tables; {source} is none")
    return None
