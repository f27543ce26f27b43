"""The types that all parts of memjax share.  The names of axes in all signatures:

    models   one entry per trained network        train    one per training example
    test     one per test example                 classes  one per class
    epochs   one per recorded epoch               batch    local to a function

A frozen dataclass stays on the host.  A NamedTuple of arrays or functions may be an argument of functions under jit and
vmap.  This file does not import jax, so that programs that only read files start without it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int, Shaped

from memjax import notebook
from memjax.disk_inputs import Stored
from memjax.errors import InputError
from memjax.statistics import Interval, check_level, form_of_interval, unbiased_stderr
from memjax.statistics.differences import bounded_limits, difference_limits

if TYPE_CHECKING:
    from jax import Array

    ArrayLike = Any
else:
    ArrayLike = Shaped[Any, "..."] | Sequence[Any]  # what public functions of arrays take: nested lists, too

Tree = Any  # nested containers of arrays
AXES = {1: ("example",), 2: ("train", "test")}  # number of axes of an estimate -> their names


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test examples, in host memory or with inputs on disk.  Images stay uint8; nothing changes in place.

    Attributes:
      name: the source of the examples, as the user wrote it.
      train_inputs, test_inputs: (examples, *shape); shape is (height, width), (height, width, channels) or (features,).
      train_labels, test_labels: class numbers 0 .. num_classes - 1; all 0 where targets are numbers: one class.
      train_ids, test_ids: the row of each example in its source, before any selection.
      class_names: one name for each class.
      mislabelled: training examples whose label was changed on purpose; corrupted, test_corrupted: label or input.
      train_targets, test_targets: (examples,) or (examples, targets) numbers to be predicted, or ids of tokens, below 0
        where none is to be predicted; None: classes are.
      task: what networks are trained for, by the name of a `Task`; empty: classification.
      tokens: what each id of the vocabulary is in a text; empty where inputs are numbers.
      column_sizes: number of features of each column of the table that inputs are from; empty if they are from none.
    """

    name: str
    train_inputs: Shaped[np.ndarray | Stored, "train ..."]
    train_labels: Int[np.ndarray, " train"]
    test_inputs: Shaped[np.ndarray | Stored, "test ..."]
    test_labels: Int[np.ndarray, " test"]
    train_ids: Int[np.ndarray, " train"]
    test_ids: Int[np.ndarray, " test"]
    class_names: tuple[str, ...]
    mislabelled: Bool[np.ndarray, " train"]
    corrupted: Bool[np.ndarray, " train"] = None  # pyright: ignore[reportAssignmentType]
    test_corrupted: Bool[np.ndarray, " test"] = None  # pyright: ignore[reportAssignmentType]
    train_targets: Shaped[np.ndarray, "train ..."] | None = None
    test_targets: Shaped[np.ndarray, "test ..."] | None = None
    task: str = ""
    tokens: tuple[str, ...] = ()
    column_sizes: tuple[int, ...] = ()

    def __post_init__(self):
        for side, name in (("train", "corrupted"), ("test", "test_corrupted")):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros(len(getattr(self, f"{side}_labels")), bool))

    def __repr__(self) -> str:
        changed = f", {int(self.mislabelled.sum()):,} labels changed" if self.mislabelled.any() else ""
        return (
            f"Dataset({self.name!r}: {self.num_train:,} training and {self.num_test:,} test examples of shape "
            f"{self.input_shape}, {self.kinds}{changed})"
        )

    @property
    def num_train(self) -> int:
        return len(self.train_labels)

    @property
    def num_test(self) -> int:
        return len(self.test_labels)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def kinds(self) -> str:
        """What is to be predicted, in words."""
        numbers = f"sequences (vocabulary {len(self.tokens):,})" if self.tokens else f"targets of {self.task}"
        return f"{self.num_classes} classes" if self.train_targets is None else numbers

    def targets(self, side: str) -> Shaped[np.ndarray, "examples ..."]:
        """What is to be predicted on a side, train or test: numbers, or else class numbers."""
        return getattr(self, f"{side}_labels" if self.train_targets is None else f"{side}_targets")

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.train_inputs.shape[1:]


