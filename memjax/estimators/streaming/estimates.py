"""Estimates of a tally, of which models of several subset sizes, or of repeated or opposite subsets, are in memory."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.estimators.complementary import some_models
from memjax.estimators.groups import ClassMeans, added_by_models, mean_of_class
from memjax.estimators.kernels.influence_from_bits import PAIRS_AT_ONCE, chances_in_pairs, tails_of_bits
from memjax.estimators.kernels.layout import Layout, estimate_by_size, every, laid_out, layout_of, own, sides_by_size
from memjax.estimators.kernels.moments import Moments, as_errors
from memjax.estimators.kernels.null import tails_by_size
from memjax.estimators.kernels.products import WORD
from memjax.estimators.memorization import memorization
from memjax.estimators.pairs import INFL_THRESHOLD, MEM_THRESHOLD, by_chance, expected_by_chance
from memjax.estimators.streaming.totals import estimate_of, sides_of
from memjax.statistics import null_stderr
from memjax.types import Estimate, Outcomes

Rows = Int[np.ndarray, "..."]
Influence = Float[np.ndarray, "train test"]
AT_ONCE = 2**22  # bits of models that are unpacked at the same time
Added = tuple[Float[np.ndarray, " models"], float]


class LaidOut(NamedTuple):
    """Models in memory, by their numbers, and their layout."""

    outcomes: Outcomes
    layout: Layout

    def influence(self, score: str, rows: Rows, columns: Rows) -> tuple[Influence, Influence]:
        """Influence of some training on some test examples, and its standard error."""
        masks, scores = self.outcomes.masks[:, rows], self.outcomes.test[score][:, columns]
        found = estimate_by_size(self.layout, masks, scores, "adjusted", every)
        return np.asarray(found.value), np.asarray(found.stderr)

    def p_values(
        self, rows: Rows, columns: Rows, influence: float | None = None, less: bool = False
    ) -> Float[np.ndarray, " pairs"]:
        """As `pair_p_values`; with an influence, how likely so much is."""
        masks, right = self.outcomes.masks, self.outcomes.test["correct"].astype(bool) ^ less
        parts = [np.s_[start : start + PAIRS_AT_ONCE] for start in range(0, len(rows), PAIRS_AT_ONCE)]
        found = [tails_by_size(self.layout, masks[:, rows[p]], right[:, columns[p]], influence) for p in parts]
        return np.concatenate([np.zeros(0), *found])

    def by_chance(self, rows: Rows, columns: Rows) -> float:
        """How many pairs reach the threshold if nothing has influence: exact, of some of them drawn at random."""
        number = len(rows) * len(columns)
        chosen = np.arange(number)
        if number > PAIRS_AT_ONCE:
            chosen = np.random.default_rng(0).integers(number, size=PAIRS_AT_ONCE)
        row, column = np.divmod(chosen, max(1, len(columns)))
        chances = self.p_values(rows[row], columns[column], INFL_THRESHOLD)
        saw = self.outcomes.masks[:, rows[row]]
        chances = np.where(saw.any(0) & ~saw.all(0), chances, 0.0)
        return float(chances.mean() * number) if number else 0.0


def laid_out_of(parts: list[Outcomes]) -> LaidOut | None:
    """The models of all parts; None where they are independent and of one size."""
    whole: Outcomes = jax.tree.map(lambda *values: np.concatenate(values), *parts)
    joined = some_models(whole, np.argsort(whole.model_ids))
    layout = layout_of(joined.masks)
    return LaidOut(joined, layout) if layout else None


def memorization_of(tally, name: str, errors: str = "adjusted") -> Estimate:
    """Memorization by a score of the tally."""
    estimate = estimate_of(tally.scores[name], errors)
    if tally.laid_out is None:
        return estimate
    models, layout = tally.laid_out
    return laid_out(estimate, layout, models.masks, models.train[name], as_errors(errors), own)


def means_of(tally, name: str) -> tuple[Moments, Moments]:
    """Both sides of memorization by a score of the tally."""
    if tally.laid_out is None or not tally.laid_out.layout.strata.any():
        return sides_of(tally.scores[name])
    models, layout = tally.laid_out
    return sides_by_size(layout, models.masks, models.train[name], "adjusted", own)[:2]


def halves_of(tally) -> list[Float[np.ndarray, " train"]]:
    """Memorization from two halves of the models; all models of one subset are in one half."""
    if tally.laid_out is None:
        return [np.asarray(estimate_of(half).value) for half in tally.halves.values()]
    models, layout = tally.laid_out
    first = layout.groups % 2 == 0
    return [
        np.asarray(memorization(models.masks[half], models.train[tally.score][half]).value) for half in (first, ~first)
    ]


def p_values_of(tally, rows: Rows, columns: Rows, less: bool = False) -> Float[np.ndarray, " pairs"]:
    """The p-values of pairs of correctness: of a positive influence, or with `less` of a negative one."""
    if tally.laid_out:
        return tally.laid_out.p_values(rows, columns, less=less)
    return tails_of_bits(tally.bits, tally.num_used, rows, columns, tally.complementary, less)


def prior_errors_of(
    tally, rows: Rows, columns: Rows, stderr: Float[np.ndarray, "*pairs"]
) -> Float[np.ndarray, "*pairs"]:
    """Standard errors of influence as `shrink` takes them: of counts from independent models those under the null."""
    if tally.score != "correct" or tally.complementary or tally.laid_out:
        return stderr
    num_in = np.asarray(tally.scores["correct"].num_in)[rows]
    return null_stderr(tally.num_right[columns], num_in, tally.num_used - num_in)


def by_chance_of(tally, rows: Rows, columns: Rows, stderr: Influence, mem: Float[np.ndarray, " train"]) -> float:
    """Pairs of one class that noise alone is expected to make strong: of correctness exactly."""
    if tally.score != "correct":
        return expected_by_chance(stderr, mem)
    rows = rows[mem >= MEM_THRESHOLD]
    if tally.laid_out:
        return tally.laid_out.by_chance(rows, columns)
    if tally.complementary:
        return len(rows) * chances_in_pairs(tally.bits, tally.num_used, columns, INFL_THRESHOLD)
    return by_chance(tally.scores["correct"].num_in[rows], tally.num_right[columns], tally.num_used)


def sums_by_class(
    masks: Bool[np.ndarray, "models train"], scores: Shaped[np.ndarray, "..."], labels: Int[np.ndarray, " train"]
) -> Float[np.ndarray, "sides models classes"]:
    """Sums of a score over the examples of each class that a model was trained on, and over those held out."""
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
