"""Scores of a network that chooses a class, from its logits and the number of the given class."""

import math
from typing import Any

from jaxtyping import Bool, Float, Int

from memjax.metrics.task import ALL, Metric


def correct(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Bool[Any, " batch"]:
    """Whether the largest logit is that of the given label (of equal ones the first counts)."""
    return logits.argmax(-1) == labels


def probability(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, " batch"]:
    """Softmax probability of the given label, in [0, 1]."""
    import jax.numpy as jnp

    return jnp.exp(-loss(logits, labels))


def margin(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, " batch"]:
    """Logit of the given label minus the largest other logit; above 0 where correct.

    Reference:
      Ilyas et al., Datamodels, 2022, arXiv 2202.00622.
    """
    return _given(logits, labels) - _others(logits, labels).max(-1)


def log_odds(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, " batch"]:
    """log p / (1 - p) for the probability p of the given label, from the logits, so that it does not saturate.

    Reference:
      Park et al., TRAK, 2023, arXiv 2303.14186; Carlini et al., LiRA, 2022, arXiv 2112.03570.
    """
    from jax.nn import logsumexp

    return _given(logits, labels) - logsumexp(_others(logits, labels), axis=-1)


def raw_logits(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, "batch classes"]:
    """The logits themselves, from which any other metric can be computed later."""
    return logits


def loss(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, " batch"]:
    """Cross-entropy of the given label, -log p, at least 0."""
    from jax.nn import log_softmax

    return -_given(log_softmax(logits), labels)


def error_norm(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, " batch"]:
    """Euclidean length of the error, all probabilities minus the label as 0 and 1; from 0 to sqrt 2.

    Early in training, in the mean over models, this is EL2N (`dynamics.el2n`).

    Reference:
      Paul et al., Deep Learning on a Data Diet, 2021, arXiv 2107.07075, section 2.
    """
    import jax
    import jax.numpy as jnp

    given = jax.nn.one_hot(labels, logits.shape[-1])
    return jnp.sqrt(jnp.square(jax.nn.softmax(logits) - given).sum(-1))


# The first recorded metric that says when an example counts as learned is taken.  A margin above 0 says the same as
# correct.  Loss, probability and log odds say that the label has more than half of the probability: then it is correct,
# but it may have been so for a while.
ROWS = (
    Metric("correct", correct, "the chance of getting its given label right",
           ALL, (0, 1), learned=lambda right: right, bits=1),
    Metric("margin", margin, "the margin of its label: its logit less the largest other one",
           ALL, learned=lambda margin: margin > 0),
    Metric("loss", loss, "the cross-entropy of its label, \N{MINUS SIGN}log p",
           ("record",), (0, math.inf), False, learned=lambda loss: loss < math.log(2)),
    Metric("probability", probability, "the probability that is given to its label",
           ALL, (0, 1), learned=lambda probability: probability > 0.5),
    Metric("log_odds", log_odds, "the log odds of its label, log p / (1 \N{MINUS SIGN} p)",
           ALL, learned=lambda log_odds: log_odds > 0),
    Metric("logits", raw_logits, "the logit of each class", ("keep",), per_class=True),
    Metric("error_norm", error_norm, "the length of its error, all probabilities less the label as 0 and 1",
           ("record",), (0, math.sqrt(2)), False),
)  # fmt: skip


def _given(values: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, " batch"]:
    import jax.numpy as jnp

    return jnp.take_along_axis(values, labels[:, None], axis=-1)[:, 0]


def _others(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, "batch classes"]:
    import jax
    import jax.numpy as jnp

    given = jax.nn.one_hot(labels, logits.shape[-1], dtype=bool)
    return jnp.where(given, -jnp.inf, logits)
