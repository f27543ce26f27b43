"""Turns the columns of a data frame into numbers, and says where they may not be what they are taken for."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from memjax.errors import InputError

CATEGORIES_MOST = 20  # different texts of a column that become features of their own
NO_VALUE = "(missing)"  # the category of missing texts
NAMED_MOST = 5  # columns that one notice names
MANY_ROWS = 20  # from which another whole number in each row is no chance
_NUMBER = re.compile(r"\W*\d[\d.,' ]*\W*")  # also "$1,234.50", "12 %", "1,5" and "<5"
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Column:
    """How one column becomes numbers, as its training rows say."""

    name: Any
    # number: as it is.  category: 0 or 1 for each of its texts.  date: days since the earliest training row
    kind: Literal["number", "category", "date"]
    categories: tuple[str, ...] = ()  # the texts of a category column, in order
    origin: np.datetime64 | None = None  # the earliest date of a date column

    @property
    def features(self) -> list[str]:
        """The names of its features."""
        return [f"{self.name}={text}" for text in self.categories] if self.kind == "category" else [str(self.name)]

    def numbers(self, column: Any) -> np.ndarray:
        """The features of rows, (rows, features); a text that no training row has is 0 in all of them."""
        if self.kind == "category":
            return np.asarray(_texts(column)[:, None] == np.array(self.categories, object), np.float64)
        if self.kind == "date":
            return ((_dates(column).to_numpy("datetime64[ns]") - self.origin) / _DAY)[:, None]
        return column.to_numpy()[:, None]


def understand(frame: Any) -> list[Column]:
    """How each column of the training rows becomes numbers."""
    if not len(frame.columns):
        raise InputError("the train inputs have no column; expected at least one beside the labels")
    return [_column(name, frame[name], "train") for name in frame.columns]


def encode(columns: list[Column], frame: Any, which: str) -> np.ndarray:
    """The features of all columns, (rows, features): integers where all columns are whole numbers, else floats."""
    for column in columns:
        if column.name not in frame.columns:
            raise InputError(f"the {which} inputs lack column {column.name!r}, which the training inputs have; add it")
        found = _column(column.name, frame[column.name], which, most=None).kind
        if found != column.kind and len(frame):
            raise InputError(f"column {column.name!r} is a {column.kind} in the training inputs, a {found} in {which}")
    if extra := [name for name in frame.columns if name not in {column.name for column in columns}]:
        raise InputError(f"the {which} inputs have column {extra[0]!r}, which the training inputs lack; leave it out")
    parts = [column.numbers(frame[column.name]) for column in columns]
    whole = all(part.dtype.kind in "biu" for part in parts)
    return np.concatenate([part if whole else part.astype(np.float64) for part in parts], axis=1)


def shown(column: Any) -> np.ndarray:
    """The values of a column as a reader knows them: numbers, or texts."""
    return column.to_numpy() if _is_number(column) else _texts(column).astype(str)


def _column(name: Any, column: Any, which: str, most: int | None = CATEGORIES_MOST) -> Column:
    missing, number = int(column.isna().sum()), _is_number(column)
    dates = None if number else _dates(column)
    if (number or dates is not None) and missing:
        raise InputError(
            f"column {name!r} of the {which} inputs lacks {missing} of {len(column)} values; fill them in, or leave "
            f"the column out with --drop {name}"
        )
    if number:
        if infinite := int(np.isinf(column.to_numpy(np.float64)).sum()):
            raise InputError(
                f"column {name!r} of the {which} inputs is infinite in {infinite} of {len(column)} rows; give numbers, "
                f"or leave the column out with --drop {name}"
            )
        return Column(name, "number")
    if dates is not None:
        return Column(name, "date", origin=dates.to_numpy("datetime64[ns]").min())
    texts = _texts(column)
    for text in texts:
        if not isinstance(text, str):
            kind = type(text).__name__
            raise InputError(
                f"column {name!r} of the {which} inputs holds a {kind}; expected numbers, texts, booleans or dates"
            )
    categories = sorted(set(texts))
    if most is not None and len(categories) > most and (numbers := number_like(categories)):
        others = sorted(set(categories) - set(numbers))
        but = f"; {others[0]!r} does not" if others else ""
        raise InputError(
            f"column {name!r} of the {which} inputs is text: {len(numbers)} of its {len(categories)} texts look like "
            f"numbers, such as {numbers[0]!r}{but}. Write plain numbers, as 1234.5, and nothing where one is missing; "
            f"or leave the column out with --drop {name}"
        )
    if most is not None and len(categories) > most:
        raise InputError(
            f"column {name!r} of the {which} inputs has {len(categories)} different texts in {len(column)} rows, more "
            f"than {most}; leave it out with --drop {name}, or say that it names the rows with --id {name}"
        )
    return Column(name, "category", tuple(categories))


def number_like(texts: Iterable[str]) -> list[str]:
    """The texts that look like numbers, if half of them do; else none."""
    found = [text for text in texts if _NUMBER.fullmatch(text)]
    return found if 2 * len(found) >= len(list(texts)) else []


def _is_number(column: Any) -> bool:
    """Whether a column holds numbers or booleans; missing values may be among them."""
    import pandas

    return bool(pandas.api.types.is_numeric_dtype(column)) and not pandas.api.types.is_complex_dtype(column)


def _dates(column: Any) -> Any:
    """The column as dates in UTC; None if it is none."""
    import pandas

    if not pandas.api.types.is_datetime64_any_dtype(column):
        first = next((value for value in column if isinstance(value, str)), "")
        if not (len(first) >= 8 and first[:4].isdigit() and first[4] in "-/"):
            return None
    try:
        return pandas.to_datetime(column, utc=True, format="ISO8601").dt.tz_localize(None)
    except (ValueError, TypeError, AttributeError):
        return None


def _texts(column: Any) -> np.ndarray:
    """The values as Python objects, missing ones as a text of their own."""
    values = column.astype(object)
    return values.where(values.notna(), NO_VALUE).to_numpy()


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
