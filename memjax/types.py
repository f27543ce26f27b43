"""The words of memjax: what passes from one part to another.

Axis words, used in every signature:

    models   one entry per trained network        train    one per training example
    test     one per test example                 classes  one per class
    epochs   one per recorded epoch               batch    local to a function

Two kinds of object.  A frozen dataclass stays on the host; a NamedTuple of arrays or functions may cross jit and
vmap.  This file imports no jax, so that what only reads files starts without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int, Shaped

from memjax import notebook
from memjax.disk_inputs import Stored
from memjax.errors import InputError

if TYPE_CHECKING:
    from jax import Array

Tree = Any  # a nest of arrays
AXES = {1: ("example",), 2: ("train", "test")}  # what the axes of an estimate are called, by their number


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples in host memory, as stored (images stay uint8), or their inputs on disk.  Never changed in place.

    Attributes:
      name: where the examples came from, as the user wrote it.
      train_inputs, test_inputs: (examples, *shape); shape is (height, width), (height, width, channels) or (features,).
      train_labels, test_labels: class numbers 0 .. num_classes - 1.
      train_ids, test_ids: the row of each example in its source, before any selection.
      class_names: one name a class, for people.
      mislabelled: training examples whose label was changed on purpose.
      corrupted, test_corrupted: examples that a corruption of labels or inputs has touched; by default none.
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

    def __post_init__(self):
        for name, labels in (("corrupted", self.train_labels), ("test_corrupted", self.test_labels)):
            if getattr(self, name) is None:  # a reader of files need not say that it has corrupted nothing
                object.__setattr__(self, name, np.zeros(len(labels), bool))

    def __repr__(self) -> str:
        changed = f", {int(self.mislabelled.sum()):,} labels changed" if self.mislabelled.any() else ""
        return (
            f"Dataset({self.name!r}: {self.num_train:,} training and {self.num_test:,} test examples of shape "
            f"{self.input_shape}, {self.num_classes} classes{changed})"
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
    def input_shape(self) -> tuple[int, ...]:
        return self.train_inputs.shape[1:]


class SubsetDesign(NamedTuple):
    """Which examples each model may see, as a pure function of the model's number.

    Attributes:
      name: the design in words.
      num_train: examples there are.
      max_size: examples in the largest subset.
      include_prob: chance that a given example is in a given subset.
      num_models: how many different models the design has, or None where there is no end.
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
      init: key -> (params, state).  State is what is not trained by gradient, e.g. batch statistics.
      apply: (params, state, inputs, key, train) -> (logits, state).  Inputs are float, (batch, *shape); the key is for
        dropout and may be None when train is False; train is a plain bool.
    """

    init: "Callable[[Array], tuple[Tree, Tree]]"
    apply: "Callable[[Tree, Tree, Array, Array | None, bool], tuple[Array, Tree]]"


class TrainOutput(NamedTuple):
    """What is kept of one trained model; `training.many` puts a `models` axis in front.

    Attributes:
      train, test: by the name of the metric, a value an example (logits: a row an example).
      finite: whether every logit is a finite number; a model where it is False has diverged.
      record: what was recorded on the way, by the name of the metric, (epochs, train); see `training.probes`.
      classes: (train, classes) probability of every class.  `training.many` averages it over the models of a batch that
        did not train on the example, so it never has a `models` axis on the host.  None where it is not wanted.

    Arrays of jax while they are on a device, of NumPy when `train_many` hands them out.
    """

    train: dict[str, Any]
    test: dict[str, Any]
    finite: Any
    record: Any
    classes: Any = None


class Outcomes(NamedTuple):
    """Finished models as the estimators see them: who trained on what, and what came of it.

    Attributes:
      model_ids: (models,)
      masks: (models, train) bool.
      train, test: by the name of the metric, (models, train) and (models, test).
    """

    model_ids: np.ndarray
    masks: np.ndarray
    train: dict[str, np.ndarray]
    test: dict[str, np.ndarray]

    def __repr__(self) -> str:
        models, train = self.masks.shape
        num_test = max((values.shape[1] for values in self.test.values()), default=0)
        kept = ", ".join(self.train)
        return f"Outcomes({models:,} models, {train:,} training and {num_test:,} test examples: {kept})"


class Curves(NamedTuple):
    """What was recorded of finished models while they trained.

    Attributes:
      model_ids: (models,)
      masks: (models, train) bool.
      epochs: (epochs,) after how many epochs each record was taken, ascending; 0 is before the first step.
      values: by the name of the metric, (models, epochs, train).
    """

    model_ids: np.ndarray
    masks: np.ndarray
    epochs: np.ndarray
    values: dict[str, np.ndarray]


class Estimate(NamedTuple):
    """A number per entry, with what is known of its error.  NaN where it is not defined.

    Attributes:
      value: the estimate.
      stderr: its standard error over models; NaN where fewer than two models stand on a side.
      num_in: models that trained on the example.
      num_out: models that did not.
    """

    value: "Array"
    stderr: "Array"
    num_in: "Array"
    num_out: "Array"

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Lower and upper end of the interval that holds the truth with this probability: value -+ z stderr, z being
        the normal quantile; NaN where there is no standard error.  Not cut off at -1 and 1.

        Raises:
          InputError: a level that is not between 0 and 1.
        """
        from scipy.special import ndtri

        if not 0 < level < 1:
            raise InputError(f"level is {level}; give a probability between 0 and 1, such as 0.95")
        half = float(ndtri((1 + level) / 2)) * self.stderr
        return self.value - half, self.value + half

    def __repr__(self) -> str:
        if not notebook.holds_numbers(*self):
            return notebook.fields(self)
        value, stderr, *counts = map(notebook.Summary, self)
        inside, outside = (f"{count.low:.0f} to {count.high:.0f}" for count in counts)
        errors = f"{notebook.number(stderr.typical)} typical, {notebook.number(stderr.high)} at most"
        return (
            f"Estimate({notebook.shape_of(self.value)}: {value.range()}; standard error {errors}; in {inside} models, "
            f"out of {outside})"
        )

    def _repr_html_(self) -> str | None:
        """The ten largest values, in a notebook."""
        if not notebook.holds_numbers(*self) or np.ndim(self.value) not in AXES or self.value.size > notebook.LARGEST:
            return None
        flat = np.asarray(self.value).reshape(-1)
        order = [entry for entry in np.argsort(-flat, kind="stable")[: notebook.SHOWN] if not np.isnan(flat[entry])]
        places = zip(*np.unravel_index(order, self.value.shape), strict=True)
        columns = [np.asarray(field).reshape(-1)[order] for field in self]
        rows = [[*place, *row] for place, *row in zip(places, *columns, strict=True)]
        head = [*AXES[np.ndim(self.value)], "value", "stderr", "num_in", "num_out"]
        return notebook.table(f"{self!r}; the largest:", head, rows)

    def to_dataframe(self) -> Any:
        """The estimates as a pandas data frame: a row an example, or a row a pair of training and test example.

        Raises:
          InputError: pandas is not installed, or there are neither one nor two axes.
        """
        names = AXES.get(np.ndim(self.value))
        if names is None:
            raise InputError(f"an estimate of shape {self.value.shape} is no table; expected one or two axes")
        columns = {name: np.asarray(field).reshape(-1) for name, field in self._asdict().items()}
        return notebook.frame(columns, dict(zip(names, self.value.shape, strict=True)))
