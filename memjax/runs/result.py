"""What a run found: read from its folder when it is asked for."""

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from memjax import notebook, store
from memjax.config.run_config import RunConfig
from memjax.data import in_memory
from memjax.data.targets import in_units
from memjax.errors import InputError, first_line
from memjax.machine import environment
from memjax.machine.workers import make_worker
from memjax.results import Estimates, PairTable
from memjax.runs import display, stages, summary
from memjax.runs.loggers import log
from memjax.runs.of_some_runs import OfSomeRuns
from memjax.runs.open_folder import Run, extend_run, reopen_run
from memjax.runs.progress import Bar, Silent, Teller
from memjax.runs.stages import carry_out
from memjax.runs.suspects import example_columns, sentence, suspect_columns
from memjax.runs.trained_models import Models
from memjax.types import Curves, Dataset, Estimate, Outcomes

FIRST = 5  # suspects that a result shows of itself


@dataclass(frozen=True, eq=False)
class Result(OfSomeRuns):
    """The result of a run, finished or not.

    Attributes:
      run: the opened run folder.
      trained: models that the call which made this result trained.
      fresh: whether that call wrote new estimates.
      seconds: that it trained and estimated.
    """

    run: Run
    trained: int = field(default=0, repr=False)
    fresh: bool = field(default=False, repr=False)
    seconds: float = field(default=0.0, repr=False)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.run.folder

    @property
    def config(self) -> RunConfig:
        """The settings of the run."""
        return self.run.config

    @property
    def dataset(self) -> Dataset:
        """The examples, with class numbers as labels."""
        return self.run.dataset

    @cached_property
    def classes(self) -> list[Any]:
        """The user's own value of each class, by class number."""
        own = self.given
        values = dict(zip(own.dataset.class_names, own.classes.tolist(), strict=True)) if own else {}
        return [values.get(name, name) for name in self.dataset.class_names]

    @cached_property
    def ids(self) -> np.ndarray:
        """(train,) the user's own name of each training example, or the number of its row."""
        own, rows = self.given and self.given.own_ids, self.dataset.train_ids
        return rows if own is None else own[rows]

    @cached_property
    def test_ids(self) -> np.ndarray:
        """(test,) the same of each test example."""
        own, rows = self.given and self.given.own_test_ids, self.dataset.test_ids
        return rows if own is None else own[rows]

    @cached_property
    def given(self) -> in_memory.InMemory | None:
        """The examples as they were given in memory; None if they have a source of their own."""
        return in_memory.read(self.folder) if self.config.data.dataset.startswith(in_memory.SOURCE) else None

    @property
    def num_models(self) -> int:
        """Models that are trained, diverged ones included."""
        return self.run.num_trained

    @property
    def estimates(self) -> Estimates:
        """All estimates of the run, made now if they are not there yet.

        Raises:
          InputError: models are still missing, or all diverged.
        """
        return self._found.estimates

    @cached_property
    def _found(self) -> store.Results:
        """The estimates and the pairs, of one set."""
        if missing := self.run.plan.num_models - self.run.num_trained:
            raise InputError(
                f"{missing} of {self.run.plan.num_models} models are not trained yet in "
                f"{store.shown(self.folder)}; result.extend() trains them"
            )
        stages.estimate(self.run, lambda _: None, lambda _: None)
        return store.read_found(self.folder, checked=False, dataset=self.dataset)

    @property
    def memorization(self) -> Estimate:
        """Memorization of each training example: (train,) values with their errors; see `memjax.memorization`."""
        return self.estimates.memorization

    @property
    def pairs(self) -> PairTable:
        """The train-test pairs of one class with high influence and high memorization, the strongest first."""
        return self._found.pairs

    @property
    def outcomes(self) -> Outcomes:
        """All trained models that did not diverge: masks, and what came of each example; read anew each time.

        Raises:
          InputError: no model is trained yet, or a block is damaged.
        """
        return self._read(store.read_outcomes, self.run.plan.num_models)[0]

    @property
    def curves(self) -> Curves:
        """What was recorded while the models trained; read anew each time.

        Raises:
          InputError: nothing was recorded, or no model is trained yet.
        """
        return self._read(store.read_curves, self.run.plan.num_models)

    def _read(self, read: Any, *num_models: int) -> Any:
        blocks = self.run.finished
        if not blocks:
            raise InputError(f"{store.shown(self.folder)} holds no finished model yet; result.extend() trains them")
        try:
            return read(self.folder, blocks, *num_models, plan=self.run.plan)
        except store.CorruptBlock as problem:
            raise InputError(f"{problem}; result.extend() sets it aside and trains it again") from None

    @cached_property
    def models(self) -> Models:
        """The trained networks: `result.models[i](x)` are the logits of model i; needs --keep parameters."""
        if not (epochs := self.config.parameter_epochs):
            where = store.shown(self.folder)
            raise InputError(f"{where} kept no parameters; train in another --run with --keep parameters")
        found = self.outcomes
        return Models(self.run, epochs[-1], found.model_ids, found.masks)

    def predict(self, x: Any, models: Any = None) -> np.ndarray:
        """Logits (models, examples, classes) of some models, by default all, on inputs; see `Models.predict`."""
        return self.models.predict(x, models)

    @cached_property
    def held_out_probabilities(self) -> np.ndarray | None:
        """(train, classes) mean probability of each class over the models that did not train on an example.

        NaN where every model trained on it; None with --stream and of sequences.  Of numbers: the mean prediction.
        """
        return in_units(self.dataset, self._read(store.read_held_out))

    def dataframe(self) -> Any:
        """A pandas data frame with one row for each training example, and all there is of it.

        Raises:
          InputError: models are missing.
        """
        return notebook.frame(self.columns)

    def suspects(self, count: int = 20) -> Any:
        """The training examples whose labels look most wrong, as a pandas data frame, most suspicious first.

        They are ranked by the mean probability that held-out models, those that did not train on the example, give its
        label: low is suspicious.  Columns: id, row, label, looks_wrong (whether held-out models are sure of another
        class, by the rule of `memjax.runs.suspects.looks_wrong`), preferred (the label that they find most probable),
        probability and preferred_probability (of the two), memorization with its 95 % interval (low, high).
        A run that stored no probabilities ranks by correct_out, the accuracy of the held-out models, and has this
        column instead; one of numbers by score_out, their mean score, and it has what they predicted.

        Args:
          count: rows, at most.

        Raises:
          InputError: models are missing.
        """
        return notebook.frame(suspect_columns(self.columns, count))

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """The columns of `dataframe` by their names."""
        found = example_columns(self.estimates, self.dataset, self.classes, self.ids, self.held_out_probabilities)
        return found | ({"controlled": self.controlled.value} if self.controlled_error else {})

    @property
    def pair_columns(self) -> dict[str, np.ndarray]:
        """The columns of a table of `pairs`: the user's own names of both examples, their label, and all numbers."""
        rows, own = self.pairs.train_rows, self.columns
        names = {"train_id": own["id"][rows], "test_id": self.test_ids[self.pairs.test_rows]}
        return {**names, "label": own["label"][rows], **self.pairs.columns()}

    def extend(self, num_models: int | None = None, progress: bool = True) -> "Result":
        """The same run with more models: trains what is missing, and estimates again.

        Args:
          num_models: models in all; by default as many as are asked for already.

        Raises:
          InputError: the design has not so many.
        """
        wanted = max(num_models or 0, self.run.plan.num_models)
        run = extend_run(self.run, wanted) if wanted > self.run.plan.num_models else self.run
        run = replace(run, config=replace(run.config, num_models=wanted))
        environment.start_jax(run.config.cpu_devices)
        return finish(run, Bar() if progress else Silent())

    def report(self, examples: bool = True) -> display.ReportFile:
        """Writes the report, an HTML page that needs no network; it shows itself in a notebook.  Without `examples` the
        page does not show what they look like."""
        self.estimates  # noqa: B018  made where they are missing
        return display.report(self, examples)

    def summary(self) -> dict[str, Any]:
        """The numbers of the closing table, by name."""
        return summary.findings(self.dataset, self.estimates, self.pairs)

    def _rows(self) -> list[tuple[str, str]]:
        """The closing table: names and texts."""
        rows = [("run folder", store.shown(self.folder))]
        if self.run.num_trained < self.run.plan.num_models:
            return [*rows, ("models", f"{self.run.num_trained} of {self.run.plan.num_models} trained")]
        if self.run.sees_everything:
            return [*rows, ("models", f"{self.run.num_trained} trained on all examples")]
        found = self.summary()
        controlled = [("controlled", self.controlled_error)] * bool(self.controlled_error)
        return [*rows, *summary.rows(found), *controlled, *(("warning", text) for text in found["warnings"])]

    @property
    def _first(self) -> tuple[str, dict[str, np.ndarray]]:
        """How many labels look wrong, and the first of them; an empty sentence if that is not known."""
        whole = self.run.num_trained >= self.run.plan.num_models and not self.run.sees_everything
        return (sentence(self.columns), suspect_columns(self.columns, FIRST)) if whole else ("", {})

    def __repr__(self) -> str:
        return display.as_text(*self._first, self._rows())

    def _repr_html_(self) -> str:
        return display.as_html(*self._first, self._rows())


def finish(run: Run, teller: Teller, estimate: bool = True, advice: str = "") -> Result:
    """Carries an opened run out, see `carry_out`, and sends what it found to where --log says."""
    began, name = time.monotonic(), run.config.log
    run, trained, fresh = carry_out(run, teller, estimate, advice)
    result = Result(run, trained=trained, fresh=fresh, seconds=time.monotonic() - began)
    if name and estimate and make_worker(run.config.share).index == 0:
        try:
            log(name, result)
        except Exception as problem:  # of another program: it is no reason to lose the end of a run
            text = f"--log {name} failed, the run has not: {first_line(problem)}"
            teller.say("notice", text, text=text)
    return result


def open(folder: str | Path, dataset: str = "") -> Result:
    """The result of a run folder, finished or not; nothing is trained.

    Args:
      folder: where the run is, here or as gs://BUCKET/NAME or s3://BUCKET/NAME.
      dataset: where the examples are now, as of `--dataset`, if they have moved.  Without them the results can be read
        and exported; the report, estimates and more models need them.

    Raises:
      InputError: there is no run in the folder, or the examples are others.
    """
    return Result(reopen_run(store.place(folder), dataset))
