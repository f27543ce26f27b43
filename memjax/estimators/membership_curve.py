"""How well scores tell members from non-members: the ROC curve of an attack, with exact intervals, and the lower bounds
of epsilon that follow: how differentially private a training procedure can be at most."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from memjax import notebook
from memjax.errors import InputError
from memjax.statistics import clopper_pearson
from memjax.types import ArrayLike

LARGEST = 60.0  # epsilon, beyond which the odds of a mistake are below float64's precision


class Curve(NamedTuple):
    """How well scores tell members from non-members.

    The intervals are Clopper and Pearson's for each threshold alone, all scores being independent; an example that is
    attacked in several target models is counted as often.

    Attributes:
      false_positives, true_positives: rates, from the highest threshold to the lowest.
      auc: area under that curve; one half is chance.
      balanced_accuracy: the best over all thresholds.
      left_out: scores that are NaN and count nowhere.
      num_members, num_non_members: the scores that count.
    """

    false_positives: Float[np.ndarray, " thresholds"]
    true_positives: Float[np.ndarray, " thresholds"]
    auc: float
    balanced_accuracy: float
    left_out: int = 0
    num_members: int = 0
    num_non_members: int = 0

    def __repr__(self) -> str:
        left_out = f"; {self.left_out:,} undefined scores left out" if self.left_out else ""
        auc, balanced, least = map(notebook.three_digits, (*self[2:4], 100 * self.least_false_positives))
        few, fewer = (
            f"{notebook.three_digits(self.at(rate))} ({' to '.join(map(notebook.three_digits, self.interval(rate)))})"
            for rate in (0.01, 0.001)
        )
        return (
            f"Curve(AUC {auc}, balanced accuracy {balanced}; true positives {few} at 1 % false ones, {fewer} at 0.1 %; "
            f"{self.num_non_members:,} non-members can show {least} % false ones or more; "
            f"{len(self.false_positives):,} thresholds{left_out})"
        )

    @property
    def least_false_positives(self) -> float:
        """The smallest rate of false positives above 0 that so many non-members can show: one of them."""
        return 1 / self.num_non_members if self.num_non_members else float("nan")

    def at(self, false_positives: float) -> float:
        """The largest rate of true positives with at most this rate of false ones, e.g. `curve.at(0.001)`.

        NaN for a rate above 0 that is too small for the number of non-members; at 0 no non-member is called a member.
        """
        if 0 < false_positives < self.least_false_positives:
            return float("nan")
        return float(self.true_positives[self.false_positives <= false_positives].max(initial=0.0))

    def interval(self, false_positives: float, level: float = 0.95) -> tuple[float, float]:
        """The Clopper-Pearson interval of `at`: for the threshold being as it is."""
        low, high = clopper_pearson(self.at(false_positives) * self.num_members, self.num_members, level)
        return float(low), float(high)

    def band(self, level: float = 0.95) -> tuple[Float[np.ndarray, " thresholds"], Float[np.ndarray, " thresholds"]]:
        """Lower and upper ends of the rate of true positives, by Clopper and Pearson, at each threshold."""
        return clopper_pearson(self.true_positives * self.num_members, self.num_members, level)


def membership_curve(scores: ArrayLike, members: ArrayLike) -> Curve:
    """The ROC curve of membership scores over all targets and examples; scores that are NaN are left out and counted.

    Args:
      scores: of any shape, larger = member, see `lira`.
      members: whether the target had seen the example, of the same shape.

    Raises:
      InputError: shapes that differ, members other than 0 and 1, only members, or none, or more than half of the
        scores undefined.
    """
    from sklearn.metrics import auc, roc_curve

    scores, members, left_out = known_scores(scores, members)
    false, true, _ = roc_curve(members, scores, drop_intermediate=False)
    balanced, inside = float(((true + 1 - false) / 2).max()), int(members.sum())
    return Curve(false, true, float(auc(false, true)), balanced, left_out, inside, len(members) - inside)


def known_scores(
    scores: ArrayLike, members: ArrayLike
) -> tuple[Float[np.ndarray, " known"], Shaped[np.ndarray, " known"], int]:
    """Scores that are not NaN, in a row, whether each is of a member, and how many are left out; refuses as
    `membership_curve`."""
    scores, members = np.asarray(scores, np.float64), np.asarray(members)
    if scores.shape != members.shape:
        raise InputError(f"scores has shape {scores.shape} and members {members.shape}; expected the same")
    if not ((members == 0) | (members == 1)).all():
        raise InputError("members holds values other than 0 and 1; expected whether the target had seen the example")
    known = ~np.isnan(scores)
    if known.sum() < known.size / 2:
        raise InputError(
            f"{(~known).sum():,} of {known.size:,} scores are NaN; a curve of the few others would not show how good "
            'the attack is. Give more shadow models, or score with variance="prior"'
        )
    scores, members = np.nan_to_num(scores[known]), members[known].astype(bool)
    if members.all() or not members.any():
        raise InputError("a curve needs scores of members and of non-members; there are only "
                         + ("members" if members.size and members.all() else "non-members"))  # fmt: skip
    return scores, members, int((~known).sum())


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