class SubsetDesign(NamedTuple):
    """Which examples each model trains on, as a pure function of the model's number.

    Attributes:
      name: the design in words.
      num_train, max_size: number of training examples, and of examples in the largest subset.
      include_prob: probability that a given example is in a given subset.
      num_models: number of different models in the design; None if there is no limit.
      masks: model numbers -> Bool[models train], True where the model trains on the example.
    """

    name: str
    num_train: int
    max_size: int
    include_prob: float
    num_models: int | None
    masks: Callable[[np.ndarray], np.ndarray]

    def __repr__(self) -> str:
        most = "" if self.num_models is None else f", {self.num_models:,} models"
        return f"SubsetDesign({self.name!r} of {self.num_train:,}{most})"


class Model(NamedTuple):
    """One network as two pure functions, with no model axis.

    Attributes:
      init: key -> (params, state).  State has the variables that gradients do not train, such as batch statistics.
      apply: (params, state, inputs, key, train) -> (logits, state).  Inputs are float, (batch, *shape); the key is for
        dropout and may be None if train is False; train is a plain bool.
    """

    init: "Callable[[Array], tuple[Tree, Tree]]"
    apply: "Callable[[Tree, Tree, Array, Array | None, bool], tuple[Array, Tree]]"


class TrainOutput(NamedTuple):
    """The saved outputs of one trained model; `training.many` adds a `models` axis in front.

    Attributes:
      train, test: name of the metric -> one value per example (logits: one row per example).
      finite: whether every logit is a finite number; if not, the model has diverged.
      record: name of a metric recorded during training -> (epochs, train); see `training.probes`.
      classes: (train, classes) probability of every class.  `training.many` averages it over the models of a batch that
        did not train on the example, so it never has a `models` axis on the host.  None if it is not requested.
      parameters: epoch -> (params, state) of the network after it; `training.many` adds them.  None if not requested.
        The arrays are jax's on a device, and NumPy's when `train_many` returns them.
    """

    train: dict[str, Any]
    test: dict[str, Any]
    finite: Any
    record: Any
    classes: Any = None
    parameters: Any = None


class Outcomes(NamedTuple):
    """The input of the estimators: what each finished model trained on, and its metrics on all examples.

    Attributes:
      model_ids, masks: (models,) and (models, train) bool, True where the model trained on the example.
      train, test: name of the metric -> (models, train) and (models, test).
    """

    model_ids: np.ndarray
    masks: np.ndarray
    train: dict[str, np.ndarray]
    test: dict[str, np.ndarray]

    def __repr__(self) -> str:
        models, train = self.masks.shape
        num_test = max((values.shape[1] for values in self.test.values()), default=0)
        metrics = ", ".join(self.train)
        return f"Outcomes({models:,} models, {train:,} training and {num_test:,} test examples: {metrics})"


class Curves(NamedTuple):
    """Metrics of finished models, recorded during training.

    Attributes:
      model_ids, masks: (models,) and (models, train) bool, True where the model trained on the example.
      epochs: (epochs,) the epochs after which metrics were recorded, ascending; 0 is before the first step.
      values: name of the metric -> (models, epochs, train).
    """

    model_ids: np.ndarray
    masks: np.ndarray
    epochs: np.ndarray
    values: dict[str, np.ndarray]


class _Estimate(NamedTuple):
    value: "Array"
    stderr: "Array"
    num_in: "Array"
    num_out: "Array"


