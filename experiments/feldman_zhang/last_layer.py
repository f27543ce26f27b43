"""Is it the representation that memorizes, rather than the last layer?

Feldman and Zhang 2020, section 3.5: linear classifiers on the penultimate features of a ResNet-50 that was trained on
all of CIFAR-100, on random 70 %.

    |                    | accuracy | memorization >= .25 | pairs |
    |--------------------|----------|---------------------|-------|
    | ResNet-50          | 72.3     | 18,099              | 1,015 |
    | linear on features | 75.8     | 38                  |   457 |

Most of the 457 pairs do not look alike.

    python -m experiments.feldman_zhang.last_layer --size quick    3 networks, 512 linear classifiers on each
    python -m experiments.feldman_zhang.last_layer                 5 networks, 1,000 linear classifiers on each

Intervals are over networks.  The features have seen every label, the held-out ones too; that is the point, and
therefore the accuracy on held-out training examples says nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np

import memjax
from experiments.common import gpu
from experiments.common.claim import Result, Verdict, main
from experiments.common.duplicates import pair_distances
from experiments.common.intervals import mean_interval
from experiments.common.models import ModelSettings, fit_warning
from experiments.common.plots import counted, panels
from experiments.common.settings import Cost
from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec
from memjax.errors import InputError
from memjax.estimators import MEM_THRESHOLD
from memjax.types import Dataset, Model, SubsetDesign, Tree

COST = Cost("18 s*", "8 min 34 s*")

NETWORKS = {"smoke": 2, "quick": 3, "full": 5}
CHUNK = 500


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Linear classifiers on the features of networks that saw everything."""


def last_inputs(model: Model, params: Tree, state: Tree, inputs: np.ndarray) -> np.ndarray:
    """The inputs of the last dense layer of a network, in evaluation.

    Raises:
      InputError: the network has none.
    """
    import jax.numpy as jnp
    from flax import nnx

    seen = []

    def watched(layer: nnx.Linear, hidden, *rest, call=nnx.Linear.__call__):
        seen.append(hidden)
        return call(layer, hidden, *rest)

    with mock.patch.object(nnx.Linear, "__call__", watched):
        model.apply(params, state, jnp.asarray(inputs), None, False)
    if not seen:
        raise InputError("this network has no flax.nnx.Linear, whose input would be its last features")
    return np.asarray(seen[-1], np.float32)


