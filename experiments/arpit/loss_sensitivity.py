"""Do few real examples decide the loss after training, but nearly all random inputs?

Arpit et al. 2017, arXiv 1706.05394, section 3.2, figures 3 and 4.  Networks with two hidden layers of 16 units; the
gradient of the mean loss after t steps of SGD by each training input, back through all t steps; the Gini coefficient of
its mean over t.  With the classes as they are, and with a class for each example.  Class by class: real data have
larger sensitivities within a class, and those between classes vary more.

    python -m experiments.arpit.loss_sensitivity --size quick    digits, 200 examples, 4 networks
    python -m experiments.arpit.loss_sensitivity                 Fashion-MNIST at 14 x 14, 1,000 examples, 10 networks

Each network has a draw of the examples of its own.  The paper does not say steps, batch and rate: full batches (the
order of examples plays no part) at rate .03 here.  Where gradients grow more than a thousandfold from the first to the
last number of steps, training is chaotic and the sensitivities say nothing: all verdicts are then undecided.
"""

from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
import optax
from scipy.integrate import trapezoid

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import mean_intervals, paired
from experiments.common.networks import NetworkSettings, over_networks
from experiments.common.plots import COLOURS, band, logarithmic, panels
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import ModelSpec
from memjax.models import make_model
from memjax.training import examples_of

COST = Cost("27 s", "18 min")

