"""How many models does it take to reach an error of memorization and influence, by design and estimator?

The reference and the candidates share no model: they have seeds of their own.  Each design is compared with a reference
of its own subset fraction, since the fraction is part of what is estimated.  The noise of the reference is taken off
each mean squared error.  Recall: the share of the strongest pairs of the reference among as many strongest pairs of an
estimate.  Times fewer: models that the baseline, differences of correctness from fixed-size subsets of 70 %, needs for
the same number, over T; its curve is straight in both logarithms, and is not continued beyond its ends.

    python -m benchmarks.models_to_error                                               digits
    python -m benchmarks.models_to_error --data fashion --truth 2000 --candidates 2000
    python -m benchmarks.models_to_error --truth 400 --candidates 200 --sizes 50 100 --per-class 40     (a small form)

Error: root mean square, of memorization by correctness, also with the probability as a control (not from complementary
halves), with the presence of the nearest examples as a control, and shrunken; of memorization by probability, which is
another quantity with a reference of its own; and of the influence of the strongest pairs.  Open: decisions of
`--until threshold=0.25` and `ranking=50:0.1` after the first T models.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.recall import lasso_with_prior, mean_difference, on_all_tests, part_of, strongest, varying
from benchmarks.common.tables import markdown
from memjax.config.goals import as_goal
from memjax.estimators import controlled_memorization, memorization, shrink, tally_of
from memjax.machine import environment
from memjax.runs.decisions import undecided
from memjax.types import Dataset, Estimate, Outcomes

COST = "digits: 24,000 models, then a few minutes of estimates"
DATA: dict[str, dict] = {
    "digits": {"dataset": "digits"},
    "fashion": {"dataset": "fashion_mnist", "test_per_class": 100},
}
BASELINE = "fixed-size 0.7"
RIDGE = 20.0  # held-out models that count for no effect of a neighbour
GOALS = ("threshold=0.25", "ranking=50:0.1")


@dataclass(frozen=True)
class Settings:
    """What is trained, and from how many models is estimated."""

    data: Literal["digits", "fashion"] = "digits"
    per_class: int = 200
    """Training examples of each class, at most."""
    truth: int = 4000
    candidates: int = 2000
    designs: tuple[str, ...] = (BASELINE, "fixed-size 0.5", "balanced 0.5", "complementary 0.5")
    """A design and its subset fraction."""
    sizes: tuple[int, ...] = (50, 100, 200, 400, 800)
    groups: int = 8
    """Groups of T models, at most, that numbers are means over."""
    regressed: int = 2
    """Groups of which the lasso with its prior is made too."""
    strongest: int = 50
    folder: Path = Path("runs/models_to_error")


class Row(NamedTuple):
    """One quantity of one design and estimator from T models: its values, one a group."""

    design: str
    estimator: str
    models: int
    quantity: str
    values: list[float]

    @property
    def mean(self) -> float:
        """Of errors the root of the mean square, of recalls the mean."""
        return (
            float(np.sqrt(max(np.mean(self.values), 0)))
            if self.quantity.startswith("error")
            else float(np.mean(self.values))
        )


class Result(NamedTuple):
    """All rows, and the decisions that are open."""

    rows: list[Row]
    open: list[tuple[str, str, int, int]]

    def __str__(self) -> str:
        parts = []
        for quantity in dict.fromkeys(row.quantity for row in self.rows):
            own = [row for row in self.rows if row.quantity == quantity]
            curve = {row.models: row.mean for row in own if row.design == BASELINE and row.estimator == "correctness"}
            cells = [["design", "estimator", "T", "n", quantity, "times fewer"]]  # ± the standard error of the mean
            for row in own:
                said = f"{row.mean:.4f}" + (f" ± {_error(row):.4f}" if len(row.values) > 1 else "")
                cells.append(
                    [row.design, row.estimator, str(row.models), str(len(row.values)), said, times_fewer(row, curve)]
                )
            parts.append(markdown(cells))
        head = [["design", "goal", "T", "open"]]
        parts.append(
            markdown(head + [[design, goal, str(models), str(left)] for design, goal, models, left in self.open])
        )
        return "\n\n".join(parts)


def _error(row: Row) -> float:
    """The standard error of the mean; for the root of a mean by the delta method."""
    error = np.std(row.values, ddof=1) / np.sqrt(len(row.values))
    return float(error / (2 * row.mean) if row.quantity.startswith("error") and row.mean else error)


def times_fewer(row: Row, curve: dict[int, float]) -> str:
    """Models that the baseline needs for the same number, over T; the ends of its curve are bounds."""
    sizes = np.array(sorted(curve))
    if row.estimator == "probability" or len(sizes) < 2 or row.mean <= 0:
        return ""
    heights = np.log(np.maximum([curve[size] for size in sizes], 1e-9))
    sign = -1 if row.quantity.startswith("error") else 1
    place, heights = sign * np.log(row.mean), sign * np.maximum.accumulate(sign * heights)
    heights = sign * heights
    if place > heights[-1]:
        return f"> {sizes[-1] / row.models:.1f}"
    if place < heights[0]:
        return f"< {sizes[0] / row.models:.1f}"
    return f"{np.exp(np.interp(place, heights, np.log(sizes))) / row.models:.2f}"


class Reference(NamedTuple):
    """What very many models say: memorization by both scores with its variance, influence, the strongest pairs."""

    mem: np.ndarray
    mem_variance: np.ndarray
    soft: np.ndarray
    soft_variance: np.ndarray
    influence: np.ndarray
    strong: set[int]


def variance_of(masks: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Unbiased variance of a difference of means, in less out."""
    found = np.zeros(masks.shape[1])
    for side in (masks, ~masks):
        count = side.sum(0)
        mean = np.where(side, scores, 0).sum(0) / count
        found += np.where(side, (scores - mean) ** 2, 0).sum(0) / (count - 1) / count
    return found


