"""Do SGD, momentum, Adam and Muon fit the same examples first, and memorize the same ones?

After the implicit bias of optimisation in Arpit et al. 2017, arXiv 1706.05394, which trains with SGD only.  A fifth of
the labels is wrong.  Four optimisers with small and large batches, each at a rate that was set on other networks and
another draw.  Measured for each: when an example of a network's own training set is first right, in the mean over
networks; memorization; how surely a wrong label comes after a clean one.

    python -m experiments.arpit.optimizers --size quick    digits, 60 a class, 3 draws of 2 x 10 networks
    python -m experiments.arpit.optimizers                 MNIST's 5,000 digits, 100 a class, 5 draws of 2 x 10 networks

Two optimisers agree by the rank correlation (of normal scores) of one half of the networks of the one with the other
half of the other, over examples with clean labels, divided by the root of the product of their reliabilities (the
correlation of the two halves of one optimiser, Spearman 1904).  So it is 1 where only chance differs, whatever the
number of networks.  Where a reliability is below a tenth it is not a number.  The intervals are over draws.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar, NamedTuple

import numpy as np
import optax
from optax import contrib
from scipy.stats import norm, rankdata

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import ends, mean_interval, mean_intervals, paired
from experiments.common.networks import NetworkSettings, recorded
from experiments.common.plots import panels
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import TrainSpec

COST = Cost("77 s", "19 min")

SIZES = {  # network, examples per class, epochs, draws, networks of a half
    "smoke": ("mlp:16", 10, 4, 2, 2),
    "quick": ("mlp:64", 60, 40, 3, 10),
    "full": ("mlp:64", 100, 40, 5, 10),
}
NOISE = 0.2
BATCHES = (16, 128)
OPTIMIZERS: dict[str, Callable[[float], optax.GradientTransformation]] = {
    "SGD": optax.sgd,
    "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
    "Adam": optax.adam,
    "Muon": contrib.muon,
}
RATES = {  # for small and large batches: of three each the fastest to 95 % that fits all, on seed 1000, draw 100
    "SGD": (0.1, 0.3),
    "momentum": (0.01, 0.1),
    "Adam": (0.003, 0.003),
    "Muon": (0.003, 0.01),
}
ALIKE = 0.9  # bound of the corrected correlation
RELIABLE = 0.1


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """The order in which optimisers fit examples."""

    default_data: ClassVar = {"full": "mnist5k"}

    @property
    def own_draws(self) -> int:
        """How many draws of the data the experiment makes itself."""
        return SIZES[self.size][3]


class Draw(NamedTuple):
    """What one optimiser did in one draw.

    Attributes:
      first: (2, clean) when an example with a clean label is first right, mean over the networks of each half.
      mem: (2, clean) memorization of the same examples.
      wrong_later: the chance that a wrong label comes after a clean one; 1 / 2 without an order.
      accuracy: held-out accuracy on clean labels at the end.
      fitted: training accuracy at the end.
    """

    first: np.ndarray
    mem: np.ndarray
    wrong_later: float
    accuracy: float
    fitted: float


def measured(settings: Settings, name: str, batch: int) -> Draw:
    """Trains the networks of an optimiser in one draw."""
    model, per_class, epochs, _, half = SIZES[settings.size]
    dataset = settings.loaded(per_class=per_class, label_noise=NOISE)
    masks, clean = settings.masks(2 * half, dataset.num_train), ~dataset.mislabelled
    optimizer = OPTIMIZERS[name](RATES[name][BATCHES.index(batch)])
    spec = TrainSpec(epochs=epochs, batch_size=batch)
    curves = recorded(model, dataset, spec, masks, settings.keys(2 * half), optimizer)
    first = dynamics.first_learned(curves.values["correct"], curves.epochs)
    first = np.where(np.isnan(first), epochs + 1, first)
    halves = [np.s_[:half], np.s_[half:]]
    when = np.stack([dynamics.over_models(first[rows], masks[rows]).inside for rows in halves])
    mem = np.stack([memjax.memorization(masks[rows], curves.values["correct"][rows, -1]).value for rows in halves])
    accuracy = dynamics.over_examples(curves.values["correct"][:, -1], masks, clean).outside
    fitted = dynamics.over_examples(curves.values["correct"][:, -1], masks).inside
    return Draw(when[:, clean], mem[:, clean], chance_later(when.mean(0), ~clean), accuracy.mean(), fitted.mean())


def chance_later(when: np.ndarray, wrong: np.ndarray) -> float:
    """The chance that an example among `wrong` comes after one of the others, ties counting half: the area under ROC.

    Examples without a number, which no network trained on, are left out.
    """
    known = np.isfinite(when)
    when, wrong = when[known], wrong[known]
    ranks, count = rankdata(when), int(wrong.sum())
    return float((ranks[wrong].sum() - count * (count + 1) / 2) / (count * (len(when) - count)))


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """The rank correlation of two scores, corrected for their reliability; each (2, examples), from two halves.

    Ranks are taken as normal scores.  The correction holds for these; for ranks themselves it is too large, by .006 at
    a correlation of .9.
    """
    known = np.isfinite(one).all(0) & np.isfinite(other).all(0)
    (a, b), (c, d) = (normal_scores(values[:, known]) for values in (one, other))
    own = [correlation(*pair) for pair in ((a, b), (c, d))]
    if not min(own) >= RELIABLE:
        return np.nan
    return float((correlation(a, d) + correlation(b, c)) / 2 / np.sqrt(np.prod(own)))


def reliability(halves: np.ndarray) -> float:
    """The correlation of the normal scores of two halves, (2, examples)."""
    return correlation(*normal_scores(halves[:, np.isfinite(halves).all(0)]))


def normal_scores(values: np.ndarray) -> np.ndarray:
    """The ranks of each row as quantiles of the normal distribution."""
    return norm.ppf((rankdata(values, axis=1) - 0.5) / values.shape[1])


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation; NaN where a score is the same for all examples."""
    return float(np.corrcoef(one, other)[0, 1]) if one.std() and other.std() else np.nan


