"""memjax as an estimator of scikit-learn."""

import tempfile
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from memjax.data.adapters import as_frame, is_frame
from memjax.errors import InputError
from memjax.runs.fit import fit

ROWS = 20  # of the table of suspects, if no more labels look wrong


class LabelQuality(BaseEstimator):
    """How far the label of each training example is to be trusted, as an estimator of scikit-learn.

    `fit(X, y)` trains many models on random subsets of the examples, and keeps what they say of examples that they did
    not train on.  As the last step of a pipeline it judges what the earlier steps make of the data; with
    `set_output(transform="pandas")` their names of columns come into `suspects_`.  Like LocalOutlierFactor it judges
    only the examples it is fitted to, so there is no `predict`:

        pipeline = make_pipeline(StandardScaler(), LabelQuality(num_models=400)).set_output(transform="pandas")
        pipeline.fit(X, y)[-1].suspects_

    Args:
      model: a network, as of `memjax.fit`.
      num_models: models to train in all.
      run: the path of a run folder to keep, which `memjax.open` opens; without, nothing stays on the disk.
      random_state: decides the subsets and all else that is random: a number, or a NumPy generator to draw it from.
      verbose: whether a bar shows the progress.
      options: other options of `memjax.fit` by name, such as {"epochs": 30}.

    Attributes:
      label_quality_: (examples,) mean probability that held-out models give the label; low is suspicious.
      memorization_: (examples,) how much seeing an example raises the chance of getting it right, -1 to 1.
      memorization_stderr_: (examples,) its standard error.
      held_out_probabilities_: (examples, classes) mean probability of each class over the held-out models.
      looks_wrong_: (examples,) whether held-out models are sure of another class than the label.
      suspects_: a data frame, most suspicious first, of as many rows as labels look wrong, at least 20: the columns of
        `Result.suspects`, then those of X, if X is a data frame.
      classes_: the labels that there are, in the order of the columns of `held_out_probabilities_`.
      n_features_in_, feature_names_in_: number of features, and their names, if X is a data frame with names.
    """

    def __init__(
        self, model: Any = "mlp:128", num_models: Any = 512, *, run: Any = None, random_state: Any = 0,
        verbose: Any = False, options: Any = None,
    ):  # fmt: skip  # of any type: by scikit-learn's conventions `fit` checks them
        self.model = model
        self.num_models = num_models
        self.run = run
        self.random_state = random_state
        self.verbose = verbose
        self.options = options

    def fit(self, X: Any, y: Any) -> "LabelQuality":
        """Judges the labels y of the examples X.

        Args:
          X: (examples, features) numbers; images (examples, height, width) or with channels; or a data frame, whose
            columns may hold categories and whose index names the examples.
          y: (examples,) one label per example: words, whole numbers or booleans.

        Raises:
          ValueError: arrays that scikit-learn's estimators refuse, such as with NaN.
          InputError: a column or an option cannot be used.
        """
        if is_frame(X):
            validate_data(self, X, y, skip_check_array=True)
            X = as_frame(X)
        else:
            X, y = validate_data(self, X, y, allow_nd=True, ensure_min_samples=2)
            check_classification_targets(y)
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = int(check_random_state(seed).randint(2**31))
        if clash := {"model", "num_models", "run", "seed", "progress", "task"} & set(self.options or {}):
            raise InputError(f"options name {min(clash)}, which is an argument of LabelQuality itself; give it there")
        with tempfile.TemporaryDirectory(prefix="memjax-") as folder:
            result = fit(
                X, y, model=self.model, num_models=self.num_models, run=self.run or Path(folder) / "run", seed=seed,
                progress=self.verbose, task="classification", **self.options or {},
            )  # fmt: skip
            self._take(result, X if is_frame(X) else None)
        return self

    def fit_predict(self, X: Any, y: Any) -> np.ndarray:
        """Judges the labels: -1 where a label looks wrong, else 1, as scikit-learn's outlier detectors say it."""
        return np.where(self.fit(X, y).looks_wrong_, -1, 1)

    def _take(self, result: Any, frame: Any) -> None:
        """Keeps what the run found, in memory."""
        columns = result.columns
        self.label_quality_ = columns["probability_out"]
        self.memorization_, self.memorization_stderr_ = columns["memorization"], columns["stderr"]
        self.held_out_probabilities_, self.looks_wrong_ = result.held_out_probabilities, columns["looks_wrong"]
        self.classes_ = np.array(result.classes)
        self.suspects_ = result.suspects(max(ROWS, int(self.looks_wrong_.sum())))
        if frame is not None:
            rows = frame.iloc[self.suspects_["row"]].reset_index(drop=True)
            both = {name: f"{name}_in_X" for name in rows if name in self.suspects_}
            self.suspects_ = self.suspects_.join(rows.rename(columns=both))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
