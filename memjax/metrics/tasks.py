"""The tasks that memjax knows by name, and those of the user's own."""

import importlib
import math
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from memjax.errors import InputError, first_line, one_of
from memjax.metrics import of_classes, of_numbers, of_tokens
from memjax.metrics.task import Metric, Task

GIVEN = "given:"


def _of(module: str, name: str) -> Callable[..., Any]:
    """A function of jax or optax, which is imported when it is first called."""
    return lambda *arguments: getattr(importlib.import_module(module), name)(*arguments)


_cross_entropy = _of("optax", "softmax_cross_entropy_with_integer_labels")
_softmax, _sigmoid, _exp = _of("jax.nn", "softmax"), _of("jax.nn", "sigmoid"), _of("jax.numpy", "exp")


def _two(logit: Any) -> Any:
    """Logits of both classes, from that of the second alone."""
    import jax.numpy as jnp

    return jnp.pad(logit, ((0, 0), (1, 0)))


def _after(before: Callable[[Any], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda outputs, *targets: function(before(outputs), *targets)


def _minus(score: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda outputs, targets: -score(outputs, targets)


def _not_binary(labels: np.ndarray) -> str:
    return f"are of {labels.max(initial=0) + 1} classes; expected 2" if labels.max(initial=0) != 1 else ""


def _no_counts(targets: np.ndarray) -> str:
    wrong = targets[(targets < 0) | (targets != np.round(targets))]
    return f"hold {wrong[0]:g}; expected whole numbers from 0" if wrong.size else ""


def _no_labels(targets: np.ndarray) -> str:
    if targets.ndim != 2:
        return f"have shape {targets.shape}; expected 0 and 1, a row for each example, a column for each label"
    wrong = targets[(targets != 0) & (targets != 1)]
    return f"hold {wrong[0]:g}; expected 0 and 1, a column for each label" if wrong.size else ""


def _no_target(targets: np.ndarray) -> str:
    constant = targets.size and not np.ptp(targets, axis=0).all()
    return f"are all {np.ravel(targets)[0]:g}: there is nothing to predict; give others" if constant else ""


_BOTH, _ROWS = ("correct", "probability"), of_classes.ROWS
CLASSIFICATION = Task(_cross_entropy, _ROWS, "classification", "classes", expected=_softmax, keep=_BOTH)
TASKS = {
    task.name: task
    for task in (
        CLASSIFICATION,
        Task(_after(_two, _cross_entropy), [each._replace(function=_after(_two, each.function)) for each in _ROWS],
             "binary", "classes", lambda labels: 1, _after(_two, _softmax), _BOTH, problem=_not_binary),
        Task(of_numbers.squared_error, of_numbers.REGRESSION, "regression",
             keep=("minus_squared_error", "log_likelihood"), standardized=True, problem=_no_target),
        Task(_minus(of_numbers.poisson_log_likelihood), of_numbers.COUNTS, "counts", expected=_exp, problem=_no_counts),
        Task(_minus(of_numbers.bernoulli_log_likelihood), of_numbers.MULTI_LABEL, "multi_label", expected=_sigmoid,
             keep=("label_accuracy", "exact_match", "log_likelihood"), problem=_no_labels),
        Task(of_tokens.loss, of_tokens.TOKENS, "tokens", "tokens",
             keep=("token_accuracy", "exact_match", "log_probability", "token_log_probability"),
             reduced=of_tokens.of_tokens),
    )
}  # fmt: skip
BUILT_IN = tuple(TASKS)
METRICS: dict[str, Metric] = {}  # what several tasks have by one name means the same in each
for _task in TASKS.values():
    METRICS |= {name: row for name, row in _task.table.items() if name not in METRICS}


def task_named(name: str, code: bool = False) -> Task:
    """The task of a name, by default classification; one's own is `package.module:NAME`.

    Args:
      code: whether the loss and the scores are to be computed; of a run folder, where only names are needed, no code of
        one's own is imported.

    Raises:
      InputError: the name is none, or what it names cannot be imported or is no Task.
    """
    if ":" in name and (name not in TASKS or (code and TASKS[name].loss is _missing)):
        add_task(name, _imported(name))
    if name and name not in TASKS:
        raise one_of("task", name, [*BUILT_IN, "package.module:NAME"])
    return TASKS[name or CLASSIFICATION.name]


def task_words(task: str | Task) -> str:
    """The name of a task for the settings; an object is known by `given:NAME`, and only to this process."""
    if isinstance(task, str):
        return task
    if not isinstance(task, Task):
        raise InputError(f"task is a {type(task).__name__}; give the name of one, or a memjax.Task")
    add_task(GIVEN + task.name, task)
    return GIVEN + task.name


def add_task(name: str, task: Task) -> None:
    """Makes a task known by this name, and its scores by theirs."""
    for row in task.table.values():
        there = METRICS.get(row.name)
        built_in = any(row.name in TASKS[each].table for each in BUILT_IN)
        if built_in and there and (row.range, row.higher_is_better) != (there.range, there.higher_is_better):
            raise InputError(
                f"task {task.name} has a score {row.name} from {row.range[0]:g} to {row.range[1]:g}; memjax has one of "
                f"this name from {there.range[0]:g} to {there.range[1]:g}: give it another name, or the same range"
            )
        METRICS.setdefault(row.name, row)
        if not built_in:
            METRICS[row.name] = row
    TASKS[name] = task


def described(task: Task) -> dict[str, Any]:
    """What a plan says of one's own task: all but its functions, as JSON values."""
    rows = [row._asdict() for row in task.table.values()]
    for row in rows:
        del row["function"], row["learned"]
        row["options"] = list(row["options"])
        row["range"] = [end if math.isfinite(end) else None for end in row["range"]]
    return {"targets": task.targets, "standardized": task.standardized, "scores": rows}


def remember(name: str, known: dict[str, Any]) -> None:
    """Makes one's own task known from the plan of its run, without its code."""
    if name not in TASKS:
        limits = -math.inf, math.inf
        rows = [
            Metric(**row | {
                "function": _missing, "options": tuple(row["options"]),
                "range": tuple(limit if end is None else end for end, limit in zip(row["range"], limits, strict=True)),
            })
            for row in known["scores"]
        ]  # fmt: skip
        given = {"targets": known["targets"], "standardized": known["standardized"]}
        add_task(name, Task(_missing, rows, name.partition(":")[2], **given))


def _missing(*given: Any) -> Any:
    raise InputError("the code of this task is not there; give it again with memjax.fit(..., task=...)")


def _imported(name: str) -> Task:
    module, _, attribute = name.partition(":")
    if module == GIVEN[:-1]:
        raise InputError(f"task {attribute} was given to memjax.fit in Python; give it again, or put it into a module")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # `python -m` has it, the command `memjax` does not
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as problem:  # of the user's code
        raise InputError(f"--task {name} cannot be imported; check the name: {first_line(problem)}") from problem
    if not isinstance(found, Task):
        raise InputError(f"--task {name} is a {type(found).__name__}; expected a memjax.Task")
    return found
