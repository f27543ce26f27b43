"""Commands that make reports, estimates and files for other programs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from memjax.cli.final_table import conclude
from memjax.cli.output import Output
from memjax.cli.parsing import Folder, parse
from memjax.config.run_config import Score
from memjax.config.specs import OutputSpec
from memjax.store import place, shown


@dataclass(frozen=True)
class Again:
    """Write the report of a run folder again."""

    folder: Folder
    examples: bool = True
    """Whether it shows what examples look like; without, it holds no image and no feature of any, but still says
    which rows are the most memorized."""


def report(arguments: list[str]) -> None:
    request = parse(Again, "python -m memjax.run report", "Write the report of a run folder again.", arguments)
    from memjax.runs import open_folder, outputs

    print(shown(outputs.report(open_folder.reopen_run(place(request.folder)), request.examples)))


@dataclass(frozen=True)
class Elsewhere:
    """Memorization, influence and strong pairs from arrays of predictions, trained with whatever library."""

    arrays: str
    """An npz file, or a folder of npy files: masks (models, train), train_correct (models, train) and, if there,
    test_correct (models, test), train_labels, test_labels.  Other names that people use are understood
    (memjax.exchange.NAMES), and so are the folders of Feldman and Zhang's aux_arrays.npz and of LiRA's experiments."""
    out: str
    """Folder for estimates.npz, pairs.npz and report.html; made if need be."""
    influence: Literal["same-class", "all"] = "same-class"
    """all: influence.npy besides, every train-test pair."""
    score: Score = "correct"
    """What memorization and influence are differences of.  Others than correct must be there of training and of test
    examples: train_probability and test_probability, and so on."""
    output: OutputSpec = field(default_factory=OutputSpec)


def estimate(arguments: list[str]) -> None:
    about = "Memorization, influence and strong pairs from predictions that were trained elsewhere."
    request = parse(Elsewhere, "python -m memjax.run estimate", about, arguments)
    from memjax.exchange import outcomes_of, read_predictions
    from memjax.runs.from_arrays import write_all

    examples, outcomes = outcomes_of(read_predictions(request.arrays), Path(request.arrays).name)
    folder = place(request.out)
    path = write_all(examples, outcomes, folder, request.influence == "all", request.score)
    made = {"report": shown(path), "estimates": shown(folder / "estimates.npz")}
    conclude(Output(request.output), folder, examples, made, shown(path))


@dataclass(frozen=True)
class Export:
    """A run folder's predictions or estimates in the files that others read."""

    run: Folder
    """The run folder."""
    out: Path
    """Folder for the files; made if need be."""
    format: Literal["arrays", "feldman-zhang", "lira", "csv", "parquet"] = "arrays"
    """arrays: npy files of masks and predictions.  feldman-zhang: a folder a model with aux_arrays.npz.  lira: an
    experiment a model.  csv, parquet: tables of training examples and of pairs."""


def export(arguments: list[str]) -> None:
    about = "Predictions or estimates of a run in the files that others read."
    request = parse(Export, "python -m memjax.run export", about, arguments)
    from memjax.runs import open_folder, outputs

    for line in outputs.export(open_folder.reopen_run(place(request.run)), request.out, request.format):
        print(line)
