"""How many retrained models does a prior from gradients save, at equal linear datamodeling score?

For each data set, network and seed: models on random halves; ten networks trained on everything, whose gradients give
the prior; and judges, models on other halves that no side has used.  Two sides: the lasso with `prior_factors`, and
`influence_with_prior` with the same factors, of `times` fewer models.  The difference of their scores over seeds says
whether the prior saves so many.  Beside it: the kernel without any retrained model, at its default penalty; kernels of
the first retrained models themselves, which need no further network; and kernels in the mean over epochs.  Recall is
that of the pairs of one class that the judges find strongest; their noise lowers it for all sides alike.

    python -m benchmarks.prior
    python -m benchmarks.prior --data digits --seeds 1 --per-class 20 --sizes 16 --judges 32      (a small form)
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown
from memjax.estimators import datamodels, influence, linear_datamodeling_score, memorization, prior_factors
from memjax.estimators.attribution.prior import GradientKernels, gradient_kernels, influence_with_prior
from memjax.estimators.lds import recall_of_pairs
from memjax.types import Outcomes

COST = "3 to 17 minutes a data set, network and seed, beside other work"
NO_MODEL, LASSO, BOTH = "kernel alone", "lasso", "prior and lasso"
OWN, EPOCHS = "the same, kernels of the retrained models", "the same, kernels of three epochs"
MEANS, ESTIMATE = "difference of means", "difference of means with the prior as a control"
PER_CLASS = {"emoji": (12, 4)}  # training and test images of other numbers than the settings say


@dataclass(frozen=True)
class Settings:
    """What is trained, and from how many models is estimated."""

    data: tuple[str, ...] = ("digits", "fashion_mnist", "emoji")
    models: tuple[str, ...] = ("mlp:128", "cnn:16,32")
    per_class: int = 100
    test_per_class: int = 30
    sizes: tuple[int, ...] = (32,)
    """Retrained models beside the prior."""
    times: tuple[int, ...] = (1, 3, 5)
    """The lasso alone has so many times the first size."""
    networks: int = 10
    judges: int = 128
    strongest: int = 100
    """Pairs whose recall is measured."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    other_kernels: bool = True
    """Those of the retrained models and of three epochs too, which take half of the time."""


class Row(NamedTuple):
    """The score of one side from so many models."""

    data: str
    network: str
    seed: int
    models: int
    side: str
    value: float
    low: float
    high: float
    recall: float


class Result(NamedTuple):
    """All scores."""

    rows: list[Row]

    def __str__(self) -> str:
        return f"{markdown(self._scores())}\n\n{markdown(self._savings())}"

    def _scores(self) -> list[list[str]]:
        keys = dict.fromkeys((row.data, row.network, row.models, row.side) for row in self.rows)
        lines = [["data", "network", "models", "side", "LDS", "recall", "seeds"]]
        for key in keys:
            found = [row for row in self.rows if (row.data, row.network, row.models, row.side) == key]
            numbers = (_said([row.value for row in found]), _said([row.recall for row in found]))
            lines.append([*key[:2], str(key[2]), key[3], *numbers, str(len(found))])
        return lines

    def _savings(self) -> list[list[str]]:
        """The scores of a prior with few models, less those of the lasso with more, over the same seeds."""
        lines = [
            ["data", "network", "side", "its models", "of the lasso", "LDS: difference", "recall: difference", "seeds"]
        ]
        of = {(row.data, row.network, row.side, row.models, row.seed): row for row in self.rows}
        groups = dict.fromkeys(key[:4] for key in of)
        for data, network, side, few in groups:
            for many in sorted({key[3] for key in groups if key[:3] == (data, network, LASSO)}):
                seeds = [key[4] for key in of if key[:4] == (data, network, side, few)]
                pairs = [
                    (of[data, network, side, few, seed], of.get((data, network, LASSO, many, seed))) for seed in seeds
                ]
                both = [(one, other) for one, other in pairs if other]
                if side in (BOTH, OWN) and both:
                    numbers = (_said([one.value - other.value for one, other in both], "+"),
                               _said([one.recall - other.recall for one, other in both], "+"))  # fmt: skip
                    lines.append([data, network, side, str(few), str(many), *numbers, str(len(both))])
        return lines


def _said(values: list[float], sign: str = "") -> str:
    """The mean, and half of its 95 % interval over seeds (Student's t)."""
    if (count := len(values)) < 2:
        return f"{values[0]:{sign}.3f}"
    half = student.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count)
    return f"{np.mean(values):{sign}.3f} ± {half:.3f}"


