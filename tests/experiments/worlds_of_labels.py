"""Worlds in which claims about planted labels, sums, groups and cost are false, for `test_negative_controls`.

Where a claim has a bound other than 0, the truth is the bound itself.
"""

import numpy as np

from experiments.common import claim, planted
from experiments.feldman_zhang import cost, groups
from experiments.label_errors import label_noise, methods, ranking
from experiments.language import grokking
from memjax.estimators import MEM_THRESHOLD


def precisions(rng, scores, draws=5):
    """Of scores that are all alike, in draws that are not."""
    of_draw = rng.normal(size=draws)
    return {score: list(of_draw + 0.5 * rng.normal(size=draws)) for score in scores}


def scores_all_alike(rng):
    """One peer is as good as the chosen score, among the first n; another one finds less."""
    scores = (ranking.CHOSEN, *(f"{planted.PEER}, {name}" for name in "ab"))
    found, first = ({name: precisions(rng, scores) for name in ("one set", "another")} for _ in range(2))
    for of in first.values():
        of[scores[2]] = [value - 5 for value in of[scores[2]]]
    few = {"a set of few draws": precisions(rng, "cd", draws=2)}
    return ranking.verdicts_of(found, first) + planted.finds_more("c", few)


def methods_all_alike(rng):
    names = (methods.MEMORIZATION, methods.HELD_OUT, methods.CLEANLAB, methods.EARLY, methods.MARGIN,
             methods.FORGETTING)  # fmt: skip
    of_draw = rng.normal(size=(5, len(names)))  # of all its rates, which share wrong labels
    rows = [
        {"draw": draw} | dict(zip(names, rate + own + 0.5 * rng.normal(size=len(names)), strict=True))
        for rate in (0, 3, 6) for draw, own in enumerate(of_draw)
    ]  # fmt: skip
    return methods.verdicts_of(rows, rng.normal(size=(len(methods.PRUNED), 5)))


def scores_at_their_bounds(rng):
    """In each of five draws both scores are as good, once as memorization should be, once as the other one should."""

    def judged(bound):
        names = ("memorization", "held_out_probability")
        draws = [bound + 0.01 * rng.normal(size=2) for _ in range(5)]
        fitted = 0.999 + 0.0005 * rng.normal(size=5)
        return claim.over_repeats([
            label_noise.verdicts_of(dict(zip(names, draw, strict=True)), one)
            for draw, one in zip(draws, fitted, strict=True)
        ])  # fmt: skip

    low, high = judged(0.85), judged(0.97)
    return [low[0], high[1], *low[2:]]


def sums_known_alike(rng):
    """Pairs are learned as late whether trained on or not, whatever their mirror image, and `LEARNED` is the end."""
    pairs, _ = grokking.sums(13)
    masks = rng.random((16, len(pairs))) < 0.5
    chance = np.linspace(0.2, grokking.LEARNED, 20)[:, None]
    right = (rng.random((16, 20, len(pairs))) < chance).astype(float)
    inside, outside = grokking.in_and_out(right, masks)
    epochs = np.arange(20)
    known, understood = (grokking.first_epoch(epochs, accuracy) for accuracy in (inside, outside))
    of_mirror = grokking.mirror_gain(right[:, epochs <= np.median(understood)].mean(1), masks, pairs)
    return grokking.verdicts_of(known, understood, outside[:, -1], of_mirror)


def groups_at_the_threshold(rng):
    """150 models with each group and 150 without it; as a group it is memorized no more than its examples."""
    single, whole = ((rng.binomial(150, 0.4 + MEM_THRESHOLD, 40) - rng.binomial(150, 0.4, 40)) / 150 for _ in range(2))
    return groups.verdicts_of(single, whole, np.repeat([0, 1], 20))


def programs_as_fast(rng):
    """The script and both settings of memjax, which compiles in no time; rounds differ for all of them."""
    of_round = rng.normal(size=3)
    seconds = {name: list(np.exp(of_round + 0.1 * rng.normal(size=3))) for name in ("the script", *"ab")}
    return cost.verdicts_of(seconds, dict.fromkeys("ab", 0.0), 100)


WORLDS = {
    scores_all_alike: 150,
    methods_all_alike: 150,
    scores_at_their_bounds: 150,
    sums_known_alike: 100,
    groups_at_the_threshold: 300,
    programs_as_fast: 3000,
}
