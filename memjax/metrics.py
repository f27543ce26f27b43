"""What is measured of one model on one example: logits in, one number per example out.

Oriented so that higher means the given label is better predicted, but for loss and error_norm, where it means worse.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from memjax.errors import one_of


def correct(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Bool[Array, " batch"]:
    """Whether the largest logit is that of the given label (of equal ones the first counts)."""
    return jnp.argmax(logits, axis=-1) == labels


def probability(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, " batch"]:
    """Softmax probability of the given label, in [0, 1]."""
    return jnp.exp(_given(jax.nn.log_softmax(logits), labels))


def margin(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, " batch"]:
    """Logit of the given label minus the largest other logit; above 0 where correct.

    Reference:
      Ilyas et al., Datamodels, 2022, arXiv 2202.00622.
    """
    return _given(logits, labels) - _others(logits, labels).max(-1)


def log_odds(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, " batch"]:
    """log p / (1 - p) for the probability p of the given label, from the logits, so that it does not saturate.

    Reference:
      Park et al., TRAK, 2023, arXiv 2303.14186; Carlini et al., LiRA, 2022, arXiv 2112.03570.
    """
    return _given(logits, labels) - jax.nn.logsumexp(_others(logits, labels), axis=-1)


def raw_logits(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, "batch classes"]:
    """The logits themselves, for whoever wants to measure something else later."""
    return logits


def loss(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, " batch"]:
    """Cross-entropy of the given label, -log p, at least 0."""
    return -_given(jax.nn.log_softmax(logits), labels)


def error_norm(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, " batch"]:
    """Euclidean length of the error, all probabilities minus the label as 0 and 1; from 0 to sqrt 2.

    Early in training, in the mean over models, this is EL2N (`dynamics.el2n`).

    Reference:
      Paul et al., Deep Learning on a Data Diet, 2021, arXiv 2107.07075, section 2.
    """
    given = jax.nn.one_hot(labels, logits.shape[-1])
    return jnp.sqrt(jnp.square(jax.nn.softmax(logits) - given).sum(-1))


METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "correct": correct,
    "probability": probability,
    "margin": margin,
    "log_odds": log_odds,
    "logits": raw_logits,
    "loss": loss,
    "error_norm": error_norm,
}


def metrics_named(names: tuple[str, ...]) -> dict[str, Callable[[Array, Array], Array]]:
    """The metrics by name; InputError for a name that is none."""
    for name in names:
        if name not in METRICS:
            raise one_of("metric", name, list(METRICS))
    return {name: METRICS[name] for name in names}


def _given(values: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, " batch"]:
    return jnp.take_along_axis(values, labels[:, None], axis=-1)[:, 0]


def _others(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Float[Array, "batch classes"]:
    given = jax.nn.one_hot(labels, logits.shape[-1], dtype=bool)
    return jnp.where(given, -jnp.inf, logits)
