"""Commands that make reports, estimates and files for other programs."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import tyro

from memjax.cli.options import Folder
from memjax.cli.output import Output, conclude, print_event, put, records, two_columns
from memjax.config.run_config import Score
from memjax.config.specs import OutputSpec, TableSpec
from memjax.errors import InputError
from memjax.machine import environment
from memjax.notebook import aligned, three_digits
from memjax.runs.summary import printable
from memjax.store import place, shown


@dataclass(frozen=True)
class Report:
    """Write the report of a run folder again."""

    folder: Folder
    """The run folder."""
    examples: bool = True
    """Leave images and features out of the report.  It still names the rows that are memorized most."""
    dataset: str = ""
    """Where the examples are now, such as npz:FILE, if they have moved."""


def report(request: Report) -> None:
    """Writes the report and prints its path."""
    from memjax.runs.result import open

    put(shown(open(request.folder, request.dataset).report(request.examples).path))


@dataclass(frozen=True)
class Suspects:
    """List the training examples whose labels look most wrong, most suspicious first."""

    folder: Folder
    """The run folder."""
    count: int = 20
    """Rows, at most."""
    csv: str = ""
    """A file for the table, with all its columns."""
    json: bool = False
    """Print one JSON object per row instead of lines."""


def suspects(request: Suspects) -> None:
    """Prints the sentence and the table, or writes the table to a file."""
    from memjax.exchange import write_csv
    from memjax.runs.result import open
    from memjax.runs.suspects import lines, rest, sentence, suspect_columns

    if request.count < 1:
        raise InputError(f"--count is {request.count}; give 1 or more")
    columns = open(request.folder).columns
    found = suspect_columns(columns, request.count)
    if request.csv:
        write_csv(Path(request.csv), found)
        put(request.csv)
    elif request.json:
        for record in records(found):
            print_event("suspect", **record)
    else:
        more = rest(columns, request.count, request.folder)
        put("\n".join([*filter(None, [sentence(columns)]), "", *lines(found), *more]))


@dataclass(frozen=True)
class Apply:
    """Write a corrected table from a review that the report's page saved.  The original stays as it is."""

    review: tyro.conf.Positional[Path]
    """The review: review.csv or review.json."""
    dataset: str
    """The table that was reviewed: csv:FILE or parquet:FILE."""
    target: str
    """The column with the labels."""
    out: Path
    """The corrected table."""
    id: str = ""
    """The column with the names of the rows.  Default: rows are named by their numbers from 0."""


def apply(request: Apply) -> None:
    """Writes the corrected table, and prints what was changed and how to train on it."""
    from memjax.data.tables.review import apply_review, read_review

    spec = TableSpec(target=request.target, id=request.id)
    done = apply_review(read_review(request.review), request.dataset, spec, request.out)
    kind, named = request.dataset.partition(":")[0], f" --id {shlex.quote(request.id)}" if request.id else ""
    put(f"{request.out}: {done.relabelled} labels changed, {done.dropped} rows left out, {done.kept} left as they were")
    again = f"memjax --dataset {kind}:{shlex.quote(str(request.out))} --target {shlex.quote(request.target)}{named}"
    put(f"train again: {again}")


@dataclass(frozen=True)
class Estimate:
    """Estimate memorization, influence and strong pairs from predictions of models trained elsewhere."""

    arrays: str
    """An npz file, or a folder of npy files: masks (models, train), train_correct or another score (models, train),
    and optionally test_correct (models, test), train_labels and test_labels.  Other common names are understood
    (memjax.exchange.NAMES), and so are folders with Feldman and Zhang's aux_arrays.npz or with LiRA's experiments."""
    out: str
    """Folder for estimates.npz, pairs.npz and report.html; created if needed."""
    influence: Literal["same-class", "all"] = "same-class"
    """all: also write influence.npy, with every train-test pair."""
    score: Score = "correct"
    """The quantity that is compared in and out of sample.  The arrays must hold it for training and test examples, such
    as train_probability and test_probability."""
    output: OutputSpec = field(default_factory=OutputSpec)


def estimate(request: Estimate) -> None:
    """Writes the estimates and a report, and prints the closing table."""
    environment.start_jax()
    from memjax.exchange import outcomes_of, read_predictions
    from memjax.runs.from_arrays import write_all

    examples, outcomes = outcomes_of(read_predictions(request.arrays), Path(request.arrays).name)
    folder = place(request.out)
    path = write_all(examples, outcomes, folder, request.influence == "all", request.score)
    made = {"report": shown(path), "estimates": shown(folder / "estimates.npz")}
    conclude(Output(request.output), folder, examples, made, shown(path))


@dataclass(frozen=True)
class Export:
    """Write the predictions or estimates of a run as files for other programs."""

    run: Folder
    """The run folder."""
    out: Path
    """Folder for the files; created if needed."""
    format: Literal["arrays", "feldman-zhang", "lira", "csv", "parquet", "parameters"] = "arrays"
    """arrays: npy files of masks and predictions.  feldman-zhang: a folder with aux_arrays.npz for each model.  lira:
    an experiment for each model.  csv, parquet: all numbers as tables, and a dictionary of their columns.
    parameters: the network of each model as safetensors, where --keep parameters has stored it."""


def export(request: Export) -> None:
    """Writes the files, and prints what was written."""
    from memjax.runs import from_arrays
    from memjax.runs.result import open

    for line in from_arrays.export(open(request.run), request.out, request.format):
        put(line)


@dataclass(frozen=True)
class Compare:
    """Compare two finished runs: before and after cleaning, of two networks, or of two seeds.  Prints how far their
    scores agree, and which examples moved beyond their error."""

    folder: Folder
    """The run folder A."""
    second: tyro.conf.Positional[str]
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
    found = compare.compare(request.folder, request.second)
    moved = records({name: values[: request.count] for name, values in found.moved.items()})
    written = {"csv": request.csv, "page": request.page}
    if request.csv:
        write_csv(Path(request.csv), found.columns)
    if request.page:
        found.report(request.page)
    if request.json:
        print_event("comparison", a=request.folder, b=request.second, **found.facts, **written, rows=moved)
        return
    lines = [("id", "label", "A", "B", "difference", "q-value")]
    for row in moved:
        label = row["label_a"] if row["label_a"] == row["label_b"] else f"{row['label_a']}, B: {row['label_b']}"
        difference = f"{row['difference']:z.2f} ± {row['stderr']:.2f}", three_digits(row["q_value"])
        values = f"{row['memorization_a']:.2f}", f"{row['memorization_b']:.2f}"
        lines.append((printable(row["id"])[:28], printable(label)[:40], *values, *difference))
    put(two_columns([*found.rows(), *((name, path) for name, path in written.items() if path)]))
    if moved:
        put("\n".join(["", *aligned([*map(list, zip(*lines, strict=True))])]))


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
    put("\n".join(str(request.out / name) for name in names))
    if not request.licence:
        put("licence         unknown, and the data card says so; give --licence, such as CC-BY-4.0")
