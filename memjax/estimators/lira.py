"""Membership inference by likelihood ratios (LiRA): did this model train on that example?"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Bool, Float, Shaped

from memjax import notebook
from memjax.errors import InputError, one_of
from memjax.estimators.checks import AnyArray, as_masks, as_scores
from memjax.machine.debugging import without_debugging

VARIANTS = ("online", "offline", "offline-density")
LEAST = 1e-6  # of a fixed deviation, which would be 0 where all models are equally sure


@without_debugging()
def lira(
    masks: Shaped[AnyArray, "..."],
    log_odds: Shaped[AnyArray, "..."],
    target: Shaped[AnyArray, "..."],
    variant: str = "online",
    fixed_variance: bool = False,
) -> Float[Array, "targets train"]:
    """How much more likely it is that a target model saw an example than that it did not; larger = member.

    The scores of an example under models that saw it, and under models that did not, are assumed normal around their
    median:

        online            log density of the target's score inside - log density outside
        offline           log probability that an outside score is smaller than the target's
        offline-density   - log density outside, as the authors' code has it

    Args:
      masks: (models, train), of the shadow models, without the targets.
      log_odds: their log p / (1 - p) of the given labels (`--keep log_odds`).
      target: the same of the models that are attacked.
      fixed_variance: one deviation for all examples, from the residuals of each side, instead of one an example;
        better where an example has fewer than about 64 models on a side.  It is at least a millionth.

    Returns:
      NaN where the side that is needed has no model or, unless the deviation is fixed, scores that are all equal.

    Raises:
      InputError: shapes that do not fit, no model, log_odds or targets that are not finite, or an unknown variant.

    Reference:
      Carlini et al., Membership Inference Attacks From First Principles, 2022, arXiv 2112.03570.
    """
    masks = as_masks(masks)
    if log_odds.shape != masks.shape or target.ndim != 2 or target.shape[1] != masks.shape[1]:
        raise InputError(
            f"masks {masks.shape}, log_odds {log_odds.shape} and target {target.shape} do not fit; expected "
            "(models, train) twice and (targets, train)"
        )
    if variant not in VARIANTS:
        raise one_of("variant", variant, VARIANTS)
    log_odds = as_scores("log_odds", log_odds, len(masks))
    target = as_scores("target", target, len(target))  # one infinite score would drop its surest member in silence
    return _lira(masks, jnp.asarray(log_odds, jnp.float32), jnp.asarray(target, jnp.float32), variant, fixed_variance)


class Curve(NamedTuple):
    """How well scores tell members from non-members.

    Attributes:
      false_positives, true_positives: rates, from the highest threshold to the lowest.
      auc: area under that curve; one half is chance.
      balanced_accuracy: the best over all thresholds.
      left_out: scores that are NaN and count nowhere.
    """

    false_positives: Float[np.ndarray, " thresholds"]
    true_positives: Float[np.ndarray, " thresholds"]
    auc: float
    balanced_accuracy: float
    left_out: int = 0

    def __repr__(self) -> str:
        left_out = f"; {self.left_out:,} undefined scores left out" if self.left_out else ""
        auc, balanced, few, fewer = map(notebook.number, (*self[2:4], self.at(0.01), self.at(0.001)))
        return (
            f"Curve(AUC {auc}, balanced accuracy {balanced}; true positives {few} at 1 % false ones, {fewer} at 0.1 %; "
            f"{len(self.false_positives):,} thresholds{left_out})"
        )

    def at(self, false_positives: float) -> float:
        """The largest rate of true positives with at most this rate of false ones, e.g. `curve.at(0.001)`."""
        return float(self.true_positives[self.false_positives <= false_positives].max(initial=0.0))


def membership_curve(scores: Shaped[AnyArray, "..."], members: Shaped[AnyArray, "..."]) -> Curve:
    """The ROC curve of membership scores over all targets and examples; scores that are NaN are left out and counted.

    Args:
      scores: of any shape, larger = member, see `lira`.
      members: whether the target had seen the example, of the same shape.

    Raises:
      InputError: shapes that differ, members other than 0 and 1, or only members, or none.
    """
    from sklearn.metrics import auc, roc_curve

    scores, members = np.asarray(scores, np.float64), np.asarray(members)
    if scores.shape != members.shape:
        raise InputError(f"scores has shape {scores.shape} and members {members.shape}; expected the same")
    if not ((members == 0) | (members == 1)).all():
        raise InputError("members holds values other than 0 and 1; expected whether the target had seen the example")
    members = members.astype(bool)
    known = ~np.isnan(scores)
    scores, members = np.nan_to_num(scores[known]), members[known]
    if members.all() or not members.any():
        raise InputError("a curve needs scores of members and of non-members; there are only "
                         + ("members" if members.size and members.all() else "non-members"))  # fmt: skip
    false, true, _ = roc_curve(members, scores, drop_intermediate=False)
    return Curve(false, true, float(auc(false, true)), float(((true + 1 - false) / 2).max()), int((~known).sum()))


@jax.jit(static_argnames=("variant", "fixed"))
def _lira(
    masks: Bool[Array, "models train"],
    scores: Float[Array, "models train"],
    target: Float[Array, "targets train"],
    variant: str,
    fixed: bool,
) -> Float[Array, "targets train"]:
    outside = _normal(~masks, scores, fixed)
    if variant == "offline":
        return norm.logcdf(target, *outside)
    if variant == "offline-density":
        return -norm.logpdf(target, *outside)
    return norm.logpdf(target, *_normal(masks, scores, fixed)) - norm.logpdf(target, *outside)


def _normal(
    chosen: Bool[Array, "models train"], scores: Float[Array, "models train"], fixed: bool
) -> tuple[Float[Array, " train"], Float[Array, "..."]]:
    """Median of the chosen scores of each example, and their deviation: its own, or that of all residuals."""
    kept = jnp.where(chosen, scores, jnp.nan)
    centre, varies = jnp.nanmedian(kept, axis=0), jnp.nanmax(kept, axis=0) > jnp.nanmin(kept, axis=0)
    if fixed:
        return centre, jnp.maximum(jnp.nanstd(kept - jnp.nanmean(kept, axis=0)), LEAST)
    # By rounding, equal scores have a deviation that is not quite 0.
    return centre, jnp.where(varies, jnp.nanstd(kept, axis=0), jnp.nan)
