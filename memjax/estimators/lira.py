"""Membership inference by likelihood ratios (LiRA), attacks with few shadow models or none (RMIA and baselines),
and whether other shadow models would decide the same."""

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
from memjax.statistics import mean_where
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
    masks: ArrayLike, log_odds: ArrayLike, target: ArrayLike, variant: str = "online", fixed_variance: bool = False,
    variance: str = "prior",
) -> Float[Array, "targets train"]:  # fmt: skip
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
    masks: ArrayLike, log_odds: ArrayLike, target: ArrayLike, members: ArrayLike, attack: Callable[..., Any] = lira,
    false_positives: float = 0.01, draws: int = 20, seed: int = 0,
) -> Float[np.ndarray, "targets train"]:  # fmt: skip
    """The share of random halves of the shadow models by which an attack decides about an example as by all of them.

    An example is decided to be a member if its score is above the threshold that lets this rate of non-members pass.
    1: the decision does not depend on which shadow models were trained.  A score that is NaN decides for non-member.

    Args:
      masks, log_odds, target: as of `lira`.
      members: (targets, train), whether the target had seen the example.
      attack: (masks, log_odds, target) -> scores, larger = member.
      false_positives: the rate, from 0 up to 1.
      draws: random halves, at least one.
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


def rmia(
    masks: ArrayLike, log_odds: ArrayLike, target: ArrayLike, population: ArrayLike, population_target: ArrayLike,
    gamma: float = 1.0, offline: float | None = None,
) -> Float[np.ndarray, "targets train"]:  # fmt: skip
    """The share of the population that an example dominates in a target model; larger = member; 0 to 1.

        score[x] = mean over z of (ratio[x] >= gamma ratio[z]),   ratio[x] = P(label | target model) / P(label)

    P(label) of x is the mean of its mean over shadow models that saw x and over those that did not; of z, which no
    model saw, the mean over all shadow models.

    Args:
      masks, log_odds, target: as of `lira`.
      population: (models, population) log odds of the shadow models on examples that neither they nor the targets saw,
        such as the test examples.
      population_target: (targets, population), the same of the target models.
      gamma: above 0.  The paper has 2; with probabilities near 1, ratios are at most 1 / P(label), and few reach 2.
      offline: the paper's a, from 0 to 1, for shadow models that did not see x: P(label) is taken to be
        ((1 + a) p + 1 - a) / 2 of the mean p over these.  None: models on both sides are used.

    Returns:
      NaN where the side that is needed has no model.

    Reference:
      Zarifzadeh, Liu and Shokri, Low-Cost High-Power Membership Inference Attacks, 2024, arXiv 2312.03262.
    """
    masks, log_odds, target = shadows_and_targets(masks, log_odds, target)
    population = as_scores("population", population, len(masks))
    population_target = _population_of(target, as_array("population_target", population_target), population.shape[1])
    if not gamma > 0 or not (offline is None or 0 <= offline <= 1):
        raise InputError(f"gamma is {gamma} and offline {offline}; give a gamma above 0, and 0 to 1 or None")
    shadow, chosen = _probability(log_odds), np.asarray(masks)
    outside, everywhere = mean_where(shadow, ~chosen)[0], _probability(population).mean(0)
    if offline is None:
        usual = (mean_where(shadow, chosen)[0] + outside) / 2
    else:
        usual, everywhere = (((1 + offline) * mean + 1 - offline) / 2 for mean in (outside, everywhere))
    return _share_below(_probability(target) / usual / gamma, _probability(population_target) / everywhere)


def population_attack(target: ArrayLike, population_target: ArrayLike) -> Float[np.ndarray, "targets train"]:
    """The share of the population whose log odds in a target model are at most those of an example; 0 to 1.

    It needs no shadow models.  Arguments as of `rmia`.

    Reference:
      Ye et al., Enhanced Membership Inference Attacks against Machine Learning Models, 2022, attack P,
      arXiv 2111.09679.
    """
    target, outputs = as_array("target", target), as_array("population_target", population_target)
    outputs = _population_of(target, outputs, outputs.shape[-1])
    target = as_scores("target", target, len(target))
    return _share_below(np.asarray(target, np.float64), np.asarray(outputs, np.float64))


def loss_attack(target: ArrayLike) -> Float[np.ndarray, "targets train"]:
    """Minus the loss of each example, log p from its log odds: one threshold for all examples of all targets.

    It ranks examples as their log odds do, so a single threshold on the log odds is the same attack.

    Reference:
      Yeom et al., Privacy Risk in Machine Learning: Analyzing the Connection to Overfitting, 2018, arXiv 1709.01604.
    """
    target = as_array("target", target)
    return -np.logaddexp(0, -np.asarray(as_scores("target", target, len(target)), np.float64))


def _population_of(target: AnyArray, outputs: AnyArray, size: int) -> AnyArray:
    if outputs.shape != (len(target), size) or not size:
        raise InputError(
            f"population_target has shape {outputs.shape}; expected ({len(target)}, {size or 'population'}), a row for "
            "each target and a column for each example of the population, of which there is at least one"
        )
    return as_scores("population_target", outputs, len(target))


def _probability(log_odds: AnyArray) -> Float[np.ndarray, "..."]:
    from scipy.special import expit

    return expit(np.asarray(log_odds, np.float64))


def _share_below(
    values: Float[np.ndarray, "targets train"], others: Float[np.ndarray, "targets population"]
) -> Float[np.ndarray, "targets train"]:
    """The share of each target's others that are at most the value; NaN for NaN."""
    pairs = zip(values, np.sort(others, axis=1), strict=True)
    shares = np.stack([np.searchsorted(own, row, side="right") for row, own in pairs]) / others.shape[1]
    return np.where(np.isnan(values), np.nan, shares)
