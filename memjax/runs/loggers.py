"""The numbers of the closing table, sent to MLflow, Weights & Biases or TensorBoard."""

import math
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from memjax.runs import summary
from memjax.store import shown

TABLE = "memjax/table"  # the closing table as a text


def log(name: str, result: Any) -> None:
    """Sends what a `memjax.Result` found: the numbers of `Result.summary` as metrics, such as memjax/accuracy/test.

    An active run of MLflow or Weights & Biases is taken; else one is begun and ended, named after the run folder.
    TensorBoard's events go to the folder `tensorboard` in the run folder.  The step is the number of models, so an
    extended run gives a curve.
    """
    found = result.summary()
    if (wrong := result.columns.get("looks_wrong")) is not None:
        found["looks_wrong"] = int(wrong.sum())
    start = summary.start(result.dataset, result.run.plan, result.run.design) | {"run": shown(result.folder)}
    about = {f"memjax/{key}": str(value) for key, value in start.items()} | {TABLE: repr(result)}
    _LOGGERS[name](result, dict(numbers_of("memjax", found)), about)


def numbers_of(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """All finite numbers of nested dictionaries, named by their path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers_of(f"{name}/{key}", item)
    elif isinstance(value, int | float) and math.isfinite(value):
        yield name, float(value)


def _mlflow(result: Any, numbers: dict[str, float], about: dict[str, str]) -> None:
    import mlflow  # type: ignore[import-not-found]

    with nullcontext() if mlflow.active_run() else mlflow.start_run(run_name=result.folder.name):
        mlflow.set_tags(about)  # a parameter could not change when the run is extended
        mlflow.log_metrics(numbers, step=result.num_models)


def _wandb(result: Any, numbers: dict[str, float], about: dict[str, str]) -> None:
    import wandb  # type: ignore[import-not-found]

    with nullcontext(wandb.run) if wandb.run else wandb.init(project="memjax", name=result.folder.name) as run:
        run.config.update(about, allow_val_change=True)
        run.log(numbers)


def _tensorboard(result: Any, numbers: dict[str, float], about: dict[str, str]) -> None:
    from tensorboard.summary import Writer  # type: ignore[import-not-found]

    writer = Writer(f"{shown(result.folder)}/tensorboard")
    for name, number in numbers.items():
        writer.add_scalar(name, number, result.num_models)
    writer.close()


_LOGGERS = {"mlflow": _mlflow, "wandb": _wandb, "tensorboard": _tensorboard}
