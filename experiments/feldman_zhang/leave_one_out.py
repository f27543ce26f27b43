"""Does the estimate from random subsets equal exact leave-one-out?

Feldman and Zhang 2020, section 2: memorization is defined by leaving out one example of all, and is estimated from
models that see a random 70 %.  Their critics ("Is Memorization Actually Necessary for Generalization?", 2024 to 2026)
hold that this overestimates memorization, above all of examples from small sub-populations, and ask for m/n near 1.

    python -m experiments.feldman_zhang.leave_one_out --size quick    500 digits, about 3,950 models
    python -m experiments.feldman_zhang.leave_one_out                 Fashion-MNIST, 100 a class, about 10,500 models

The exact value: for a sample of examples, models on everything and models on everything but the example, over many
seeds.  The sample has up to a third each of examples of low, middle and high memorization, as far as there are so
many, and random ones.  Models that are used for nothing else say which these are.  Means over the sample are weighted,
so that they are means over all examples, and ranks are those of the sample.  Estimates: balanced subsets at several
m/n.  Intervals are over the examples of the sample; the errors of both sides are subtracted from the root mean square
difference.  Noise lowers a rank correlation: where an estimate without any bias would not reach the bound either, a
low one says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.stats import rankdata

import memjax
from experiments.common.agreement import rank_correlation
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, opened, stratified_mean
from experiments.common.models import ModelSettings, Size, fit_warning, in_sample
from experiments.common.plots import barred, panels
from experiments.common.settings import Cost
from memjax.config.specs import DataSpec, SubsetSpec
from memjax.types import Outcomes

COST = Cost("1 min 33 s", "21 min, --retrainings 60 --models 400")

FRACTIONS = (0.5, 0.7, 0.8, 0.9, 0.95)
SIZES = {
    "smoke": Size(DataSpec(per_class=10, test_per_class=5), 20, 60, 8),
    "quick": Size(DataSpec(per_class=50), 30, 400, 50),
    "full": Size(DataSpec("fashion_mnist", per_class=100, test_per_class=10), 30, 600, 150),
}
ALLOWED = "rank_correlation_that_noise_allows"
ALIKE = 0.9  # bound of the rank correlation
MADE_UP = 200  # pairs of an estimate and an exact value, for what noise allows
SAMPLE = {"smoke": 6, "quick": 30, "full": 45}


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Exact leave-one-out against estimates from subsets."""

    sample: int | None = None
    """Examples with an exact value."""

    sizes: ClassVar = SIZES


class Scores(NamedTuple):
    """Memorization of the examples of the sample, with standard errors."""

    value: np.ndarray
    stderr: np.ndarray


def strata_of(mem: np.ndarray) -> np.ndarray:
    """0, 1 or 2: low, middle or high memorization."""
    return np.digitize(mem, (0.1, 0.9))


