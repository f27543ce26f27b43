"""Estimates and a report of predictions of models that were trained elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from memjax import store
from memjax.config.run_config import Score
from memjax.data.build import check_finite, check_lengths, check_shape, clean_names
from memjax.errors import InputError
from memjax.exchange import outcomes_of
from memjax.machine.debugging import without_debugging
from memjax.report import draw_report, write_report
from memjax.runs import summary
from memjax.types import Dataset, Outcomes


def report_arrays(
    arrays: Mapping[str, Shaped[np.ndarray, "..."]], folder: str | Path, *,
    train_inputs: Shaped[np.ndarray, "train ..."] | None = None,
    test_inputs: Shaped[np.ndarray, "test ..."] | None = None, class_names: Sequence[str] = (), name: str = "arrays",
    influence: Literal["same-class", "all"] = "same-class", score: Score = "correct",
) -> Path:  # fmt: skip
    """Writes estimates.npz, pairs.npz and report.html of predictions that one already has; the report's path.

    Args:
      arrays: masks (models, train), train_correct or another score (models, train) and what else there is, by the names
        of `memjax.exchange.NAMES`: test_correct, train_labels, test_labels, train_probability, ...
      folder: for the files; created if needed.
      train_inputs, test_inputs: what the report shows of the examples: images (height, width) or (height, width,
        channels), or vectors (features,); both or neither.  Without them it has numbers only.
      class_names: one name per class; by default its number.
      name: what the report calls the data.
      influence: all: also writes influence.npy, with every train-test pair.
      score: what memorization and influence are differences of: correct, or probability, margin or log_odds, which
        must then be there of training and of test examples.

    Raises:
      InputError: an array is missing, or does not fit the other arrays.
    """
    examples, outcomes = outcomes_of(arrays, name)
    if (train_inputs is None) != (test_inputs is None):
        raise InputError("inputs of only the training or only the test examples; give both, or neither")
    if train_inputs is not None and test_inputs is not None:
        examples = _with_inputs(examples, np.asarray(train_inputs), np.asarray(test_inputs))
    if class_names:
        if len(class_names) < examples.num_classes:
            raise InputError(f"{len(class_names)} class names for {examples.num_classes} classes; give one for each")
        examples = replace(examples, class_names=clean_names(list(class_names), "class_names"))
    return write_all(examples, outcomes, store.place(folder), influence == "all", score)


@without_debugging()
def write_all(examples: Dataset, outcomes: Outcomes, folder: Path, all_pairs: bool, score: Score) -> Path:
    """The files of estimates of models in memory, and the report; its path."""
    from memjax.estimators import tally_of
    from memjax.runs.make_estimates import write_results

    tally = tally_of(outcomes, score, examples.train_labels)
    place = store.new_set(folder)
    names = write_results(place, examples, tally, all_pairs)
    note = store.ResultsNote(place.name, tally.num_models, {}, score, num_failed=tally.num_failed)
    store.publish_set(folder, place, note, names, str)  # of a plan of its own: it replaces what is there
    estimates, pairs, *_ = store.read_found(folder, checked=False)
    facts, warnings = summary.facts_of_arrays(examples, outcomes.masks, estimates), summary.warnings(estimates, pairs)
    write_report(folder / "report.html", draw_report(examples, estimates, pairs, facts, warnings))
    return folder / "report.html"


def _with_inputs(examples: Dataset, train: np.ndarray, test: np.ndarray) -> Dataset:
    for which, inputs, labels in (("train", train, examples.train_labels), ("test", test, examples.test_labels)):
        check_lengths(which, inputs, labels)
        if len(inputs):
            check_shape(which, inputs)
            check_finite(which, inputs, np.arange(len(inputs)))
    if train.shape[1:] != test.shape[1:]:
        raise InputError(f"train inputs have shape {train.shape[1:]}, test inputs {test.shape[1:]}; expected the same")
    return replace(examples, train_inputs=train, test_inputs=test)
