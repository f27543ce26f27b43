"""Scores of examples by held-out models: C-scores, out-of-bag predictions, labels that look wrong."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int, Shaped

from memjax import notebook
from memjax.errors import InputError
from memjax.estimators.checks import as_array, as_masks, as_masks_and_scores
from memjax.estimators.kernels.layout import layout_of, own, sides_by_size
from memjax.estimators.memorization import sides
from memjax.metrics import check_range
from memjax.statistics import mean_where
from memjax.types import ArrayLike, Estimate


def c_score(masks: ArrayLike, correct: ArrayLike) -> Estimate:
    """Consistency of each training example with the other examples: how often held-out models get it right.

        c[i] = mean of correct[t, i] over models t that did not see i

    Near 1: the label follows from the other examples.  Near 0: it does not, or is wrong.  Range [0, 1] for
    correctness and probabilities.  It holds for the one subset fraction that the models had; see `consistency_profile`.

    Args:
      masks, correct: as for `memorization`.

    Returns:
      One estimate per example with the standard error of that mean; NaN where no model left the example out.

    Reference:
      Jiang et al., Characterizing Structural Regularities of Labeled Data in Overparameterized Models, 2021,
      arXiv 2002.03206.
    """
    masks, correct = as_masks_and_scores(masks, correct)
    inside, outside = sides(masks, correct)
    if (layout := layout_of(masks)) and layout.strata.any():  # a mean over all held-out models, of whatever size
        of_one = layout._replace(strata=np.zeros_like(layout.strata))
        inside, outside, _ = sides_by_size(of_one, np.asarray(masks), np.asarray(correct), "adjusted", own)
    return Estimate(outside.mean, jnp.sqrt(outside.variance), inside.count, outside.count)


class Profile(NamedTuple):
    """Held-out scores by subset size, and their mean over sizes, which is the C-score of the paper.

    Attributes:
      sizes: (sizes,) examples in a subset, ascending.
      value, stderr: (sizes, train).
      mean: (train,) over all sizes.  Where the example was never left out at a size, the mean of the other examples
        at that size stands in, shifted by how much the example differs from them at the sizes that it has.
    """

    sizes: Int[np.ndarray, " sizes"]
    value: Float[np.ndarray, "sizes train"]
    stderr: Float[np.ndarray, "sizes train"]
    mean: Float[np.ndarray, " train"]

    def __repr__(self) -> str:
        sizes = f"{len(self.sizes)} sizes from {self.sizes.min():,} to {self.sizes.max():,}"
        return f"Profile({sizes}, {len(self.mean):,} examples: {notebook.Summary(self.mean).range()})"


def consistency_profile(masks: ArrayLike, correct: ArrayLike) -> Profile:
    """Held-out score of each training example as a function of how many examples the models had.

    Models are grouped by the size of their subset, which takes a design of several sizes.  Arguments as
    for `c_score`; source as there, section 2.
    """
    masks, correct = map(np.asarray, as_masks_and_scores(masks, correct))
    of_model = masks.sum(1)
    sizes = np.unique(of_model)
    parts = [c_score(masks[of_model == size], correct[of_model == size]) for size in sizes]
    value, stderr = (np.stack([np.asarray(part[field]) for part in parts]) for field in (0, 1))
    known = np.isfinite(value)
    at_size, _ = mean_where(value, known, axis=1)
    # An example lacks large sizes more often than small ones.  In place of those it lacks, the mean over the other
    # examples is taken, shifted by the example's mean difference from them at the sizes that it has.
    usual = np.broadcast_to(at_size[:, None], value.shape)
    shift = mean_where(usual, np.isfinite(usual))[0] - mean_where(usual, known)[0]
    return Profile(sizes, value, stderr, (mean_where(value, known)[0] + shift).astype(np.float32))


def out_of_bag(masks: ArrayLike, logits: ArrayLike) -> Float[Array, "train classes"]:
    """Mean predicted probabilities of each training example by the models that did not see it.

    What cleanlab calls `pred_probs`, from many subsets instead of a few folds.

    Args:
      masks: (models, train).
      logits: of every model on every training example (`--keep logits`).

    Returns:
      Rows that sum to 1; NaN where no model left the example out.

    Raises:
      InputError: shapes that do not fit, no model, logits that are not finite of models that did not see an example, or
        probabilities instead of logits.
    """
    masks, logits = as_masks(masks), as_array("logits", logits)
    if logits.shape[:2] != masks.shape or logits.ndim != 3:
        raise InputError(f"logits has shape {logits.shape}; expected {(*masks.shape, 'classes')}")
    if (
        not isinstance(logits, Tracer)
        and (logits >= 0).all()
        and (abs(logits.astype(np.float32).sum(-1) - 1) < 1e-2).all()
    ):
        raise InputError(
            "logits holds probabilities: no number is negative and each row sums to 1. A softmax of them would be "
            "wrong; give the logits, or the logarithms of the probabilities"
        )
    predicted = _out_of_bag(masks, logits)
    if not isinstance(predicted, Tracer) and bool((jnp.isnan(predicted).any(1) & ~masks.all(0)).any()):
        raise InputError("logits holds values that are no logits (NaN or infinity); leave out models that diverged")
    return predicted


@jax.jit
def _out_of_bag(
    masks: Bool[Array, "models train"], logits: Shaped[Array, "models train classes"]
) -> Float[Array, "train classes"]:
    def add(total, model):
        mask, values = model
        return total + jnp.where(mask[:, None], 0, jax.nn.softmax(values.astype(jnp.float32))), None

    total, _ = jax.lax.scan(add, jnp.zeros(logits.shape[1:], jnp.float32), (masks, logits))
    return total / (~masks).sum(0)[:, None]


def label_errors(masks: ArrayLike, probability: ArrayLike) -> Int[np.ndarray, " train"]:
    """Training examples from the most to the least likely to carry a wrong label.

    By the held-out probability of the given label, the lowest first: it ranked wrong labels above memorization in
    every experiment of this project (`experiments/label_errors`).  Examples that no model left out come last.

    Args:
      masks, probability: (models, train).
    """
    score = c_score(masks, probability)
    check_range("probability", "probability", np.asarray(probability))
    return np.argsort(np.asarray(score.value), kind="stable")  # NaN sorts last
