"""Scores of a network that predicts the next token at each place of a sequence.

Outputs are (batch, length, vocabulary) logits, targets (batch, length) token ids; a target below 0 is padding, or a
place that does not count.
"""

import math
from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int, Shaped

from memjax.metrics.of_classes import ROWS
from memjax.metrics.of_numbers import MULTI_LABEL
from memjax.metrics.task import Metric


class OfTokens(NamedTuple):
    """What the scores need of the outputs: two numbers a token instead of one for each token of the vocabulary."""

    log_probability: Float[Any, "batch length"]  # of the target, in nats; 0 where it does not count
    right: Bool[Any, "batch length"]  # whether the target has the largest logit; False where it does not count


def of_tokens(outputs: Any, targets: Int[Any, "batch length"]) -> OfTokens:
    """The log probability of each target, and whether it is the most probable token; what is that already stays so."""
    if isinstance(outputs, OfTokens):
        return outputs
    import jax
    import jax.numpy as jnp

    counts = targets >= 0
    given = jnp.take_along_axis(jax.nn.log_softmax(outputs), jnp.maximum(targets, 0)[..., None], axis=-1)[..., 0]
    return OfTokens(jnp.where(counts, given, 0), counts & (outputs.argmax(-1) == targets))


def token_log_probability(outputs: Any, targets: Any) -> Float[Any, "batch length"]:
    """log p of each token given those before it, in nats; 0 where it does not count."""
    return of_tokens(outputs, targets).log_probability


def log_probability(outputs: Any, targets: Any) -> Float[Any, " batch"]:
    """log p of the tokens of an example given those before them, the mean over tokens that count, in nats; at most 0.

    exp of minus it is the perplexity.
    """
    return _mean(token_log_probability(outputs, targets), targets)


def loss(outputs: Any, targets: Any) -> Float[Any, " batch"]:
    """Cross entropy of an example: minus its `log_probability`, so that each example weighs the same."""
    return -log_probability(outputs, targets)


def token_accuracy(outputs: Any, targets: Any) -> Float[Any, " batch"]:
    """Share of the tokens that count that are the most probable ones.

    Reference:
      Zhang et al., Counterfactual Memorization in Neural Language Models, 2021, arXiv 2112.12938, section 3.
    """
    return _mean(of_tokens(outputs, targets).right.astype("float32"), targets)


def exact_match(outputs: Any, targets: Any) -> Bool[Any, " batch"]:
    """Whether all tokens that count are the most probable ones."""
    return (of_tokens(outputs, targets).right | (targets < 0)).all(-1)


def _mean(values: Shaped[Any, "batch length"], targets: Any) -> Any:
    return values.sum(-1) / (targets >= 0).sum(-1)  # both numbers of a place that does not count are 0


TOKENS = (
    Metric("token_accuracy", token_accuracy, "the share of its tokens that are predicted right", range=(0, 1)),
    *(row._replace(function=exact_match) for row in MULTI_LABEL if row.name == "exact_match"),
    Metric("log_probability", log_probability, "the log probability of its tokens, a token", range=(-math.inf, 0),
           unit="nats"),
    *(row._replace(function=loss, learned=None) for row in ROWS if row.name == "loss"),
    Metric("token_log_probability", token_log_probability, "the log probability of each of its tokens",
           ("keep",), (-math.inf, 0), per_class=True),
)  # fmt: skip