def spread_sample(mem: np.ndarray, count: int, seed: int) -> np.ndarray:
    """A third of the sample each from memorization below .1, from .1 to .9, and above, as far as there are so many."""
    rng = np.random.default_rng(seed)
    strata = strata_of(mem)
    drawn = [rng.permutation(np.flatnonzero(strata == stratum))[: count // 3] for stratum in range(3)]
    rest = rng.permutation(np.setdiff1d(np.flatnonzero(np.isfinite(mem)), np.concatenate(drawn)))
    return np.sort(np.concatenate([*drawn, rest[: count - sum(map(len, drawn))]]))


def masks_of(num_train: int, sample: np.ndarray, times: int) -> np.ndarray:
    """`times` rows of everything, then as many without the first example of the sample, without the second, ..."""
    masks = np.ones(((len(sample) + 1) * times, num_train), bool)
    masks[times + np.arange(len(sample) * times), np.repeat(sample, times)] = False
    return masks


def exact(outcomes: Outcomes, sample: np.ndarray, times: int) -> Scores:
    """Memorization by its definition: accuracy with everything minus accuracy without the example."""
    found = []
    for place, row in enumerate(sample):
        models = np.r_[:times, (place + 1) * times : (place + 2) * times]
        estimate = memjax.memorization(outcomes.masks[models][:, [row]], outcomes.train["correct"][models][:, [row]])
        found.append((float(estimate.value[0]), float(estimate.stderr[0])))
    return Scores(*map(np.array, zip(*found, strict=True)))


def compare(estimate: Scores, truth: Scores, over_all: Callable[[np.ndarray], Interval]) -> dict:
    """Bias, agreement in rank and the root mean square difference that noise does not explain.

    The bias is that of all examples; the rest is of the sample, in which low, middle and high memorization are
    equally frequent.

    Args:
      over_all: values of the sample -> their mean over all examples.
    """
    difference = estimate.value - truth.value
    noise = float((estimate.stderr**2 + truth.stderr**2).mean())
    mean_square = float((difference**2).mean())
    return {
        "bias": over_all(difference),
        "rank_correlation": rank_correlation(estimate.value, truth.value),
        "root_mean_square": mean_square**0.5,
        "expected_of_noise": noise**0.5,
        "beyond_noise": max(0.0, mean_square - noise) ** 0.5,
        "mean_stderr": float(estimate.stderr.mean()),
    }


def allowed_by_noise(exact: np.ndarray, times: int, num_out: int) -> float:
    """The rank correlation with exact values, to be expected of an estimate that is right but for noise.

    Both are made up: binomial shares of wrong models among those without the example; those with it are taken to be
    right.  How often models are wrong is drawn, for each example, from what its exact value leaves possible, given a
    beta distribution over examples with the mean and the variance of the exact values without their noise.

    Args:
      exact: the exact values, each from so many `times` of models.
      num_out: how many models without an example an estimate has.
    """
    wrong = np.clip(exact, 0, 1)
    mean = np.clip(wrong.mean(), 0.5 / (wrong.size * times), 1 - 0.5 / (wrong.size * times))
    variance = wrong.var() - (wrong * (1 - wrong)).mean() / max(1, times - 1)
    size = max(0.05, mean * (1 - mean) / max(1e-6, variance) - 1)
    rng = np.random.default_rng(0)
    rates = rng.beta(wrong * times + mean * size, (1 - wrong) * times + (1 - mean) * size, (MADE_UP, wrong.size))
    made_up = [rankdata(rng.binomial(count, rates) / count, axis=1) for count in (times, num_out)]
    one, other = (ranks - ranks.mean(1, keepdims=True) for ranks in made_up)
    scale = np.sqrt((one**2).sum(1) * (other**2).sum(1))
    return float(((one * other).sum(1)[scale > 0] / scale[scale > 0]).mean()) if scale.any() else 0.0


def run(settings: Settings) -> Result:
    config, times = settings.config(), settings.num_retrainings
    pilot = settings.fitted(replace(config, seed=config.seed + 1))
    sample = spread_sample(pilot.estimates.mem, settings.sample or SAMPLE[settings.size], settings.seed)
    models = settings.retrained(masks_of(pilot.dataset.num_train, sample, times))
    truth = exact(models, sample, times)
    estimates, fitted = {}, [in_sample(models)]
    for fraction in FRACTIONS:
        found = settings.fitted(replace(config, subset=SubsetSpec("balanced", fraction)))
        estimates[fraction] = Scores(found.estimates.mem[sample], found.estimates.mem_stderr[sample])
        fitted.append(found.estimates.in_sample_accuracy)
    strata = strata_of(pilot.estimates.mem)
    over_all = partial(stratified_mean, strata=strata[sample], sizes=np.bincount(strata, minlength=3))
    table = {
        fraction: compare(scores, truth, over_all)
        | {ALLOWED: allowed_by_noise(truth.value, times, max(1, round(config.num_models * (1 - fraction))))}
        for fraction, scores in estimates.items()
    }
    numbers = {
        "sample": len(sample),
        "sample_by_stratum": np.bincount(strata[sample], minlength=3),
        "examples_by_stratum": np.bincount(strata, minlength=3),
        "models_for_the_truth": len(models.masks),
        "models_an_estimate": config.num_models,
        "mean_stderr_of_the_truth": float(truth.stderr.mean()),
        "by_fraction": table,
        "exact": truth.value,
        "in_sample_accuracy": fitted,
        "warning": fit_warning(fitted),
    }
    verdicts = verdicts_of(table, over_all(estimates[0.7].value - estimates[0.95].value))
    trained = f"{config.num_models} models an estimate, {times} retrainings"
    return Result(numbers, verdicts, draw(estimates, truth, table, trained))


def verdicts_of(table: dict[float, dict], less: Interval) -> list[Verdict]:
    """The verdicts, from what `compare` says by m/n, and by how much less memorization is at .95 than at .7.

    Where noise alone keeps a rank correlation below its bound, it may be higher without noise.
    """
    ranks = {m: opened(row["rank_correlation"], False, row[ALLOWED] < ALIKE) for m, row in table.items()}
    return [
        Verdict("at m/n = .7 examples rank as by exact leave-one-out (Spearman)", ranks[0.7], ALIKE),
        Verdict("at m/n = .95 they do", ranks[0.95], ALIKE),
        Verdict("critics: at .7 memorization is overestimated (mean over all examples)", table[0.7]["bias"]),
        Verdict("critics: at .95 it still is", table[0.95]["bias"]),
        Verdict("critics: at .95 it is less than at .7", less),
    ]


def draw(estimates: dict[float, Scores], truth: Scores, table: dict, trained: str):
    """Estimates against the truth with both errors, and bias by fraction."""
    note = f"sample of {len(truth.value)}; {trained}; error bars: 95 % intervals, over models in the first "
    note += "two panels, over examples in the third; line: both are equal"
    figure, axes = panels(1, 3, 4.0, 3.7, note=note)
    shown = [truth, estimates[0.7], estimates[0.95]]
    reach = [side.value + sign * 1.96 * side.stderr for side in shown for sign in (-1, 1)]
    limits = (min(0, *map(np.min, reach)) - 0.04, max(1, *map(np.max, reach)) + 0.04)
    for axis, fraction in zip(axes[0, :2], (0.7, 0.95), strict=True):
        scores = estimates[fraction]
        axis.errorbar(
            truth.value, scores.value, 1.96 * scores.stderr, 1.96 * truth.stderr, "o", markersize=3, elinewidth=0.6
        )
        axis.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        axis.set(xlabel="memorization, exact leave-one-out", ylabel=f"memorization, estimate at m/n = {fraction}")
        axis.set(xlim=limits, ylim=limits)
    bias = [table[fraction]["bias"] for fraction in FRACTIONS]
    barred(axes[0, 2], FRACTIONS, bias, "bias, over all examples")
    axes[0, 2].plot(
        FRACTIONS, [table[f]["beyond_noise"] for f in FRACTIONS], "s--", label="root mean square\nbeyond noise, sample"
    )
    axes[0, 2].axhline(0, color="grey", linewidth=0.8)
    axes[0, 2].set(xlabel="m/n, share of the examples that a model trains on", ylabel="estimate minus exact")
    axes[0, 2].legend(fontsize=7)
    return figure


if __name__ == "__main__":
    main(Settings, run)
