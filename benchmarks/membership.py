"""Which membership attack finds most members at few false alarms, with 4 to 256 shadow models?

Six sets: digits, a part of Fashion-MNIST, wine (scikit-learn's table), digits with a tenth and with half of the labels
random, and a simulated set of normal log odds whose best attack is known.  Models train on random halves; the last ones
are the targets.  All attacks see the same scores; those that are undefined for one attack are left out for all.

    python -m benchmarks.membership
    python -m benchmarks.membership --sets digits wine --shadows 4 16 --targets 20 --per-class 20    (a small form)

A row has the rate of true positives at 0.1 % and at 1 % false ones, each with its Clopper-Pearson interval as if scores
were independent, and the AUC.  The default of `lira` falls short where its interval lies below the rate of RMIA, the
population attack or the loss attack, in any form; the last line counts these cases.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown
from memjax.estimators import Curve, lira, loss_attack, membership_curve, population_attack, rmia
from memjax.machine import environment

COST = "not measured"
Set = Literal["digits", "fashion", "wine", "tenth-random", "half-random", "gaussian"]
RATES = (0.001, 0.01)
DEFAULT, BEST = "lira", "true densities"


@dataclass(frozen=True)
class Settings:
    """What is attacked, and with how many shadow models."""

    sets: tuple[Set, ...] = ("digits", "fashion", "wine", "tenth-random", "half-random", "gaussian")
    shadows: tuple[int, ...] = (4, 8, 16, 32, 64, 128, 256)
    targets: int = 60
    per_class: int = 100
    """Training examples of each class, at most."""
    folder: Path = Path("runs/membership")
    seed: int = 0


class World(NamedTuple):
    """Scores of shadow and of target models; the best scores where they are known."""

    masks: np.ndarray
    log_odds: np.ndarray
    population: np.ndarray
    best: np.ndarray | None


class Score(NamedTuple):
    """The curve of one attack on one set."""

    name: str
    shadows: int
    attack: str
    curve: Curve


class Result(NamedTuple):
    """All curves."""

    scores: list[Score]

    @property
    def short(self) -> list[str]:
        """Where the default falls short of the best of the other attacks by more than its interval."""
        found, rates = [], {(each.name, each.shadows, each.attack): each.curve for each in self.scores}
        for name, shadows in dict.fromkeys((each.name, each.shadows) for each in self.scores):
            for rate in RATES:
                other = (curve.at(rate) for (*case, attack), curve in rates.items()
                         if case == [name, shadows] and "lira" not in attack and attack != BEST)  # fmt: skip
                best = np.nanmax([*other, -1.0])
                if rates[name, shadows, DEFAULT].interval(rate)[1] < best:
                    found.append(f"{name} with {shadows} at {100 * rate:g} %")
        return found

    def __str__(self) -> str:
        rows = [["set", "shadows", "attack", *(f"TPR at {100 * rate:g} % FPR" for rate in RATES), "AUC", "left out"]]
        for name, shadows, attack, curve in self.scores:
            cells = [
                f"{curve.at(rate):.4f} ({' to '.join(f'{end:.4f}' for end in curve.interval(rate))})" for rate in RATES
            ]
            rows.append([name, str(shadows), attack, *cells, f"{curve.auc:.4f}", f"{curve.left_out:,}"])
        return (
            f"{markdown(rows)}\n\nThe default falls short in {len(self.short)} cases: {'; '.join(self.short) or 'none'}"
        )


def wine(seed: int) -> memjax.Dataset:
    """scikit-learn's table: 178 wines of three kinds, 13 numbers each; a quarter are test examples."""
    from sklearn.datasets import load_wine

    inputs, labels = load_wine(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    inputs, labels = inputs[order].astype(np.float32), labels[order].astype(np.int32)
    cut = len(labels) // 4
    return memjax.Dataset(
        "wine", inputs[cut:], labels[cut:], inputs[:cut], labels[:cut], np.arange(len(labels) - cut), np.arange(cut),
        ("0", "1", "2"), np.zeros(len(labels) - cut, bool),
    )  # fmt: skip


def gaussian(settings: Settings, models: int) -> World:
    """Log odds that are normal: centres, gaps and deviations differ between examples, as those of networks do."""
    rng, train = np.random.default_rng(settings.seed), 10 * settings.per_class
    centre, deviation = rng.normal(4, 3, train), np.sqrt(2.0 / rng.gamma(3.0, 1.0, train))
    gap = np.where(rng.random(train) < 0.2, 3.0, 0.2)
    masks = rng.random((models, train)) < 0.5
    log_odds = centre + gap * masks + deviation * rng.normal(size=masks.shape)
    with_gap, without = (-0.5 * ((log_odds - centre - shift) / deviation) ** 2 for shift in (gap, 0))
    population = rng.normal(rng.normal(4, 3, 200), 1.5, (models, 200))
    return World(masks, log_odds, population, with_gap - without)


def trained(settings: Settings, name: Set, models: int) -> World:
    data = {"dataset": "digits", "per_class": settings.per_class}
    if name == "fashion":
        data |= {"dataset": "fashion_mnist", "test_per_class": 50}
    elif name == "wine":
        data = {"x_train": wine(settings.seed)}
    elif name != "digits":
        data |= {"corrupt": ("random-labels=0.1" if name == "tenth-random" else "random-labels=0.5",)}
    x = data.pop("x_train", None)
    x = data.pop("dataset") if x is None else x
    result = memjax.fit(
        x, run=settings.folder / f"{name}-{settings.per_class}", design="bernoulli", subset_fraction=0.5,
        keep=("correct", "log_odds"), num_models=models, seed=settings.seed, estimate=False, **data,
    )  # fmt: skip
    outcomes = result.outcomes
    train, test = (side["log_odds"].astype(np.float64) for side in (outcomes.train, outcomes.test))
    return World(outcomes.masks, train, test, None)


def attacks(world: World, shadows: int, targets: int) -> Iterator[tuple[str, np.ndarray]]:
    """Scores of each attack on the last models, by its name."""
    (masks, log_odds, population), cut = world[:3], len(world.masks) - targets
    asked = masks[:shadows], log_odds[:shadows], log_odds[cut:]
    outsiders = population[:shadows], population[cut:]
    yield DEFAULT, np.asarray(lira(*asked))
    for variance in ("own", "fixed"):
        if variance == "own" and shadows < 16:
            continue  # it is undefined for most examples
        yield f"lira, {variance} variance", np.asarray(lira(*asked, variance=variance))
    yield "lira offline", np.asarray(lira(*asked, "offline"))
    yield "rmia", rmia(*asked, *outsiders)
    yield "rmia, gamma 2", rmia(*asked, *outsiders, gamma=2.0)
    yield "rmia offline", rmia(*asked, *outsiders, offline=0.3)
    yield "population", population_attack(asked[2], outsiders[1])
    yield "loss", loss_attack(asked[2])
    if world.best is not None:
        yield BEST, world.best[cut:]


def run(settings: Settings) -> Result:
    environment.start_jax()
    found, models = [], max(settings.shadows) + settings.targets
    for name in settings.sets:
        world = gaussian(settings, models) if name == "gaussian" else trained(settings, name, models)
        members = world.masks[-settings.targets :]
        for shadows in settings.shadows:
            scores = dict(attacks(world, shadows, settings.targets))
            known = np.isfinite(list(scores.values())).all(0)
            for attack, each in scores.items():
                curve = membership_curve(np.where(known, each, np.nan), members)
                found.append(Score(name, shadows, attack, curve))
                log(set=name, shadows=shadows, attack=attack, auc=curve.auc, at=[curve.at(rate) for rate in RATES])
    return Result(found)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
