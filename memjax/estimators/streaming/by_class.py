"""Errors of class means from a tally, which has no scores of single models, but their sums over each class."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.estimators.class_means import ClassMeans, added_by_models, mean_of_class
from memjax.estimators.kernels.products import WORD
from memjax.estimators.streaming.laid_out import memorization_of
from memjax.estimators.streaming.totals import sides_of

AT_ONCE = 2**22  # bits of models that are unpacked at the same time
Rows = Int[np.ndarray, " class"]
Added = tuple[Float[np.ndarray, " models"], float]


def sums_by_class(
    masks: Bool[np.ndarray, "models train"], scores: Shaped[np.ndarray, "..."], labels: Int[np.ndarray, " train"]
) -> Float[np.ndarray, "sides models classes"]:
    """Sums of a score over the examples of each class that a model was trained on, and over the others."""
    order, found = np.argsort(labels, kind="stable"), np.zeros((2, len(masks), labels.max(initial=-1) + 1))
    present, starts = np.unique(labels[order], return_index=True)
    for side, chosen in zip(found, (masks, ~masks), strict=True):
        if len(present):
            side[:, present] = np.add.reduceat((chosen * scores)[:, order], starts, axis=1, dtype=np.float64)
    return found


def class_means_of(tally) -> tuple[ClassMeans, ClassMeans]:
    """As `class_means` of the score of the tally; and all examples as one class."""
    mem, parts, means = np.asarray(memorization_of(tally, tally.score).value), list[Added](), []
    added = _of_sums(tally) if tally.laid_out is None else None
    for number in range(tally.by_class.shape[2]):
        rows = np.flatnonzero(tally.labels == number)
        parts.append(added(rows, number) if added else _of_models(tally, rows))
        means.append(mean_of_class(mem[rows], *parts[-1]))
    whole = mean_of_class(mem, np.sum([sums for sums, _ in parts], axis=0), sum(own for _, own in parts))
    return ClassMeans._make(np.array(means).T), ClassMeans._make(np.array([whole]).T)


def _of_models(tally, rows: Rows) -> Added:
    models, layout = tally.laid_out
    return added_by_models(layout, models.masks[:, rows], models.train[tally.score][:, rows])


def _of_sums(tally) -> Callable[[Rows, int], Added]:
    """As `added_by_models`, but a model counts for all examples of a side by their mean number of models."""
    sides = [tuple(map(np.asarray, side)) for side in sides_of(tally.scores[tally.score], "unbiased")]
    stderr = np.asarray(memorization_of(tally, tally.score, "unbiased").stderr, np.float64)
    words = tally.bits.masks.reshape(-1, len(stderr))
    used = _unpacked(np.bitwise_or.reduce(words, axis=1)[:, None])[:, 0]
    step = max(1, AT_ONCE // len(used))

    def added(rows: Rows, number: int) -> Added:
        sums, own, expected = tally.by_class[..., number][:, used], 0.0, np.zeros((len(used), 2))
        means = np.nan_to_num(np.stack([mean[rows] for _, mean, _ in sides], 1)).astype(np.float64)
        for start in range(0, len(rows), step):
            expected += _unpacked(words[:, rows[start : start + step]]) @ means[start : start + step]
        expected[:, 1] = means[:, 1].sum() - expected[:, 1]
        counts = [max(count[rows].sum() / max(len(rows), 1) - 1.0, 1e-9) for count, _, _ in sides]
        inside, outside = (sums - expected[used].T) / np.array(counts)[:, None]
        for (count, _, variance), of in zip(sides, counts, strict=True):
            own += float(np.nansum((variance * count * (count - 1.0))[rows])) / of**2
        if not tally.complementary:
            return inside - outside, own
        pairs = (inside - outside).reshape(-1, 2).sum(1)
        return pairs, float(np.nansum(stderr[rows] ** 2)) * len(pairs) / max(len(pairs) - 1, 1)

    return added


def _unpacked(words: Shaped[np.ndarray, "words examples"]) -> Bool[np.ndarray, "models examples"]:
    bits = words[:, None] >> np.arange(WORD, dtype=np.uint32)[:, None] & 1
    return bits.reshape(-1, words.shape[-1]).astype(bool)
