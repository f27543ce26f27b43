"""Membership inference by likelihood ratios (LiRA), and whether other shadow models would decide the same."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betainc, digamma, polygamma
from jax.scipy.stats import norm, t
from jaxtyping import Array, Bool, Float, Int, Shaped

from memjax.errors import InputError, one_of
from memjax.estimators.checks import AnyArray, as_array, as_masks, as_scores
from memjax.types import ArrayLike

Chosen = Bool[Array, "models train"]
Scores = Float[Array, "models train"]
Targets = Float[Array, "targets train"]
Train = Float[Array, " train"]
VARIANTS = ("online", "offline", "offline-density")
VARIANCES = ("prior", "own", "fixed")
LEAST = 1e-6  # of a fixed deviation, which would be 0 where all models are equally sure
MOST = 1000.0  # degrees of freedom of the prior, from which a Student-t is a normal distribution


def lira(
    masks: ArrayLike,
    log_odds: ArrayLike,
    target: ArrayLike,
    variant: str = "online",
    fixed_variance: bool = False,
    variance: str = "prior",
) -> Float[Array, "targets train"]:
    """How much more likely it is that a target model saw an example than that it did not; larger = member.

    The scores of an example under models that saw it, and under models that did not, have one distribution each:

        online            log density of the target's score inside - log density outside
        offline           log probability that an outside score is smaller than the target's
        offline-density   - log density outside, as the authors' code has it

    The distribution of one side with k scores, of mean m and sum of squared deviations S:

        prior   Student-t of d + k - 1 degrees of freedom about m, squared scale (d s + S) / (d + k - 1) (1 + 1 / k).
                It predicts one more score if the variance has an inverse gamma prior, whose d and s are fitted to the
                variances of all examples; a side whose scores never vary has a scale of a millionth.
                `benchmarks/membership.py` measures it from 4 to 256 shadow models.
        own     normal about the median, with the example's own deviation, as in the paper
        fixed   normal about the median, with one deviation: sqrt(sum of all S / sum of all k - 1), at least a millionth

    Args:
      masks: (models, train), of the shadow models, without the targets.
      log_odds: their log p / (1 - p) of the given labels (`--keep log_odds`).
      target: the same of the models that are attacked.
      fixed_variance: the same as variance="fixed".
      variance: prior, own or fixed.

    Returns:
      NaN where the side that is needed has no model; with variance="own" also where its scores are all equal.

    Raises:
      InputError: shapes that do not fit, no model, log_odds or targets that are not finite, or an unknown variant or
        variance.

    Reference:
      Carlini et al., Membership Inference Attacks From First Principles, 2022, arXiv 2112.03570.  The fit of the prior:
      Smyth, Linear Models and Empirical Bayes Methods for Assessing Differential Expression in Microarray Experiments,
      Statistical Applications in Genetics and Molecular Biology 3, 2004, section 6.2.
    """
    masks, log_odds, target = shadows_and_targets(masks, log_odds, target)
    if variant not in VARIANTS:
        raise one_of("variant", variant, VARIANTS)
    if variance not in VARIANCES:
        raise one_of("variance", variance, VARIANCES)
    scores, attacked = jnp.asarray(log_odds, jnp.float32), jnp.asarray(target, jnp.float32)
    return _lira(masks, scores, attacked, variant, "fixed" if fixed_variance else variance)


def shadows_and_targets(
    masks: ArrayLike, log_odds: ArrayLike, target: ArrayLike
) -> tuple[Bool[AnyArray, "models train"], Shaped[AnyArray, "models train"], Shaped[AnyArray, "targets train"]]:
    """The arrays of an attack; refuses shapes that do not fit, no model, and scores that are not finite."""
    masks, log_odds, target = as_masks(masks), as_array("log_odds", log_odds), as_array("target", target)
    if log_odds.shape != masks.shape or target.ndim != 2 or target.shape[1] != masks.shape[1]:
        raise InputError(
            f"masks {masks.shape}, log_odds {log_odds.shape} and target {target.shape} do not fit; expected "
            "(models, train) twice and (targets, train)"
        )
    # One infinite score of a target would drop its surest member in silence.
    return masks, as_scores("log_odds", log_odds, len(masks)), as_scores("target", target, len(target))


@jax.jit(static_argnames=("variant", "variance"))
def _lira(masks: Chosen, scores: Scores, target: Targets, variant: str, variance: str) -> Targets:
    fit, density, below = (_student, t.logpdf, _below) if variance == "prior" else (_normal, norm.logpdf, norm.logcdf)
    outside = fit(~masks, scores, variance)
    if variant == "offline":
        return below(target, *outside)
    if variant == "offline-density":
        return -density(target, *outside)
    return density(target, *fit(masks, scores, variance)) - density(target, *outside)


def _normal(chosen: Chosen, scores: Scores, variance: str) -> tuple[Train, Float[Array, "..."]]:
    """Median of the chosen scores of each example, and their deviation: its own, or that of all residuals."""
    count, _, scatter = _side(chosen, scores)
    centre = jnp.nanmedian(jnp.where(chosen, scores, jnp.nan), axis=0)
    if variance == "fixed":
        return centre, jnp.maximum(jnp.sqrt(scatter.sum() / jnp.maximum(count - 1, 0).sum()), LEAST)
    return centre, jnp.where(scatter > 0, jnp.sqrt(scatter / count), jnp.nan)


def _student(chosen: Chosen, scores: Scores, variance: str) -> tuple[Train, ...]:
    """Degrees of freedom, centre and scale of one more score of each example."""
    count, mean, scatter = _side(chosen, scores)
    degrees, squared = _prior(count, scatter)
    whole, none = degrees + jnp.maximum(count - 1, 0), jnp.isnan(squared)
    scale = jnp.sqrt((degrees * squared + scatter) / whole * (1 + 1 / count))
    return jnp.where(none, MOST, whole), mean, jnp.where(none, LEAST, scale)


def _side(chosen: Chosen, scores: Scores) -> tuple[Int[Array, " train"], Train, Train]:
    """How many scores each example has, their mean, and the sum of squared deviations from it."""
    kept, count = jnp.where(chosen, scores, jnp.nan), chosen.sum(0)
    mean, varies = jnp.nanmean(kept, axis=0), jnp.nanmax(kept, axis=0) > jnp.nanmin(kept, axis=0)
    # By rounding, equal scores have a sum that is not quite 0.
    return count, mean, jnp.where(varies, jnp.nansum(jnp.square(kept - mean), axis=0), 0)


def _prior(count: Int[Array, " train"], scatter: Float[Array, " train"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Degrees of freedom and centre of the prior of variances, from mean and variance of their logarithms; NaN if no
    example has two scores that differ."""
    known, half = scatter > 0, jnp.maximum(count - 1, 1) / 2
    logs = jnp.where(known, jnp.log(scatter / 2) - digamma(half), jnp.nan)
    spread = jnp.nanvar(logs, ddof=1) - jnp.nanmean(jnp.where(known, polygamma(1, half), jnp.nan))
    spread = jnp.maximum(jnp.nan_to_num(spread), polygamma(1, MOST / 2))

    def nearer(_: int | Int[Array, ""], x: Float[Array, ""]) -> Float[Array, ""]:  # Newton's step on 1 / trigamma
        slope = polygamma(1, x)
        return x + slope * (1 - slope / spread) / polygamma(2, x)

    x = jax.lax.fori_loop(0, 20, nearer, 0.5 + 1 / spread)
    return 2 * x, jnp.exp(jnp.nanmean(logs) + digamma(x) - jnp.log(x))