def reference_of(models: Outcomes, strong: int) -> Reference:
    masks, hard, soft = models.masks, models.train["correct"], models.train["probability"]
    influence = mean_difference(models, "correct")
    everywhere = np.ones(influence.shape, bool)
    return Reference(
        np.asarray(memorization(masks, hard).value), variance_of(masks, hard.astype(float)),
        np.asarray(memorization(masks, soft).value), variance_of(masks, soft), influence,
        strongest(influence, everywhere, strong),
    )  # fmt: skip


def trained(settings: Settings, design: str, fraction: float, models: int, seed: int) -> tuple[Dataset, Outcomes]:
    name = f"{settings.data}-{settings.per_class}-{design}-{fraction:g}-{seed}"
    result = memjax.fit(
        run=settings.folder / name, design=design, subset_fraction=fraction, seed=seed, num_models=models,
        per_class=settings.per_class, keep=("correct", "probability", "margin"), estimate=False, **DATA[settings.data],
    )  # fmt: skip
    return result.dataset, part_of(result.outcomes, 0, models)


def nearest(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Of each training example, the nearest one of its class and the nearest one of another class."""
    rows = dataset.train_inputs.reshape(dataset.num_train, -1).astype(np.float64)
    squares = (rows**2).sum(1)
    apart = squares - 2 * rows @ rows.T
    np.fill_diagonal(apart, np.inf)
    same = dataset.train_labels[:, None] == dataset.train_labels
    return np.where(same, apart, np.inf).argmin(1), np.where(same, np.inf, apart).argmin(1)


def neighbours_as_control(masks: np.ndarray, right: np.ndarray, neighbours: tuple[np.ndarray, ...]) -> np.ndarray:
    """Memorization less what the held-out models owe to having seen more or fewer of the nearest examples than is
    expected: a ridge regression of each example's right answers."""
    held_out, presence = ~masks, [masks[:, which] - masks.mean() for which in neighbours]
    count = held_out.sum(0)

    def centred(values):
        mean = np.where(held_out, values, 0).sum(0) / count
        return mean, np.where(held_out, values - mean, 0)

    (_, answers), *shown = map(centred, (right.astype(float), *presence))
    products = np.array([[(one * other).sum(0) for _, one in shown] for _, other in shown])
    found = np.array([(one * answers).sum(0) for _, one in shown])
    slopes = np.linalg.solve(products.T + RIDGE * masks.var() * np.eye(len(shown)), found.T[..., None])[..., 0]
    means = np.array([mean for mean, _ in shown]).T
    return np.asarray(memorization(masks, right).value) + (slopes * means).sum(1)


def by_correctness(group: Outcomes, neighbours: tuple[np.ndarray, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Estimates of memorization by correctness."""
    masks, hard, soft = group.masks, group.train["correct"], group.train["probability"]
    plain = memorization(masks, hard)
    yield "correctness", np.asarray(plain.value)
    yield "correctness, shrunken", shrink(plain).value
    adjusted = neighbours_as_control(masks, hard, neighbours)
    yield "correctness, neighbours as control", adjusted
    if np.array_equal(masks[::2], ~masks[1::2]):
        return
    found = controlled_memorization(masks, hard, soft)
    yield "correctness, probability as control", found.value
    yield "correctness, probability and neighbours as control", found.value + adjusted - np.asarray(plain.value)
    less = found.typical_error / np.sqrt(np.nanmean(variance_of(masks, hard.astype(float))))
    normal = Estimate(found.value, less * np.asarray(plain.stderr), plain.num_in, plain.num_out)
    yield "correctness, probability as control, shrunken", shrink(normal).value


def numbers(
    group: Outcomes, reference: Reference, strong: int, dataset: Dataset, neighbours: tuple[np.ndarray, ...],
    regressed: bool,
) -> Iterator[tuple[str, str, float]]:  # fmt: skip
    """Estimator, quantity and number of one group of models; squared errors less the noise of the reference."""

    def error(value: np.ndarray, truth: np.ndarray, noise: np.ndarray) -> float:
        return float(np.nanmean((value - truth) ** 2 - noise))

    for name, value in by_correctness(group, neighbours):
        yield name, "error of memorization", error(value, reference.mem, reference.mem_variance)
    value = np.asarray(memorization(group.masks, group.train["probability"]).value)
    yield "probability", "error of memorization", error(value, reference.soft, reference.soft_variance)
    influence = mean_difference(group, "correct")
    rows, columns = np.unravel_index(sorted(reference.strong), influence.shape)
    apart = influence[rows, columns] - reference.influence[rows, columns]
    yield "correctness", "error of the strongest pairs", float(np.nanmean(apart**2))
    everywhere = np.ones(influence.shape, bool)
    estimates = {"correctness": influence, "difference of probability": mean_difference(group, "probability")}
    if regressed:
        targets = varying(group)
        lasso = lasso_with_prior(group, dataset, targets)
        estimates["lasso of probability, prior"] = on_all_tests(lasso, targets, dataset.num_test)
    for name, each in estimates.items():
        found = strongest(each, everywhere, strong) & reference.strong
        yield name, "recall of the strongest pairs", len(found) / strong


def run(settings: Settings) -> Result:
    environment.start_jax()
    rows, left, references = dict[tuple[str, str, int, str], list[float]](), [], dict[float, Reference]()
    for name in settings.designs:
        design, fraction = name.split()[0], float(name.split()[1])
        if fraction not in references:
            _, truth = trained(settings, "fixed-size", fraction, settings.truth, seed=1)
            references[fraction] = reference_of(truth, settings.strongest)
        dataset, candidates = trained(settings, design, fraction, settings.candidates, seed=2)
        neighbours = nearest(dataset)
        for size in settings.sizes:
            for number in range(min(settings.groups, settings.candidates // size)):
                group = part_of(candidates, number * size, (number + 1) * size)
                asked = references[fraction], settings.strongest, dataset, neighbours, number < settings.regressed
                for estimator, quantity, value in numbers(group, *asked):
                    rows.setdefault((name, estimator, size, quantity), []).append(value)
            if size <= settings.candidates:
                tally = tally_of(part_of(candidates, 0, size))
                left += [(name, goal, size, undecided(as_goal(goal), tally, dataset)[0]) for goal in GOALS]
            log(design=name, models=size)
    return Result([Row(*key, values) for key, values in rows.items()], left)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
