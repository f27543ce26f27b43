"""How many models does it take to find the strong train-test pairs, and how many fewer with which estimator?

Truth: differences of means over many models of their own seed, of correctness (hard) and of the probability of the
given label (soft).  Strong pairs: the largest of all train-test pairs, 50 on digits, 100 on Fashion-MNIST.  Recall:
their share among as many largest pairs of an estimate from the first T of other models, the next T, and so on.
Ceiling: the recall that as many models as the truth has reach; no estimate should be expected to do much better.
Models needed: how many models the difference of means of correctness needs for the same recall, read off its own curve
(straight between points of the logarithm of T), over T.  LDS: the linear datamodeling score of the estimate for the
probabilities of 1,000 models of the truth, over the test examples that vary.

    python -m benchmarks.models_needed --preset digits     2 times 4,000 models, then a few minutes of estimates
    python -m benchmarks.models_needed --preset fashion    2 times 2,000 models, 200 a class; needs the data installed
    python -m benchmarks.models_needed --preset script     2 times 1,000 models with the network and training of the
                                                           released script, 200 a class; likewise
    python -m benchmarks.models_needed --preset tiny       a minute, to see that it works

Prints a JSON line an estimator and T, and tables; draws benchmarks/figures/models_needed_PRESET.png.  Resumes training
where it stopped.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import tyro

from benchmarks.recall import (
    PRESETS,
    Setting,
    World,
    make_world,
    mean_difference,
    models_for,
    part_of,
    prior_of,
    spread_out,
    strong_pairs,
    strongest,
    varying,
)
from memjax.config.specs import Design
from memjax.estimators.linear.datamodels import datamodels
from memjax.estimators.linear.penalty_factors import worth
from memjax.estimators.linear.ridge import ridge_datamodels
from memjax.machine import environment
from memjax.types import Dataset, Outcomes

SIZES = (60, 125, 250, 500, 1000, 2000, 4000)
LARGEST_REGRESSION = 1000
JUDGES = 1000  # models of the truth whose outputs the LDS is about
BASELINE = "mean difference of correctness"


@dataclass(frozen=True)
class Benchmark:
    """Models needed to find the strong pairs."""

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
    """Of the subsets of the candidates; the truth always has random ones of 70 %."""
    sizes: tuple[int, ...] = SIZES
    """Numbers of models to estimate from."""
    figures: Path = Path("benchmarks/figures")

    def setting(self) -> Setting:
        """The preset with what was said otherwise."""
        said = {name: getattr(self, name) for name in ("truth", "candidates", "strongest")}
        setting = PRESETS[self.preset]._replace(**{name: value for name, value in said.items() if value})
        data = setting.config.data
        sizes = {name: getattr(self, name) or getattr(data, name) for name in ("per_class", "test_per_class")}
        return setting._replace(config=replace(setting.config, data=replace(data, **sizes)))


class Score(NamedTuple):
    """Recall of one estimator from T models, a number a group of them."""

    estimator: str
    models: int
    pairs: str
    hard: list[float]
    soft: list[float]
    lds: list[float]


def simple_estimates(group: Outcomes) -> dict[str, np.ndarray]:
    """Differences of means."""
    found = {name: mean_difference(group.masks, group.test[name]) for name in ("correct", "probability", "margin")}
    return {
        BASELINE: found["correct"],
        "mean difference of probability": found["probability"],
        "mean difference of margin": found["margin"],
        "mean difference of margin, worth": found["margin"] * worth(group.test["probability"], group.test["margin"]),
    }


def regressions(group: Outcomes, dataset: Dataset, targets: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Linear datamodels of some of the test examples; those of margins in units of probability, but for one."""
    masks, probability, margin = group.masks, group.test["probability"][:, targets], group.test["margin"][:, targets]
    unit = worth(probability, margin)
    yield "ridge of margin, worth", ridge_datamodels(masks, margin).weights * unit
    yield "lasso of probability", datamodels(masks, probability).weights
    weights = datamodels(masks, margin).weights
    yield "lasso of margin", weights
    yield "lasso of margin, worth", weights * unit
    factors = prior_of(group, dataset, targets)
    yield "lasso of probability, prior", datamodels(masks, probability, factors=factors).weights
    yield "lasso of margin, worth, prior", datamodels(masks, margin, factors=factors).weights * unit


def ceilings(world: World) -> list[Score]:
    """Recall of the truth by itself, from as many of the candidates."""
    truth, again = part_of(world.truth, np.s_[:]), part_of(world.candidates, np.s_[: len(world.truth.masks)])
    found = []
    for pairs in world.counted:
        both = zip(strong_pairs(world, truth, pairs), strong_pairs(world, again, pairs), strict=True)
        found.append(Score("ceiling", len(again.masks), pairs, *([len(a & b) / len(a)] for a, b in both), []))
    return found


