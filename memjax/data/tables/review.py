"""Carries out what a reader decided about labels: a corrected table beside the original."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from memjax.config.specs import TableSpec
from memjax.data.tables.files import read_table
from memjax.data.targets import as_labels
from memjax.errors import InputError, one_of
from memjax.store.files import write_atomically
from memjax.untrusted import reading

DECISIONS = ("keep", "relabel", "drop", "unsure")
_LARGEST = 2**26  # bytes of a review


class Decision(NamedTuple):
    """What becomes of one row: its name, the label that the reader saw, the decision, and the new label if any."""

    id: str
    label: str
    decision: str
    new_label: str


def read_review(path: Path) -> list[Decision]:
    """The decisions of a review that the report's page saved as CSV or JSON.

    Raises:
      InputError: the file is missing, is no review, or decides twice about one row.
    """
    with reading(path, UnicodeDecodeError, ValueError, RecursionError) as stream:
        text = stream.read(_LARGEST).decode("utf-8-sig")
        raw = (
            json.loads(text)["decisions"] if text.lstrip().startswith("{") else list(csv.DictReader(io.StringIO(text)))
        )
    found: list[Decision] = []
    seen: set[str] = set()
    for row in raw if isinstance(raw, list) else [None]:
        if not isinstance(row, dict) or not set(Decision._fields) <= row.keys():
            raise InputError(
                f"{path} is no review: each row needs {', '.join(Decision._fields)}; save it from the report's page"
            )
        decision = Decision(*(_unquoted(row[name]) for name in Decision._fields))
        if decision.decision not in DECISIONS:
            raise one_of("decision", decision.decision, DECISIONS)
        if decision.decision == "relabel" and not decision.new_label:
            raise InputError(f"{path}: row {decision.id!r} is to be relabelled, but has no new_label")
        if decision.id in seen:
            raise InputError(f"{path} decides twice about row {decision.id!r}; leave one of the two")
        seen.add(decision.id)
        found.append(decision)
    return found


def apply_review(decisions: list[Decision], source: str, spec: TableSpec, out: Path) -> Counter[str]:
    """Writes the table with new labels and without the dropped rows; returns how often each decision was made.

    All other cells stay as they are.  The source is csv:FILE or parquet:FILE.  Without a column of names rows are named
    by their numbers from 0.

    Raises:
      InputError: the table has no such row, or a row has another label than the reader saw.
    """
    frame, parsed = read_table(source, as_text=True), read_table(source)
    for option, column in (("--target", spec.target), ("--id", spec.id or spec.target)):
        if column not in frame.columns:
            raise one_of(option, column, [str(name) for name in frame.columns])
    if out.exists() and out.samefile(Path(source.partition(":")[2]).expanduser()):
        raise InputError(f"--out {out} is the original; give another name, the original stays as it is")
    names = frame[spec.id].map(str) if spec.id else frame.index.map(str)
    places = {name: place for place, name in enumerate(names)}
    labels: list[Any] = frame[spec.target].tolist()
    seen = [None if missing else str(label) for missing, label in zip(*_labels_seen(parsed[spec.target]), strict=True)]
    cells = dict(zip(seen, labels, strict=True))  # how the table writes a label: true for True, 07 for 7
    dropped = []
    for decision in decisions:
        place = places.get(decision.id)
        if place is None:
            how = "" if spec.id else "; give --id COLUMN if the report names rows by a column"
            raise InputError(f"the table has no row {decision.id!r}{how}")
        if seen[place] != decision.label:
            raise InputError(
                f"row {decision.id!r} has label {str(labels[place])!r}, but the review saw {decision.label!r}: it is "
                "of another table, or was carried out already"
            )
        if decision.decision == "relabel":
            if decision.new_label not in cells and not isinstance(labels[place], str):
                raise one_of("new label", decision.new_label, sorted(filter(None, map(str, cells))))
            labels[place] = cells.get(decision.new_label, decision.new_label)
        elif decision.decision == "drop":
            dropped.append(place)
    frame[spec.target] = labels
    frame = frame.drop(index=frame.index[dropped])
    write = frame.to_parquet if source.startswith("parquet:") else frame.to_csv
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, lambda stream: write(stream, index=False))
    return Counter(decision.decision for decision in decisions)


def _labels_seen(column: Any) -> tuple[Any, Any]:
    """Which labels are missing, and all as the reader of the report saw them; a missing one counts as any other."""
    missing = column.isna()
    return missing, as_labels("table", column.where(~missing, column[~missing].iloc[0]).tolist())


def _unquoted(value: Any) -> str:
    """A cell as text, without the apostrophe that the page puts before what a spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return text[1:] if text.startswith("'") and text[1:2] in ("=", "+", "-", "@", "\t", "\r") else text
