"""Commands for others to see: two runs beside each other, and a run as a data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from memjax.cli.options import Folder
from memjax.cli.output import print_event, records, two_columns
from memjax.errors import InputError
from memjax.notebook import aligned
from memjax.notebook import three_digits as digits
from memjax.runs.summary import printable

Second = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DIR2")]


@dataclass(frozen=True)
class Compare:
    """Compare two finished runs: before and after cleaning, of two networks, or of two seeds.  Prints how far their
    scores agree, and which examples moved beyond their error."""

    first: Folder
    """The run folder A."""
    second: Second
    """The run folder B."""
    count: int = 20
    """Rows of the table of what moved, at most."""
    csv: str = ""
    """A file for the table of all examples in both runs."""
    page: str = ""
    """A file for an HTML page with the scores of both runs and the examples that moved."""
    json: bool = False
    """Print one JSON object instead of lines."""


def compare(request: Compare) -> None:
    """Prints the comparison, and writes the files that are asked for."""
    from memjax.exchange import write_csv
    from memjax.runs import compare

    if request.count < 1:
        raise InputError(f"--count is {request.count}; give 1 or more")
    found = compare.compare(request.first, request.second)
    moved = records({name: values[: request.count] for name, values in found.moved.items()})
    written = {"csv": request.csv, "page": request.page}
    if request.csv:
        write_csv(Path(request.csv), found.columns)
    if request.page:
        found.report(request.page)
    if request.json:
        print_event("comparison", a=request.first, b=request.second, **found.facts, **written, rows=moved)
        return
    columns = [["id"], ["label"], ["A"], ["B"], ["difference"], ["q-value"]]
    for row in moved:
        label = row["label_a"] if row["label_a"] == row["label_b"] else f"{row['label_a']}, B: {row['label_b']}"
        numbers = f"{row['memorization_a']:.2f}", f"{row['memorization_b']:.2f}", digits(row["q_value"])
        difference = f"{row['difference']:z.2f} ± {row['stderr']:.2f}"
        texts = printable(row["id"])[:28], printable(label)[:40], *numbers[:2], difference, numbers[2]
        for column, text in zip(columns, texts, strict=True):
            column.append(text)
    print(two_columns([*found.rows(), *((name, path) for name, path in written.items() if path)]))
    if moved:
        print("\n".join(["", *aligned(columns)]))


@dataclass(frozen=True)
class Publish:
    """Write a finished run as a data set for others: tables, masks and predictions as Parquet and npz, a data card,
    Croissant metadata and checksums.  Inputs of examples are not written."""

    folder: Folder
    """The run folder."""
    out: Path
    """A new folder, or one that this command has written."""
    licence: str = ""
    """Under which the files may be used: an SPDX identifier such as CC-BY-4.0, or words.  Default: unknown, which the
    data card says."""
    creator: str = ""
    """Who publishes the data set."""
    name: str = ""
    """Of the data set.  Default: Memorization in, and the name of the examples."""


def publish(request: Publish) -> None:
    """Writes the files, and prints their names."""
    from memjax.runs import publish
    from memjax.runs.result import open

    names = publish.publish(open(request.folder), request.out, request.licence, request.creator, request.name)
    print("\n".join(str(request.out / name) for name in names))
    if not request.licence:
        print("licence         unknown, and the data card says so; give --licence, such as CC-BY-4.0")
