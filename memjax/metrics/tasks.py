"""The tasks that memjax knows by name."""

from typing import Any

from memjax.errors import one_of
from memjax.metrics import of_classes
from memjax.metrics.task import Task


def _cross_entropy(logits: Any, labels: Any) -> Any:
    import optax

    return optax.softmax_cross_entropy_with_integer_labels(logits, labels)


def _softmax(logits: Any) -> Any:
    import jax

    return jax.nn.softmax(logits)


CLASSIFICATION = Task(
    _cross_entropy, of_classes.ROWS, "classification", "classes", expected=_softmax, keep=("correct", "probability")
)
TASKS = {task.name: task for task in (CLASSIFICATION,)}


def task_named(name: str) -> Task:
    """The task of a name, by default classification; InputError for a name that is none."""
    if name and name not in TASKS:
        raise one_of("task", name, list(TASKS))
    return TASKS[name or CLASSIFICATION.name]
