"""How many retrained models does a prior from gradients save, at equal linear datamodeling score?

For each data set and seed: T models on random halves; ten networks trained on everything, whose gradients give the
prior; and judges, models on other halves that no side has used.  Two sides: the lasso with `prior_factors`, and
`influence_with_prior` with the same factors.  With no retrained model the prior stands alone, at its default penalty.

    python -m benchmarks.prior
    python -m benchmarks.prior --data digits --seeds 1 --per-class 20 --sizes 16 32 --judges 32      (a small form)
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown
from memjax.estimators import datamodels, linear_datamodeling_score, memorization, prior_factors
from memjax.estimators.attribution.kernels import GradientKernels, gradient_kernels
from memjax.estimators.attribution.prior import influence_with_prior
from memjax.types import Outcomes

COST = "about 6 minutes a data set and seed, beside other work"
NO_MODEL = "kernel alone"


@dataclass(frozen=True)
class Settings:
    """What is trained, and from how many models is estimated."""

    data: tuple[str, ...] = ("fashion_mnist", "digits")
    model: str = "mlp:128"
    per_class: int = 100
    test_per_class: int = 30
    sizes: tuple[int, ...] = (32, 64, 128)
    networks: int = 10
    judges: int = 128
    seeds: int = 3


class Row(NamedTuple):
    """The score of one side from T models."""

    data: str
    seed: int
    models: int
    side: str
    value: float
    low: float
    high: float


class Result(NamedTuple):
    """All scores."""

    rows: list[Row]

    def __str__(self) -> str:
        keys = dict.fromkeys((row.data, row.models, row.side) for row in self.rows)
        lines = [["data", "models", "side", "LDS: mean over seeds (range)", "n", "interval of the first seed"]]
        for key in keys:
            found = [row for row in self.rows if (row.data, row.models, row.side) == key]
            values = [row.value for row in found]
            spread = f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
            ends = f"{found[0].low:.3f} to {found[0].high:.3f}"
            lines.append([key[0], str(key[1]), key[2], spread, str(len(found)), ends])
        return markdown(lines)


def run(settings: Settings) -> Result:
    """All data sets and seeds, in turn."""
    rows = []
    for seed in range(settings.seeds):
        for data in settings.data:
            with tempfile.TemporaryDirectory() as folder:
                for row in _rows(settings, data, seed, Path(folder)):
                    log(**row._asdict())
                    rows.append(row)
    return Result(rows)


def _rows(settings: Settings, data: str, seed: int, folder: Path) -> Iterator[Row]:
    def trained(name: str, number: int, own_seed: int, design: str, *keep: str) -> memjax.Result:
        options: dict[str, Any] = {"per_class": settings.per_class, "test_per_class": settings.test_per_class}
        return memjax.fit(
            data, run=folder / name, model=settings.model, num_models=number, seed=own_seed, data_seed=seed,
            design=design, subset_fraction=0.5, keep=["correct", "probability", "margin", *keep], estimate=False,
            progress=False, **options,
        )  # fmt: skip

    half = "fixed-size"
    models = trained("models", max(settings.sizes), 3 * seed, half).outcomes
    judges = trained("judges", settings.judges, 3 * seed + 1, half).outcomes
    kernels = _kernels(trained("networks", settings.networks, 3 * seed + 2, "everything", "parameters"))
    examples = memjax.open(folder / "models").dataset

    def judged(number: int, side: str, weights: np.ndarray) -> Row:
        used = models.masks[:number] if number else None
        found = linear_datamodeling_score(weights, judges.masks, judges.test["margin"], fitted_masks=used)
        return Row(data, seed, number, side, *found[:3])

    yield judged(0, NO_MODEL, kernels.effects())
    for number in settings.sizes:
        few = Outcomes(models.model_ids[:number], models.masks[:number],
                       *({name: values[:number] for name, values in side.items()} for side in models[2:]))  # fmt: skip
        mem = np.asarray(memorization(few.masks, few.train["probability"].astype(np.float32)).value)
        factors = prior_factors(
            examples.train_inputs, examples.train_labels, examples.test_inputs, examples.test_labels, mem
        )
        margins = few.test["margin"].astype(np.float32)
        yield judged(number, "lasso", datamodels(few.masks, margins, factors=factors).weights)
        right = few.train["probability"]
        found = influence_with_prior(few.masks, margins, kernels, train_probabilities=right, factors=factors)
        log(penalty=found.penalty, scale=found.scale, held_out_r2=found.held_out_r2)
        yield judged(number, "prior alone", found.prior)
        yield judged(number, "prior and lasso", found.weights)


def _kernels(full: memjax.Result) -> GradientKernels:
    models, examples = full.models, full.dataset
    sides = (models.scaled(examples.train_inputs), examples.train_labels,
             models.scaled(examples.test_inputs), examples.test_labels)  # fmt: skip
    return gradient_kernels(models.network, *models.parameters(), *sides, "margin")


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
