"""The way in: train many models on random subsets of the examples, and estimate memorization and influence."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from memjax import store
from memjax.config.from_keywords import run_config
from memjax.config.run_config import RunConfig
from memjax.data.in_memory import InMemory
from memjax.data.sources import examples_given
from memjax.machine import environment
from memjax.machine.workers import make_worker
from memjax.metrics import Task, task_words
from memjax.runs import open_folder, ray_engine, summary
from memjax.runs.progress import Bar, Silent, Teller
from memjax.runs.result import Result, finish


def fit(
    x_train: Any = None, y_train: Any = None, x_test: Any = None, y_test: Any = None, *,
    model: Any = None, run: str | Path | None = None, config: RunConfig | None = None, ids: Any = None,
    groups: Any = None, class_names: Sequence[str] = (), name: str = "arrays", task: str | Task = "",
    progress: bool | Teller = True,
    estimate: bool = True, **options: Any,
) -> Result:  # fmt: skip
    """Trains many models on random subsets of the training examples and estimates what they memorized.

        mem[i]     = P(a model gets training example i right | it trained on i) - P(... | it did not)
        infl[i, j] = P(a model gets test example j right | it trained on i)     - P(... | it did not)

    A run folder that already holds such models is taken up again: only what is missing is trained.

    Args:
      x_train, x_test: the inputs, (examples, features), (examples, height, width) or (examples, height, width,
        channels): NumPy or JAX arrays, torch tensors, or tables of pandas, polars or pyarrow.  Without x_test influence
        is not defined.  Instead of x_train alone: the name of a data set as of `--dataset`, a `memjax.Dataset`, or a
        table with its labels in the column `target`, from which test rows are drawn.
      y_train, y_test: one label per example: text, whole numbers, booleans or pandas categories; or numbers to be
        predicted, or a row of 0 and 1 for several labels.
      model: a network by name, such as "mlp:128" or "cnn"; a Flax NNX class, a factory of a Linen module, or a
        `memjax.Model`.
      run: the run folder, kept for later; by default a new temporary one, which the result names.
      config: settings to begin with, as of the command line.
      ids: your own name of each training example; by default a data frame's index, or the row's number.
      groups: the group of each training example, such as its author: any values; or the name of a column, or of a .npy
        file.  Subsets are drawn by group, and `result.groups` has the memorization of each.
      class_names: one for each class, in the order of the labels' values.
      name: what the report calls the data.
      task: what networks are trained for, as of `--task`, or a `memjax.Task`; by default as the labels look.
      progress: whether a bar shows it; without, notices go to the logger `memjax`.  Or a `memjax.runs.progress.Teller`.
      estimate: False only trains; estimates are then made when they are first asked for.
      options: every option of the command line by its name: num_models=1000, per_class=40, epochs=30, ...

    Returns:
      The result, with memorization, influence, suspects and all else there is.

    Raises:
      InputError: an option is not known, data or options cannot be used, or the folder was made for others.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703.

    >>> result = fit("digits", per_class=8, num_models=8, epochs=4, progress=False)
    >>> result.memorization.value.shape
    (80,)
    """
    if model is not None:
        from memjax.models import model_words

        options["model"] = model_words(model)
    if isinstance(x_train, str):
        options["dataset"] = x_train
    if task:
        options["task"] = task_words(task)
    if run is not None:
        options["run"] = str(run)
    if groups is not None:
        options["groups"] = groups if isinstance(groups, str) else "array"
    config = run_config(config, **options)
    given = examples_given(
        x_train, y_train, x_test, y_test, ids=ids, class_names=class_names, name=name, table=config.table,
        seed=config.data.data_seed, task=config.data.task, groups=config.subset.groups if groups is None else groups,
    )  # fmt: skip
    temporary = "" if config.run else tempfile.mkdtemp(prefix="memjax-")
    try:
        config = replace(config, run=config.run or temporary)
        return fit_config(config, given, Bar() if progress is True else progress or Silent(), estimate)
    except BaseException:
        with suppress(OSError):  # it has files if models were trained
            os.rmdir(temporary)
        raise


def fit_config(config: RunConfig, given: InMemory | None, teller: Teller, estimate: bool = True) -> Result:
    """Does what the settings ask for; see `fit`."""
    with ray_engine.connected(config):
        advice = environment.start_jax(config.cpu_devices)
        with teller.preparing():
            given = ray_engine.begin(config, given) if config.engine else given
            run = open_folder.open_run(config, given)
        for notice in run.notices:
            teller.say("notice", notice, text=notice)
        start, where = summary.start(run.dataset, run.plan, run.design), store.shown(run.folder)
        worker = make_worker(run.config.share)
        number = f"; worker {worker.index}/{worker.count}" if worker.count > 1 else ""
        teller.say("start", f"{summary.headline(start)}; run folder {where}{number}", run=where, **start)
        return finish(run, teller, estimate, advice)
