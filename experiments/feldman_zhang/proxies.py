"""Which proxies from one training predict memorization, how well, and what do they cost?

The truth is memorization (Feldman and Zhang 2020, arXiv 2008.03703) from models on random 70 %.  Each proxy comes from
one training on all examples, see `experiments.common.proxies`.  Beside them stand the held-out probability of five
folds, and memorization from 8, 16 or 32 models on subsets, held against the other models.  Correlations are divided by
the square root of the truth's reliability: the agreement of two halves of the models, carried to all of them (Spearman
and Brown; for ranks an approximation).  The noise of the one training is not corrected: whoever uses a proxy has it.

Pearson's correlation is with memorization as it is defined, of right and wrong predictions.  Spearman's is with
memorization of the probability of the given label: on easy sets most examples have memorization 0, and no proxy without
ties ranks as they do.

    python -m experiments.feldman_zhang.proxies --size quick    four sets, two networks each
    python -m experiments.feldman_zhang.proxies                 eight sets, three networks each
    python -m experiments.feldman_zhang.proxies --only digits   one of the sets

Published: cumulative loss (Ravikumar et al., Towards Memorization Estimation: Fast, Formal and Free, 2025), curvature
(Garg, Ravikumar and Roy 2023, arXiv 2307.05831), VoG (Agarwal, D'souza and Hooker 2022, arXiv 2008.11600; within
classes), EL2N and GraNd (Paul et al. 2021, arXiv 2107.07075), self-influence (Pruthi et al. 2020, arXiv 2002.08484;
all checkpoints weigh the same), LT-IQR (Pollock et al. 2024, arXiv 2411.05743), forgetting and first learned (Toneva et
al. 2019, arXiv 1812.05159), area under the margin (Pleiss et al. 2020, arXiv 2001.10528), prediction depth (Baldock et
al. 2021, arXiv 2106.09647), prototypes (Sorscher et al. 2022, arXiv 2206.14486; here those of the given classes in the
network's own features).  That one model gives a correlation (Pearson) beyond .95 with memorization, by how late
examples are learned, is said in a submission of 2024, openreview.net/forum?id=bCi3Jz0q02.

A set's value is the mean over its networks; networks whose truth has a reliability below .5 do not count.  Intervals
of one network are over examples and trainings (bootstrap), those of means are over sets (Student).  Costs are processor
times of this process, in seconds and in units of one plain training in it: the median over trainings but the first,
which compiles, and over networks.  Those of folds and of models on subsets are counted by examples.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, ends, mean_interval, paired
from experiments.common.networks import NetworkSettings
from experiments.common.plots import logarithmic, panels
from experiments.common.proxies import OneTraining, trainings
from experiments.common.settings import Cost
from experiments.common.stopping import judged
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, SubsetSpec, TableSpec
from memjax.errors import one_of
from memjax.estimators import MEM_THRESHOLD
from memjax.estimators.reliability import Reliability, split_half_reliability

COST = Cost("2 min", "26 min")
KEPT = ("correct", "probability")
FOLDS, FOLDED = 5, "held-out probability, 5 folds"
FEWER = (8, 16, 32)  # models on subsets that are held against the others
CLAIMED = ("first learned", "learned for good", "share of epochs wrong", "cumulative loss")  # how late it is learned
PUBLISHED, LEAST = 0.95, 0.5
DRAWS, SHARE = 400, 0.7


class Size(NamedTuple):
    """Data sets with their examples per class; models on subsets, trainings on everything, networks of a set."""

    sets: dict[str, int | None]
    models: int
    trainings: int
    networks: int


ALL_SETS = {  # those at even places choose, the others judge
    "iris": None, "digits": 40, "emoji": 10, "breast_cancer": None,
    "wine": None, "mnist5k": 40, "fashion_mnist": 40, "diabetes": None,
}  # fmt: skip
SIZES = {
    "smoke": Size({"wine": None, "breast_cancer": None}, 48, 2, 1),
    "quick": Size({name: ALL_SETS[name] for name in ("digits", "breast_cancer", "wine", "diabetes")}, 96, 3, 2),
    "full": Size(ALL_SETS, 96, 3, 3),
}
TABLES = ("breast_cancer", "wine", "diabetes", "iris")
NETWORKS = {True: ("mlp:64", "mlp:64,64", "linear"), False: ("mlp:128", "mlp:128,128", "cnn:8,16")}  # a table or not
EPOCHS = {True: 60, False: 30}


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Proxies from one training before memorization."""

    only: tuple[str, ...] = ()
    """Only these of the data sets."""

    @property
    def data_name(self) -> str:
        """What the experiment trains on, in a word."""
        return " ".join(self.only) or "several"


