"""What a network is trained for: a loss, the number of its outputs, and the scores of one model on one example.

This folder imports jax only when a loss or a score is computed, so that the command line and the report can read it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from memjax.errors import InputError, one_of

ALL = ("keep", "score", "record")


class Metric(NamedTuple):
    """A row of the table of scores.

    Attributes:
      name: in options, files and messages.
      function: (outputs of the network, targets) -> a number per example.
      words: what it says about an example.
      options: --keep stores it of each finished model; --score takes memorization and influence of it, which needs it
        kept; --record stores it while models train.
      range: lowest and highest value.
      higher_is_better: whether a higher value means that the target is better predicted.
      learned: tells from its values whether an example counts as learned; None where they do not say.
      bits: of a number on disk: 1 of a truth value, 16 of a float16.
      per_class: whether an example has a number for each output of the network.
      unit: of a difference of it, in words.
    """

    name: str
    function: Callable[[Any, Any], Any]
    words: str
    options: tuple[str, ...] = ALL
    range: tuple[float, float] = (-math.inf, math.inf)
    higher_is_better: bool = True
    learned: Callable[[Any], Any] | None = None
    bits: int = 16
    per_class: bool = False
    unit: str = "units of logits"

    @property
    def bounded(self) -> bool:
        """Whether it is from 0 to 1, and a difference from -1 to 1."""
        return self.range == (0, 1)

    def num_bytes(self, num_outputs: int) -> float:
        """Of one example on disk."""
        return self.bits / 8 * (num_outputs if self.per_class else 1)


def _as_float(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda outputs, targets: function(outputs, targets).astype("float32")


def _same(outputs: Any) -> Any:
    return outputs


@dataclass(frozen=True, eq=False)
class Task:
    """What the networks of a run are trained for, as pure functions of the outputs and the targets of a batch.

        task = memjax.Task(loss=lambda outputs, targets: jnp.abs(outputs[:, 0] - targets),
                           scores={"closeness": lambda outputs, targets: -jnp.abs(outputs[:, 0] - targets)})

    Attributes:
      loss: (outputs, targets) -> a loss per example, (batch,); a step follows the gradient of its mean.  Outputs are
        (batch, outputs) floats of the network.
      scores: functions by name, each (outputs, targets) -> a number per example, higher where the target is better
        predicted; or rows `memjax.metrics.Metric`, which also say range, orientation and words.
      name: in options, files and messages.
      targets: classes: the network gets class numbers.  numbers: float32 targets as they are given, (batch,) or
        (batch, targets).  tokens: ids, (batch, length), below 0 where they do not count; outputs are (batch, length,
        vocabulary).
      outputs: training targets -> number of outputs of the network.  Default: one for each class, for each target of an
        example, or for each token of the vocabulary.
      expected: outputs -> what their mean over models says of an example: probabilities of classes, or a prediction.
      keep: the scores that a run stores if none are named; memorization and influence are of the first.  Default: all.
      standardized: whether the network gets targets with mean 0 and variance 1 over the training set.
      problem: training or test targets -> what is wrong with them, in words; empty where they can be used.
      reduced: (outputs, targets) -> what scores take for outputs, where those of all examples do not fit in memory.

    Raises:
      InputError: there is no score, or a built-in name has another range or orientation.
    """

    loss: Callable[[Any, Any], Any]
    scores: Mapping[str, Callable[[Any, Any], Any]] | Sequence[Metric]
    name: str = "own"
    targets: Literal["classes", "numbers", "tokens"] = "numbers"
    outputs: Callable[[Any], int] | None = None
    expected: Callable[[Any], Any] = _same
    keep: tuple[str, ...] = ()
    standardized: bool = False
    problem: Callable[[Any], str] = lambda targets: ""
    reduced: Callable[[Any, Any], Any] | None = None

    def __post_init__(self):
        rows = self.scores
        if isinstance(rows, Mapping):
            rows = [Metric(name, _as_float(function), f"its {name}", unit=name) for name, function in rows.items()]
        if not any("score" in row.options for row in rows):
            raise InputError(
                "a Task needs a score, of which memorization is a difference; give scores={NAME: function}"
            )
        object.__setattr__(self, "scores", tuple(rows))
        kept = self.keep or tuple(row.name for row in rows if {"keep", "score"} <= {*row.options})
        object.__setattr__(self, "keep", kept)

    @property
    def table(self) -> dict[str, Metric]:
        """Its scores by name."""
        return {row.name: row for row in self.scores if isinstance(row, Metric)}

    def functions(self, names: Sequence[str]) -> dict[str, Callable[[Any, Any], Any]]:
        """The functions of some scores by name; InputError for a name that is none of this task."""
        for name in names:
            if name not in self.table:
                raise one_of(f"metric of {self.name}", name, list(self.table))
        return {name: self.table[name].function for name in names}

    def num_outputs(self, dataset: Any) -> int:
        """Of a network for a `memjax.Dataset`."""
        if self.outputs is not None:
            return self.outputs(dataset.targets("train"))
        if self.targets != "numbers":
            return dataset.num_classes if self.targets == "classes" else len(dataset.tokens)
        return math.prod(dataset.targets("train").shape[1:])
