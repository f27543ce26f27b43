"""Would an attack decide the same about an example with other shadow models?"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from memjax.errors import InputError
from memjax.estimators.lira import lira, shadows_and_targets
from memjax.types import ArrayLike


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
