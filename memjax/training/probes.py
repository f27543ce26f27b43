"""What is recorded of every training example while one model trains: some metrics, after some of the epochs."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Shaped

from memjax.types import Tree

Measured = dict[str, Array]  # by the name of the metric, (epochs, train)
LARGEST = float(np.finfo(np.float16).max)


class Probe(NamedTuple):
    """What is recorded, and when.  By default nothing is recorded, and the compiled program is unchanged.

    The record is part of the model's state, so that a checkpoint holds it too.  It has a float16 or a truth value for
    every metric, epoch and training example, whatever the number of steps.
    """

    metrics: dict[str, Callable[[Array, Array], Array]]  # by name, see `memjax.metrics`; each a number per example
    epochs: tuple[int, ...]  # after how many epochs, ascending; 0 is before the first step
    num_train: int  # training examples
    # when a model's own training examples are evaluated.  after: after the epoch, like held-out examples.  met:
    # in the training batches of that epoch, in training mode and before the step, without a forward pass of their
    # own; held-out examples still after the epoch.  Subsets must then all be of one size, and nothing is recorded
    # before the first step
    own: Literal["after", "met"] = "after"
    # shapes and types of the outputs and the target of an example
    like: tuple[Any, Any] = (jax.ShapeDtypeStruct((1, 2), jnp.float32), jax.ShapeDtypeStruct((1,), jnp.int32))

    def blank(self) -> Measured:
        """The record of a model that has not begun."""
        shape = (len(self.epochs), self.num_train)
        return {
            name: jnp.zeros(shape, bool if jax.eval_shape(metric, *self.like).dtype == bool else jnp.float16)
            for name, metric in self.metrics.items()
        }

    def after_epoch(
        self, record: Measured, epoch: Int[Array, ""] | int, logits: Callable[[], Tree],
        labels: Shaped[Array, "train ..."],
    ) -> Measured:  # fmt: skip
        """The record with the metrics after `epoch` epochs in it, if this epoch is one to be recorded.

        The network is evaluated (`logits()` is called) only after such an epoch.
        """
        if not self.metrics or self.own == "met":
            return record
        return self._write(record, epoch, lambda: self.measured(logits(), labels))

    def after_batches(
        self, record: Measured, epoch: Int[Array, ""] | int, batches: Int[Array, "batches batch"], of_batches: Measured,
        held_out: Int[Array, " held_out"], logits: Callable[[], Tree], labels: Shaped[Array, "train ..."],
    ) -> Measured:  # fmt: skip
        """With `own="met"`: the record with the model's own examples as recorded in training batches, and the held-out
        examples as they are after the epoch.

        An example that tops up the last batch, and comes for the second time, is left out.
        """
        if not of_batches:
            return record
        size = self.num_train - len(held_out)
        rows = jnp.concatenate([batches.ravel()[:size], held_out])  # each example once

        def measured() -> Measured:
            others = self.measured(logits(), labels[held_out])
            both = {name: jnp.concatenate([of_batches[name].ravel()[:size], others[name]]) for name in others}
            return {
                name: jnp.zeros_like(found).at[rows].set(found, unique_indices=True) for name, found in both.items()
            }

        return self._write(record, epoch, measured)

    def measured(self, logits: Tree, labels: Shaped[Array, "batch ..."]) -> Measured:
        """The metrics of some examples, as they are stored."""
        return {name: _as_stored(metric(logits, labels)) for name, metric in self.metrics.items()}

    def _write(self, record: Measured, epoch: Int[Array, ""] | int, measured: Callable[[], Measured]) -> Measured:
        due = jnp.asarray(self.epochs) == epoch
        place = jnp.argmax(due)
        # The branches take one row, not the record, which would be copied.
        now = {name: values[place] for name, values in record.items()}
        new = jax.lax.cond(due.any(), lambda before: measured(), lambda before: before, now)
        return {name: values.at[place].set(new[name]) for name, values in record.items()}


NOTHING = Probe({}, (), 0)


def _as_stored(values: Shaped[Array, " train"]) -> Shaped[Array, " train"]:
    return values if values.dtype == bool else jnp.clip(values, -LARGEST, LARGEST).astype(jnp.float16)
