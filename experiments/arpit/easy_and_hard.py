"""Claim: of real data, some examples are easy and others hard, whatever the initial weights; of random inputs, none.

Arpit et al. 2017, arXiv 1706.05394, section 3.1 and figure 1.  100 networks, each from weights and in an order of its
own, train for one epoch on all examples: real, with random inputs, with random labels.  How often each example is got
wrong is compared with binomial draws of equally hard examples.

    python -m experiments.arpit_easy_and_hard --preset quick    digits, 100 networks: about half a minute on two cores
    python -m experiments.arpit_easy_and_hard                   Fashion-MNIST, 1,000 a class: about 10 minutes

Expected: the variance of the rates over that of the binomial is far above 1 for real data, above 1 for random labels,
and near 1 for random inputs.  The paper's training set, batch size and architecture of one epoch are not said to be
those here: an MLP with two hidden layers, Adam.
"""

from dataclasses import dataclass

import numpy as np
import tyro

from experiments.arpit import COLOURS, KINDS, ArpitOptions, correctness, loaded, panels
from experiments.claim import Result, Verdict, conclude, normal_interval
from memjax import dynamics
from memjax.config.specs import TrainSpec
from memjax.machine import environment

MODELS = {"smoke": 10, "quick": 100, "full": 100}
PER_CLASS = {"smoke": 10, "quick": None, "full": 1000}
MODEL = {"smoke": "mlp:8x2", "quick": "mlp:64x2", "full": "mlp:256x2"}


@dataclass(frozen=True)
class EasyAndHard(ArpitOptions):
    """Easy and hard examples after one epoch."""

    batch_size: int = 16


def run(options: EasyAndHard) -> Result:
    models = MODELS[options.preset]
    spec = TrainSpec(epochs=1, batch_size=options.batch_size, learning_rate=0.002, schedule="constant", warmup=0.0)
    wrong = {}
    for kind in KINDS:
        dataset = loaded(options.data(kind, per_class=PER_CLASS[options.preset]))
        masks = np.ones((models, dataset.num_train), bool)
        wrong[kind] = ~correctness(MODEL[options.preset], dataset, spec, models, masks)[0]
    spread = {kind: dynamics.dispersion(values) for kind, values in wrong.items()}
    chance = float(wrong["random inputs"].mean())
    null = dynamics.binomial_null(models, chance, wrong["real"].shape[1], 0)
    real, inputs, labels = (spread[kind] for kind in KINDS)
    share = 1 - (inputs.ratio - 1) / (real.ratio - 1)
    share_error = np.hypot(inputs.stderr, (1 - share) * real.stderr) / abs(real.ratio - 1)
    count = wrong["real"].shape[1]
    verdicts = [
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
    found = {
        kind: {"ratio": value.ratio, "stderr": value.stderr, "null_stderr": value.null_stderr,
               "wrong": float(value.rates.mean()), "always_wrong": float((value.rates == 1).mean()),
               "always_right": float((value.rates == 0).mean())}
        for kind, value in spread.items()
    }  # fmt: skip
    figure, (axis,) = panels(1)
    for kind, value in spread.items():
        axis.plot(np.sort(value.rates), label=kind, color=COLOURS[kind])
    axis.plot(null, label=f"binomial, p = {chance:.2f}", color="0.4", linestyle="--")
    axis.set(xlabel="examples, sorted", ylabel=f"share of {models} networks that are wrong", ylim=(-0.02, 1.02))
    axis.legend()
    return Result(found, verdicts, figure)


if __name__ == "__main__":
    options = tyro.cli(EasyAndHard, config=(tyro.conf.OmitArgPrefixes,))
    environment.start_jax()
    conclude("arpit_easy_and_hard", options, run(options))
