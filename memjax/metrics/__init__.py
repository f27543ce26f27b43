"""What is measured of one model on one example: one table, with a function of outputs and target for each score.

`tasks.py` says which of them each task has.
"""

from collections.abc import Iterable
from typing import Any

from memjax.errors import InputError, one_of
from memjax.metrics.of_classes import correct, error_norm, log_odds, loss, margin, probability, raw_logits
from memjax.metrics.task import Metric, Task
from memjax.metrics.tasks import BUILT_IN, CLASSIFICATION, METRICS, described, remember, task_named, task_words

__all__ = [
    "BUILT_IN", "CLASSIFICATION", "LEARNED", "METRICS", "Metric", "Task", "check_range", "correct", "described",
    "error_norm", "log_odds", "loss", "margin", "metric_named", "probability", "raw_logits", "remember", "scores",
    "task_named", "task_words",
]  # fmt: skip

ROUNDING = 1e-3  # of numbers that were stored as float16

LEARNED = {name: metric.learned for name, metric in METRICS.items() if metric.learned}


def scores(there: Iterable[str] | None = None) -> list[str]:
    """The metrics of which memorization and influence can be taken, in the order of the table; with `there` only those
    that are among these names."""
    return [name for name, row in METRICS.items() if "score" in row.options and (there is None or name in there)]


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
