"""Which regulariser keeps networks from memorizing at the least cost on real data; is it dropout?

Arpit et al. 2017, arXiv 1706.05394, section 5, figures 10 and 11.  For each regulariser and strength, one family of
networks trains on real data and one on random labels.  Measured: how far training accuracy on random labels falls, and
held-out accuracy on real data with it.  Dropout, input dropout, input noise, noise of hidden units, weight decay, and
dropout with adversarial training on the samples of Langevin search.

    python -m experiments.arpit.regularizers --size quick    digits, 6 regularisers, 2 strengths, 8 networks each
    python -m experiments.arpit.regularizers                 Fashion-MNIST, 200 a class, 3 strengths, 10 networks each

What the paper leaves open: all regularisers are behind each hidden layer of an MLP, or before the first; adversarial
training replaces examples by its samples with the given probability, which on average is that weight of the loss; its
box has a quarter of the inputs' deviation to each side, since the boxes of the paper change nothing here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import ends, mean_intervals, paired
from experiments.common.networks import NetworkSettings, correctness
from experiments.common.plots import panels
from experiments.common.settings import Cost
from experiments.common.stopping import judged
from memjax import dynamics
from memjax.config.specs import TrainSpec
from memjax.models import from_nnx
from memjax.types import Model

COST = Cost("63 s", "19 min")

SIZES = {  # width, networks, epochs, examples per class, how many strengths
    "smoke": (16, 2, 3, 10, 1),
    "quick": (64, 8, 60, 60, 2),
    "full": (256, 10, 100, 200, 3),
}
STRENGTHS = {
    "dropout": (0.25, 0.5, 0.75, 0.9),
    "input dropout": (0.25, 0.5, 0.75, 0.9),
    "input noise": (0.5, 1.0, 2.0, 5.0),
    "hidden noise": (0.1, 0.3, 1.0, 3.0),
    "weight decay": (0.003, 0.01, 0.03, 0.1),
    "dropout, adversarial": (0.25, 0.5, 0.75, 0.9),
}
BOX = dynamics.Search(radius=0.25, step=0.1, noise=0.05, steps=4)  # in deviations of the scaled inputs
ADVERSARIAL = 0.5


class Regularized(nnx.Module):
    """An MLP with two hidden layers and whatever keeps it from memorizing."""

    def __init__(self, inputs: int, width: int, classes: int, *, rngs: nnx.Rngs, **strength: float):
        sizes = (inputs, width, width)
        self.layers = nnx.List(nnx.Linear(a, b, rngs=rngs) for a, b in pairwise(sizes))
        self.head = nnx.Linear(width, classes, rngs=rngs)
        self.dropout = nnx.Dropout(strength.get("dropout", 0.0), rngs=rngs)
        self.input_dropout = nnx.Dropout(strength.get("input dropout", 0.0), rngs=rngs)
        self.input_noise, self.hidden_noise = (
            Noise(strength.get(name, 0.0), rngs=rngs) for name in ("input noise", "hidden noise")
        )

    def __call__(self, inputs):
        hidden = self.input_noise(self.input_dropout(inputs.reshape(len(inputs), -1)))
        for layer in self.layers:
            hidden = self.dropout(self.hidden_noise(jax.nn.relu(layer(hidden))))
        return self.head(hidden)


class Noise(nnx.Module):
    """Adds Gaussian noise while training."""

    def __init__(self, deviation: float, *, rngs: nnx.Rngs):
        self.deviation, self.deterministic, self.rngs = deviation, False, rngs.dropout.fork() if deviation else None

    def __call__(self, values):
        if self.deterministic or self.rngs is None:
            return values
        return values + self.deviation * jax.random.normal(self.rngs(), values.shape)


def adversarial(model: Model, weight: float) -> Model:
    """The model, trained on critical samples in the place of some examples."""

    def apply(params, state, inputs, key, train):
        if train:
            fixed = jax.lax.stop_gradient(params)
            search_key, choice_key = (jax.random.fold_in(key, number) for number in (1, 2))
            _, points = dynamics.critical_samples(
                lambda points: model.apply(fixed, state, points, None, False)[0], inputs, search_key, BOX
            )
            chosen = jax.random.bernoulli(choice_key, weight, (len(inputs),))
            inputs = jnp.where(chosen.reshape(-1, *[1] * (inputs.ndim - 1)), points, inputs)
        return model.apply(params, state, inputs, key, train)

    return Model(model.init, apply)


def network(name: str, strength: float, inputs: int, width: int, classes: int) -> Model:
    """The network with one regulariser; weight decay is the optimiser's."""
    key = "dropout" if name == "dropout, adversarial" else name
    model = from_nnx(lambda rngs: Regularized(inputs, width, classes, rngs=rngs, **{key: strength}))
    return adversarial(model, ADVERSARIAL) if name == "dropout, adversarial" else model


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Accuracy on random labels against accuracy on real data, by regulariser."""


def accuracies(settings: Settings) -> Callable[[str, float], tuple[np.ndarray, np.ndarray]]:
    """(regulariser, strength) -> training accuracy on random labels and held-out accuracy on real data, by network."""
    width, models, epochs, per_class, _ = SIZES[settings.size]
    real, random = (settings.loaded(kind, per_class=per_class) for kind in ("real", "random labels"))
    masks = settings.masks(models, real.num_train)
    spec = TrainSpec(epochs=epochs, learning_rate=0.002, optimizer="adamw", schedule="constant", warmup=0.0)

    def of(name: str, strength: float) -> tuple[np.ndarray, np.ndarray]:
        decay = replace(spec, weight_decay=strength if name == "weight decay" else 0.0)
        made = network(name, strength, int(np.prod(real.input_shape)), width, real.num_classes)
        fitted = correctness(made, random, decay, masks, settings.seed)[0]
        known = correctness(made, real, decay, masks, settings.seed)[0]
        inside = [row[mask].mean() for row, mask in zip(fitted, masks, strict=True)]
        outside = [row[~mask].mean() for row, mask in zip(known, masks, strict=True)]
        return np.array(inside), np.array(outside)

    return of


def run(settings: Settings) -> Result:
    of, count = accuracies(settings), SIZES[settings.size][-1]
    chosen = {name: values[:: -(-len(values) // count)] if count < 4 else values for name, values in STRENGTHS.items()}
    plain = of("dropout", 0.0)
    points = {name: [of(name, strength) for strength in strengths] for name, strengths in chosen.items()}
    # Accuracy on real data minus accuracy on random labels, gained over no regulariser.
    gained = {
        name: {f"{strength:g}": (real - random) - (plain[1] - plain[0])
               for strength, (random, real) in zip(chosen[name], row, strict=True)}
        for name, row in points.items()
    }  # fmt: skip
    worth = {name: judged(row, best_of)[0] for name, row in gained.items()}
    verdicts = verdicts_of(gained)
    found = {
        "without": {"random_labels_train": plain[0].mean(), "real_held_out": plain[1].mean()},
        **{name: {"strength": chosen[name], "random_labels_train": [random.mean() for random, _ in row],
                  "real_held_out": [real.mean() for _, real in row], "worth": worth[name].mean()}
           for name, row in points.items()},
    }  # fmt: skip
    return Result(found, verdicts, draw(plain, points))


def best_of(means: dict[str, float]) -> list[str]:
    """The option with the largest mean."""
    return [max(means, key=lambda name: means[name])]


def verdicts_of(gained: dict[str, dict[str, np.ndarray]]) -> list[Verdict]:
    """The verdicts, from what each regulariser gains at each strength, (networks,).

    The strength, and the best regulariser without dropout, are chosen on half of the networks and judged on the others.
    """
    dropout, adversarial = (judged(gained[name], best_of)[0] for name in ("dropout", "dropout, adversarial"))
    rivals = {
        f"{name} {strength}": values
        for name, row in gained.items() if name not in ("dropout", "dropout, adversarial")
        for strength, values in row.items()
    }  # fmt: skip
    return [
        Verdict("dropout lowers accuracy on random labels by more than it costs on real data (difference of losses)",
                paired(dropout, 0)),
        Verdict("dropout does so better than the best regulariser without it",
                paired(dropout, judged(rivals, best_of)[0])),
        Verdict("with adversarial training it does so still better", paired(adversarial, dropout)),
    ]  # fmt: skip


def draw(plain: tuple[np.ndarray, np.ndarray], points: dict[str, list[tuple[np.ndarray, np.ndarray]]]):
    """Accuracy on real data against accuracy on random labels; a line for each regulariser."""
    figure, [[axis]] = panels(1, 1, 4.2, 3.8, note="error bars: 95 % intervals of the mean over networks")
    for (name, row), marker in zip(points.items(), "os^vDP", strict=True):
        xs, ys = (mean_intervals(np.stack(parts, 1)) for parts in zip(plain, *row, strict=True))
        axis.errorbar(
            [x.value for x in xs], [y.value for y in ys], ends(ys), ends(xs), marker=marker, markersize=4,
            elinewidth=0.6, label=name,
        )  # fmt: skip
    axis.set(xlabel="training accuracy, random labels", ylabel="held-out accuracy, real data")
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


if __name__ == "__main__":
    main(Settings, run)