Found = dict[tuple[str, int], list[Draw]]


def agreements(found: Found, what: str, pairs: list[tuple]) -> np.ndarray:
    """How far the optimisers of each pair agree in each draw, (pairs, draws)."""
    return np.array([
        [agreement(getattr(one, what), getattr(other, what)) for one, other in zip(found[a], found[b], strict=True)]
        for a, b in pairs
    ])  # fmt: skip


def verdicts_of(found: Found) -> list[Verdict]:
    """The verdicts, from the draws of each optimiser and size of batches."""
    small, large = BATCHES
    pairs = list(combinations([(name, small) for name in OPTIMIZERS], 2))
    order, mem = (agreements(found, what, pairs) for what in ("first", "mem"))
    sizes = agreements(found, "first", [((name, small), (name, large)) for name in OPTIMIZERS])
    return [
        *(
            Verdict(f"{name} fits wrong labels after clean ones, batches of {batch} (chance that one comes later)",
                    mean_interval([draw.wrong_later for draw in draws]), 0.5)
            for (name, batch), draws in found.items()
        ),
        Verdict("the optimisers fit the same examples first (corrected rank correlation, mean over pairs)",
                mean_interval(order.mean(0)), ALIKE),
        Verdict("... and yet each has an order of its own (1 minus that correlation)", paired(1, order.mean(0))),
        Verdict("large batches fit the same examples first as small ones (the same, mean over optimisers)",
                mean_interval(sizes.mean(0)), ALIKE),
        Verdict("the optimisers memorize the same examples (corrected rank correlation of memorization, mean over "
                "pairs)", mean_interval(mem.mean(0)), ALIKE),
    ]  # fmt: skip


def run(settings: Settings) -> Result:
    names = [(name, batch) for batch in BATCHES for name in OPTIMIZERS]
    found: Found = {name: [] for name in names}
    for drawn in settings.each_draw():
        for name in names:
            found[name].append(measured(drawn, *name))
    pairs = list(combinations(names, 2))
    alike = {what: agreements(found, what, pairs) for what in ("first", "mem")}
    numbers = {
        "optimisers": {
            title(*name): {"rate": RATES[name[0]][BATCHES.index(name[1])],
                           "reliability": np.mean([[reliability(getattr(draw, what))
                                                    for what in ("first", "mem")] for draw in draws], 0),
                           **{what: np.mean([getattr(draw, what) for draw in draws])
                              for what in ("wrong_later", "accuracy", "fitted")},
                           "first_median": np.nanmedian([draw.first for draw in draws])}
            for name, draws in found.items()
        },
        **{f"agreement_{what}": {f"{title(*a)}; {title(*b)}": row.mean()
                                 for (a, b), row in zip(pairs, rows, strict=True)}
           for what, rows in alike.items()},
    }  # fmt: skip
    return Result(numbers, verdicts_of(found), draw(found, pairs, alike, settings))


def title(name: str, batch: int) -> str:
    """An optimiser and its batches."""
    return f"{name}, {batch}"


def draw(found: Found, pairs: list[tuple], alike: dict[str, np.ndarray], settings: Settings):
    """How far each pair agrees on what is first and on what is memorized, and how surely wrong labels come later."""
    names, (count, half) = list(found), SIZES[settings.size][3:]
    note = f"{count} draws of 2 x {half} networks; numbers: means; error bars: 95 % intervals of the mean over draws"
    figure, [axes] = panels(1, 3, 4.4, 4.2, note=note)
    labels = [title(*name) for name in names]
    for axis, rows, text in zip(axes, alike.values(), ("first right", "memorized"), strict=False):
        grid = np.eye(len(names))
        for (a, b), row in zip(pairs, rows, strict=True):
            grid[names.index(a), names.index(b)] = grid[names.index(b), names.index(a)] = row.mean()
        axis.imshow(grid, vmin=0.5, vmax=1, cmap="viridis")
        for y, x in np.ndindex(grid.shape):
            axis.text(x, y, f"{grid[y, x]:.2f}", ha="center", va="center", fontsize=6,
                      color="white" if grid[y, x] < 0.8 else "black")  # fmt: skip
        axis.set_xticks(range(len(names)), labels, rotation=90)
        axis.set_yticks(range(len(names)), labels)
        axis.set(title=f"the same examples are {text}\n(corrected rank correlation)")
    intervals = mean_intervals(np.array([[draw.wrong_later for draw in draws] for draws in found.values()]).T)
    places = np.arange(len(names))[::-1]
    axes[2].errorbar([item.value for item in intervals], places, xerr=ends(intervals), fmt="o", color="#0072b2",
                     capsize=2, markersize=3)  # fmt: skip
    axes[2].set_yticks(places, labels)
    for axis in axes:
        axis.set_ylabel("optimiser, batch size")
    axes[2].set(xlabel="chance that a wrong label comes after a clean one")
    axes[2].locator_params(axis="x", nbins=4)
    return figure


if __name__ == "__main__":
    main(Settings, run)