class Found(NamedTuple):
    """Correlations of one network with memorization, divided by the root of its reliability."""

    pearson: dict[str, Interval]
    spearman: dict[str, Interval]


def run(settings: Settings) -> Result:
    size = SIZES[settings.size]
    if unknown := set(settings.only) - set(size.sets):
        raise one_of("--only", min(unknown), list(size.sets))
    table, means, costs, seconds = {}, {"pearson": {}, "spearman": {}}, {}, {}
    for name in settings.only or size.sets:
        for model in NETWORKS[name in TABLES][: size.networks]:
            cell, found, cost = measured(settings, name, model, size)
            table[f"{name}, {model}"] = cell | found._asdict()
            counts = cell["reliability"] >= LEAST
            for kind, of_kind in means.items():
                for proxy, interval in getattr(found, kind).items():
                    of_kind.setdefault(proxy, {}).setdefault(name, []).append(interval.value if counts else np.nan)
            for proxy, value in cost.items():
                costs.setdefault(proxy, []).append(value)
                seconds.setdefault(proxy, []).append(value * cell["seconds"])
    sets = {kind: {proxy: of_sets(values) for proxy, values in of.items()} for kind, of in means.items()}
    cost, time = ({proxy: float(np.median(values)) for proxy, values in of.items()} for of in (costs, seconds))
    overall = {kind: {proxy: mean_interval(known(values)) for proxy, values in of.items()} for kind, of in sets.items()}
    found = {"overall": overall, "cost": cost, "seconds": time, "sets": sets, "networks": table}
    training = float(np.median([cell["seconds"] for cell in table.values()]))
    return Result(found, verdicts_of(sets["pearson"], sets["spearman"]), figure_of(overall, cost, training))


