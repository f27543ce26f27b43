"""What is recorded of every training example while one model trains: some metrics, after some of the epochs."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

Record = dict[str, Array]  # by the name of the metric, (epochs, train)
LARGEST = float(np.finfo(np.float16).max)


class Probe(NamedTuple):
    """What is recorded, and when.  Nothing is recorded by default, and nothing of it is then in the program.

    The record is part of the model's state, so that a training laid down and taken up again has it too.  It holds a
    number in float16, or a truth value, for every metric, epoch and training example, whatever the number of steps.

    Attributes:
      metrics: by name, see `memjax.metrics`; each a number an example.
      epochs: after how many epochs, ascending; 0 is before the first step.
      num_train: training examples.
    """

    metrics: dict[str, Callable[[Array, Array], Array]]
    epochs: tuple[int, ...]
    num_train: int

    def blank(self) -> Record:
        """The record of a model that has not begun."""
        like = jax.ShapeDtypeStruct((1, 2), jnp.float32), jax.ShapeDtypeStruct((1,), jnp.int32)
        shape = (len(self.epochs), self.num_train)
        return {name: jnp.zeros(shape, _kept(metric, *like)) for name, metric in self.metrics.items()}

    def look(
        self,
        record: Record,
        epoch: Int[Array, ""] | int,
        logits: Callable[[], Float[Array, "train classes"]],
        labels: Int[Array, " train"],
    ) -> Record:
        """The record with the metrics after `epoch` epochs in it, if this epoch is one to be recorded.

        The network is asked, with `logits()`, only then.
        """
        if not self.metrics:
            return record
        due = jnp.asarray(self.epochs) == epoch
        place = jnp.argmax(due)

        def measured(before: Record) -> Record:
            answer = logits()
            return {name: _as_kept(metric(answer, labels)) for name, metric in self.metrics.items()}

        # The branches have one row in hand, not the record, which would be copied.
        now = {name: values[place] for name, values in record.items()}
        new = jax.lax.cond(due.any(), measured, lambda before: before, now)
        return {name: values.at[place].set(new[name]) for name, values in record.items()}


NOTHING = Probe({}, (), 0)


def _kept(metric: Callable[[Array, Array], Array], *like: jax.ShapeDtypeStruct) -> np.dtype:
    """What a metric is kept as: bool, or float16."""
    return np.dtype(bool) if jax.eval_shape(metric, *like).dtype == bool else np.dtype(np.float16)


def _as_kept(values: Shaped[Array, " train"]) -> Shaped[Array, " train"]:
    return values if values.dtype == bool else jnp.clip(values, -LARGEST, LARGEST).astype(jnp.float16)
