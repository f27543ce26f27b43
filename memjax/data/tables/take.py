"""Makes training and test examples of a table that has its labels in a column."""

from typing import Any

import numpy as np

from memjax.config.specs import TableSpec
from memjax.data.in_memory import InMemory, from_arrays
from memjax.data.labels import encode_labels
from memjax.data.tables.columns import encode, remarks, shown, understand
from memjax.data.tables.split import drawn, named
from memjax.errors import InputError, one_of
from memjax.types import Table


def from_table(frame: Any, spec: TableSpec, seed: int = 0, name: str = "table", test: Any = None) -> InMemory:
    """The rows of a data frame as examples, with the user's own names of columns, rows and classes.

    Args:
      frame: a pandas data frame with a column of labels.
      spec: which columns are the labels and the names of rows, which are left out, and which rows are for testing.
      seed: decides which rows are for testing, unless a column says so.
      name: what the report calls the data.
      test: test rows, if they are in a data frame of their own.

    Raises:
      InputError: a column is not there, or cannot be used.
    """
    _check_names(frame, spec)
    labels, said = frame[spec.target], []
    if unlabelled := int(labels.isna().sum()):
        raise InputError(f"column {spec.target!r} lacks {unlabelled} of {len(frame)} labels; leave these rows out")
    rows = np.zeros(len(frame), bool)
    if test is None and spec.split:
        rows = named(frame[spec.split])
        said.append(
            f"column {spec.split!r} splits the rows: {(~rows).sum():,} for training, {rows.sum():,} for testing"
        )
    elif test is None and spec.test_fraction:
        rows = drawn(encode_labels(labels).train, spec.test_fraction, seed)
        said.append(
            f"{rows.sum():,} of {len(frame):,} rows were drawn for testing, {spec.test_fraction:.0%} of each class; "
            "all other rows are for training.  --test-fraction 0 trains on all"
        )
    if test is None:
        frame, test = frame[~rows], frame[rows]
    result = _examples(frame, test, spec, name)
    return result._replace(notices=(*said, *result.notices))


def from_frames(frame: Any, labels: Any, test: Any, test_labels: Any, **given: Any) -> InMemory:
    """Data frames of inputs whose labels are given apart; other arguments as of `from_arrays`."""
    columns = understand(frame)
    rows = frame.iloc[:0] if test is None else test
    found = from_arrays(
        encode(columns, frame, "train"), labels, None if test is None else encode(columns, test, "test"), test_labels,
        **given,
    )  # fmt: skip
    kept = [str(name) for name in frame.columns]
    sides = ([shown(part[name]) for name in frame.columns] for part in (frame, rows))
    table = Table(kept, *sides)
    features = tuple(name for column in columns for name in column.features)
    return found._replace(table=table, features=features, notices=tuple(remarks(columns, frame)))


def _examples(frame: Any, test: Any, spec: TableSpec, name: str) -> InMemory:
    left_out = [column for column in (spec.target, spec.id, spec.split, *spec.drop) if column in frame.columns]
    some = len(test) > 0
    ids, test_ids = (
        (part[spec.id] if spec.id else part.index) for part in (frame, test)
    )  # the index: rows of the table
    return from_frames(
        frame.drop(columns=left_out), frame[spec.target],
        test.drop(columns=left_out, errors="ignore") if some else None, test[spec.target] if some else None,
        name=name, ids=ids, test_ids=test_ids if some else None,
    )  # fmt: skip


def _check_names(frame: Any, spec: TableSpec) -> None:
    names = [str(name) for name in frame.columns]
    if not spec.target:
        raise InputError(
            f"the table does not say which column has the labels; give --target COLUMN, one of: {', '.join(names)}"
        )
    asked = {"--target": (spec.target,), "--id": (spec.id,), "--split": (spec.split,), "--drop": spec.drop}
    for option, wanted in asked.items():
        for column in filter(None, wanted):
            if column not in frame.columns:
                raise one_of(option, column, names)
    if spec.id and (doubled := frame[spec.id].duplicated()).any():
        raise InputError(
            f"column {spec.id!r} names two rows {str(frame[spec.id][doubled].iloc[0])!r}; expected a name for each row"
        )
