"""How many models does it take to find the strong train-test pairs, by estimator?

Truth: differences of means over many models of their own seed, of correctness (hard) and of the probability of the
given label (soft).  Strong pairs: the largest of all train-test pairs, 50 on digits, 100 on Fashion-MNIST.  Recall:
their share among as many largest pairs of an estimate from the first T candidate models, the next T, and so on.
Ceiling: the recall that as many models as the truth has reach; no estimate should be expected to do much better.  Times
fewer: how many models the difference of means of correctness needs for the same recall, read off its own curve
(straight in the logarithm of T), over T.  LDS: the linear datamodeling score of the estimate for the probabilities of
1,000 models of the truth, over the test examples that vary; a test example without any prediction counts as 0.

    python -m benchmarks.models_needed --preset digits     2 times 4,000 models, then a few minutes of estimates
    python -m benchmarks.models_needed --preset fashion    2 times 2,000 models, 200 a class; needs the data installed
    python -m benchmarks.models_needed --preset script     2 times 1,000 models with the network and training of the
                                                           released script, 200 a class; likewise
    python -m benchmarks.models_needed --preset tiny       a minute, to see that it works

Draws benchmarks/figures/models_needed_PRESET.png.  Resumes training where it stopped.
"""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.recall import (
    PRESETS,
    Training,
    World,
    make_world,
    mean_difference,
    models_for,
    on_all_tests,
    part_of,
    prior_of,
    strong_pairs,
    strongest,
    varying,
)
from benchmarks.common.tables import markdown
from memjax.config.specs import Design
from memjax.estimators import datamodels, linear_datamodeling_score, ridge_datamodels, worth
from memjax.machine import environment
from memjax.types import Dataset, Outcomes

COST = "digits: 2 times 4,000 models, then a few minutes of estimates; tiny: a minute"
SIZES = (60, 125, 250, 500, 1000, 2000, 4000)
LARGEST_REGRESSION = 1000
MOST_GROUPS = 16
JUDGES = 1000  # models of the truth whose outputs the LDS is about
BASELINE, CEILING = "mean difference of correctness", "ceiling"
FIGURES = Path(__file__).parent / "figures"


@dataclass(frozen=True)
class Settings:
    """What is trained, and from how many models pairs are estimated."""

    preset: Literal["digits", "fashion", "script", "tiny"] = "digits"
    folder: Path = Path("runs/models_needed")
    groups: int = 8
    """Groups of T models that regressions are averaged over, where there are so many; differences of means take 16."""
    per_class: int | None = None
    test_per_class: int | None = None
    truth: int | None = None
    candidates: int | None = None
    strongest: int | None = None
    design: Design = "fixed-size"
    """Of the candidates' subsets; the truth always has random ones of 70 %."""
    sizes: tuple[int, ...] = SIZES
    """Numbers of models to estimate from."""

    def training(self) -> Training:
        """The preset with what was given otherwise."""
        given = {name: getattr(self, name) for name in ("truth", "candidates", "strongest")}
        training = PRESETS[self.preset]._replace(**{name: value for name, value in given.items() if value})
        data = training.config.data
        sizes = {name: getattr(self, name) or getattr(data, name) for name in ("per_class", "test_per_class")}
        return training._replace(config=replace(training.config, data=replace(data, **sizes)))


class Score(NamedTuple):
    """Recall and LDS of one estimator from T models, a number per group of models."""

    estimator: str
    models: int
    pairs: str
    hard: list[float]
    soft: list[float]
    lds: list[float]


class Result(NamedTuple):
    """The scores of each choice of pairs, ceilings included."""

    preset: str
    training: Training
    in_sample_accuracy: float
    scores: list[Score]

    def __str__(self) -> str:
        parts = [f"{self.training}\nin-sample accuracy {self.in_sample_accuracy:.4f}"]
        if self.in_sample_accuracy < 0.99:
            parts += ["The models do not fit their examples: models that do would have other influences."]
        for pairs in dict.fromkeys(score.pairs for score in self.scores):
            parts += [f"Pairs counted: {pairs}.  Mean ± sd over n groups.", self._table(pairs)]
        return "\n\n".join(parts)

    def _table(self, pairs: str) -> str:
        own = [score for score in self.scores if score.pairs == pairs]
        curves = {
            kind: {score.models: float(np.mean(getattr(score, kind))) for score in own if score.estimator == BASELINE}
            for kind in ("hard", "soft")
        }
        rows = [["T", "n", "estimator", "hard", "soft", "LDS", "times fewer, hard", "times fewer, soft"]]
        for score in sorted(own, key=lambda score: score.models):
            counts = score.models <= 250 and score.estimator != CEILING
            ratios = [times_fewer(float(np.mean(getattr(score, kind))), score.models, curve) if counts else ""
                      for kind, curve in curves.items()]  # fmt: skip
            cells = map(_mean_and_sd, (score.hard, score.soft, score.lds))
            rows.append([str(score.models), str(len(score.hard)), score.estimator, *cells, *ratios])
        return markdown(rows)

    def draw(self, path: Path) -> None:
        """Mean recall over groups against T, of all pairs, with the ceiling as a dashed line."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11, 4.5), layout="constrained")
        own = [score for score in self.scores if score.pairs == "all"]
        limit = next(score for score in own if score.estimator == CEILING)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, kind in zip(panels, ("hard", "soft"), strict=True):
            for name in dict.fromkeys(score.estimator for score in own if score is not limit):
                points = [(score.models, np.mean(getattr(score, kind))) for score in own if score.estimator == name]
                style = {"color": "black", "linewidth": 2} if name == BASELINE else {}
                axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name, **style)
            axes.axhline(getattr(limit, kind)[0], color="grey", linestyle="--", label=f"ceiling, {limit.models} models")
            axes.set(xscale="log", xlabel="models", title=f"recall of the strong pairs, {kind} truth", ylim=(0, 1))
            axes.set_xticks(SIZES, list(map(str, SIZES)))
            axes.minorticks_off()
            axes.grid(alpha=0.3)
        panels[1].legend(fontsize=7)
        figure.savefig(path, dpi=120)


def _mean_and_sd(values: list[float]) -> str:
    if not values:
        return ""
    return f"{np.mean(values):.3f}" + (f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else "")


def simple_estimates(group: Outcomes) -> Iterator[tuple[str, np.ndarray]]:
    """Differences of means, (train, test)."""
    yield BASELINE, mean_difference(group, "correct")
    yield "mean difference of probability", mean_difference(group, "probability")
    yield "mean difference of margin", (margin := mean_difference(group, "margin"))
    yield "mean difference of calibrated margin", margin * worth(group.test["probability"], group.test["margin"])


def regressions(group: Outcomes, dataset: Dataset, targets: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Linear datamodels of some test examples; `worth` calibrates those of margins to units of probability."""
    masks, probability, margin = group.masks, group.test["probability"][:, targets], group.test["margin"][:, targets]
    unit, factors = worth(probability, margin), prior_of(group, dataset, targets)
    yield "ridge of calibrated margin", ridge_datamodels(masks, margin).weights * unit
    yield "lasso of probability", datamodels(masks, probability).weights
    weights = datamodels(masks, margin).weights
    yield "lasso of margin", weights
    yield "lasso of calibrated margin", weights * unit
    yield "lasso of probability, prior", datamodels(masks, probability, factors=factors).weights
    yield "lasso of calibrated margin, prior", datamodels(masks, margin, factors=factors).weights * unit


