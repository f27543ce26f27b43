"""Does speed cost accuracy?

Each faster path against plain float32 with XLA's own convolutions: memjax's convolution and pooling, and bfloat16.  All
paths train on digits with the default recipe and share subsets, initial weights and orders of batches.  Accuracies are
means over models ± standard error; a difference is taken model by model.  Memorization: the root mean square, over
examples, of the difference of the two estimates in units of the standard error of one.  Two independent groups of
models would give 1.4.

    python -m benchmarks.same_accuracy
    python -m benchmarks.same_accuracy --models 8 --epochs 2
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import numpy as np
from flax import nnx

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown, mean_and_error
from benchmarks.common.training import accuracies
from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec
from memjax.machine import environment
from memjax.models.images import CNN
from memjax.types import Outcomes

COST = "not measured"


@dataclass(frozen=True)
class Settings:
    """What is trained."""

    models: int = 64
    epochs: int = 60
    cpu_devices: int | None = None


def plain_cnn(input_shape: tuple[int, ...], num_classes: int, *, rngs: nnx.Rngs) -> nnx.Module:
    """`cnn` with the same initial weights, as Flax has it: XLA's convolutions, bias and ReLU before Flax's pooling."""

    class Plain(CNN):
        def __call__(self, inputs):
            hidden = inputs[..., None]
            for layer, bias in zip(self.convolutions, self.biases, strict=True):
                hidden = nnx.max_pool(jax.nn.relu(bias(layer(hidden))), (2, 2), strides=(2, 2))
            return self.head(hidden.reshape(len(hidden), -1))

    made = Plain(input_shape, (16, 32), num_classes, rngs=rngs)
    for layer in made.convolutions:
        layer.conv_general_dilated = lambda *arguments, **options: jax.lax.conv_general_dilated(*arguments, **options)
    return made


# Network, model and precision; each path is compared with the first path of its network.
PATHS = [
    ("mlp:128", "mlp:128", "float32"),
    ("mlp:128", "mlp:128", "bfloat16"),
    ("cnn", "benchmarks.same_accuracy:plain_cnn", "float32"),
    ("cnn", "cnn", "float32"),
    ("cnn", "cnn", "bfloat16"),
]


class Path(NamedTuple):
    """One path against the plain one.

    Attributes:
      right: in-sample, held-out and test accuracy of each model.
      change: the accuracy less the accuracy of the plain path.
      distance: root mean square difference of memorization in standard errors.
    """

    network: str
    name: str
    right: dict[str, np.ndarray]
    change: dict[str, np.ndarray]
    distance: float


class Result(NamedTuple):
    """All paths."""

    paths: list[Path]

    def __str__(self) -> str:
        names = list(self.paths[0].right)
        rows = [["network", "path", *names, "memorization: rms difference, standard errors"]]
        for path in self.paths:
            cells = [f"{mean_and_error(path.right[name])} ({mean_and_error(path.change[name])})" for name in names]
            rows.append([path.network, path.name, *cells, f"{path.distance:.2f}"])
        models = len(self.paths[0].right[names[0]])
        return f"{markdown(rows)}\n\n{models} models a path; in brackets the difference from plain"


def trained(model: str, precision: str, settings: Settings) -> Outcomes:
    """All models of one path."""
    config = RunConfig(num_models=settings.models, model=ModelSpec(model), pack_size=4)
    train = replace(config.train, precision=precision, epochs=settings.epochs)
    return memjax.fit(config=replace(config, train=train), estimate=False).outcomes


def memorization_distance(found: Outcomes, plain: Outcomes) -> float:
    first, second = (memjax.memorization(side.masks, side.train["correct"]) for side in (found, plain))
    distance = (np.asarray(first.value) - np.asarray(second.value)) / np.asarray(second.stderr)
    return float(np.sqrt(np.nanmean(distance**2)))


def run(settings: Settings) -> Result:
    environment.start_jax(settings.cpu_devices)
    paths: list[Path] = []
    plain: dict[str, Outcomes] = {}
    for network, model, precision in PATHS:
        found = trained(model, precision, settings)
        reference = plain.setdefault(network, found)
        right, there = (
            accuracies(side.masks, side.train["correct"], side.test["correct"]) for side in (found, reference)
        )
        change = {name: right[name] - there[name] for name in right}
        name = "plain" if found is reference else f"memjax, {precision}"
        paths.append(Path(network, name, right, change, memorization_distance(found, reference)))
        log(network=network, path=name, distance=round(paths[-1].distance, 3))
    return Result(paths)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
