"""What is measured of one model on one example: one table, with a function of logits and label for each metric.

This file imports jax only when a metric is computed, so that the command line and the report can read the table.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int

from memjax.errors import InputError, one_of

ROUNDING = 1e-3  # of numbers that were stored as float16


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


class Metric(NamedTuple):
    """A row of the table.

    Attributes:
      name: in options, files and messages.
      function: (logits, labels) -> a number per example.
      words: what it says about an example.
      options: --keep stores it of each finished model; --score takes memorization and influence of it, which needs it
        kept; --record stores it while models train.
      range: lowest and highest value.
      higher_is_better: whether a higher value means that the given label is better predicted.
      learned: tells from its values whether an example counts as learned; None where they do not say.
      bits: of a number on disk: 1 of a truth value, 16 of a float16.
      per_class: whether an example has a number for each class.
    """

    name: str
    function: Callable[[Any, Any], Any]
    words: str
    options: tuple[str, ...]
    range: tuple[float, float] = (-math.inf, math.inf)
    higher_is_better: bool = True
    learned: Callable[[Any], Any] | None = None
    bits: int = 16
    per_class: bool = False

    @property
    def bounded(self) -> bool:
        """Whether it is from 0 to 1, and a difference from -1 to 1."""
        return self.range == (0, 1)

    def num_bytes(self, num_classes: int) -> float:
        """Of one example on disk."""
        return self.bits / 8 * (num_classes if self.per_class else 1)


_ALL = ("keep", "score", "record")
# The first recorded metric that says when an example counts as learned is taken.  A margin above 0 says the same as
# correct.  Loss, probability and log odds say that the label has more than half of the probability: then it is correct,
# but it may have been so for a while.
_ROWS = (
    Metric("correct", correct, "the chance of getting its given label right",
           _ALL, (0, 1), learned=lambda right: right, bits=1),
    Metric("margin", margin, "the margin of its label: its logit less the largest other one",
           _ALL, learned=lambda margin: margin > 0),
    Metric("loss", loss, "the cross-entropy of its label, \N{MINUS SIGN}log p",
           ("record",), (0, math.inf), False, learned=lambda loss: loss < math.log(2)),
    Metric("probability", probability, "the probability that is given to its label",
           _ALL, (0, 1), learned=lambda probability: probability > 0.5),
    Metric("log_odds", log_odds, "the log odds of its label, log p / (1 \N{MINUS SIGN} p)",
           _ALL, learned=lambda log_odds: log_odds > 0),
    Metric("logits", raw_logits, "the logit of each class", ("keep",), per_class=True),
    Metric("error_norm", error_norm, "the length of its error, all probabilities less the label as 0 and 1",
           ("record",), (0, math.sqrt(2)), False),
)  # fmt: skip
METRICS = {row.name: row for row in _ROWS}
SCORES = tuple(name for name, metric in METRICS.items() if "score" in metric.options)
LEARNED = {name: metric.learned for name, metric in METRICS.items() if metric.learned}


def metric_named(name: str) -> Metric:
    """The row of a metric; InputError for a name that is none."""
    if name not in METRICS:
        raise one_of("metric", name, list(METRICS))
    return METRICS[name]


def check_range(what: str, name: str, values: Any) -> None:
    """Refuses values of a metric that cannot be: outside its range by more than rounding.

    Args:
      what: what the user calls the array.
      name: the metric.
      values: NumPy, finite.

    Raises:
      InputError: says the smallest and the largest value, and what may have been given instead.
    """
    metric = metric_named(name)
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    outside = low < metric.range[0] - ROUNDING or high > metric.range[1] + ROUNDING
    if name == "correct" and values.dtype != bool:
        guess = "give True where the model is right"
        if (low, high) == (-1, 1):
            guess = "for -1 and +1 give values > 0"
        elif not outside:
            guess = f"if these are probabilities of the label, call the array {what.replace('correct', 'probability')}"
        raise InputError(f"{what} holds numbers from {low:g} to {high:g}; expected only 0 and 1; {guess}")
    if outside:
        bounds = f"from {metric.range[0]:g} to {metric.range[1]:g}"
        guess = "check what was computed"
        if what != name and name in what:
            guess = f"for a difference of logits call the array {what.replace(name, 'margin')}"
        raise InputError(f"{what} holds numbers from {low:g} to {high:g}; expected {metric.words}, {bounds}; {guess}")


def metrics_named(names: tuple[str, ...]) -> dict[str, Callable[[Any, Any], Any]]:
    """The functions of metrics by name; InputError for a name that is none."""
    return {name: metric_named(name).function for name in names}


def _given(values: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, " batch"]:
    import jax.numpy as jnp

    return jnp.take_along_axis(values, labels[:, None], axis=-1)[:, 0]


def _others(logits: Float[Any, "batch classes"], labels: Int[Any, " batch"]) -> Float[Any, "batch classes"]:
    import jax
    import jax.numpy as jnp

    given = jax.nn.one_hot(labels, logits.shape[-1], dtype=bool)
    return jnp.where(given, -jnp.inf, logits)
