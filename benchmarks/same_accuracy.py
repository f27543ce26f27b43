"""Does speed cost accuracy?  Each faster path against plain float32 with XLA's own convolutions.

The same subsets, initial weights and orders of batches on both sides, on digits with the default recipe; the fast
paths are memjax's convolution and pooling, and bfloat16.  Accuracies are means over models, with their standard
error; a difference is taken model by model.  Memorization: the difference of the two estimates of each example, in
units of the standard error of one of them, as a root mean square.  Two independent halves would give 1.4.

    python -m benchmarks.same_accuracy

Prints a JSON line a path and a table.
"""

import json
from dataclasses import dataclass, replace

import jax
import numpy as np
import tyro
from flax import nnx

from benchmarks.sides import facts, markdown
from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec
from memjax.data import load_dataset
from memjax.machine import environment
from memjax.models.cnn import CNN
from memjax.subsets import make_design
from memjax.types import Outcomes


@dataclass(frozen=True)
class Benchmark:
    """Accuracy and memorization of the faster paths."""

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


PATHS = [
    ("mlp:128", "mlp:128", "float32"),
    ("mlp:128", "mlp:128", "bfloat16"),
    ("cnn", "benchmarks.same_accuracy:plain_cnn", "float32"),
    ("cnn", "cnn", "float32"),
    ("cnn", "cnn", "bfloat16"),
]


def trained(config: RunConfig, models: int) -> Outcomes:
    """All models of one path."""
    from memjax.runs.build_training import make_single
    from memjax.training import examples_of, train_many

    dataset = load_dataset(config.data)
    design = make_design(config.subset, dataset.num_train, config.seed)
    examples = examples_of(dataset, config.train.scaling)
    packs = list(train_many(make_single(config, dataset, design), 0, design.masks, examples, range(models // 4), 4))
    joined = {name: np.concatenate([pack.output.train[name] for pack in packs]) for name in packs[0].output.train}
    tested = {name: np.concatenate([pack.output.test[name] for pack in packs]) for name in packs[0].output.test}
    ids = np.concatenate([pack.model_ids for pack in packs])
    return Outcomes(ids, np.concatenate([pack.masks for pack in packs]), joined, tested)


def accuracies(found: Outcomes) -> dict[str, np.ndarray]:
    """In-sample, held-out and test accuracy of each model."""
    correct, masks = found.train["correct"], found.masks
    return {
        "in-sample": (correct & masks).sum(1) / masks.sum(1),
        "held-out": (correct & ~masks).sum(1) / (~masks).sum(1),
        "test": found.test["correct"].mean(1),
    }


def memorization_distance(found: Outcomes, plain: Outcomes) -> float:
    """Root mean square difference of two estimates in standard errors of one."""
    from memjax.estimators import memorization

    first, second = (memorization(side.masks, side.train["correct"]) for side in (found, plain))
    distance = (np.asarray(first.value) - np.asarray(second.value)) / np.asarray(second.stderr)
    return float(np.sqrt(np.nanmean(distance**2)))


def main(benchmark: Benchmark) -> None:
    environment.start_jax(benchmark.cpu_devices)
    rows = [["network", "path", "in-sample", "held-out", "test", "memorization: rms difference, in standard errors"]]
    plain: dict[str, Outcomes] = {}
    config = RunConfig()
    config = replace(config, train=replace(config.train, epochs=benchmark.epochs))
    for network, model, precision in PATHS:
        path = replace(config, model=ModelSpec(model), train=replace(config.train, precision=precision))
        found = trained(path, benchmark.models)
        reference = plain.setdefault(network, found)
        here, there = accuracies(found), accuracies(reference)
        cells = []
        for name in here:
            change, spread = here[name] - there[name], np.sqrt(len(here[name]))
            text = f"{here[name].mean():.4f} ± {here[name].std(ddof=1) / spread:.4f}"
            if found is not reference:
                text += f" ({change.mean():+.4f} ± {change.std(ddof=1) / spread:.4f})"
            cells.append(text)
        words = "plain" if found is reference else f"memjax, {precision}"
        distance = 0.0 if found is reference else memorization_distance(found, reference)
        print(json.dumps({"network": network, "path": words, "accuracy": cells, "distance": round(distance, 3)}))
        rows.append([network, words, *cells, f"{distance:.2f}"])
    print(markdown(rows))
    print(f"{benchmark.models} models a path; in brackets the difference from plain")
    print(facts())


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
