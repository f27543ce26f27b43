"""Scores of a network that predicts numbers, from its outputs and the targets: one number or several an example.

Targets of regression have mean 0 and variance 1 over the training set: an error of 1 is one standard deviation.
"""

import math
from typing import Any

from jaxtyping import Bool, Float, Shaped

from memjax.metrics.task import Metric


def squared_error(outputs: Float[Any, "batch targets"], targets: Shaped[Any, "batch ..."]) -> Float[Any, " batch"]:
    """(output - target)^2, the mean over the targets of an example, in units of the variance of the target; at least 0.

    1: as wrong as the mean of all targets is for a typical example.
    """
    return ((outputs - _like(targets, outputs)) ** 2).mean(-1)


def minus_squared_error(outputs: Any, targets: Any) -> Any:
    """Minus the squared error, so that more is better; at most 0."""
    return -squared_error(outputs, targets)


def normal_log_likelihood(outputs: Any, targets: Any) -> Any:
    """log N(target; output, 1), the mean over the targets of an example, in nats; the variance is that of the targets.

    It says the same as the squared error: -(squared error + log 2 pi) / 2.
    """
    return -(squared_error(outputs, targets) + math.log(2 * math.pi)) / 2


def poisson_log_likelihood(outputs: Any, targets: Any) -> Any:
    """log Poisson(target; rate exp(output)), the mean over the targets of an example, in nats; at most 0."""
    import jax.numpy as jnp
    from jax.scipy.special import gammaln

    counts = _like(targets, outputs)
    return (counts * outputs - jnp.exp(outputs) - gammaln(counts + 1)).mean(-1)


def bernoulli_log_likelihood(outputs: Any, targets: Any) -> Any:
    """log probability of the given labels by sigmoids of the outputs, the mean over labels, in nats; at most 0."""
    import jax

    return -jax.nn.softplus(-outputs * (2 * _like(targets, outputs) - 1)).mean(-1)


def label_accuracy(outputs: Float[Any, "batch labels"], targets: Any) -> Float[Any, " batch"]:
    """Share of the labels of an example that are right: an output above 0 says that the label is there."""
    return right_labels(outputs, targets).mean(-1)


def exact_match(outputs: Float[Any, "batch labels"], targets: Any) -> Bool[Any, " batch"]:
    """Whether all labels of an example are right."""
    return (right_labels(outputs, targets) == 1).all(-1)


def right_labels(outputs: Float[Any, "batch labels"], targets: Any) -> Float[Any, "batch labels"]:
    """Whether each label of an example is right: 1 or 0."""
    return ((outputs > 0) == (_like(targets, outputs) > 0)).astype(outputs.dtype)


def raw_outputs(outputs: Any, targets: Any) -> Any:
    """The outputs themselves: predictions in standard deviations from the mean, log rates or logits."""
    return outputs


def _like(targets: Any, outputs: Any) -> Any:
    return targets.reshape(outputs.shape)


_KEPT = ("keep",)
_OUTPUTS = Metric("outputs", raw_outputs, "the outputs of the network", _KEPT, per_class=True)
REGRESSION = (
    Metric("minus_squared_error", minus_squared_error, "the squared error of its target, times \N{MINUS SIGN}1",
           range=(-math.inf, 0), unit="variances of the target"),
    Metric("log_likelihood", normal_log_likelihood, "the log likelihood of its target", unit="nats"),
    Metric("squared_error", squared_error, "the squared error of its target in units of the targets' variance",
           ("record",), (0, math.inf), False),
    _OUTPUTS,
)  # fmt: skip
COUNTS = (REGRESSION[1]._replace(function=poisson_log_likelihood), _OUTPUTS)
MULTI_LABEL = (
    Metric("label_accuracy", label_accuracy, "the share of its labels that are right", range=(0, 1)),
    Metric("exact_match", exact_match, "the chance of getting all of its labels or tokens right", range=(0, 1), bits=1),
    REGRESSION[1]._replace(function=bernoulli_log_likelihood),
    Metric("right_labels", right_labels, "whether each of its labels is right", _KEPT, (0, 1), per_class=True),
    _OUTPUTS,
)