def _below(value: Targets, degrees: Train, centre: Train, scale: Train) -> Targets:
    """Log probability that a Student-t is smaller, from the smaller tail."""
    z = (value - centre) / scale
    tail = betainc(degrees / 2, 0.5, degrees / (degrees + z * z)) / 2
    return jnp.where(z > 0, jnp.log1p(-tail), jnp.log(tail))


def decision_stability(
    masks: ArrayLike,
    log_odds: ArrayLike,
    target: ArrayLike,
    members: ArrayLike,
    attack: Callable[..., Any] = lira,
    false_positives: float = 0.01,
    draws: int = 20,
    seed: int = 0,
) -> Float[np.ndarray, "targets train"]:
    """The share of random halves of the shadow models by which an attack decides about an example as by all of them.

    An example is decided to be a member if its score is above the threshold that lets this rate of non-members pass.
    1: the decision does not hang on which shadow models were trained.  A score that is NaN decides for non-member.

    Args:
      masks, log_odds, target: as of `lira`.
      members: (targets, train), whether the target had seen the example.
      attack: (masks, log_odds, target) -> scores, larger = member.
      false_positives: the rate, from 0 up to 1.
      draws: random halves, at least one.

    Raises:
      InputError: shapes that do not fit, fewer than two shadow models, or false_positives or draws out of range.
    """
    masks, log_odds, target = (np.asarray(array) for array in shadows_and_targets(masks, log_odds, target))
    members = np.asarray(members)
    if members.shape != target.shape or len(masks) < 2 or not 0 <= false_positives < 1 or draws < 1:
        raise InputError(
            f"members has shape {members.shape}, there are {len(masks)} shadow models, false_positives is "
            f"{false_positives} and draws {draws}; expected shape {target.shape}, 2 models or more, a rate from 0 "
            "up to 1, and 1 draw or more"
        )

    def decide(models: Shaped[np.ndarray, " models"]) -> Bool[np.ndarray, "targets train"]:
        scores = np.nan_to_num(np.asarray(attack(masks[models], log_odds[models], target), np.float64), nan=-np.inf)
        outside = np.sort(scores[members == 0])[::-1]
        passing = int(false_positives * len(outside))
        return scores > (outside[passing] if passing < len(outside) else -np.inf)

    rng, whole = np.random.default_rng(seed), decide(np.arange(len(masks)))
    halves = (rng.permutation(len(masks))[: len(masks) // 2] for _ in range(draws))
    return np.mean([decide(half) == whole for half in halves], axis=0)
