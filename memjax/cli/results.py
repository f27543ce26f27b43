"""Commands that make reports, estimates and files for other programs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from memjax.cli.final_table import conclude
from memjax.cli.output import Output
from memjax.cli.parsing import Folder
from memjax.config.run_config import Score
from memjax.config.specs import OutputSpec
from memjax.store import place, shown


@dataclass(frozen=True)
class Report:
    """Write the report of a run folder again."""

    folder: Folder
    """The run folder."""
    examples: bool = True
    """Without examples the report holds no image and no feature; it still names the rows that are memorized most."""


def report(request: Report) -> None:
    """Prints where the report is."""
    from memjax.runs import outputs
    from memjax.runs.open_result import open

    print(shown(outputs.report(open(request.folder).run, request.examples)))


@dataclass(frozen=True)
class Estimate:
    """Estimate memorization, influence and strong pairs from predictions of models trained elsewhere."""

    arrays: str
    """An npz file, or a folder of npy files: masks (models, train), train_correct (models, train) and, if there,
    test_correct (models, test), train_labels, test_labels.  Other names that people use are understood
    (memjax.exchange.NAMES), and so are the folders of Feldman and Zhang's aux_arrays.npz and of LiRA's experiments."""
    out: str
    """Folder for estimates.npz, pairs.npz and report.html; made if need be."""
    influence: Literal["same-class", "all"] = "same-class"
    """all: also write influence.npy, with every train-test pair."""
    score: Score = "correct"
    """The quantity that is compared in and out of sample.  For another one than correct the arrays must hold it for
    training and test examples, such as train_probability and test_probability."""
    output: OutputSpec = field(default_factory=OutputSpec)


def estimate(request: Estimate) -> None:
    """Writes the estimates and a report, and prints the closing table."""
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
    """Folder for the files; made if need be."""
    format: Literal["arrays", "feldman-zhang", "lira", "csv", "parquet"] = "arrays"
    """arrays: npy files of masks and predictions.  feldman-zhang: a folder a model with aux_arrays.npz.  lira: an
    experiment a model.  csv, parquet: tables of training examples and of pairs."""


def export(request: Export) -> None:
    """Writes the files, and prints what was written."""
    from memjax.runs import outputs
    from memjax.runs.open_result import open

    for line in outputs.export(open(request.run).run, request.out, request.format):
        print(line)
