"""Measures of each example during training: reductions of recorded curves, and the measures of Arpit et al.

The reductions take arrays as `read_curves` gives them, (models, epochs, train) or, of one model, (epochs, train), and
leave out the axis of epochs; `over_models` then tells models that trained on an example from those that did not.
Arrays that do not fit, numbers that are not finite and settings out of their range are refused with an `InputError`.
"""

from memjax.dynamics.binomial import Dispersion, binomial_null, dispersion
from memjax.dynamics.critical import Search, critical_sample_ratio, critical_samples, verified
from memjax.dynamics.depth import model_depths, prediction_depth
from memjax.dynamics.learning import (
    area_under_margin,
    at_epoch,
    confidence,
    correctness,
    el2n,
    epochs_to_fit,
    first_learned,
    forgetting_events,
    gradient_norms,
    learned_for_good,
    mean_loss,
    variability,
)
from memjax.dynamics.sensitivity import Unrolled, class_sensitivity, loss_sensitivity
from memjax.dynamics.split import Sides, over_examples, over_models
from memjax.machine.debugging import shield as _shield
from memjax.statistics import gini

__all__ = [
    "Dispersion", "Search", "Sides", "Unrolled", "area_under_margin", "at_epoch", "binomial_null", "class_sensitivity",
    "confidence", "correctness", "critical_sample_ratio", "critical_samples", "dispersion", "el2n", "epochs_to_fit",
    "first_learned", "forgetting_events", "gini", "gradient_norms", "learned_for_good", "loss_sensitivity", "mean_loss",
    "model_depths", "over_examples", "over_models", "prediction_depth", "variability", "verified",
]  # fmt: skip

_shield(__all__, globals())