SIZES = {"smoke": (3, 2, (2, 5)), "quick": (20, 4, (3, 10, 30, 100)), "full": (100, 10, (10, 30, 100, 300))}
CHAOTIC = 1e3  # growth of the gradients beyond which they mean nothing
CLASSES = "normal labels", "a class per example"


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Loss-sensitivity, its Gini coefficient and its class-wise form."""

    rate: float = 0.03
    """Learning rate of SGD."""
    batch_size: int | None = None
    """Default: all examples."""


def scaled_down(settings: Settings, kind: str, number: int, per_class: int) -> tuple[np.ndarray, np.ndarray]:
    """The inputs for network `number`, 28 x 28 images at half the size, and their labels."""
    dataset = settings.loaded(kind, per_class=per_class, data_seed=settings.data_seed + number)
    examples = examples_of(dataset)
    inputs = (np.asarray(examples.train_inputs, np.float32) - np.asarray(examples.mean)) * np.asarray(examples.scale)
    if inputs.ndim > 2 and inputs.shape[1] >= 28:
        height, width = (size // 2 for size in inputs.shape[1:3])
        halved = inputs[:, : 2 * height, : 2 * width].reshape(len(inputs), height, 2, width, 2, -1)
        inputs = halved.mean((2, 4))
        inputs = inputs / inputs.std()  # averaging 2 x 2 pixels halves the deviation of independent ones
    return inputs.reshape(len(inputs), -1), dataset.train_labels


def measured(settings: Settings) -> tuple[dict[tuple[str, str], np.ndarray], dict[str, np.ndarray]]:
    """Sensitivities of each network, by kind of data and labels: (networks, steps, examples); and class by class."""
    per_class, networks, steps = SIZES[settings.size]
    data = {
        kind: [
            np.stack(part)
            for part in zip(
                *(scaled_down(settings, kind, number, per_class) for number in range(networks)), strict=True
            )
        ]
        for kind in ("real", "random inputs")
    }
    inputs, labels = data["real"]
    count, features = inputs.shape[1:]
    num_classes, keys = int(labels.max()) + 1, settings.keys(networks)

    def training(classes: int) -> dynamics.Unrolled:
        model = make_model(ModelSpec("mlp:16,16"), (features,), classes)
        return dynamics.Unrolled(model, optax.sgd(settings.rate), steps, settings.batch_size or 0)

    sensitivity, by_class = {}, {}
    for name, classes in zip(CLASSES, (num_classes, count), strict=True):
        measure = jax.jit(jax.vmap(partial(dynamics.loss_sensitivity, training(classes))))
        for kind, (inputs, labels) in data.items():
            labels = labels if name == CLASSES[0] else np.broadcast_to(np.arange(count), labels.shape)
            sensitivity[kind, name] = np.asarray(measure(keys, inputs, labels))
    classwise = jax.jit(
        jax.vmap(lambda key, x, y: dynamics.class_sensitivity(training(num_classes), key, x, y, num_classes))
    )
    for kind, (inputs, labels) in data.items():
        by_class[kind] = np.asarray(classwise(keys, inputs, labels))
    return sensitivity, by_class


def run(settings: Settings) -> Result:
    sensitivity, by_class = measured(settings)
    steps = SIZES[settings.size][-1]
    gini = {key: dynamics.gini(over_steps(values, steps)) for key, values in sensitivity.items()}
    diagonal = {kind: np.array([np.diag(m).mean() / m.mean() for m in matrices]) for kind, matrices in by_class.items()}
    growth = {f"{kind}, {name}": growth_of(values) for (kind, name), values in sensitivity.items()}
    off = ~np.eye(by_class["real"].shape[1], dtype=bool)
    spread = {kind: np.array([m[off].std() / m[off].mean() for m in matrices]) for kind, matrices in by_class.items()}
    verdicts = verdicts_of(gini, diagonal, spread)
    if max(growth.values()) > CHAOTIC:
        verdicts = [undecided(verdict) for verdict in verdicts]
    found = {
        "growth": growth,
        "gini": {f"{kind}, {name}": values for (kind, name), values in gini.items()},
        "gini_by_steps": {
            f"{kind}, {name}": dynamics.gini(values).mean(0) for (kind, name), values in sensitivity.items()
        },
        "diagonal_over_mean": diagonal,
        "off_diagonal_variation": spread,
    }
    return Result(found, verdicts, draw(steps, sensitivity, by_class))


def verdicts_of(
    gini: dict[tuple[str, str], np.ndarray], diagonal: dict[str, np.ndarray], spread: dict[str, np.ndarray]
) -> list[Verdict]:
    """The verdicts, from numbers of each network, (networks,), by kind of data, and for `gini` by labels too."""
    verdicts = [
        Verdict(
            f"the Gini coefficient of loss-sensitivity is higher for real data than for random inputs, {name}",
            paired(gini["real", name], gini["random inputs", name]),
        )
        for name in CLASSES
    ]
    return [
        *verdicts,
        Verdict("within a class, sensitivities stand out more on real data than on random inputs (diagonal over mean)",
                paired(diagonal["real"], diagonal["random inputs"])),
        Verdict(
            "between classes, sensitivities of real data vary more than those of random inputs (deviation over mean)",
            paired(spread["real"], spread["random inputs"]),
        ),
    ]  # fmt: skip


def over_steps(sensitivity: np.ndarray, steps: tuple[int, ...]) -> np.ndarray:
    """The mean over all numbers of steps from first to last, (networks, examples): those between lie on a line."""
    return trapezoid(sensitivity, steps, axis=1) / (steps[-1] - steps[0])


def growth_of(sensitivity: np.ndarray) -> float:
    """How far the median sensitivity grows from the first to the last number of steps, in the worst network."""
    median = np.median(sensitivity, axis=-1)
    return float(np.nan_to_num(median[:, -1] / median[:, 0], nan=np.inf).max())


def undecided(verdict: Verdict) -> Verdict:
    """The verdict with an interval without ends and no case, so that nothing is decided over repeats either."""
    effect = verdict.effect._replace(low=-np.inf, high=np.inf, repeats=0)
    return verdict._replace(claim=f"{verdict.claim}; gradients diverge, use a lower --rate", effect=effect)


def draw(steps: tuple[int, ...], sensitivity: dict, by_class: dict[str, np.ndarray]):
    """Gini coefficient by step, and sensitivities class by class."""
    figure, [axes] = panels(1, 4, 3.4, 3.1, note=over_networks(len(by_class["real"])))
    for axis, name in zip(axes[:2], CLASSES, strict=True):
        for kind in by_class:
            values = dynamics.gini(sensitivity[kind, name])
            band(axis, steps, mean_intervals(values), kind, color=COLOURS[kind])
        logarithmic(axis, steps)
        axis.set(xlabel="steps of SGD", ylabel="Gini coefficient of sensitivity", title=name)
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=2, loc="outside upper center")
    logs = {kind: np.log10(matrices.mean(0)) for kind, matrices in by_class.items()}
    low, high = (
        choose(values)
        for choose, values in ((min, [m.min() for m in logs.values()]), (max, [m.max() for m in logs.values()]))
    )
    for axis, (kind, values) in zip(axes[2:], logs.items(), strict=True):
        image = axis.imshow(values, vmin=low, vmax=high, cmap="viridis")
        axis.set(title=f"{kind}, own classes", xlabel="class of the input", ylabel="class of the loss")
    figure.colorbar(image, ax=axes[2:], shrink=0.8, label="log10 sensitivity")
    return figure


if __name__ == "__main__":
    main(Settings, run)
