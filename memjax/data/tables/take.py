"""Makes training and test examples of a table that has its labels in a column, and splits its rows."""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped

from memjax.config.specs import TableSpec
from memjax.data.in_memory import InMemory, Table, as_groups, from_arrays
from memjax.data.tables.columns import encode, remarks, shown, understand, unseen
from memjax.data.tables.files import SAID
from memjax.data.targets import encode_labels, settled_task
from memjax.errors import InputError, one_of
from memjax.metrics import task_named
from memjax.prng import host_order

TEST_WORDS = {"test", "testing", "valid", "validation", "val", "dev", "eval", "1", "true"}
TRAIN_WORDS = {"train", "training", "0", "false"}


def from_table(
    frame: Any, spec: TableSpec, seed: int = 0, name: str = "table", test: Any = None, task: str = "", groups: str = ""
) -> InMemory:
    """The rows of a data frame as examples, with the user's own names of columns, rows and classes.

    Test rows are `test`, if they are in a data frame of their own; else a column names them, or the seed draws them.
    `groups` is the column with the group of each row, if there is one.
    """
    _check_names(frame, spec, groups)
    labels, said = frame[spec.target], list(frame.attrs.get(SAID, ()))
    if unlabelled := int(labels.isna().sum()):
        raise InputError(
            f"column {spec.target!r} lacks {unlabelled} of {len(frame)} labels; leave these rows out (in a file, NA, "
            "N/A, NaN and null stand for a missing one)"
        )
    rows, task = np.zeros(len(frame), bool), settled_task(task, labels)
    if test is None and spec.split:
        rows = named(frame[spec.split])
        said.append(
            f"column {spec.split!r} splits the rows: {(~rows).sum():,} for training, {rows.sum():,} for testing"
        )
        if groups and (both := {*frame[groups][rows]} & {*frame[groups][~rows]}):
            said.append(f"{len(both):,} groups have rows for training and rows for testing")
    elif test is None and spec.test_fraction:
        strata = np.zeros(len(frame), int) if task_named(task).targets != "classes" else labels
        if groups:
            rows, words = drawn_groups(strata, spec.test_fraction, seed, as_groups(frame[groups], len(frame)))
        else:
            rows, words = drawn(strata, spec.test_fraction, seed, frame[spec.id] if spec.id else frame.index)
        said.append(words)
    if test is None:
        frame, test = frame[~rows], frame[rows]
    left_out = [column for column in (spec.target, spec.id, spec.split, groups, *spec.drop) if column in frame.columns]
    inputs, ids = frame.drop(columns=left_out), frame[spec.id] if spec.id else frame.index  # the rows of the table
    test_inputs = test_labels = test_ids = None
    if len(test):
        test_inputs, test_labels = test.drop(columns=left_out, errors="ignore"), test[spec.target]
        test_ids = test[spec.id] if spec.id else test.index
    names = {"name": name, "ids": ids, "test_ids": test_ids, "task": task}
    found = from_frames(inputs, frame[spec.target], test_inputs, test_labels, **names)
    own = as_groups(frame[groups], len(frame)) if groups else None
    return found._replace(notices=(*said, *found.notices), groups=own)


def from_frames(frame: Any, labels: Any, test: Any, test_labels: Any, **given: Any) -> InMemory:
    """Data frames of inputs whose labels are given apart; other arguments as of `from_arrays`."""
    columns = understand(frame)
    inputs, test_inputs = encode(columns, frame, "train"), None if test is None else encode(columns, test, "test")
    found = from_arrays(inputs, labels, test_inputs, test_labels, **given)
    parts = frame, frame.iloc[:0] if test is None else test
    sides = ([shown(part[name]) for name in frame.columns] for part in parts)
    table = Table([str(name) for name in frame.columns], *sides)
    said = [*remarks(columns, frame, labels), *unseen(columns, parts[1])]
    features = tuple(name for column in columns for name in column.features)
    dataset = replace(found.dataset, column_sizes=tuple(len(column.features) for column in columns))
    return found._replace(dataset=dataset, table=table, features=features, notices=tuple(said))


def _check_names(frame: Any, spec: TableSpec, groups: str) -> None:
    names = [str(name) for name in frame.columns]
    if not spec.target:
        raise InputError(
            f"the table does not say which column has the labels; give --target COLUMN, one of: {', '.join(names)}"
        )
    asked = {"--target": (spec.target,), "--id": (spec.id,), "--split": (spec.split,), "--groups": (groups,)}
    asked |= {"--drop": spec.drop}
    for option, wanted in asked.items():
        for column in filter(None, wanted):
            if column not in frame.columns:
                raise one_of(option, column, names)
    if spec.id and (doubled := frame[spec.id].duplicated()).any():
        raise InputError(
            f"column {spec.id!r} names two rows {str(frame[spec.id][doubled].iloc[0])!r}; expected a name for each row"
        )


def drawn(
    labels: Any, fraction: float, seed: int, names: Any, what: str = "rows"
) -> tuple[Bool[np.ndarray, " rows"], str]:
    """Test rows, drawn at random, and what this means for their labels, in words.

    The fraction of each class is drawn, rounded; one row of each class is left for training.  The names of the rows
    decide: a table of which some labels were corrected has nearly the same test rows, so that runs before and after can
    be compared.
    """
    classes, order = encode_labels(labels).train, host_order(seed, "test rows", names)
    test = np.zeros(len(classes), bool)
    for number in range(int(classes.max(initial=-1)) + 1):
        rows = order[classes[order] == number]
        test[rows[: min(round(fraction * len(rows)), len(rows) - 1)]] = True
    each = " of each class" * bool(classes.max(initial=0))
    return test, (
        f"{test.sum():,} of {len(test):,} {what} were drawn for testing, {fraction:.0%}{each}; their "
        f"labels are not judged.  --test-fraction 0 trains on all {what}, and judges all"
    )


def drawn_groups(
    labels: Any, fraction: float, seed: int, groups: Shaped[np.ndarray, " rows"]
) -> tuple[Bool[np.ndarray, " rows"], str]:
    """Test rows of whole groups, in an order that the seed and the names of the groups decide, and what this means.

    The next group is for testing if at most the fraction of all rows then is, rounded, and a row of each class is left
    for training.
    """
    classes, (values, of) = encode_labels(labels).train, np.unique(groups, return_inverse=True)
    left, room = np.bincount(classes), round(fraction * len(classes))
    test = np.zeros(len(classes), bool)
    for number in host_order(seed, "test rows", values):
        own = of == number
        taken = np.bincount(classes[own], minlength=len(left))
        if own.sum() <= room - test.sum() and (left > taken).all():
            test, left = test | own, left - taken
    return test, (
        f"{test.sum():,} of {len(test):,} rows, all of {len(np.unique(of[test])):,} of {len(values):,} groups, were "
        "drawn for testing; their labels are not judged.  --test-fraction 0 trains on all rows, and judges all"
    )


def named(column: Any) -> Bool[np.ndarray, " rows"]:
    """Test rows, as a column says: train or test (validation), 0 or 1, false or true."""
    words = np.array([str(value).strip().lower().removesuffix(".0") for value in column])
    other = ~np.isin(words, sorted(TRAIN_WORDS | TEST_WORDS))
    if other.any():
        raise InputError(
            f"column {column.name!r} says {str(column.iloc[int(other.argmax())])!r}; expected train or test in each row"
        )
    test = np.isin(words, sorted(TEST_WORDS))
    if test.all():
        raise InputError(f"column {column.name!r} says test in each row; some must say train")
    return test
