"""Lower bounds of epsilon: how differentially private a training procedure can be at most, by what an attack finds."""

import numpy as np
from jaxtyping import Float, Shaped

from memjax.errors import InputError
from memjax.estimators.membership_curve import known_scores
from memjax.statistics import clopper_pearson
from memjax.types import ArrayLike

LARGEST = 60.0  # epsilon, beyond which the odds of a mistake are below float64's precision


def epsilon_from_rates(
    scores: ArrayLike, members: ArrayLike, delta: float = 0.0, level: float = 0.95, seed: int = 0
) -> float:
    """A lower bound of epsilon from the rates of true and false positives of an attack, at one threshold.

        epsilon >= log((TPR - delta) / FPR)   and   epsilon >= log((1 - FPR - delta) / (1 - TPR))

    with the lower end of TPR and the upper end of FPR by Clopper and Pearson, each missed with half of 1 - level.  A
    random half of the scores chooses the threshold and the inequality; the other half gives the bound.

    Args:
      scores, members: as of `membership_curve`; independent, so best one score for each target model.
      delta: of (epsilon, delta) differential privacy.
      level: how probable it is that the bound holds.

    Returns:
      At least 0, which says nothing.

    Raises:
      InputError: as of `membership_curve`, or delta or level out of range.

    Reference:
      Jagielski, Ullman and Oprea, Auditing Differentially Private Machine Learning, 2020, arXiv 2006.07709.
    """
    _check(delta, level)
    scores, members, _ = known_scores(scores, members)
    half = np.random.default_rng(seed).permutation(len(scores)) % 2 == 0
    thresholds = np.unique(scores[half])
    bounds = _bounds(scores[half], members[half], thresholds, delta, level)
    which, best = np.unravel_index(np.argmax(bounds), bounds.shape)
    return max(0.0, float(_bounds(scores[~half], members[~half], thresholds[best : best + 1], delta, level)[which, 0]))


def _bounds(
    scores: Float[np.ndarray, " scores"], members: Shaped[np.ndarray, " scores"],
    thresholds: Float[np.ndarray, " thresholds"], delta: float, level: float,
) -> Float[np.ndarray, "two thresholds"]:  # fmt: skip
    """Both bounds at each threshold; - infinity where there is none."""
    counts = [(len(side), len(side) - np.searchsorted(np.sort(side), thresholds, side="left"))
              for side in (scores[members], scores[~members])]  # fmt: skip
    (true_low, _), (_, false_high) = (clopper_pearson(called, size, level) for size, called in counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.stack([(true_low - delta) / false_high, (1 - false_high - delta) / (1 - true_low)])
        return np.nan_to_num(np.log(ratios), nan=-np.inf, neginf=-np.inf)


def epsilon_from_one_model(
    scores: ArrayLike, members: ArrayLike, guesses: int, delta: float = 0.0, level: float = 0.95
) -> float:
    """A lower bound of epsilon from one model, whose examples were in its subset or not by a fair coin each.

    The examples with the highest scores are guessed to be members and those with the lowest to be non-members, half of
    the guesses each.  Of r guesses about m examples under (epsilon, delta) differential privacy,

        P(v or more are right) <= P(B >= v) + 2 m delta max over i of P(v > B >= v - i) / i,
        B binomial of r and 1 / (1 + exp(-epsilon))

    The bound is the largest epsilon for which this is at most 1 - level.

    Args:
      scores, members: of one target model, (train,), as of `membership_curve`: subsets of `bernoulli`, fraction 1/2.
      guesses: how many; choose it before looking at the result.

    Returns:
      At least 0, which says nothing.

    Raises:
      InputError: as of `membership_curve`, or guesses, delta or level out of range.

    Reference:
      Steinke, Nasr and Jagielski, Privacy Auditing with One (1) Training Run, 2023, arXiv 2305.08846, theorem 5.2.
    """
    from scipy.optimize import brentq

    _check(delta, level)
    scores, members, left_out = known_scores(scores, members)
    if not 2 <= guesses <= len(scores):
        raise InputError(f"guesses is {guesses}; give a number from 2 to {len(scores)}, the examples that have a score")
    order, low = np.argsort(scores, kind="stable"), guesses // 2
    right = int((~members[order[:low]]).sum() + members[order[len(order) - (guesses - low) :]].sum())

    def beyond(epsilon: float) -> float:
        return p_value_of_one_model(len(scores) + left_out, guesses, right, epsilon, delta) - (1 - level)

    if beyond(0.0) >= 0:
        return 0.0
    return LARGEST if beyond(LARGEST) < 0 else float(brentq(beyond, 0.0, LARGEST))  # pyright: ignore[reportArgumentType]


def p_value_of_one_model(examples: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """The largest probability that so many guesses or more are right; see `epsilon_from_one_model`."""
    from scipy.stats import binom

    chance, steps = 1 / (1 + np.exp(-epsilon)), np.arange(1, right + 1)
    excess = np.cumsum(binom.pmf(right - steps, guesses, chance)) / steps
    beyond = float(binom.sf(right - 1, guesses, chance))
    return min(1.0, beyond + 2 * examples * delta * float(excess.max(initial=0.0)))


def _check(delta: float, level: float) -> None:
    if not (0 <= delta < 1 and 0 < level < 1):
        raise InputError(f"delta is {delta} and level {level}; give a delta from 0 up to 1, and a level such as 0.95")
