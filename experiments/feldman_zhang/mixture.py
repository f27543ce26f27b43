"""On data with a known long tail, is memorizing an example worth the share of future examples that are like it?

Feldman, Does Learning Require Memorization?, 2020, arXiv 1906.05271: the population is a mixture of many
sub-populations, most of them rare.  A learner that does not fit an example which is the only one of its sub-population
loses, on average, that sub-population's share of the test examples.  Here the mixture is synthetic, so the shares are
known, and so is the benefit:

    predicted loss = (1 - 1 / classes) * sum of the shares of the sub-populations seen once

(the label of a sub-population never seen is a guess).  The memorization of an example whose sub-population has c
training examples, estimated at m/n = a, is (1 - 1 / classes) * (1 - a)^(c - 1): the example is needed only while the
other c - 1 are out.

    python -m experiments.feldman_zhang.mixture --size quick    2,000 examples, 300 models, 48 retrainings
    python -m experiments.feldman_zhang.mixture                 2,000 examples, 2,000 models, 240 retrainings

Sub-populations are Gaussian balls in 64 dimensions, far apart, with random labels of their own and shares that fall as
1 / rank.  The mixture is drawn once, by --data-seed; the two sides of a comparison share initial weights.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import contrast, ends, mean_interval, paired
from experiments.common.models import ModelSettings, Size, fit_warning, in_sample
from experiments.common.plots import barred, panels
from experiments.common.removal import accuracies, at_random, without
from experiments.common.settings import Cost
from memjax import store
from memjax.config.specs import DataSpec
from memjax.errors import InputError
from memjax.estimators import MEM_THRESHOLD

COST = Cost("49 s", "2 min 2 s")

DIMENSIONS, CLASSES, RADIUS = 64, 10, 0.25
SIZES = {
    "smoke": Size(DataSpec(), 20, 32, 3),
    "quick": Size(DataSpec(), 30, 300, 12),
    "full": Size(DataSpec(), 60, 2000, 60),
}
POPULATIONS = {"smoke": (60, 150), "quick": (1000, 2000), "full": (1000, 2000)}  # and training examples
TEST = 10000


@dataclass(frozen=True)
class Settings(ModelSettings):
    """A long-tailed mixture with known benefit of memorization."""

    sizes: ClassVar = SIZES
    changes_data: ClassVar = True
    data_name: ClassVar = "mixture"


class Mixture(NamedTuple):
    """Examples of sub-populations, and the share of each sub-population."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    population: np.ndarray  # of each training example
    population_test: np.ndarray
    shares: np.ndarray


def draw_mixture(populations: int, num_train: int, seed: int, num_test: int = TEST) -> Mixture:
    """Sub-population k, from 1, has a share in proportion to 1 / k, a centre on the unit sphere and a label."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, populations + 1)
    shares /= shares.sum()
    centres = rng.normal(size=(populations, DIMENSIONS))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    labels = rng.permutation(np.arange(populations) % CLASSES)
    sides = []
    for count in (num_train, num_test):
        population = rng.choice(populations, count, p=shares)
        noise = rng.normal(size=(count, DIMENSIONS)) * RADIUS / DIMENSIONS**0.5
        sides.append((population, (centres[population] + noise).astype(np.float32), labels[population]))
    (own, x_train, y_train), (own_test, x_test, y_test) = sides
    return Mixture(x_train, y_train, x_test, y_test, own, own_test, shares)


def predicted_memorization(count: np.ndarray, fraction: float, classes: int = CLASSES) -> np.ndarray:
    """Predicted memorization of an example whose sub-population has `count` training examples, at m/n = `fraction`."""
    return (1 - 1 / classes) * (1 - fraction) ** (count - 1)


def predicted_loss(removed: np.ndarray, population: np.ndarray, weights: np.ndarray, classes: int = CLASSES) -> float:
    """Predicted loss of test accuracy: that of the sub-populations of which no training example stays.

    Args:
      removed: (train,) the examples that are removed.
      population: (train,) the sub-population of each training example.
      weights: (populations,) the share of each, in the mixture or among the test examples.
    """
    gone = np.setdiff1d(population[removed], population[~removed])
    return float((1 - 1 / classes) * weights[gone].sum())


def mean_loss(removed: list[np.ndarray], mixture: Mixture, weights: np.ndarray) -> float:
    """The predicted loss, on average over several sets of removed examples."""
    return float(np.mean([predicted_loss(each, mixture.population, weights) for each in removed]))


def saved(mixture: Mixture, settings: Settings) -> DataSpec:
    """Writes the examples, and says how memjax finds them."""
    file = settings.folder / "data" / f"mixture-{settings.size}-{settings.data_seed}.npz"
    file.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: getattr(mixture, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    store.write_atomically(file, lambda stream: np.savez(stream, **arrays))
    return DataSpec(f"npz:{file}")


def removals(single: np.ndarray, memorized: np.ndarray, times: int, seed: int) -> dict[str, list[np.ndarray]]:
    """The training examples that each of so many retrainings of a condition lacks, (train,) bool."""
    rng = np.random.default_rng(seed)
    return {
        "nothing": [np.zeros_like(single)] * times,
        "seen once": [single] * times,
        "memorized": [memorized] * times,
        "random": [at_random(rng, single) for _ in range(times)],
    }


def memorization_by_count(mem: np.ndarray, count: np.ndarray, fraction: float) -> dict[int, dict]:
    """Memorization, measured and predicted, by the training examples of an example's sub-population, (train,)."""
    return {
        times: {"examples": int((count == times).sum()), "measured": mean_interval(mem[count == times]),
                "predicted": float(predicted_memorization(np.array(times), fraction))}
        for times in range(1, 9) if (count == times).sum() > 1
    }  # fmt: skip


