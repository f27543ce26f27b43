"""Commands for those who write attribution methods."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from memjax.cli.output import print_event, put, two_columns
from memjax.machine import environment


@dataclass(frozen=True)
class Judge:
    """Judge attribution scores of any method by the models of a run: linear datamodeling score, agreement with exact
    leave-one-out and with estimated influence, strong pairs, wrong labels; each with a 95 % interval and what is the
    most that can be reached."""

    scores: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SCORES")]
    """A file of scores, training x test examples: npy, npz, csv or parquet."""
    run: str
    """The run folder, or a folder that memjax truth has made."""
    twin: str = ""
    """A run with another seed.  On the same subsets it gives the ceiling."""
    left_out: str = ""
    """A run whose models leave out one example or one group each."""
    score: Literal["", "margin", "log_odds", "probability", "correct"] = ""
    """The output to judge by.  Default: the first of these that the run has saved."""
    brittleness: int = 0
    """Also measure brittleness on so many test examples: remove the training examples with the highest scores, train
    again, and count wrong predictions.  Trains three times --repeats models for each."""
    remove: int = 20
    """With --brittleness: training examples to remove."""
    repeats: int = 5
    """With --brittleness: models for each removal."""
    page: str = ""
    """A file for an HTML page."""
    json: bool = False
    """Print one JSON object instead of lines."""


def judge(request: Judge) -> None:
    """Prints the verdict, and writes the page if asked to."""
    environment.start_jax()
    from memjax.runs.judge import judge

    found = judge(
        Path(request.scores), request.run, twin=request.twin or None, left_out=request.left_out or None,
        score=request.score, brittleness=request.brittleness, remove=request.remove, repeats=request.repeats,
    )  # fmt: skip
    if request.page:
        found.report(request.page)
    if request.json:
        measures = [each._asdict() for each in found.measures]
        classes = [each._asdict() for each in found.by_class]
        print_event("verdict", answer=found.answer(), measures=measures, by_class=classes, notices=found.notices,
                    **{name.replace(" ", "_"): text for name, text in found.understood}, page=request.page)  # fmt: skip
        return
    page = [("page", request.page)] if request.page else []
    put("\n".join([found.answer(), "", two_columns([*found.rows(), *page])]))