def run(settings: Settings) -> Result:
    """All seeds, data sets and networks, in turn."""
    rows = []
    for seed in settings.seeds:
        for data in settings.data:
            for network in settings.models:
                with tempfile.TemporaryDirectory() as folder:
                    for row in _rows(settings, data, network, seed, Path(folder)):
                        log(**row._asdict())
                        rows.append(row)
    return Result(rows)


def _rows(settings: Settings, data: str, network: str, seed: int, folder: Path) -> Iterator[Row]:
    numbers = PER_CLASS.get(data, (settings.per_class, settings.test_per_class))

    def trained(name: str, number: int, own_seed: int, design: str, *keep: str) -> memjax.Result:
        options: dict[str, Any] = dict(zip(("per_class", "test_per_class"), numbers, strict=True))
        return memjax.fit(
            data, run=folder / name, model=network, num_models=number, seed=own_seed, data_seed=seed,
            design=design, subset_fraction=0.5, keep=["correct", "probability", "margin", *keep], estimate=False,
            progress=False, **options,
        )  # fmt: skip

    half, first = "fixed-size", min(settings.sizes)
    larger = sorted({*settings.sizes, *(first * times for times in settings.times)})
    whole = trained("models", max(larger), 3 * seed, half, *["parameters"] * settings.other_kernels)
    models, judges = whole.outcomes, trained("judges", settings.judges, 3 * seed + 1, half).outcomes
    networks = trained("networks", settings.networks, 3 * seed + 2, "everything", "parameters=3")
    kernels, examples = _kernels(networks), whole.dataset
    truth = np.asarray(influence(judges.masks, judges.test["margin"].astype(np.float32)).value)
    allowed = examples.train_labels[:, None] == examples.test_labels
    strong = np.argsort(np.where(allowed, truth, -np.inf), axis=None)[-settings.strongest :]
    pairs = np.unravel_index(strong, truth.shape)

    def judged(number: int, side: str, weights: np.ndarray) -> Row:
        used = models.masks[:number] if number else None
        found = linear_datamodeling_score(weights, judges.masks, judges.test["margin"], fitted_masks=used)
        recall = recall_of_pairs(weights, *pairs, allowed, draws=2)[0]
        return Row(data, network, seed, number, side, *found[:3], recall)

    yield judged(0, NO_MODEL, kernels.effects())
    for number in larger:
        few = Outcomes(models.model_ids[:number], models.masks[:number],
                       *({name: values[:number] for name, values in side.items()} for side in models[2:]))  # fmt: skip
        right, margins = few.train["probability"].astype(np.float32), few.test["margin"].astype(np.float32)
        factors = prior_factors(
            examples.train_inputs, examples.train_labels, examples.test_inputs, examples.test_labels,
            np.asarray(memorization(few.masks, right).value),
        )  # fmt: skip
        yield judged(number, LASSO, datamodels(few.masks, margins, factors=factors).weights)
        sides = {BOTH: kernels} if number in settings.sizes else {}
        if number == first and settings.other_kernels:
            sides[OWN] = _kernels(whole, few.model_ids[: settings.networks])
            sides[EPOCHS] = _mean(
                [kernels, *(_kernels(networks, epoch=epoch) for epoch in networks.models.epochs[:-1])]
            )
        for side, own in sides.items():
            found = influence_with_prior(few.masks, margins, own, train_probabilities=right, factors=factors)
            log(side=side, penalty=found.penalty, power=found.power, scale=found.scale, held_out_r2=found.held_out_r2)
            if side == BOTH:
                plain = influence(few.masks, margins)
                yield judged(number, MEANS, np.asarray(plain.value))
                yield judged(number, ESTIMATE, found.estimate.value)
                log(stderr=float(np.mean(found.estimate.stderr)), stderr_without=float(np.mean(plain.stderr)))
                yield judged(number, "prior alone", found.prior)
            yield judged(number, side, found.weights)


def _kernels(result: memjax.Result, numbers: np.ndarray | None = None, epoch: int | None = None) -> GradientKernels:
    models, examples = result.models if epoch is None else result.models.at(epoch), result.dataset
    sides = (models.scaled(examples.train_inputs), examples.train_labels,
             models.scaled(examples.test_inputs), examples.test_labels)  # fmt: skip
    return gradient_kernels(models.network, *models.parameters(numbers), *sides, "margin")


def _mean(kernels: list[GradientKernels]) -> GradientKernels:
    """Kernels of several epochs, those of each in units of its own mean length."""
    units = [kernel.train.trace() / len(kernel.train) for kernel in kernels]
    parts = [(one.train / unit, one.test / unit) for one, unit in zip(kernels, units, strict=True)]
    return GradientKernels(*(np.mean(part, axis=0) for part in zip(*parts, strict=True)), kernels[0].wrong)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
