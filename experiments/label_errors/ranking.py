"""By which score should suspicious labels be ranked?

A share of the labels of several data sets is replaced by a random wrong one.  The measure is the average precision of
finding them by: the mean probability that held-out models give the label (low is suspicious); the most probable other
class minus that; memorization; memorization of the probability; and accuracy of held-out models.  `Result.suspects`
ranks by the first.

    python -m experiments.label_errors.ranking --size quick    digits, wine, breast cancer; 3 draws, 100 models each
    python -m experiments.label_errors.ranking                 Fashion-MNIST besides (300 a class); 5 draws, 200 models
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import mean_interval, paired
from experiments.common.settings import BaseSettings, Cost
from memjax.config.specs import DataSpec

COST = Cost("76 s")
CHOSEN = "held-out probability"


class Size(NamedTuple):
    """How much one size of the experiment has."""

    names: tuple[str, ...]
    models: int
    draws: int


SIZES = {
    "smoke": Size(("wine",), 24, 2),
    "quick": Size(("digits", "wine", "breast_cancer"), 100, 3),
    "full": Size(("digits", "wine", "breast_cancer", "fashion_mnist"), 200, 5),
}


@dataclass(frozen=True)
class Settings(BaseSettings):
    """Which score finds planted wrong labels best, over several data sets."""

    rate: float = 0.05
    """Share of the labels that are replaced by a wrong one."""


def run(settings: Settings) -> Result:
    from sklearn.metrics import average_precision_score

    size = SIZES[settings.size]
    found: dict[str, dict[str, list[float]]] = {}
    for name in size.names:
        inputs, labels = examples(name, settings.data_seed)
        of_name = found.setdefault(name, {})
        for draw in range(size.draws):
            given, wrong = corrupted(labels, settings.rate, settings.data_seed + draw)
            for score, values in scores(settings, name, draw, size.models, inputs, given):
                of_name.setdefault(score, []).append(float(average_precision_score(wrong, np.nan_to_num(values))))
    precision = {name: {score: mean_interval(values) for score, values in of.items()} for name, of in found.items()}
    verdicts = [
        Verdict(f"{name}: {CHOSEN} finds more than {other} (difference)", paired(of[CHOSEN], of[other]))
        for name, of in found.items()
        for other in of
        if other != CHOSEN
    ]
    return Result({"average_precision": precision}, verdicts)


def examples(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of a data set."""
    from sklearn import datasets

    if name in ("digits", "wine", "breast_cancer"):
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    data = memjax.load_dataset(DataSpec(name, per_class=300, data_seed=seed))
    return np.asarray(data.train_inputs), data.train_labels


def corrupted(labels: np.ndarray, rate: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels with a share of them replaced by a random other class, and which these are."""
    rng, classes = np.random.default_rng(seed), labels.max() + 1
    wrong = rng.random(len(labels)) < rate
    return np.where(wrong, (labels + rng.integers(1, classes, len(labels))) % classes, labels), wrong


def scores(
    settings: Settings, name: str, draw: int, models: int, inputs: np.ndarray, given: np.ndarray
) -> Iterator[tuple[str, Any]]:
    """Suspicion of each label by each score, higher where it is more suspicious."""
    run = settings.folder / "models" / f"ranking-{name}-{settings.rate:g}-{settings.data_seed}-{settings.seed}-{draw}"
    batch_size = min(64, max(16, len(given) // 16))
    result = memjax.fit(inputs, given, run=run, num_models=models, seed=settings.seed + draw, batch_size=batch_size)
    table, every = result.dataframe(), result.held_out_probabilities
    assert every is not None
    rows = np.arange(len(given))
    others = every.copy()
    others[rows, given] = -np.inf
    yield CHOSEN, -table["probability_out"].to_numpy()
    yield "held-out margin", others.max(1) - every[rows, given]
    yield "memorization", table["memorization"].to_numpy()
    yield "memorization of probability", (table["probability_in"] - table["probability_out"]).to_numpy()
    yield "held-out accuracy", -table["correct_out"].to_numpy()


if __name__ == "__main__":
    main(Settings, run)
