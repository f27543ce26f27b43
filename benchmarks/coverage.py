"""How often do the intervals of memorization hold the truth, whatever the truth is?

For each number of models and each truth (the chance to be right with and without the example) the coverage is summed
over all counts of right answers, not simulated.

    python -m benchmarks.coverage
    python -m benchmarks.coverage --models 30 100 --forms normal mid-p

Also the processor time of the intervals of so many examples as Fashion-MNIST has, each in 70 % of the models: of six in
ten the models are always right, whether they saw it or not.

Draws benchmarks/figures/coverage.png.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown
from memjax.types import Estimate

COST = "20 s"
FIGURE = Path(__file__).parent / "figures" / "coverage.png"
EXTREME = np.array([0, 0.001, 0.003, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08])
RATES_IN = 1 - np.array([0, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.3, 0.5])
RATES_OUT = np.unique(np.concatenate([EXTREME, np.linspace(0.1, 0.9, 33), 1 - EXTREME]))


@dataclass(frozen=True)
class Settings:
    """Numbers of models, shares of them that saw the example, and forms of intervals."""

    models: tuple[int, ...] = (30, 60, 100)
    fractions: tuple[float, ...] = (0.5, 0.7)
    forms: tuple[str, ...] = ("normal", "mid-p", "exact")
    examples: int = 60_000
    timed: tuple[int, ...] = (500, 2000)
    """Numbers of models of which the intervals of all examples are timed."""


class Point(NamedTuple):
    """One form at one number of models; the width is relative to that of normal intervals."""

    models: int
    fraction: float
    form: str
    worst: float
    mean: float
    width: float
    of_certain: list[float]  # coverage where all models that saw the example are right, by the other rate


class Result(NamedTuple):
    """All points; and models, form and seconds of processor time of each round."""

    points: list[Point]
    seconds: list[tuple[int, str, list[float]]]

    def __str__(self) -> str:
        rows = [["models", "saw it", "form", "worst coverage", "mean", "width / normal"]]
        for point in self.points:
            numbers = [f"{point.worst:.3f}", f"{point.mean:.3f}", f"{point.width:.2f}"]
            rows.append([str(point.models), f"{point.fraction:g}", point.form, *numbers])
        times = [["models", "form", "s of processor time: median (least to most)"]]
        times += [[str(models), form, f"{np.median(took):.2f} ({min(took):.2f} to {max(took):.2f})"]
                  for models, form, took in self.seconds]  # fmt: skip
        return markdown(rows) + "\n\n" + markdown(times)

    def draw(self, path: Path) -> None:
        """Coverage by the truth, a panel for each number of models."""
        from matplotlib.figure import Figure

        shown = [point for point in self.points if point.fraction == self.points[-1].fraction]
        numbers = sorted({point.models for point in shown})
        figure = Figure(figsize=(3 * len(numbers), 3), layout="constrained")
        panels = figure.subplots(1, len(numbers), sharey=True, squeeze=False)[0]
        for panel, number in zip(panels, numbers, strict=True):
            for point in (point for point in shown if point.models == number):
                panel.plot(1 - RATES_OUT, point.of_certain, label=point.form, linewidth=1)
            panel.axhline(0.95, color="gray", linewidth=0.5)
            panel.set(title=f"{number} models", xlabel="true memorization")
        panels[0].set_ylabel("coverage of 95 % intervals")
        panels[0].legend(frameon=False)
        figure.savefig(path, dpi=120)


def all_counts(num_in: int, num_out: int) -> Estimate:
    """An estimate for every pair of counts of right answers."""
    right_in, right_out = np.indices((num_in + 1, num_out + 1)).astype(float)
    rates = [(right + 1) / (of + 2) for right, of in ((right_in, num_in), (right_out, num_out))]
    variance = sum(q * (1 - q) / (of - 1) for q, of in zip(rates, (num_in, num_out), strict=True))
    counts = np.full(right_in.shape, num_in), np.full(right_in.shape, num_out)
    value = right_in / num_in - right_out / num_out
    return Estimate(value, np.sqrt(variance), *counts, right_in + right_out)  # pyright: ignore[reportArgumentType]


def point(models: int, fraction: float, form: str) -> Point:
    from scipy.stats import binom

    num_in = round(models * fraction)
    estimate = all_counts(num_in, models - num_in)
    low, high = estimate.interval(form=form)
    of_in = binom.pmf(np.arange(num_in + 1), num_in, RATES_IN[:, None])
    of_out = binom.pmf(np.arange(models - num_in + 1), models - num_in, RATES_OUT[:, None])
    covered = np.empty((len(RATES_IN), len(RATES_OUT)))
    for row, column in np.ndindex(covered.shape):
        truth = RATES_IN[row] - RATES_OUT[column]
        covered[row, column] = of_in[row] @ ((low <= truth + 1e-9) & (truth - 1e-9 <= high)) @ of_out[column]
    normal = estimate.interval(form="normal")
    width = (of_in @ (high - low) @ of_out.T) / (of_in @ (normal.high - normal.low) @ of_out.T)
    return Point(models, fraction, form, covered.min(), covered.mean(), width.mean(), covered[0].tolist())


def seconds(models: int, form: str, examples: int) -> list[float]:
    """Of five rounds, after one that imports and compiles."""
    rng, took = np.random.default_rng(0), []
    num_in = rng.binomial(models, 0.7, examples)
    certain = rng.random(examples) < 0.6
    rate_in, rate_out = (
        np.where(certain, 1, 1 - rng.beta(1, 30, examples)),
        np.where(certain, 1, rng.beta(2, 1, examples)),
    )
    right_in, right_out = rng.binomial(num_in, rate_in), rng.binomial(models - num_in, rate_out)
    value = right_in / num_in - right_out / (models - num_in)
    estimate = Estimate(value, np.ones(examples), num_in, models - num_in, right_in + right_out)
    for _ in range(6):
        began = time.process_time()
        estimate.interval(form=form)
        took.append(time.process_time() - began)
    return took[1:]


def run(settings: Settings) -> Result:
    found = []
    for models in settings.models:
        for fraction in settings.fractions:
            for form in settings.forms:
                found.append(point(models, fraction, form))
                log(**{name: value for name, value in found[-1]._asdict().items() if name != "of_certain"})
    timed = [
        (models, form, seconds(models, form, settings.examples)) for models in settings.timed for form in settings.forms
    ]
    return Result(found, timed)


def main() -> None:
    result = measure(Settings, run)
    result.draw(FIGURE)


if __name__ == "__main__":
    main()