def features(config: RunConfig, dataset: Dataset, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Penultimate features of training and test examples by network `number`, trained on all training examples."""
    import jax

    from memjax import prng
    from memjax.models import in_precision, make_model
    from memjax.runs.build_training import make_single
    from memjax.training import examples_of

    everything = np.ones(dataset.num_train, bool)
    design = SubsetDesign("all", dataset.num_train, dataset.num_train, 1.0, 1, lambda ids: everything[None])
    single, examples = make_single(config, dataset, design), examples_of(dataset, config.train.scaling)
    network = make_model(config.model, dataset.input_shape, dataset.num_classes)
    gpu.add(network, dataset, config.train, everything[None])
    key = jax.random.fold_in(prng.run_key(config.seed), number)
    state = jax.jit(lambda key, mask, data: single.advance(key, mask, single.start(key), data, 0, single.num_epochs))(
        key, everything, examples
    )
    model = in_precision(network, config.train.precision)

    def of(inputs: np.ndarray) -> np.ndarray:
        scaled = (inputs.astype(np.float32) - np.asarray(examples.mean)) * np.asarray(examples.scale)
        parts = [scaled[start : start + CHUNK] for start in range(0, len(scaled), CHUNK)]
        found = [last_inputs(model, state.params, state.model_state, part) for part in parts]
        return np.concatenate(found).reshape(len(inputs), -1)

    return of(dataset.train_inputs), of(dataset.test_inputs)


def linear_on(settings: Settings, config: RunConfig, dataset: Dataset, number: int) -> memjax.Result:
    """Linear classifiers on the features of one network."""
    file = settings.folder / "data" / f"features-{Path(config.folder()).name}-{number}.npz"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        train, test = features(config, dataset, number)
        arrays = {"x_train": train, "y_train": dataset.train_labels, "x_test": test, "y_test": dataset.test_labels}
        store.write_atomically(file, lambda stream: np.savez(stream, **arrays))
    return settings.fitted(replace(config, data=DataSpec(f"npz:{file}"), model=ModelSpec("linear")))


def summary(found: memjax.Result, dataset: Dataset) -> dict:
    """The paper's numbers, and how alike the pairs look: the mean rank of their distance, .5 for random pairs."""
    mem, pairs = found.estimates.mem, found.pairs
    _, rank = pair_distances(dataset, pairs.train_rows, pairs.test_rows)
    return {
        "test_accuracy": found.estimates.test_accuracy,
        "in_sample_accuracy": found.estimates.in_sample_accuracy,
        "memorized": int((mem >= MEM_THRESHOLD).sum()),
        "pairs": len(pairs),
        "mean_rank_of_pairs": float(rank.mean()) if len(rank) else None,
    }


def run(settings: Settings) -> Result:
    config = settings.config()
    deep = settings.fitted(config)
    data = deep.dataset
    linear = [linear_on(settings, config, data, number) for number in range(NETWORKS[settings.size])]
    rows = {"network": summary(deep, data), "linear": [summary(found, data) for found in linear]}
    share = float(np.mean(deep.estimates.mem >= MEM_THRESHOLD))
    shares = np.array([row["memorized"] for row in rows["linear"]]) / data.num_train
    pairs = np.array([row["pairs"] for row in rows["linear"]])
    accuracy = [row["test_accuracy"] - rows["network"]["test_accuracy"] for row in rows["linear"]]
    numbers = {**rows, "models": config.num_models, "warning": fit_warning([rows["network"]["in_sample_accuracy"]])}
    gone = 1 - pairs / max(1, rows["network"]["pairs"])
    return Result(numbers, verdicts_of(share, shares, gone, accuracy), draw(deep, linear))


def verdicts_of(share: float, shares: np.ndarray, gone: np.ndarray, accuracy: Sequence[float]) -> list[Verdict]:
    """The verdicts, from a value for each network.

    Args:
      share, shares: the share of examples that the network memorizes, and those on the features of each.
      gone: the part of the network's pairs that is gone.
      accuracy: test accuracy on features minus that of the network.
    """
    return [
        Verdict("on fixed features fewer examples are memorized (share with the network minus share on features; .36)",
                mean_interval(share - shares)),
        Verdict("... not a tenth as many (a tenth of the network's share minus that on features)",
                mean_interval(share / 10 - shares)),
        Verdict("there are fewer pairs (part of the network's that is gone; CIFAR-100 .55)",
                mean_interval(gone)),
        Verdict("test accuracy is higher on features that saw all labels (CIFAR-100 .035)", mean_interval(accuracy)),
    ]  # fmt: skip


def draw(deep: memjax.Result, linear: list[memjax.Result]):
    """Memorization by the network and by linear classifiers on its features."""
    count = len(deep.estimates.mem)
    figure, axes = panels(1, 2, 4.4, 3.4, note=f"{count:,} training examples, features of the first network")
    bins = np.linspace(0, 1, 19)
    for found, label, color in ((deep, "network", "tab:blue"), (linear[0], "linear on features", "tab:orange")):
        label = f"{label}, {found.estimates.num_models:,} models"
        axes[0, 0].hist(np.clip(found.estimates.mem, 0, 1), bins, histtype="step", label=label, color=color)
        axes[0, 1].hist(found.pairs.influence, np.linspace(0.15, 1, 18), histtype="step", label=label, color=color)
    axes[0, 0].set(xlabel="memorization", ylabel="training examples")
    axes[0, 1].set(xlabel="influence", ylabel="pairs")
    for axis in axes[0]:
        counted(axis)
    axes[0, 0].legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
