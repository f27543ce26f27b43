"""How much less time does memjax take than the released script for estimates of the same quality?

Feldman and Zhang's published script trains one network after the other, each compiled anew, on a random 70 %; it
estimates from 2,000 of them, "a few hours on a single GPU".  Here its loop (`benchmarks/peers/feldman_zhang_loop.py`)
and memjax train the same network, MLP 512-256, with the same optimiser, batches and epochs, in turn on one machine.

    python -m experiments.feldman_zhang.cost --size quick    Fashion-MNIST, 100 a class
    python -m experiments.feldman_zhang.cost                 all 60,000 images

Quality is the standard error of a typical memorization score (root mean square).  Both ways give 0 / 1 outcomes of the
same subsets, so both need the same number of models for a quality; it grows with the inverse square of the error.
Time: that number times the seconds per model, and for memjax its one compilation; the loop's compilations are in its
seconds per model.  The first round chooses between memjax's settings, and the others judge.  The time to estimate is
added for neither: it is seconds (`benchmarks/SPEED.md`).
"""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.common.contestants import exported, memjax_sides
from benchmarks.common.sides import Quantity, Side, Turns, module, run_in_turn
from benchmarks.common.workloads import FELDMAN_ZHANG
from experiments.common import agreement
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import mean_interval
from experiments.common.models import SIZES, ModelSettings, part
from experiments.common.plots import panels, plainly
from experiments.common.settings import Cost
from experiments.data.draws import check_seed
from memjax.config.presets import PRESETS
from memjax.config.specs import DataSpec
from memjax.machine import environment

COST = Cost("2 min 16 s", "8 min, --models 32")

MODEL = Quantity("model_s", "s a model")
ROUNDS = {"smoke": 2, "quick": 3, "full": 5}
THEIR_EPOCHS = {"smoke": 2, "quick": 10, "full": 2}  # the last one is counted for those left out
QUALITIES = (0.1, 0.05, 0.03, 0.02)
JUDGED = 0.05
THEIRS, OURS = "released script", "memjax"


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Time to a given quality."""


def models_for(stderr: float, models: int, found: float) -> int:
    """Models for a standard error, from that of so many models: errors fall with the square root of the number."""
    return int(np.ceil(models * (found / stderr) ** 2))


def timed(settings: Settings, data: DataSpec) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds a model by round, the released script first; of memjax's settings also those until the first model."""
    workload, cores = replace(FELDMAN_ZHANG, data=data), environment.usable_cores()
    with exported(workload.data) as folder:
        loop = module("benchmarks.peers.feldman_zhang_loop", "--data", folder, "--epochs", THEIR_EPOCHS[settings.size])
        sides = [Side(THEIRS, "one model", loop)]
        sides += memjax_sides((*workload.ours(workload.epochs), "--calls", 2), cores, ("float32",), (1, 2))
        rounds = run_in_turn(sides, Turns(ROUNDS[settings.size], drop=float("inf")), MODEL)
    named = {f"{side.who}: {side.how}": results for side, results in rounds.items()}
    seconds = {name: [result["model_s"] for result in results] for name, results in named.items()}
    return seconds, {name: float(np.median([result["first_s"] for result in named[name]])) for name in list(named)[1:]}


def fastest(seconds: dict[str, list[float]]) -> str:
    """The setting of memjax that takes the least time in the first round; the others judge it."""
    return min(list(seconds)[1:], key=lambda name: seconds[name][0])


def run(settings: Settings) -> Result:
    sizes = {"smoke": DataSpec("digits", per_class=20), "quick": SIZES["quick"].data, "full": DataSpec("fashion_mnist")}
    data = replace(sizes[settings.size], data_seed=settings.data_seed)
    check_seed(data)
    seconds, compiled = timed(settings, data)
    theirs, best = next(iter(seconds)), fastest(seconds)
    few = {"smoke": 16, "quick": 64, "full": 64}[settings.size]
    config = replace(
        PRESETS["fz-mnist-script"], seed=settings.seed, data=data, num_models=settings.models or few,
        influence="same-class",
    )  # fmt: skip
    found = settings.fitted(config)
    models, stderr = config.num_models, found.estimates.typical_stderr
    per_model = [float(np.median(seconds[name][1:] or seconds[name])) for name in (theirs, best)]  # see `fastest`
    table = [
        {"stderr": quality, "models": (count := models_for(quality, models, stderr)),
         "hours_released_script": count * per_model[0] / 3600,
         "hours_memjax": (compiled[best] + count * per_model[1]) / 3600}
        for quality in QUALITIES
    ]  # fmt: skip
    halves = [part(found.outcomes, side) for side in (np.s_[: models // 2], np.s_[models // 2 :])]
    numbers = {
        "seconds_a_model": seconds, "best_of_memjax": best, "table": table, "models": models, "typical_stderr": stderr,
        "agreement_of_halves_mem": agreement.rank_correlation(*(agreement.own_rates(half).value for half in halves)),
        "in_sample_accuracy": found.estimates.in_sample_accuracy,
    }  # fmt: skip
    verdicts = verdicts_of(seconds, compiled, models_for(JUDGED, models, stderr))
    return Result(numbers, verdicts, draw(table, models, ROUNDS[settings.size]))


def verdicts_of(seconds: dict[str, list[float]], compiled: dict[str, float], needed: int) -> list[Verdict]:
    """The verdict, from times of all rounds but the first, which chooses the setting.

    Args:
      seconds: a model, by contestant and round; the released script is the first.
      compiled: of memjax's settings, the seconds of their compilation.
      needed: models for the standard error.
    """
    theirs, best = next(iter(seconds)), fastest(seconds)
    ratios = np.array(seconds[theirs][1:]) / (np.array(seconds[best][1:]) + compiled[best] / needed)
    claim = f"memjax takes less time for a standard error of {JUDGED} (log10 of times faster)"
    return [Verdict(claim, mean_interval(np.log10(ratios)))]


def draw(table: list[dict], models: int, rounds: int):
    """Hours by standard error."""
    note = f"errors from those of {models} models; seconds a model: median of {max(rounds - 1, 1)} rounds"
    figure, axes = panels(1, 1, 5.0, 3.4, note=note)
    for name, label in (("hours_released_script", THEIRS), ("hours_memjax", OURS)):
        axes[0, 0].plot([row["stderr"] for row in table], [row[name] for row in table], "o-", label=label)
    axes[0, 0].set(xscale="log", xlabel="standard error of a typical score", ylabel="hours")
    axes[0, 0].set_xticks(QUALITIES, list(map(str, QUALITIES)))
    axes[0, 0].set_xticks([], minor=True)
    plainly(axes[0, 0])
    axes[0, 0].legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
