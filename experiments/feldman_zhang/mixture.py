"""Claim: where the data have a long tail, memorizing an example is worth the share of what is to come that is like it.

Feldman, Does Learning Require Memorization?, 2020, arXiv 1906.05271: the population is a mixture of many
sub-populations, most of them rare.  A learner that does not fit an example which is the only one of its sub-population
loses, on average, that sub-population's share of the test examples.  Here the mixture is synthetic, the shares are
known, and so is the benefit:

    foretold loss = (1 - 1 / classes) * sum of the shares of the sub-populations seen once

(a label of a sub-population never seen is a guess), and the memorization of an example whose sub-population has c
training examples, estimated at m/n = a, is (1 - 1 / classes) * (1 - a)^(c - 1): it is needed only while the other
c - 1 are out.

    python -m experiments.mixture --preset quick    300 models, 48 retrainings, 2,000 examples: about 30 s
    python -m experiments.mixture                   2,000 models, 240 retrainings: about 5 minutes

Sub-populations are Gaussian balls in 64 dimensions, far apart, with labels of their own drawn at random and shares that
fall as 1 / rank; repeats share weights, the mixture is drawn once.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import tyro

from experiments.claim import Result, Verdict, conclude, mean_interval
from experiments.plots import panels
from experiments.removal import accuracies, at_random, paired, without
from experiments.setting import Setting, Size, fit_warning
from memjax import store
from memjax.config.specs import DataSpec
from memjax.errors import InputError
from memjax.machine import environment

DIMENSIONS, CLASSES, RADIUS = 64, 10, 0.25
SIZES = {
    "smoke": Size(DataSpec(), 20, 32, 3),
    "quick": Size(DataSpec(), 30, 300, 12),
    "full": Size(DataSpec(), 60, 2000, 60),
}
POPULATIONS = {"smoke": (60, 150), "quick": (1000, 2000), "full": (1000, 2000)}  # and training examples
TEST = 10000


@dataclass(frozen=True)
class Experiment(Setting):
    """A long-tailed mixture with known benefit of memorization."""

    def size(self) -> Size:
        return SIZES[self.preset]


class Mixture(NamedTuple):
    """Examples of sub-populations, and how large the share of each is."""

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


def foretold_memorization(count: np.ndarray, fraction: float, classes: int = CLASSES) -> np.ndarray:
    """Of an example whose sub-population has `count` training examples, at m/n = `fraction`."""
    return (1 - 1 / classes) * (1 - fraction) ** (count - 1)


def foretold_loss(removed: np.ndarray, population: np.ndarray, weights: np.ndarray, classes: int = CLASSES) -> float:
    """Test accuracy lost with the sub-populations of which no training example stays.

    Args:
      removed: (train,) what goes.
      population: (train,) of each training example.
      weights: (populations,) their shares, of all that is to come or of the test examples.
    """
    gone = np.setdiff1d(population[removed], population[~removed])
    return float((1 - 1 / classes) * weights[gone].sum())


def main(experiment: Experiment) -> None:
    environment.start_jax()
    if experiment.dataset or experiment.per_class or experiment.paper:
        raise InputError("this experiment makes its own data; leave out --dataset, --per-class and --paper")
    mixture = draw_mixture(*POPULATIONS[experiment.preset], experiment.seed)
    file = experiment.place("mixture") / f"mixture-{experiment.seed}.npz"
    arrays = {name: getattr(mixture, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    store.write_atomically(file, lambda stream: np.savez(stream, **arrays))
    config = replace(experiment.config(), data=DataSpec(f"npz:{file}"))
    estimates = experiment.estimated(config).estimates
    mem, fraction = estimates["tr_mem"], config.subset.subset_fraction
    count = np.bincount(mixture.population, minlength=len(mixture.shares))[mixture.population]
    single, repeats = count == 1, experiment.num_repeats
    rng = np.random.default_rng(experiment.seed)
    sets = {
        "nothing": [np.zeros_like(single)] * repeats,
        "seen once": [single] * repeats,
        "memorized": [mem >= 0.25] * repeats,
        "random": [at_random(rng, single) for _ in range(repeats)],
    }
    models = {name: experiment.retrained(without(removed), config) for name, removed in sets.items()}
    accuracy = {name: accuracies(side.test["correct"]) for name, side in models.items()}
    loss = {name: accuracy["nothing"] - values for name, values in accuracy.items() if name != "nothing"}
    in_test = np.bincount(mixture.population_test, minlength=len(mixture.shares)) / len(mixture.population_test)
    foretold = {
        name: [
            [foretold_loss(removed, mixture.population, weights) for removed in sets[name]]
            for weights in (mixture.shares, in_test)
        ]
        for name in loss
    }
    by_count = {
        times: {"examples": int((count == times).sum()), "measured": mean_interval(mem[count == times]),
                "foretold": float(foretold_memorization(np.array(times), fraction))}
        for times in range(1, 9) if (count == times).sum() > 1
    }  # fmt: skip
    fitted = [float(side.train["correct"][side.masks].mean()) for side in models.values()]
    numbers = {
        "num_train": len(count), "seen_once": int(single.sum()), "by_count": by_count,
        "accuracy": {name: mean_interval(values) for name, values in accuracy.items()},
        "loss": {name: mean_interval(values) for name, values in loss.items()},
        "foretold_loss_of_the_population": {name: float(np.mean(rows[0])) for name, rows in foretold.items()},
        "foretold_loss_of_the_test_examples": {name: float(np.mean(rows[1])) for name, rows in foretold.items()},
        "rank_correlation_of_mem": float(_spearman(mem, foretold_memorization(count, fraction))),
        "in_sample_accuracy": fitted, "warning": fit_warning(fitted),
    }  # fmt: skip
    once, expected = loss["seen once"], foretold["seen once"][1][0]
    verdicts = [
        Verdict("without the examples seen once accuracy is lower", mean_interval(once)),
        Verdict("... by at least three quarters of what is foretold", mean_interval(once), 0.75 * expected),
        Verdict("... and by at most five quarters (foretold less measured)", mean_interval(-once), -1.25 * expected),
        Verdict("... and by more than without as many random ones", paired(once, loss["random"])),
        Verdict("examples seen once are memorized, those seen four times or more are not (difference of means)",
                mean_interval(mem[single] - np.nanmean(mem[count >= 4])), 0.5),
    ]  # fmt: skip
    conclude("mixture", experiment, Result(numbers, verdicts, draw(by_count, numbers)))


def draw(by_count: dict[int, dict], numbers: dict):
    """Memorization by the size of the sub-population, and losses, each against what is foretold."""
    figure, axes = panels(1, 2, 4.6, 3.4)
    measured = [row["measured"] for row in by_count.values()]
    errors = [[item.value - item.low for item in measured], [item.high - item.value for item in measured]]
    axes[0, 0].errorbar(list(by_count), [item.value for item in measured], errors, fmt="o", label="measured", capsize=2)
    axes[0, 0].plot(list(by_count), [row["foretold"] for row in by_count.values()], "k--", label="foretold")
    axes[0, 0].set(xlabel="training examples of the sub-population", ylabel="memorization")
    axes[0, 0].legend()
    names = list(numbers["loss"])
    losses = [numbers["loss"][name] for name in names]
    errors = [[item.value - item.low for item in losses], [item.high - item.value for item in losses]]
    axes[0, 1].bar(
        np.arange(len(names)) - 0.2, [item.value for item in losses], 0.38, yerr=errors, label="measured", capsize=2
    )
    told = [numbers["foretold_loss_of_the_test_examples"][name] for name in names]
    axes[0, 1].bar(np.arange(len(names)) + 0.2, told, 0.38, color="grey", label="foretold")
    axes[0, 1].set_xticks(np.arange(len(names)), names)
    axes[0, 1].set(ylabel="accuracy lost", xlabel="trained without those ...")
    axes[0, 1].legend()
    return figure


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return spearmanr(first, second).statistic


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
