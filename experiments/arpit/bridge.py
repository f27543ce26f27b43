"""Which measure of a single training run best predicts memorization, which takes many runs on subsets?

Memorization (Feldman and Zhang 2020, arXiv 2008.03703) is estimated from all models but one.  Each cheap proxy comes
from the one left out, over the examples that it trained on, and is ranked against memorization (Spearman).  Several
models in turn are the one.  The best proxy is chosen on half of them and judged on the other half.

    python -m experiments.arpit.bridge --size quick    digits, 64 networks
    python -m experiments.arpit.bridge                 Fashion-MNIST, 300 a class, 256 networks

Proxies: mean loss, EL2N after a tenth of the epochs, area under the margin, confidence and variability of cartography,
first learned epoch, learned for good, forgetting events.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import ends, mean_interval, paired
from experiments.common.networks import NetworkSettings
from experiments.common.plots import panels
from experiments.common.settings import Cost
from experiments.common.stopping import judged
from memjax import dynamics

COST = Cost("17 s", "6 min 24 s")

SIZES = {  # model, networks, epochs, in the part of the one, examples per class
    "smoke": ("mlp:8", 8, 4, 2, 10),
    "quick": ("mlp:128", 64, 60, 16, None),
    "full": ("mlp:256", 256, 60, 40, 300),
}
RECORD = ("correct", "loss", "probability", "margin", "error_norm")


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Cheap proxies against memorization."""


def proxies(epochs: np.ndarray) -> dict[str, Callable[[dict[str, np.ndarray]], np.ndarray]]:
    """Of one model's curves, (epochs, train), turned so that high means hard."""
    early = max(1, round(0.1 * epochs[-1]))

    def never_is_last(values: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(values), epochs[-1] + 1, values)

    return {
        "mean loss": lambda v: dynamics.mean_loss(v["loss"]),
        "early error (EL2N)": lambda v: dynamics.at_epoch(v["error_norm"], epochs, early),
        "area under the margin": lambda v: -dynamics.area_under_margin(v["margin"]),
        "confidence": lambda v: -dynamics.confidence(v["probability"]),
        "variability": lambda v: dynamics.variability(v["probability"]),
        "first learned": lambda v: never_is_last(dynamics.first_learned(v["correct"], epochs)),
        "learned for good": lambda v: never_is_last(dynamics.learned_for_good(v["correct"], epochs)),
        "forgetting events": lambda v: np.minimum(dynamics.forgetting_events(v["correct"], epochs), len(epochs)),
    }


def run(settings: Settings) -> Result:
    from scipy.stats import spearmanr

    model, models, epochs, ones, per_class = SIZES[settings.size]
    config = settings.config(settings.data(per_class=per_class), model, epochs, models, record=RECORD)
    curves = settings.fitted(config).curves
    last = curves.values["correct"][:, -1]
    ranks: dict[str, list[float]] = {name: [] for name in proxies(curves.epochs)}
    for one in range(ones):
        rest = np.arange(len(last)) != one
        memorization = np.asarray(memjax.memorization(curves.masks[rest], last[rest]).value)
        rows = curves.masks[one] & np.isfinite(memorization)
        for name, proxy in proxies(curves.epochs).items():
            score = proxy({metric: values[one] for metric, values in curves.values.items()})
            ranks[name].append(float(spearmanr(score[rows], memorization[rows]).statistic))
    interval = {name: mean_interval(values) for name, values in ranks.items()}
    order = in_order({name: item.value for name, item in interval.items()})
    best, second = order[:2]
    figure, [[axis]] = panels(1, 1, 4.6, 3.2, note="error bars: 95 % intervals of the mean over models")
    places = np.arange(len(order))[::-1]
    values = [interval[name] for name in order]
    reach = np.minimum(ends(values), 1)
    axis.errorbar([v.value for v in values], places, xerr=reach, fmt="o", color="#0072b2", capsize=2)
    axis.set_yticks(places, order)
    axis.set(xlabel=f"Spearman with memorization, {ones} models")
    return Result({"best": best, "next": second, "spearman": interval}, verdicts_of(ranks), figure)


def in_order(means: dict[str, float]) -> list[str]:
    """The proxies, the best one first; one that is not a number comes last."""
    return sorted(means, key=lambda name: -np.nan_to_num(means[name], nan=-np.inf))


def verdicts_of(ranks: dict[str, list[float]]) -> list[Verdict]:
    """The verdicts, from the rank correlation of each proxy in each model."""
    best, second = judged({name: np.array(values) for name, values in ranks.items()}, lambda means: in_order(means)[:2])
    return [
        Verdict("the best proxy ranks examples as memorization does (Spearman)", mean_interval(best)),
        Verdict("it is better than the next (difference of Spearman)", paired(best, second)),
    ]


if __name__ == "__main__":
    main(Settings, run)
