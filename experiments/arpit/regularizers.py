"""Which regulariser keeps networks from memorizing at the least cost on real data; is it dropout?

Arpit et al. 2017, arXiv 1706.05394, section 5, figures 10 and 11.  For each regulariser and strength, one family of
networks trains on real data and one on random labels.  Measured: how far training accuracy on random labels falls, and
held-out accuracy on real data with it.  Dropout, input dropout, input noise, noise of hidden units, weight decay, and
dropout with adversarial training on the samples of Langevin search.

    python -m experiments.arpit.regularizers --size quick    digits, 6 regularisers, 6 strengths, 8 networks each
    python -m experiments.arpit.regularizers                 Fashion-MNIST, 100 a class, the same, 10 networks each
    python -m experiments.arpit.regularizers --optimizer sgd --learning-rate 0.05

What the paper leaves open: all regularisers are behind each hidden layer of an MLP, or before the first; adversarial
training replaces examples by its samples with the given probability, which on average is that weight of the loss; its
box has a quarter of the inputs' deviation to each side, since the boxes of the paper change nothing here.  Weight decay
goes up to where networks learn nothing.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import ends, mean_intervals, paired
from experiments.common.networks import NetworkSettings, over_networks, recorded
from experiments.common.plots import panels
from experiments.common.recipes import RECIPES
from experiments.common.settings import Cost
from experiments.common.stopping import judged
from memjax import dynamics
from memjax.config.specs import TrainSpec
from memjax.models.layers import he_normal
from memjax.types import Model

COST = Cost("2 min 32 s", "14 min")

SIZES = {  # width, networks, epochs, examples per class, how many strengths
    "smoke": (16, 2, 3, 10, 1),
    "quick": (64, 8, 60, 60, 6),
    "full": (128, 10, 60, 100, 6),
}
PLAIN, ADVERSARIAL = "dropout", "dropout, adversarial"
STRENGTHS = {
    "dropout": (0.1, 0.25, 0.5, 0.7, 0.8, 0.9),
    "input dropout": (0.1, 0.25, 0.5, 0.7, 0.8, 0.9),
    "input noise": (0.25, 0.5, 1.0, 2.0, 3.0, 5.0),
    "hidden noise": (0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
    "weight decay": (0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
    ADVERSARIAL: (0.1, 0.25, 0.5, 0.7, 0.8, 0.9),
}
NAMES = {name: name.split(",")[0].replace(" ", "_") for name in STRENGTHS}  # in the state of network and optimiser
BOX = dynamics.Search(radius=0.25, step=0.1, noise=0.05, steps=4)
SHARE_ADVERSARIAL = 0.5
SGD_DECAYS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)  # it takes more and larger steps, so that less decay is enough
ADAMW_RATE = 0.002
SGD_RATE = 0.1  # with the paper's .01, random labels are not fitted in these epochs
NEAR = 0.15  # accuracy below the best that the second panel shows
LEARNS = 0.5  # of the accuracy on real data, below which a strength is not one to choose
BITES = 0.1  # accuracy on random labels that the largest weight decay must cost


def regularized(inputs: int, width: int, classes: int) -> Model:
    """An MLP with two hidden layers and all that keeps it from memorizing; how much of each, its state says."""
    sizes = [*pairwise((inputs, width, width, classes))]

    def init(key):
        layers = [
            {"kernel": he_normal(jax.random.fold_in(key, n), size, jnp.float32), "bias": jnp.zeros(size[1])}
            for n, size in enumerate(sizes)
        ]
        return layers, {name: jnp.float32(0) for key, name in NAMES.items() if key not in ("weight decay", ADVERSARIAL)}

    def apply(params, state, inputs, key, train):
        hidden = inputs.reshape(len(inputs), -1)
        if train:
            hidden = disturbed(jax.random.fold_in(key, 0), hidden, state["input_dropout"], state["input_noise"])
        for number, layer in enumerate(params[:-1], 1):
            hidden = jax.nn.relu(hidden @ layer["kernel"] + layer["bias"])
            if train:
                hidden = disturbed(jax.random.fold_in(key, number), hidden, state["dropout"], state["hidden_noise"])
        return hidden @ params[-1]["kernel"] + params[-1]["bias"], state

    return Model(init, apply)


def disturbed(key: jax.Array, values: jax.Array, dropped: jax.Array, deviation: jax.Array) -> jax.Array:
    """Values with Gaussian noise, some of them dropped and the others scaled up."""
    drop_key, noise_key = jax.random.split(key)
    noisy = values + deviation * jax.random.normal(noise_key, values.shape)
    return jnp.where(jax.random.bernoulli(drop_key, 1 - dropped, values.shape), noisy / (1 - dropped), 0)


def adversarial(model: Model, weight: float, radius: float) -> Model:
    """The model, trained on critical samples in the place of some examples."""
    search = BOX._replace(radius=radius)

    def apply(params, state, inputs, key, train):
        if train:
            fixed = jax.lax.stop_gradient(params)
            search_key, choice_key, key = (jax.random.fold_in(key, number) for number in (10, 11, 12))
            _, points = dynamics.critical_samples(
                lambda points: model.apply(fixed, state, points, None, False)[0], inputs, search_key, search
            )
            chosen = jax.random.bernoulli(choice_key, weight, (len(inputs),))
            inputs = jnp.where(chosen.reshape(-1, *[1] * (inputs.ndim - 1)), points, inputs)
        return model.apply(params, state, inputs, key, train)

    return Model(model.init, apply)


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Accuracy on random labels against accuracy on real data, by regulariser."""

    optimizer: Literal["", "sgd"] = ""
    """Default: adamw.  sgd: as in Arpit et al., without momentum, here in batches of 16."""
    learning_rate: float | None = None
    """Of the optimiser.  Default: .002 for adamw, .1 for sgd."""
    radius: float = BOX.radius
    """Half a side of the box of adversarial training, in standard deviations of the scaled inputs."""

    @property
    def strengths(self) -> dict[str, tuple[float, ...]]:
        """The strengths of each regulariser, the largest last."""
        of = STRENGTHS | ({"weight decay": SGD_DECAYS} if self.optimizer else {})
        return {name: values[-SIZES[self.size][-1] :] for name, values in of.items()}

    @property
    def spec(self) -> TrainSpec:
        """Epochs and batches."""
        return replace(RECIPES.get(self.optimizer, TrainSpec()), epochs=SIZES[self.size][2])

    def decaying(self) -> optax.GradientTransformation:
        """The optimiser, whose weight decay is given for each network."""
        rate = self.learning_rate or (SGD_RATE if self.optimizer else ADAMW_RATE)
        if self.optimizer:
            return optax.inject_hyperparams(decaying_sgd)(rate, weight_decay=0.0)
        return optax.inject_hyperparams(optax.adamw, static_args=("mask",))(
            rate, b2=0.95, weight_decay=0.0, mask=kernels
        )