class Estimate(_Estimate):
    """Estimates with their standard errors and counts of models.  NaN where the estimate is not defined.

    Attributes:
      value: the estimate.
      stderr: its standard error over models; NaN if fewer than two models trained on the example, or did not.
      num_in, num_out: number of models that trained on the example, and of those that did not.
      num_right: number of all these models that were right, for scores of 0 and 1 of independent models.  It may have
        one row where `value` has many.
      sides: number of models, mean and squared error of the mean of either side, for scores from 0 to 1.  Intervals are
        made from these two.  They are None for other estimates, and within a jit, and no part of the tuple.
    """

    num_right: "Array | None" = None
    sides: "tuple[Any, Any] | None" = None

    def __new__(cls, value, stderr, num_in, num_out, num_right=None, sides=None) -> "Estimate":
        estimate = super().__new__(cls, value, stderr, num_in, num_out)
        estimate.num_right, estimate.sides = num_right, sides
        return estimate

    def interval(self, level: float = 0.95, *, form: str | None = None, simultaneous: bool = False) -> Interval:
        """Lower and upper ends of confidence intervals: `low, high = estimate.interval()`.

        Args:
          level: share of the intervals that hold their truth.
          form: mid-p and exact are made from `num_right`, see `difference_limits`; bounded from `sides`, see
            `estimators.bounded_interval`.  normal is value -+ z stderr; its ends may lie outside -1 and 1.  Default:
            mid-p for levels up to 0.95 of each interval, and exact above; without counts bounded, else normal.
          simultaneous: the level is that of all intervals together (Bonferroni).

        Returns:
          NaN where a side has no model; for normal, where there is no standard error.  `.form` says which form it is.

        Raises:
          InputError: a level not between 0 and 1, an unknown form, one without its counts, or mid-p beyond 0.95.
        """
        check_level(level)
        here, sides = notebook.holds_numbers(self.value), self.sides
        alpha = (1 - level) / (max(1, int(np.isfinite(np.asarray(self.value)).sum())) if simultaneous else 1)
        form = form_of_interval(form, here and self.num_right is not None, here and sides is not None, alpha)
        if sides and form == "bounded":
            return bounded_limits(*sides, alpha)
        if form != "normal":
            return Interval(*difference_limits(*self._counts(), alpha, form == "exact"), form)
        from scipy.special import ndtri

        half = float(-ndtri(alpha / 2)) * self.stderr
        return Interval(self.value - half, self.value + half, form)

    @property
    def typical_stderr(self) -> float:
        """Root mean square of the standard errors; with `num_right`, of those from sample variances: the success and
        the failure that `stderr` adds to each side make a single error safe, but a mean of squares too large."""
        if self.num_right is None:
            return notebook.Summary(self.stderr).typical
        return notebook.Summary(unbiased_stderr(*self._counts())).typical

    def _counts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Right answers and models: of models that trained on the example, and of models that did not."""
        value, num_in, num_out, num_right = (
            np.asarray(field, np.float64) for field in (self.value, self.num_in, self.num_out, self.num_right)
        )
        with np.errstate(invalid="ignore", divide="ignore"):  # no model: undefined
            right_in = np.round((value + num_right / num_out) / (1 / num_in + 1 / num_out))
        return right_in, num_in, num_right - right_in, num_out

    def __repr__(self) -> str:
        if not notebook.holds_numbers(*self):
            return super().__repr__()
        value, stderr, *counts = map(notebook.Summary, self)
        inside, outside = (f"{count.low:.0f} to {count.high:.0f}" for count in counts)
        errors = f"{notebook.three_digits(self.typical_stderr)} typical, {notebook.three_digits(stderr.high)} at most"
        return (
            f"Estimate({notebook.shape_of(self.value)}: {value.range()}; standard error {errors}; in {inside} models, "
            f"out of {outside})"
        )

    def _repr_html_(self) -> str | None:
        """The ten largest values, in a notebook."""
        if not notebook.holds_numbers(*self) or np.ndim(self.value) not in AXES or self.value.size > notebook.LARGEST:
            return None
        largest = self.to_dataframe().dropna(subset="value").nlargest(notebook.SHOWN, "value")
        return notebook.html_table(f"{self!r}; the largest:", largest.reset_index())

    def to_dataframe(self) -> Any:
        """The estimates as a pandas data frame: one row per example, or per pair; InputError for other axes."""
        names = AXES.get(np.ndim(self.value))
        if names is None:
            raise InputError(f"an estimate of shape {self.value.shape} cannot be a table; expected one or two axes")
        columns = {name: np.asarray(field).reshape(-1) for name, field in self._asdict().items()}
        return notebook.frame(columns, dict(zip(names, self.value.shape, strict=True)))
