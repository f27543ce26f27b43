"""Commands that make reports, estimates and files for other programs, and judge scores of attribution methods."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import tyro

from memjax.cli.options import Folder
from memjax.cli.output import Output, conclude, print_event, put, records, two_columns
from memjax.config.run_config import RunConfig, Score
from memjax.config.specs import OutputSpec, TableSpec
from memjax.errors import InputError
from memjax.machine import environment
from memjax.notebook import aligned, three_digits
from memjax.runs.summary import printable
from memjax.runs.suspects import lines, rest, sentence, suspect_columns
from memjax.store import place, shown


def report(folder: Folder, examples: bool = True, dataset: str = "") -> None:
    """Write the report of a run folder again.

    Args:
      folder: The run folder.
      examples: Leave images and features out of the report.  It still names the rows that are memorized most.
      dataset: Where the examples are now, such as npz:FILE, if they have moved.
    """
    from memjax.runs.result import open

    put(shown(open(folder, dataset).report(examples).path))


def suspects(folder: Folder, count: int = 20, csv: str = "", json: bool = False) -> None:
    """List the training examples whose labels look most wrong, most suspicious first.

    Args:
      folder: The run folder.
      count: Rows, at most.
      csv: A file for the table, with all its columns.
      json: Print one JSON object per row instead of lines.
    """
    from memjax.exchange import write_csv
    from memjax.runs.result import open

    if count < 1:
        raise InputError(f"--count is {count}; give 1 or more")
    columns = open(folder).columns
    found = suspect_columns(columns, count)
    if csv:
        write_csv(Path(csv), found)
        put(csv)
    elif json:
        for record in records(found):
            print_event("suspect", **record)
    else:
        more = rest(columns, count, folder)
        put("\n".join([*filter(None, [sentence(columns)]), "", *lines(found), *more]))


def apply(review: tyro.conf.Positional[Path], dataset: str, target: str, out: Path, id: str = "") -> None:
    """Write a corrected table from a review that the report's page saved.  The original stays as it is.

    Args:
      review: The review: review.csv or review.json.
      dataset: The table that was reviewed: csv:FILE or parquet:FILE.
      target: The column with the labels.
      out: The corrected table.
      id: The column with the names of the rows.  Default: rows are named by their numbers from 0.
    """
    from memjax.data.tables.review import apply_review, read_review

    spec = TableSpec(target=target, id=id)
    done = apply_review(read_review(review), dataset, spec, out)
    kind, named = dataset.partition(":")[0], f" --id {shlex.quote(id)}" if id else ""
    kept = done["keep"] + done["unsure"]
    put(f"{out}: {done['relabel']} labels changed, {done['drop']} rows left out, {kept} left as they were")
    again = f"memjax --dataset {kind}:{shlex.quote(str(out))} --target {shlex.quote(target)}{named}"
    put(f"train again: {again}")


def estimate(
    arrays: str, out: str, influence: Literal["same-class", "all"] = "same-class", score: Score = "correct", *,
    output: OutputSpec,
) -> None:  # fmt: skip
    """Estimate memorization, influence and strong pairs from predictions of models trained elsewhere.

    Args:
      arrays: An npz file, or a folder of npy files: masks (models, train), train_correct or another score (models,
        train), and optionally test_correct (models, test), train_labels and test_labels.  Other common names are
        understood (memjax.exchange.NAMES), and so are folders with Feldman and Zhang's aux_arrays.npz or with LiRA's
        experiments.
      out: Folder for estimates.npz, pairs.npz and report.html; created if needed.
      influence: all: also write influence.npy, with every train-test pair.
      score: The quantity that is compared in and out of sample.  The arrays must hold it for training and test
        examples, such as train_probability and test_probability.
    """
    environment.start_jax()
    from memjax.exchange import outcomes_of, read_predictions
    from memjax.runs.from_arrays import write_all

    examples, outcomes = outcomes_of(read_predictions(arrays), Path(arrays).name)
    folder = place(out)
    path = write_all(examples, outcomes, folder, influence == "all", score)
    made = {"report": shown(path), "estimates": shown(folder / "estimates.npz")}
    conclude(Output(output), folder, examples, made, shown(path))


def export(
    run: Folder, out: Path,
    format: Literal["arrays", "feldman-zhang", "lira", "csv", "parquet", "parameters", "safetensors"] = "arrays",
) -> None:  # fmt: skip
    """Write the predictions or estimates of a run as files for other programs.

    Args:
      run: The run folder.
      out: Folder for the files; created if needed.
      format: arrays: npy files of masks and predictions.  feldman-zhang: a folder with aux_arrays.npz for each model.
        lira: an experiment for each model.  csv, parquet: all numbers as tables, and a dictionary of their columns.
        parameters, safetensors: a file of the network of each model, npz or safetensors, where --keep parameters has
        stored it.
    """
    from memjax.runs import publish
    from memjax.runs.result import open

    for line in publish.export(open(run), out, format):
        put(line)


def compare(
    folder: Folder, second: tyro.conf.Positional[str], count: int = 20, csv: str = "", page: str = "",
    json: bool = False,
) -> None:  # fmt: skip
    """Compare two finished runs: before and after cleaning, of two networks, or of two seeds.  Prints how far their
    scores agree, and which examples moved beyond their error.

    Args:
      folder: The run folder A.
      second: The run folder B.
      count: Rows of the table of what moved, at most.
      csv: A file for the table of all examples in both runs.
      page: A file for an HTML page with the scores of both runs and the examples that moved.
      json: Print one JSON object instead of lines.
    """
    from memjax.exchange import write_csv
    from memjax.runs import compare

    if count < 1:
        raise InputError(f"--count is {count}; give 1 or more")
    found = compare.compare(folder, second)
    moved = records({name: values[:count] for name, values in found.moved.items()})
    written = {"csv": csv, "page": page}
    if csv:
        write_csv(Path(csv), found.columns)
    if page:
        found.report(page)
    if json:
        print_event("comparison", a=folder, b=second, **found.facts, **written, rows=moved)
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


def publish(folder: Folder, out: Path, licence: str = "", creator: str = "", name: str = "") -> None:
    """Write a finished run as a data set for others: tables, masks and predictions as Parquet and npz, a data card,
    Croissant metadata and checksums.  Inputs of examples are not written.

    Args:
      folder: The run folder.
      out: A new folder, or one that this command has written.
      licence: Under which the files may be used: an SPDX identifier such as CC-BY-4.0, or words.  Default: unknown,
        which the data card says.
      creator: Who publishes the data set.
      name: Of the data set.  Default: Memorization in, and the name of the examples.
    """
    from memjax.runs import publish
    from memjax.runs.result import open

    names = publish.publish(open(folder), out, licence, creator, name)
    put("\n".join(str(out / name) for name in names))
    if not licence:
        put("licence         unknown, and the data card says so; give --licence, such as CC-BY-4.0")


def judge(
    scores: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SCORES")], run: str, twin: str = "",
    left_out: str = "", score: Score | None = None, brittleness: int = 0, remove: int | None = None, repeats: int = 5,
    page: str = "", json: bool = False,
) -> None:  # fmt: skip
    """Judge attribution scores of any method by the models of a run: linear datamodeling score, agreement with exact
    leave-one-out and with estimated influence, strong pairs, wrong labels; each with a 95 % interval and what is the
    most that can be reached.

    Args:
      scores: A file of scores, training x test examples: npy, npz, csv or parquet.
      run: The run folder, or a folder that memjax truth has made.
      twin: A run with another seed.  On the same subsets it gives the ceiling.
      left_out: A run whose models leave out one example or one group each.
      score: The output to judge by.  Default: the first of these that the run has saved.
      brittleness: Also measure brittleness on so many test examples: remove the training examples with the highest
        scores, train again, and count wrong predictions.  Trains three times --repeats models for each; once where the
        truth has the ceiling.
      remove: With --brittleness: training examples to remove.  Default: as many as the truth did, else 20.
      repeats: With --brittleness: models for each removal.
      page: A file for an HTML page.
      json: Print one JSON object instead of lines.
    """
    environment.start_jax()
    from memjax.runs.judge import judge

    how = {"brittleness": brittleness, "remove": remove, "repeats": repeats}
    found = judge(Path(scores), run, twin=twin or None, left_out=left_out or None, score=score or "", **how)
    if page:
        found.report(page)
    if json:
        measures, classes = ([each._asdict() for each in some] for some in (found.measures, found.by_class))
        print_event("verdict", answer=found.answer(), measures=measures, by_class=classes, notices=found.notices,
                    **{name.replace(" ", "_"): text for name, text in found.understood}, page=page)  # fmt: skip
        return
    rows = found.rows() + ([("page", page)] if page else [])
    put("\n".join([found.answer(), "", two_columns(rows)]))


def truth(
    config: RunConfig, out: Path, left_out: int = 20, repeats: int = 20, brittleness: int = 20, remove: int = 20,
    licence: str = "", creator: str = "", name: str = "",
) -> None:  # fmt: skip
    """Make a truth that others can judge their attribution scores by: data, recipe, masks and outputs of many models,
    of twins on the same subsets, and of models without single examples or without those of the highest influence; for
    NumPy, dattri and quanda, with a data card.

    All options of a run are understood too; memjax --help-all lists them.  Defaults are 1,000 models on half of the
    examples each, and margins; --label-noise plants wrong labels.

    Args:
      out: The folder.  The same command goes on with a truth that was stopped.
      left_out: Training examples to leave out one at a time, half of them the most memorized.
      repeats: Models without each of them.
      brittleness: Test examples to measure brittleness on, by five models without the training examples of the highest
        influence, and five without random ones of the class.
      remove: With --brittleness: how many; at most a quarter of the training examples.
      licence: Under which the files may be used, the examples included: an SPDX identifier, or words.
      creator: Who publishes it.
      name: Of the data set.
    """
    from memjax.runs.truth import make_truth

    names = make_truth(
        config, out, Output(config.output), left_out, repeats, brittleness, remove, licence, creator, name
    )
    put(f"{out}: {len(names):,} files; judge scores with: memjax judge SCORES --run {out}")