def scores(world: World, groups: int, sizes: tuple[int, ...]) -> Iterator[Score]:
    """Recall of every estimator for every T, each T as soon as it is known."""
    truth = part_of(world.truth, np.s_[:])
    wanted = {pairs: strong_pairs(world, truth, pairs) for pairs in world.counted}
    targets = varying(world.candidates)
    print(f"{len(targets)} test examples vary enough for a regression", file=sys.stderr)
    judge = part_of(world.truth, np.s_[:JUDGES])
    ranked = centred_ranks(judge.test["probability"][:, targets])
    for size in sizes:
        found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
        for number in range(min(16, len(world.candidates.masks) // size)):
            print(f"{size} models, group {number}", file=sys.stderr)
            group = part_of(world.candidates, np.s_[number * size : (number + 1) * size])
            estimates = list(simple_estimates(group).items())
            if size <= LARGEST_REGRESSION and number < groups:
                linear = regressions(group, world.dataset, targets)
                estimates += [(name, spread_out(value, targets, world.dataset.num_test)) for name, value in linear]
            for name, value in estimates:
                lds = linear_datamodeling_score(value[:, targets], judge.masks, ranked)
                for pairs, (hard, soft) in wanted.items():
                    own = strongest(value, world.counted[pairs], world.num_strong)
                    recall = len(own & hard) / world.num_strong, len(own & soft) / world.num_strong, lds
                    found.setdefault((name, pairs), []).append(recall)
        for (name, pairs), recalls in found.items():
            yield Score(name, size, pairs, *map(list, zip(*recalls, strict=True)))


def centred_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks in each column less their mean, of length 1; 0 in a constant column."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0)
    ranks -= ranks.mean(0)
    length = np.sqrt((ranks * ranks).sum(0))
    return ranks / np.where(length > 0, length, 1)


def linear_datamodeling_score(influence: np.ndarray, masks: np.ndarray, ranked: np.ndarray) -> float:
    """Mean rank correlation of predicted and true outputs; a target that nothing is predicted of counts as 0."""
    predicted = masks.astype(np.float32) @ np.nan_to_num(influence)
    return float((centred_ranks(predicted) * ranked).sum(0).mean())


def times_fewer(recall: float, size: int, curve: dict[int, float]) -> str:
    """How many times T models the baseline needs for this recall, by its own curve."""
    needed = models_for(recall, curve)
    if needed == 0:
        return f"< {min(curve) / size:.1f}"
    return f"{needed / size:.1f}" if np.isfinite(needed) else f"> {max(curve) / size:.1f}"


def report(found: list[Score], pairs: str) -> None:
    """A JSON line a score and a table, of one choice of pairs."""
    found = [score for score in found if score.pairs == pairs]
    curves = {
        kind: {score.models: float(np.mean(getattr(score, kind))) for score in found if score.estimator == BASELINE}
        for kind in ("hard", "soft")
    }
    print(f"\nPairs counted: {pairs}.  Mean recall ± sd over groups; models the baseline needs, over T\n")
    print("| T | n | estimator | hard | soft | LDS | times fewer, hard | times fewer, soft |\n" + "|---" * 8 + "|")
    for score in sorted(found, key=lambda score: score.models):
        cells, ratios = [], []
        for kind in ("hard", "soft", "lds"):
            recalls = getattr(score, kind)
            spread = f" ± {np.std(recalls, ddof=1):.3f}" if len(recalls) > 1 else ""
            cells.append(f"{np.mean(recalls):.3f}{spread}" if recalls else "")
            if kind == "lds":
                continue
            ratios.append(times_fewer(float(np.mean(recalls)), score.models, curves[kind]))
        ratios = ratios if score.models <= 250 and score.estimator != "ceiling" else ["", ""]
        print("|", " | ".join([str(score.models), str(len(score.hard)), score.estimator, *cells, *ratios]), "|")


def draw(found: list[Score], limits: list[Score], path: Path) -> None:
    """Recall against T, of all pairs, with the ceiling as a dashed line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
    names = dict.fromkeys(score.estimator for score in found)
    for axis, kind in zip(axes, ("hard", "soft"), strict=True):
        for name in names:
            own = [score for score in found if score.estimator == name and score.pairs == "all"]
            style = {"color": "black", "linewidth": 2} if name == BASELINE else {}
            recalls = [np.mean(getattr(score, kind)) for score in own]
            axis.plot([score.models for score in own], recalls, marker="o", markersize=3, label=name, **style)
        limit = next(score for score in limits if score.pairs == "all")
        axis.axhline(getattr(limit, kind)[0], color="grey", linestyle="--", label=f"ceiling, {limit.models} models")
        axis.set(xscale="log", xlabel="models", title=f"recall of the strong pairs, {kind} truth", ylim=(0, 1))
        axis.set_xticks(SIZES, SIZES)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[1].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main(benchmark: Benchmark) -> None:
    environment.start_jax()
    setting = benchmark.setting()
    world = make_world(setting, benchmark.folder / benchmark.preset, benchmark.design)
    correct = world.truth.train["correct"][world.truth.masks].mean(), world.truth.test["correct"].mean()
    print(f"{setting}\nin-sample accuracy {correct[0]:.4f}, test accuracy {correct[1]:.4f}", flush=True)
    if correct[0] < 0.99:
        print("in-sample accuracy is below .99: influence is not what it would be of models that fit their examples")
    found, limits = [], ceilings(world)
    for score in itertools.chain(limits, scores(world, benchmark.groups, benchmark.sizes)):
        line = score._asdict() | {kind: np.round(getattr(score, kind), 4).tolist() for kind in ("hard", "soft", "lds")}
        print(json.dumps({"preset": benchmark.preset, **line}), flush=True)
        found.append(score)
    found = found[len(limits) :]
    for pairs in world.counted:
        report(limits + found, pairs)
    if benchmark.design == "fixed-size":
        draw(found, limits, benchmark.figures / f"models_needed_{benchmark.preset}.png")
    print(f"\n{environment.usable_cores()} cores, {environment.versions()}")


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