def kernels(params):
    """Which parameters decay: all but biases."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)


def decaying_sgd(learning_rate: float, weight_decay: float) -> optax.GradientTransformation:
    """SGD with weight decay, which as in adamw takes rate times decay of a kernel at each step."""
    return optax.chain(optax.add_decayed_weights(weight_decay, mask=kernels), optax.sgd(learning_rate))


Point = tuple[np.ndarray, np.ndarray]  # training accuracy on random labels, held-out accuracy on real data; by network


def accuracies(settings: Settings, options: list[tuple[str, float]]) -> list[Point]:
    """The point of each (regulariser, strength).  The same networks take all of them, and are trained at once."""
    width, models, epochs, per_class, _ = SIZES[settings.size]
    masks = np.tile(settings.masks(models, settings.loaded(per_class=per_class).num_train), (len(options), 1))
    keys = jnp.tile(settings.keys(models), len(options))
    vary = {
        varied: np.repeat([strength if NAMES[name] == varied else 0.0 for name, strength in options], models)
        for varied in {*NAMES.values()}
    }
    found = []
    for kind in ("random labels", "real"):
        dataset = settings.loaded(kind, per_class=per_class)
        network = regularized(int(np.prod(dataset.input_shape)), width, dataset.num_classes)
        if all(name == ADVERSARIAL for name, _ in options):
            network = adversarial(network, SHARE_ADVERSARIAL, settings.radius)
        curves = recorded(network, dataset, settings.spec, masks, keys, settings.decaying(), (epochs,), vary)
        sides = dynamics.over_examples(curves.values["correct"][:, -1], masks)
        found.append((sides.inside if kind == "random labels" else sides.outside).reshape(len(options), models))
    return list(zip(*found, strict=True))


def run(settings: Settings) -> Result:
    chosen = settings.strengths
    options = [(name, strength) for name, strengths in chosen.items() for strength in strengths]
    simple, searched = ([option for option in options if (option[0] == ADVERSARIAL) == side] for side in (False, True))
    plain, *rest = accuracies(settings, [(PLAIN, 0.0), *simple])
    of = dict(zip(simple, rest, strict=True)) | dict(zip(searched, accuracies(settings, searched), strict=True))
    points = {name: [of[name, strength] for strength in strengths] for name, strengths in chosen.items()}
    # Accuracy on real data minus accuracy on random labels, gained over no regulariser.
    gained = {
        name: {f"{strength:g}": (real - random) - (plain[1] - plain[0])
               for strength, (random, real) in zip(chosen[name], row, strict=True)}
        for name, row in points.items()
    }  # fmt: skip
    # Where networks learn nothing they have less to lose on real data than on random labels.  Such strengths are left
    # out, but for the weakest; which they are, the networks say that choose.
    gained = {
        name: {strength: values for place, ((strength, values), (_, real))
               in enumerate(zip(row.items(), points[name], strict=True))
               if real[::2].mean() > LEARNS * plain[1][::2].mean() or not place}
        for name, row in gained.items()
    }  # fmt: skip
    worth = {name: judged(row, best_of)[0] for name, row in gained.items()}
    verdicts = verdicts_of(gained, plain[0] - points["weight decay"][-1][0])
    found = {
        "without": {"random_labels_train": plain[0].mean(), "real_held_out": plain[1].mean()},
        **{name: {"strength": chosen[name], "random_labels_train": [random.mean() for random, _ in row],
                  "real_held_out": [real.mean() for _, real in row], "worth": worth[name].mean()}
           for name, row in points.items()},
    }  # fmt: skip
    _, models, _, per_class, _ = SIZES[settings.size]
    seen = int(settings.masks(models, settings.loaded(per_class=per_class).num_train)[0].sum())
    return Result(found, verdicts, draw(plain, points, seen))


def best_of(means: dict[str, float]) -> list[str]:
    """The option with the largest mean."""
    return [max(means, key=lambda name: means[name])]


def verdicts_of(gained: dict[str, dict[str, np.ndarray]], decayed: np.ndarray) -> list[Verdict]:
    """The verdicts, from what each regulariser gains at each strength, (networks,).

    `decayed` is what the largest weight decay costs of accuracy on random labels, (networks,).

    The strength of each is chosen by half of the networks and judged by the other half.  So no regulariser has more to
    choose from than another: where the best of all rivals was chosen, with all their strengths, that choice was often
    not the best one, and dropout seemed better.
    """
    worth = {name: judged(row, best_of)[0] for name, row in gained.items()}
    dropout = worth[PLAIN]
    return [
        Verdict("dropout lowers accuracy on random labels by more than it costs on real data (difference of losses)",
                paired(dropout, 0)),
        *(Verdict(f"dropout does so better than {name}, each at the strength that other networks choose",
                  paired(dropout, worth[name])) for name in worth if name not in (PLAIN, ADVERSARIAL)),
        Verdict("with adversarial training it does so still better", paired(worth[ADVERSARIAL], dropout)),
        Verdict("the largest weight decay keeps networks from fitting random labels (accuracy that it costs)",
                paired(decayed, 0), BITES),
    ]  # fmt: skip


def draw(plain: tuple[np.ndarray, np.ndarray], points: dict[str, list[tuple[np.ndarray, np.ndarray]]], seen: int):
    """Accuracy on real data against accuracy on random labels; a line for each regulariser."""
    note = f"{seen} training examples; a line goes through all strengths; {over_networks(len(plain[0]), 'error bars')}"
    figure, [axes] = panels(1, 2, 4.6, 3.8, note=note)
    for (name, row), marker in zip(points.items(), "os^vDP", strict=True):
        xs, ys = (mean_intervals(np.stack(parts, 1)) for parts in zip(plain, *row, strict=True))
        for axis in axes:
            axis.errorbar(
                [x.value for x in xs], [y.value for y in ys], ends(ys), ends(xs), marker=marker, markersize=4,
                elinewidth=0.6, label=name,
            )  # fmt: skip
    best = max(real.mean() for _, real in [plain, *(point for row in points.values() for point in row)])
    axes[1].set(ylim=(best - NEAR, best + NEAR / 5), title="near the best")
    for axis in axes:
        axis.set(xlabel="training accuracy, random labels", ylabel="held-out accuracy, real data")
    axes[0].legend(fontsize=7, loc="lower right")
    return figure


if __name__ == "__main__":
    main(Settings, run)