def ceilings(world: World) -> Iterator[Score]:
    """Recall of the truth by itself, from as many of the candidates."""
    size = len(world.truth.masks)
    truth, again = part_of(world.truth, 0, size), part_of(world.candidates, 0, size)
    for pairs in world.counted:
        both = zip(strong_pairs(world, truth, pairs), strong_pairs(world, again, pairs), strict=True)
        yield Score(CEILING, len(again.masks), pairs, *([len(a & b) / len(a)] for a, b in both), [])


def scores(world: World, groups: int, sizes: tuple[int, ...]) -> Iterator[Score]:
    """Recall of every estimator for every T, each T as soon as it is known."""
    truth = part_of(world.truth, 0, len(world.truth.masks))
    wanted = {pairs: strong_pairs(world, truth, pairs) for pairs in world.counted}
    targets, judge = varying(world.candidates), part_of(world.truth, 0, JUDGES)
    print(f"{len(targets)} test examples vary enough for a regression", file=sys.stderr)
    for size in sizes:
        found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
        for number in range(min(MOST_GROUPS, len(world.candidates.masks) // size)):
            group = part_of(world.candidates, number * size, (number + 1) * size)
            regressed = size <= LARGEST_REGRESSION and number < groups
            for name, value in estimates(group, world.dataset, targets, regressed):
                lds = lds_of(value[:, targets], group, judge, targets)
                for pairs, (hard, soft) in wanted.items():
                    own = strongest(value, world.counted[pairs], world.num_strong)
                    recall = len(own & hard) / world.num_strong, len(own & soft) / world.num_strong, lds
                    found.setdefault((name, pairs), []).append(recall)
        for (name, pairs), recalls in found.items():
            yield Score(name, size, pairs, *map(list, zip(*recalls, strict=True)))


def estimates(
    group: Outcomes, dataset: Dataset, targets: np.ndarray, regressed: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """By name, (train, test); 0 where a test example has no regression."""
    yield from simple_estimates(group)
    if regressed:
        for name, value in regressions(group, dataset, targets):
            yield name, on_all_tests(value, targets, dataset.num_test)


def lds_of(values: np.ndarray, group: Outcomes, judge: Outcomes, targets: np.ndarray) -> float:
    outputs = judge.test["probability"][:, targets]
    score = linear_datamodeling_score(
        np.nan_to_num(values), judge.masks, outputs, fitted_masks=group.masks, draws=0
    )  # fmt: skip
    return float(np.nan_to_num(score.each).mean())


def times_fewer(recall: float, size: int, curve: dict[int, float]) -> str:
    """How many times T models the baseline needs for this recall, by its own curve."""
    needed = models_for(recall, curve)
    if needed == 0:
        return f"< {min(curve) / size:.1f}"
    return f"{needed / size:.1f}" if np.isfinite(needed) else f"> {max(curve) / size:.1f}"


def run(settings: Settings) -> Result:
    environment.start_jax()
    training = settings.training()
    world = make_world(training, settings.folder / settings.preset, settings.design)
    found = []
    for score in itertools.chain(ceilings(world), scores(world, settings.groups, settings.sizes)):
        rounded = {kind: np.round(getattr(score, kind), 4).tolist() for kind in ("hard", "soft", "lds")}
        log(preset=settings.preset, **(score._asdict() | rounded))
        found.append(score)
    return Result(settings.preset, training, world.in_sample_accuracy, found)


def main() -> None:
    result = measure(Settings, run)
    result.draw(FIGURES / f"models_needed_{result.preset}.png")


if __name__ == "__main__":
    main()
