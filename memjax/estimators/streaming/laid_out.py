"""Estimates of a tally whose models have several subset sizes, or subsets that are repeated or opposite."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from memjax.estimators.complementary import some_models
from memjax.estimators.kernels.influence_from_bits import PAIRS_AT_ONCE, chances_in_pairs, tails_of_bits
from memjax.estimators.kernels.layout import Layout, layout_of
from memjax.estimators.kernels.moments import Moments, as_errors
from memjax.estimators.kernels.null import tails_by_size
from memjax.estimators.kernels.stratified import estimate_by_size, every, laid_out, own, sides_by_size
from memjax.estimators.memorization import memorization
from memjax.estimators.pairs import INFL_THRESHOLD, MEM_THRESHOLD, by_chance, expected_by_chance
from memjax.estimators.streaming.totals import estimate_of, sides_of
from memjax.statistics import null_stderr
from memjax.types import Estimate, Outcomes

Rows = Int[np.ndarray, "..."]
Influence = Float[np.ndarray, "train test"]


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
