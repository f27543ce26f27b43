"""What a run of several labels an example says about each label."""

from typing import Any

import numpy as np

from memjax import notebook
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.runs.open_folder import Run
from memjax.types import Outcomes


class ByLabel:
    """The part of a `Result` that is about single labels of an example."""

    run: Run
    config: RunConfig
    outcomes: Outcomes
    ids: np.ndarray

    @property
    def label_scores(self) -> Any:
        """Scores of each label of each training example, as a pandas data frame: a row for each example and label.

        Columns: id, label (its number, from 0), given (0 or 1), right_in and right_out (share of the models trained on
        the example, and not, that get this label right), memorization (their difference) with its stderr.

        Raises:
          InputError: the run did not store right_labels.
        """
        return notebook.frame(self.label_columns)

    @property
    def label_columns(self) -> dict[str, np.ndarray]:
        """The columns of `label_scores` by their names."""
        from memjax.estimators import memorization

        found, given = self.outcomes, self.run.dataset.targets("train")
        if "right_labels" not in found.train:
            raise InputError(
                "the run did not store whether each label is right; give --keep label_accuracy right_labels"
            )
        num_train, count = given.shape
        right = np.moveaxis(found.train["right_labels"] > 0.5, 2, 0)
        scores = [memorization(found.masks, each) for each in right]
        inside = [np.mean(each, axis=0, where=found.masks) for each in right]
        outside = [np.mean(each, axis=0, where=~found.masks) for each in right]
        parts = {"right_in": inside, "right_out": outside, "memorization": [each.value for each in scores],
                 "stderr": [each.stderr for each in scores]}  # fmt: skip
        names = {"id": np.repeat(self.ids, count), "label": np.tile(np.arange(count), num_train)}
        values = {name: np.stack(list(map(np.asarray, part)), axis=1).ravel() for name, part in parts.items()}
        return names | {"given": given.astype(int).ravel()} | values
