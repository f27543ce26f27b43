"""What a reader should know of a table's columns, where they may not be what they are taken for."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from memjax.data.tables.columns import Column, number_like

NAMED_MOST = 5  # columns that one notice names
MANY_ROWS = 20  # from which another whole number in each row is no chance


def remarks(columns: list[Column], frame: Any, labels: Any) -> Iterator[str]:
    """What a reader should know of the columns of the training rows, one sentence each."""
    if dates := [column.name for column in columns if column.kind == "date"]:
        yield f"{_named(dates)} became days since the earliest: networks learn trends in time from it"
    values = {column.name: frame[column.name].nunique(dropna=False) for column in columns}
    if constant := [name for name, count in values.items() if count == 1]:
        yield f"{_named(constant)} has one value in all training rows and tells nothing"
    whole = [name for name, count in values.items() if frame[name].dtype.kind in "iu" and count == len(frame)]
    if whole and len(frame) >= MANY_ROWS:
        yield f"{_named(whole)} has another whole number in each row: if it names the rows, give --id {whole[0]}"
    for column in columns:
        if texts := number_like(column.categories):
            yield (
                f"column {column.name!r} has texts that look like numbers, such as {texts[0]!r}: each is a category. "
                "For amounts write plain numbers, as 1234.5, and nothing where one is missing"
            )
    if telling := [
        name for name, count in values.items() if 1 < count <= len(frame) / 3 and _tells(frame[name], labels)
    ]:
        yield f"{_named(telling)} alone tells the class of each row: was it made from the labels? If so, give --drop"
    seen: dict[bytes, Any] = {}
    same = []
    for column in columns:
        key = column.numbers(frame[column.name]).astype(np.float64).tobytes()
        if key in seen and column.name not in constant:
            same.append(f"{column.name!r} = {seen[key]!r}")
        seen.setdefault(key, column.name)
    if same:
        yield f"columns repeat each other: {', '.join(same[:NAMED_MOST])}{_more(same)}; leave one out with --drop"


def unseen(columns: list[Column], test: Any) -> Iterator[str]:
    """Which columns of test rows have texts that no training row has."""
    for column in columns:
        if column.kind == "category" and (new := int((~column.numbers(test[column.name]).any(axis=1)).sum())):
            yield f"{new} test rows have a text in column {column.name!r} that no training row has: its features are 0"


def _tells(column: Any, labels: Any) -> bool:
    """Whether rows of one value always have one label."""
    import pandas

    pairs = pandas.DataFrame({"value": column.to_numpy(), "label": np.asarray(labels).reshape(-1)}).drop_duplicates()
    return not pairs["value"].duplicated().any()


def _named(names: list[Any]) -> str:
    few = ", ".join(repr(name) for name in names[:NAMED_MOST])
    return f"column {few}" if len(names) == 1 else f"each of the columns {few}{_more(names)}"


def _more(names: list[Any]) -> str:
    return f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
