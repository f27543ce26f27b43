"""The arrays of dynamics.npz: means over models of what they recorded in training, for each example and epoch.

In memory are one block at a time, and for each metric sums of (epochs, train), whatever the number of models.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Float, Shaped

from memjax import store
from memjax.metrics import LEARNED

FILE = "dynamics.npz"


class EpochSums:
    """Sums of a metric over models that trained on an example and over models that did not, for each recorded epoch."""

    def __init__(self, num_epochs: int, num_train: int):
        self._sums = np.zeros((2, 2, num_epochs, num_train))  # values and squares; held out and in sample
        self._rates = True

    def add(self, values: Shaped[np.ndarray, "models epochs train"], masks: Bool[np.ndarray, "models train"]) -> None:
        """Adds models, one epoch at a time: all epochs in float64 would take as much memory as eight blocks."""
        self._rates &= values.dtype == bool
        for epoch in range(values.shape[1]):
            row = values[:, epoch].astype(np.float64)
            for sums, powers in zip(self._sums, (row, row * row), strict=True):
                for side, chosen in enumerate((~masks, masks)):
                    sums[side, epoch] += np.where(chosen, powers, 0).sum(0)

    def side(
        self, count: Shaped[np.ndarray, " train"], inside: bool
    ) -> tuple[Float[np.ndarray, "train epochs"], Float[np.ndarray, "train epochs"]]:
        """Mean and standard error over the models of one side; `count` is their number for each example.

        As for memorization, but in float64: see `moments_of_rates` and `moments_of_scores`.  NaN where there is no
        model; the error is NaN where there is only one.
        """
        from memjax.estimators.kernels.moments import moments_of_rates, moments_of_scores

        first, second = self._sums[:, int(inside)]
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is NaN: undefined, not zero
            found = moments_of_rates(count, first) if self._rates else moments_of_scores(count, first, second)
        return np.asarray(found.mean.T, np.float32), np.asarray(np.sqrt(found.variance).T, np.float32)


def reduce_blocks(blocks: Iterable[store.Block], num_models: int) -> dict[str, np.ndarray] | None:
    """Means of the recorded metrics over models that trained on an example (in) and over models that did not (out).

        tr_loss_in[i, e]  = mean of loss[t, e, i] over models t that trained on i
        tr_learned_in[i]  = mean over the same models of the first recorded epoch, not 0, after which t has i right

    A model that never has i right counts with its last recorded epoch: a hard example that few models learn must not
    look easy.  `tr_num_learned_in` is the number of models that learn it.  Small: learned early.  Range: the first to
    the last recorded epoch.  Without `correct` or `margin`, an example counts as learned where its label has more than
    half of the probability (a loss below ln 2); `learned_from` names the metric.  Diverged models are excluded.

    Returns:
      epochs, num_models, num_failed; tr_num_in and tr_num_out (train,); for each metric tr_METRIC_in, tr_METRIC_out
      (train, epochs), and for learned (train,), with their standard errors, ..._stderr; None if nothing was recorded.
    """
    from memjax.dynamics import first_learned

    totals: dict[str, EpochSums] = {}
    epochs, source, counts, num_failed = np.zeros(0, np.int64), "", [], 0
    for block in blocks:
        if not block.record:
            return None
        asked = block.model_ids < num_models
        used = asked & block.finite
        masks, num_failed = block.masks[used], num_failed + int((asked & ~block.finite).sum())
        record = {name: values[used] for name, values in block.record.items()}
        if not totals:
            epochs, num_train = block.epochs, masks.shape[1]
            source = next((name for name in LEARNED if name in record), "")
            totals = {name: EpochSums(len(epochs), num_train) for name in record}
            totals |= {name: EpochSums(1, num_train) for name in ("learned", "ever") if source}
            counts = [np.zeros(num_train, np.int64), np.zeros(num_train, np.int64)]
        counts = [count + side.sum(0) for count, side in zip(counts, (masks, ~masks), strict=True)]
        if source:
            right = LEARNED[source](record[source])
            first = first_learned(right, epochs)
            record["learned"] = np.where(np.isnan(first), epochs[-1], first)[:, None]
            record["ever"] = ~np.isnan(first)[:, None]
        for name, values in record.items():
            totals[name].add(values, masks)
    arrays: dict[str, np.ndarray] = {"epochs": epochs}
    for side, count in zip(("in", "out"), counts, strict=True):
        arrays[f"tr_num_{side}"] = count.astype(np.int32)
        for name, total in totals.items():
            mean, stderr = total.side(count, side == "in")
            if name == "ever":
                ever = np.nan_to_num(mean[:, 0].astype(np.float64) * count)
                arrays[f"tr_num_learned_{side}"] = np.round(ever).astype(np.int32)
            else:
                kept = np.s_[:, 0] if name == "learned" else np.s_[:]
                arrays |= {f"tr_{name}_{side}": mean[kept], f"tr_{name}_{side}_stderr": stderr[kept]}
    num_seen = np.int64(counts[0][0] + counts[1][0] + num_failed if counts else num_failed)
    return arrays | {"num_models": num_seen, "num_failed": np.int64(num_failed), "learned_from": np.array(source)}