def measured(settings: Settings, name: str, model: str, size: Size) -> tuple[dict[str, Any], Found, dict[str, float]]:
    """The truth's reliability and accuracy, the seconds of a training, the correlations, and the costs in trainings."""
    config = settings.config(
        examples(settings, name, size.sets[name]), model, EPOCHS[name in TABLES], size.models,
        record=(),
        keep=KEPT, table=TableSpec(target="given" if name in TABLES else ""),
    )  # fmt: skip
    fitted = settings.fitted(config)
    masks, outputs = fitted.outcomes.masks, [np.asarray(fitted.outcomes.train[kept], np.float32) for kept in KEPT]
    halves = [split_half_reliability(masks, values) for values in outputs]
    ones = trainings(fitted.dataset, model, config.train, settings.keys(size.trainings))
    scores = {proxy: np.stack([one.scores[proxy] for one in ones]) for proxy in ones[0].scores}
    scores[FOLDED] = folds(settings, config, size)
    every = np.zeros((size.trainings, len(masks)), bool)
    found = {
        proxy: held_against(values, every, masks, outputs, halves, settings.seed) for proxy, values in scores.items()
    }
    for count in FEWER:
        blocks = np.arange(min(size.trainings, size.models // count))
        own = np.arange(size.models) // count == blocks[:, None]
        few = np.stack([gain(masks[rows], outputs[1][rows]) for rows in own])
        found[of_few(count)] = held_against(few, own, masks, outputs, halves, settings.seed)
    cost = median_costs(ones) | {FOLDED: FOLDS - 1.0} | {of_few(count): count * SHARE for count in FEWER}
    memorized = np.asarray(memjax.memorization(masks, outputs[0]).value) >= MEM_THRESHOLD
    about = {"reliability": halves[0].whole, "reliability_of_probability": halves[1].whole, "examples": len(memorized),
             "memorized": float(memorized.mean()), "in_sample": float(outputs[0][masks].mean()),
             "held_out": float(outputs[0][~masks].mean()),
             "seconds": float(np.median([one.seconds for one in ones[1:] or ones]))}  # fmt: skip
    return about, Found(*({proxy: pair[kind] for proxy, pair in found.items()} for kind in (0, 1))), cost


def of_few(count: int) -> str:
    """The name of memorization from so many models."""
    return f"memorization, {count} models"


def gain(masks: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Memorization of the probability; the median where an example was always in or always out."""
    values = np.asarray(memjax.memorization(masks, probability).value)
    return np.where(np.isfinite(values), values, np.nanmedian(values))


def folds(settings: Settings, config: RunConfig, size: Size) -> np.ndarray:
    """(trainings, train) one minus the probability of the given label in the model that did not see the example."""
    subset, count = SubsetSpec("leave-group-out", num_groups=FOLDS), FOLDS * size.trainings
    found = settings.fitted(replace(config, num_models=count, subset=subset, max_failed=0.0)).outcomes
    shape = (size.trainings, FOLDS, -1)
    out, probability = ~found.masks.reshape(shape), found.train["probability"].astype(np.float64).reshape(shape)
    return 1 - (probability * out).sum(1) / out.sum(1)


def examples(settings: Settings, name: str, per_class: int | None) -> DataSpec:
    """Some examples of a set; tables of scikit-learn are written as a file first."""
    if name not in TABLES:
        return replace(settings.data(per_class=per_class), dataset=settings.source(name))
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")(as_frame=True)
    target = data.target > data.target.median() if name == "diabetes" else data.target
    path = settings.folder / "tables" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    data.data.assign(given="class " + target.astype(int).astype(str)).to_csv(path, index=False)
    return DataSpec(f"csv:{path}", data_seed=settings.data_seed)


def held_against(
    values: np.ndarray,
    own: np.ndarray,
    masks: np.ndarray,
    outputs: list[np.ndarray],
    halves: list[Reliability],
    seed: int,
) -> tuple[Interval, Interval]:
    """Pearson and Spearman, each the mean over trainings, corrected; intervals over examples and trainings.

    Args:
      values: (trainings, train) of a proxy.
      own: (trainings, models) the models that a proxy was made from; they make no truth for it.
      masks, outputs, halves: of the models; outputs and halves of correctness and of probability.
    """
    from scipy.stats import rankdata

    truths = [
        np.stack([np.asarray(memjax.memorization(masks[~rows], kind[~rows]).value) for rows in own]) for kind in outputs
    ]
    seen = np.isfinite(truths).all((0, 1))
    values, truths = values[:, seen], [truth[:, seen] for truth in truths]
    pairs = [(values, truths[0]), (rankdata(values, axis=1), rankdata(truths[1], axis=1))]
    share, (repeats, count) = float((~own[0]).mean()), values.shape
    roots = [root_of(halves[0].halves, share), root_of(halves[1].spearman, share)]
    rng = np.random.default_rng(seed)
    draws = [np.ix_(rng.integers(repeats, size=repeats), rng.integers(count, size=count)) for _ in range(DRAWS)]
    found = []
    for (first, second), root in zip(pairs, roots, strict=True):
        drawn = np.array([correlation(first[draw], second[draw]) / root for draw in draws])
        low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan, np.nan)
        found.append(Interval(correlation(first, second) / root, float(low), float(high), count))
    return found[0], found[1]


def root_of(halves: float, share: float) -> float:
    """The square root of the reliability of a share of the models, from the correlation of two halves of all."""
    ratio = 2 * share
    return float(np.sqrt(max(ratio * halves / (1 + (ratio - 1) * halves), 0.0))) or np.nan


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of each row, in the mean over rows; NaN where a row is constant."""
    a, b = (np.asarray(each, np.float64) - each.mean(1, keepdims=True) for each in (first, second))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(((a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))).mean())


def median_costs(ones: list[OneTraining]) -> dict[str, float]:
    """Of all trainings but the first, which compiles."""
    return {name: float(np.median([one.costs[name] for one in ones[1:] or ones])) for name in ones[0].costs}


def of_sets(values: dict[str, list[float]]) -> dict[str, float]:
    """The mean of each set over its networks that count."""
    return {name: float(np.mean(known(dict(enumerate(of))))) if np.isfinite(of).any() else np.nan for name, of in
            values.items()}  # fmt: skip


def known(values: dict[Any, float]) -> list[float]:
    """The values that are numbers; one NaN if there is none."""
    return [value for value in values.values() if np.isfinite(value)] or [np.nan]


def verdicts_of(pearson: dict[str, dict[str, float]], spearman: dict[str, dict[str, float]]) -> list[Verdict]:
    """The verdicts, from the correlations of each proxy by set.  What is chosen on every other set the others judge."""
    every = {name for of in (*pearson.values(), *spearman.values()) for name, value in of.items() if np.isfinite(value)}
    names = [name for name in next(iter(pearson.values())) if name in every]
    single = [proxy for proxy in pearson if proxy != FOLDED and not proxy.startswith(of_few(8)[:12])]

    def rows(of: dict[str, dict[str, float]], proxies: Any) -> dict[str, np.ndarray]:
        return {proxy: np.nan_to_num([of[proxy][name] for name in names]) for proxy in proxies}

    def ordered(values: dict[str, float]) -> list[str]:
        return sorted(values, key=lambda name: -values[name])[:2]

    late = [
        Verdict(f"{proxy}: the correlation with memorization reaches what was published (Pearson)",
                mean_interval(rows(pearson, [proxy])[proxy]), PUBLISHED)
        for proxy in CLAIMED
    ]  # fmt: skip
    highest = judged(rows(pearson, single), ordered)[0]
    best, second = judged(rows(spearman, single), ordered)
    folded = rows(spearman, [FOLDED])[FOLDED][1::2]
    return [
        *late,
        Verdict("the best proxy of one training reaches it (Pearson)", mean_interval(highest), PUBLISHED),
        Verdict("the best proxy of one training ranks examples as memorization does (Spearman)", mean_interval(best)),
        Verdict("it is better than the next (difference of Spearman)", paired(best, second)),
        Verdict(f"{FOLDED}, is better than the best of one training (difference of Spearman)", paired(folded, best)),
    ]


def figure_of(overall: dict[str, dict[str, Interval]], cost: dict[str, float], training: float) -> Any:
    """Left: the proxies by their correlation (Pearson), numbered.  Right: the same against what they cost.

    Args:
      training: seconds of one training of the median network.
    """
    order = sorted(cost, key=lambda name: -np.nan_to_num(overall["pearson"][name].value, nan=-1.0))
    note = "error bars: 95 % intervals of the mean over data sets; corrected for the reliability of the truth"
    figure, [[left, right]] = panels(1, 2, 5.6, 5.0, note=note)
    places = np.arange(len(order))[::-1]
    for kind, colour, shift in (("pearson", "#d55e00", 0.12), ("spearman", "#0072b2", -0.12)):
        shown = [overall[kind][name] for name in order]
        reach = np.nan_to_num(np.minimum(ends(shown), 2), nan=0.0)
        values, style = [each.value for each in shown], {"fmt": "o", "markersize": 4, "linewidth": 1}
        left.errorbar(values, places + shift, xerr=reach, color=colour, label=kind.capitalize(), **style)
    left.axvline(PUBLISHED, color="0.6", linewidth=0.8, linestyle=":")
    left.set_yticks(places, [f"{name}  {number}" for number, name in enumerate(order, 1)])
    left.set(xlabel="correlation with memorization", xlim=(-0.35, 1.1))
    left.legend(loc="upper left")
    taken: dict[int, list[tuple[float, float]]] = {
        1: [],
        -1: [],
    }  # numbers to the right and to the left of their points
    for number, name in enumerate(order, 1):  # from the highest down: below the number before, with a line to the point
        x, y = cost[name], overall["pearson"][name].value
        right.plot(x, y, "o", color="#d55e00", markersize=4)
        free = {side: min([y, *(height - 0.035 for other, height in row if 1 / 1.8 < x / other < 1.8)])
                for side, row in taken.items()}  # fmt: skip
        side = 1 if y - free[1] < 0.05 else max(free, key=lambda side: free[side])
        line = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
        right.annotate(str(number), (x, y), (x * 1.25**side, free[side]), fontsize=8, va="center", arrowprops=line,
                       ha="left" if side == 1 else "right")  # fmt: skip
        taken[side].append((x, free[side]))
    right.axhline(PUBLISHED, color="0.6", linewidth=0.8, linestyle=":")
    logarithmic(right, [0.1, 0.3, 1, 3, 10, 30])
    above = right.secondary_xaxis("top", functions=(lambda cost: cost * training, lambda time: time / training))
    above.xaxis.set_major_formatter("{x:g}")
    above.set_xlabel("processor time, in seconds for the median network")
    right.set(xlabel="cost, in trainings on all examples", ylabel="Pearson", xlim=(0.08, 40), ylim=(None, 1.05))
    return figure


if __name__ == "__main__":
    main(Settings, run)
