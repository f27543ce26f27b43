"""Does generalisation rest on memorization only where small sub-populations make up much of the data?

Arpit et al. 2017 say that generalisation does not rest on memorization, Feldman and Zhang 2020 that on long tails it
must.  Both can be right: the value of memorized examples (test accuracy without as many random ones minus that without
them) is set against the share of the test examples whose sub-population has one or two training examples.

    python -m experiments.feldman_zhang.conflict --size quick    five mixtures, 4 draws
    python -m experiments.feldman_zhang.conflict                 the same, emoji and Fashion-MNIST, 5 draws

Worlds: mixtures of 40, 200 and 1,000 sub-populations with shares that fall as 1 / rank (see `mixture`), 2,000 examples
each; the first one again with a tenth of wrong training labels, so that some are memorized though there is no tail; the
last one again with random training labels, where most is memorized and little should be worth anything;
emoji, whose sub-populations are the emoji, whatever the vendor and the colour of skin; and Fashion-MNIST, 100 a class,
whose sub-populations are not known: clusters within a class stand for them, of about 20 training examples each.  Its
share is therefore a guess, and the claim about shares leaves it out.  Each draw makes all worlds anew; the intervals
are over draws, so that claims are about these worlds and not about others.
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, mean_interval
from experiments.common.models import ModelSettings, Size, fit_warning, in_sample
from experiments.common.plots import NO_BAR, panels
from experiments.common.removal import accuracies, at_random, without
from experiments.common.settings import Cost
from experiments.common.subpopulations import EXAMPLES as EXAMPLES_IN_CLUSTER
from experiments.common.subpopulations import clusters
from experiments.data.draws import emoji_of, twins_of
from experiments.feldman_zhang.mixture import CLASSES, draw_mixture
from memjax import store
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.errors import InputError
from memjax.estimators import MEM_THRESHOLD
from memjax.types import Dataset

COST = Cost("7 min 13 s", "15 min")

SIZES = {
    "smoke": Size(DataSpec(), 10, 24, 2),
    "quick": Size(DataSpec(), 30, 80, 4),
    "full": Size(DataSpec(), 30, 160, 4),
}
DRAWS = {"smoke": 2, "quick": 4, "full": 5}
POPULATIONS = {"smoke": (10, 100), "quick": (40, 200, 1000), "full": (40, 200, 1000)}
EXAMPLES = {"smoke": 200, "quick": 2000, "full": 2000}
RANDOM, EMOJI, FASHION, WRONG = "random labels", "emoji", "Fashion-MNIST by clusters", "wrong labels"
FASHION_MNIST = "fashion_mnist"
SMALL = 2  # training examples of a sub-population that is small
RATE = 0.1  # of wrong labels
NOTHING = 0.01  # of accuracy, at most
UNKNOWN = Interval(math.nan, -math.inf, math.inf, 0)


@dataclass(frozen=True)
class Settings(ModelSettings):
    """The value of memorized examples by the share of small sub-populations."""

    sizes: ClassVar = SIZES
    changes_data: ClassVar = True
    data_name: ClassVar = "mixtures"

    def check(self) -> None:
        """As of all experiments; also that the data of all worlds are here, before models are trained."""
        super().check()
        if self.size == "full":
            twins_of(EMOJI)
            load_dataset(DataSpec(FASHION_MNIST))

    @property
    def own_draws(self) -> int:
        """How many draws of the data the experiment makes itself."""
        return DRAWS[self.size]


class World(NamedTuple):
    """Data, and the sub-population of each of their examples."""

    data: DataSpec
    train: np.ndarray
    test: np.ndarray


class Point(NamedTuple):
    """One world in one draw: the share of small sub-populations, the value, what was removed, and the worst fit."""

    share: float
    value: float
    removed: float
    fitted: float


def share_of_small(train: np.ndarray, test: np.ndarray) -> float:
    """The share of the test examples whose sub-population has one or two training examples."""
    names, count = np.unique(train, return_counts=True)
    return float(np.isin(test, names[count <= SMALL]).mean())


def world(settings: Settings, name: str) -> World:
    """The world of a name, as the settings' draw has it."""
    if name == EMOJI:
        source = settings.source(EMOJI)
        known = twins_of(source)
        return World(DataSpec(source), *(emoji_of(known[f"codepoint_{side}"]) for side in ("train", "test")))
    if name == FASHION:
        data = DataSpec(FASHION_MNIST, per_class=100, data_seed=settings.data_seed)
        found = load_dataset(data)
        return World(data, *clusters_of_both(found, settings.seed))
    populations = POPULATIONS[settings.size][-1] if name == RANDOM else int(name.split()[0])
    made = draw_mixture(populations, EXAMPLES[settings.size], settings.data_seed)
    arrays = {side: getattr(made, side) for side in ("x_train", "y_train", "x_test", "y_test")}
    rng = np.random.default_rng(settings.data_seed)
    if name == RANDOM:
        arrays["y_train"] = rng.permutation(arrays["y_train"])
    if name.endswith(WRONG):
        wrong = rng.random(len(arrays["y_train"])) < RATE
        arrays["y_train"] = (arrays["y_train"] + wrong * rng.integers(1, CLASSES, len(wrong))) % CLASSES
    file = (
        settings.folder / "data" / f"{name.replace(' ', '-').replace(',', '')}-{settings.size}-{settings.data_seed}.npz"
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    store.write_atomically(file, lambda stream: np.savez(stream, **arrays))
    return World(DataSpec(f"npz:{file}"), made.population, made.population_test)


def clusters_of_both(data: Dataset, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The clusters of the training and of the test examples, so many that each has about 20 training examples."""
    inputs, labels = (
        np.concatenate([getattr(data, f"{side}_{what}") for side in ("train", "test")]) for what in ("inputs", "labels")
    )
    found = clusters(inputs, labels, seed, round(EXAMPLES_IN_CLUSTER * len(labels) / data.num_train))
    return found[: data.num_train], found[data.num_train :]


def measured(settings: Settings, name: str) -> Point:
    """Estimates memorization in a world, and retrains without memorized and without as many random examples."""
    own = world(settings, name)
    config = replace(settings.config(), data=own.data)
    removed = settings.fitted(config).estimates.mem >= MEM_THRESHOLD
    rng, times = np.random.default_rng(settings.seed), settings.num_retrainings
    sides = [settings.retrained(without(sets), config) for sets in
             ([removed] * times, [at_random(rng, removed) for _ in range(times)])]  # fmt: skip
    memorized, random = (accuracies(side.test["correct"]).mean() for side in sides)
    share = share_of_small(own.train, own.test)
    return Point(share, float(random - memorized), float(removed.mean()), min(in_sample(side) for side in sides))


def verdicts_of(points: dict[str, list[Point]]) -> list[Verdict]:
    """The verdicts, from the points of each world, one for each draw.

    Where nothing is memorized the value is 0 for that reason: such worlds count in the first slope and where the share
    is largest, not in the other two.
    """
    tails = [name for name in points if name not in (RANDOM, FASHION)]
    value = {name: np.array([point.value for point in row]) for name, row in points.items()}
    by_share = sorted(tails, key=lambda name: np.mean([point.share for point in points[name]]))
    some = [name for name in by_share if all(point.removed for point in points[name])]
    return [
        Verdict("the larger the share of small sub-populations, the more memorized examples are worth (slope over the "
                "worlds of a draw: accuracy for the whole share)", mean_interval(slopes(points, tails))),
        Verdict("... and so it is among the worlds in which some are memorized",
                mean_interval(slopes(points, some)) if differ(points, some) else UNKNOWN),
        Verdict("where it is largest they are worth more than random ones",
                mean_interval(value[by_share[-1]])),
        Verdict("where it is smallest among the worlds in which some are memorized they are worth less than "
                f"{NOTHING:g} more (that minus their value)",
                mean_interval(NOTHING - value[some[0]]) if some else UNKNOWN),
        Verdict(f"... and so they are with random labels, where all is memorized ({NOTHING:g} minus their value)",
                mean_interval(NOTHING - value[RANDOM])),
    ]  # fmt: skip


def slope_with_a_tail(points: dict[str, list[Point]]) -> Interval:
    """The slope over the worlds in which some test examples are of small sub-populations, in each draw.

    Without random labels, and without Fashion-MNIST, whose sub-populations are clusters.
    """
    names = [name for name in points if name not in (RANDOM, FASHION) and all(point.share for point in points[name])]
    return mean_interval(slopes(points, names)) if differ(points, names) else UNKNOWN


def differ(points: dict[str, list[Point]], names: list[str]) -> bool:
    """Whether shares differ between the worlds, in each draw: otherwise there is no slope."""
    draws = zip(*(points[name] for name in names), strict=True)
    return bool(names) and all(len({point.share for point in draw}) > 1 for draw in draws)


def slopes(points: dict[str, list[Point]], names: list[str]) -> list[float]:
    """The slope of value on share over worlds, for each draw."""
    return [
        float(np.polyfit([point.share for point in draw], [point.value for point in draw], 1)[0])
        for draw in zip(*(points[name] for name in names), strict=True)
    ]


def run(settings: Settings) -> Result:
    if settings.dataset or settings.per_class or settings.preset:
        raise InputError("this experiment has its own data; leave out --dataset, --per-class and --preset")
    names = [f"{count} sub-populations" for count in POPULATIONS[settings.size]]
    names += [f"{names[0]}, {WRONG}", RANDOM]
    names += [EMOJI, FASHION] if settings.size == "full" else []
    points: dict[str, list[Point]] = {name: [] for name in names}
    for drawn in settings.each_draw():
        for name in names:
            points[name].append(measured(drawn, name))
    fitted = [point.fitted for row in points.values() for point in row]
    found = {"points": points, "slope_with_a_tail": slope_with_a_tail(points), "warning": fit_warning(fitted)}
    return Result(found, verdicts_of(points), draw(points))


def draw(points: dict[str, list[Point]]):
    """Value against share: a point for each world and draw."""
    count = len(next(iter(points.values())))
    data = "mixtures, emoji and Fashion-MNIST" if {EMOJI, FASHION} <= {*points} else "mixtures"
    note = f"{data}; a point for each of {count} draws; cross: mean over draws and its 95 % interval; {NO_BAR}"
    figure, [[axis]] = panels(1, 1, 6.0, 3.8, note=note)
    for number, (name, row) in enumerate(points.items()):
        shares, values = [point.share for point in row], [point.value for point in row]
        axis.plot(shares, values, ".", color=f"C{number}", alpha=0.5)
        mean = mean_interval(values)
        reach = None if not np.isfinite(mean.low) else [[mean.value - mean.low], [mean.high - mean.value]]
        removed = np.mean([point.removed for point in row])
        axis.errorbar(np.mean(shares), mean.value, reach, fmt="x", color=f"C{number}", capsize=3,
                      label=f"{name} ({removed:.0%} memorized)")  # fmt: skip
    axis.axhline(0, color="black", linewidth=0.5)
    axis.set(xlabel="test examples whose sub-population has 1 or 2 training examples, share",
             ylabel="accuracy without random\nminus without memorized")  # fmt: skip
    figure.legend(fontsize=7, loc="outside upper center", ncols=2)
    return figure


if __name__ == "__main__":
    main(Settings, run)
