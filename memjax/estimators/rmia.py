"""Membership attacks that need few reference models, or none: RMIA, and its baselines."""

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.checks import AnyArray, as_array, as_scores
from memjax.estimators.lira import shadows_and_targets
from memjax.statistics import mean_where
from memjax.types import ArrayLike


def rmia(
    masks: ArrayLike,
    log_odds: ArrayLike,
    target: ArrayLike,
    population: ArrayLike,
    population_target: ArrayLike,
    gamma: float = 1.0,
    offline: float | None = None,
) -> Float[np.ndarray, "targets train"]:
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

    Raises:
      InputError: shapes that do not fit, no model, numbers that are not finite, gamma or offline out of range.

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

    It needs no shadow models.  Arguments and errors as of `rmia`.

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
