"""Commands for those who write attribution methods."""

from pathlib import Path
from typing import Annotated

import tyro

from memjax.cli.output import Output, print_event, put, two_columns
from memjax.config.run_config import RunConfig, Score
from memjax.machine import environment


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
