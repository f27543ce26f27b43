"""Are some real examples easy and others hard whatever the initial weights, and random inputs all alike?

Arpit et al. 2017, arXiv 1706.05394, section 3.1 and figure 1.  100 networks, each with its own initial weights and its
own order of batches, train for one epoch on all examples: real, with random inputs, with random labels.  How often each
example is wrong is compared with binomial draws for equally hard examples.

    python -m experiments.arpit.easy_and_hard --size quick    digits
    python -m experiments.arpit.easy_and_hard                 Fashion-MNIST, 1,000 a class

Expected: the variance of the rates over that of the binomial is far above 1 for real data, above 1 for random labels,
and near 1 for random inputs.  The paper does not say the training set, batch size and architecture of its one epoch;
here they are an MLP with two hidden layers and Adam.
"""

from dataclasses import dataclass

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import normal_interval
from experiments.common.networks import KINDS, NetworkSettings, correctness
from experiments.common.plots import COLOURS, panels
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import TrainSpec

COST = Cost("14 s", "3 min 16 s")

MODELS = {"smoke": 10, "quick": 100, "full": 100}
PER_CLASS = {"smoke": 10, "quick": None, "full": 1000}
MODEL = {"smoke": "mlp:8x2", "quick": "mlp:64x2", "full": "mlp:256x2"}


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Easy and hard examples after one epoch."""

    batch_size: int = 16


def run(settings: Settings) -> Result:
    models = MODELS[settings.size]
    spec = TrainSpec(epochs=1, batch_size=settings.batch_size, learning_rate=0.002, schedule="constant", warmup=0.0)
    wrong = {}
    for kind in KINDS:
        dataset = settings.loaded(kind, per_class=PER_CLASS[settings.size])
        masks = np.ones((models, dataset.num_train), bool)
        wrong[kind] = ~correctness(MODEL[settings.size], dataset, spec, masks, settings.seed)[0]
    spread = {kind: dynamics.dispersion(values) for kind, values in wrong.items()}
    chance = float(wrong["random inputs"].mean())
    null = dynamics.binomial_null(models, chance, wrong["real"].shape[1], settings.seed)
    found = {
        kind: {"ratio": value.ratio, "stderr": value.stderr, "null_stderr": value.null_stderr,
               "wrong": float(value.rates.mean()), "always_wrong": float((value.rates == 1).mean()),
               "always_right": float((value.rates == 0).mean())}
        for kind, value in spread.items()
    }  # fmt: skip
    return Result(found, verdicts_of(spread), draw(spread, null, chance, models))


def verdicts_of(spread: dict[str, dynamics.Dispersion]) -> list[Verdict]:
    """The verdicts, from how far each kind of examples is spread."""
    real, inputs, labels = (spread[kind] for kind in KINDS)
    share = 1 - (inputs.ratio - 1) / (real.ratio - 1)
    share_error = np.hypot(inputs.stderr, (1 - share) * real.stderr) / abs(real.ratio - 1)
    count = len(real.rates)
    return [
        Verdict(
            "real examples differ more in how often they are wrong than those with random inputs (ratio of variances)",
            normal_interval(real.ratio - inputs.ratio, np.hypot(real.stderr, inputs.stderr), count),
        ),
        Verdict(
            "random inputs have lost at least nine tenths of the variance beyond the binomial",
            normal_interval(share, share_error, count), 0.9,
        ),
        Verdict(
            "with random labels some of it is left: the ratio is above that of the binomial",
            normal_interval(labels.ratio - 1, labels.stderr, count),
        ),
    ]  # fmt: skip


def draw(spread: dict[str, dynamics.Dispersion], null: np.ndarray, chance: float, models: int):
    """Sorted error rates of the examples of each kind of data, and of the binomial."""
    figure, [[axis]] = panels(1, 1, 3.4, 3.2)
    for kind, value in spread.items():
        axis.plot(np.sort(value.rates), label=kind, color=COLOURS[kind])
    axis.plot(null, label=f"binomial, p = {chance:.2f}", color="0.4", linestyle="--")
    axis.set(xlabel="examples, sorted", ylabel=f"share of {models} networks that are wrong", ylim=(-0.02, 1.02))
    axis.legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