def run(settings: Settings) -> Result:
    from scipy.stats import spearmanr

    if settings.dataset or settings.per_class or settings.preset:
        raise InputError("this experiment makes its own data; leave out --dataset, --per-class and --preset")
    mixture = draw_mixture(*POPULATIONS[settings.size], settings.data_seed)
    config = replace(settings.config(), data=saved(mixture, settings))
    mem, fraction = settings.fitted(config).estimates.mem, config.subset.subset_fraction
    count = np.bincount(mixture.population, minlength=len(mixture.shares))[mixture.population]
    single = count == 1
    sets = removals(single, mem >= MEM_THRESHOLD, settings.num_retrainings, settings.seed)
    models = {name: settings.retrained(without(removed), config) for name, removed in sets.items()}
    accuracy = {name: accuracies(side.test["correct"]) for name, side in models.items()}
    loss = {name: accuracy["nothing"] - values for name, values in accuracy.items() if name != "nothing"}
    in_test = np.bincount(mixture.population_test, minlength=len(mixture.shares)) / len(mixture.population_test)
    by_shares, by_test = ({name: mean_loss(sets[name], mixture, w) for name in loss} for w in (mixture.shares, in_test))
    by_count = memorization_by_count(mem, count, fraction)
    fitted = [in_sample(side) for side in models.values()]
    numbers = {
        "num_train": len(count), "seen_once": int(single.sum()), "by_count": by_count,
        "accuracy": {name: mean_interval(values) for name, values in accuracy.items()},
        "loss": {name: mean_interval(values) for name, values in loss.items()},
        "predicted_loss_of_the_population": by_shares, "predicted_loss_of_the_test_examples": by_test,
        "rank_correlation_of_mem": float(spearmanr(mem, predicted_memorization(count, fraction)).statistic),
        "in_sample_accuracy": fitted, "warning": fit_warning(fitted),
    }  # fmt: skip
    verdicts = verdicts_of(loss["seen once"], loss["random"], by_test["seen once"], mem, count)
    return Result(numbers, verdicts, draw(by_count, numbers, config.num_models))


def verdicts_of(
    once: np.ndarray, random: np.ndarray, expected: float, mem: np.ndarray, count: np.ndarray
) -> list[Verdict]:
    """The verdicts.

    Args:
      once, random: accuracy lost by each retraining without the examples seen once, and without as many random ones.
      expected: the predicted loss without those seen once.
      mem, count: memorization of each example, and how many examples its sub-population has.
    """
    return [
        Verdict("without the examples seen once accuracy is lower", mean_interval(once)),
        Verdict("... by at least three quarters of the predicted loss", mean_interval(once), 0.75 * expected),
        Verdict("... and by at most five quarters (predicted minus measured)", mean_interval(-once), -1.25 * expected),
        Verdict("... and by more than without as many random ones", paired(once, random)),
        Verdict("examples seen once are memorized, those seen four times or more are not (difference of means)",
                contrast(mem[count == 1], mem[(count >= 4) & np.isfinite(mem)]), 0.5),
    ]  # fmt: skip


def draw(by_count: dict[int, dict], numbers: dict, models: int):
    """Memorization by the size of the sub-population, and losses, each with its prediction."""
    times = numbers["loss"]["seen once"].repeats
    size = f"{numbers['num_train']:,} examples, {models:,} models, {times} retrainings"
    note = f"{size}; error bars: 95 % intervals of the mean over examples or retrainings"
    figure, axes = panels(1, 2, 4.6, 3.5, note=note)
    measured = [row["measured"] for row in by_count.values()]
    barred(axes[0, 0], list(by_count), measured, "measured")
    axes[0, 0].plot(list(by_count), [row["predicted"] for row in by_count.values()], "k--", label="predicted")
    axes[0, 0].set(xlabel="training examples of the sub-population", ylabel="memorization")
    axes[0, 0].legend()
    names = list(numbers["loss"])
    losses = [numbers["loss"][name] for name in names]
    values, style = [item.value for item in losses], {"label": "measured", "capsize": 2}
    axes[0, 1].bar(np.arange(len(names)) - 0.2, values, 0.38, yerr=ends(losses), **style)
    told = [numbers["predicted_loss_of_the_test_examples"][name] for name in names]
    axes[0, 1].bar(np.arange(len(names)) + 0.2, told, 0.38, color="grey", label="predicted")
    axes[0, 1].set_xticks(np.arange(len(names)), names)
    axes[0, 1].set(ylabel="accuracy lost", xlabel="trained without those ...")
    axes[0, 1].legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
