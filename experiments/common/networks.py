"""What the experiments after Arpit et al. share: their data, and trainings that are recorded or watched.

Each model has initial weights, an order of batches and a random 70 % of the examples of its own; the other examples are
its validation data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import jax
import numpy as np
import optax

from experiments.common import gpu
from experiments.common.settings import BaseSettings
from experiments.data.draws import loaded
from memjax import prng
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, SubsetSpec, TrainSpec
from memjax.metrics import CLASSIFICATION
from memjax.models import make_model
from memjax.subsets import make_design
from memjax.training import (
    NOTHING,
    Probe,
    Training,
    examples_of,
    make_optimizer,
    make_train,
    num_batches,
    train_many,
)
from memjax.types import Curves, Dataset, Model, Tree

Kind = Literal["real", "random inputs", "random labels"]
KINDS: tuple[Kind, ...] = ("real", "random inputs", "random labels")
CORRUPTIONS: dict[str, str] = {"random inputs": "random-inputs", "random labels": "random-labels"}


def over_networks(count: int, drawn: str = "bands") -> str:
    """What stands below a figure whose bands or error bars are over networks: how many, and what is drawn."""
    return f"{count} networks; {drawn}: 95 % intervals of the mean over networks"


@dataclass(frozen=True)
class NetworkSettings(BaseSettings):
    """How large, with which seeds, and on which data."""

    dataset: str = ""
    """Default: digits in the smoke and quick forms; the text above names the data set of the full one.  cifar10 and
    svhn_cropped can be used as well."""

    default_data: ClassVar[dict[str, str]] = {"full": "fashion_mnist"}  # by size; elsewhere digits

    @property
    def data_name(self) -> str:
        """What the experiment trains on, in a word."""
        return self.dataset or self.default_data.get(self.size, "digits")

    def data(self, kind: str = "real", rate: float = 1.0, per_class: int | None = None, **changes: Any) -> DataSpec:
        """The data: so many of each class, with a share of the inputs or of the labels made random."""
        corrupt = () if kind == "real" or not rate else (f"{CORRUPTIONS[kind]}={rate:g}",)
        fields = {"data_seed": self.data_seed, "per_class": per_class, "test_per_class": 20, "corrupt": corrupt}
        return DataSpec(self.source(self.data_name), **fields | changes)

    def loaded(self, *args: Any, **changes: Any) -> Dataset:
        """The examples of `data`."""
        return loaded(self.data(*args, **changes))

    def config(self, data: DataSpec, model: str, epochs: int, num_models: int, **changes: Any) -> RunConfig:
        """Models with the default recipe, recorded after every epoch."""
        fields: dict[str, Any] = {"record": ("correct",), "keep": ("correct",)} | changes
        train = replace(fields.pop("train", TrainSpec()), epochs=epochs)
        return RunConfig(
            seed=self.seed, num_models=num_models, data=data, model=ModelSpec(model), train=train, **fields
        )

    def masks(self, num_models: int, num_train: int, share: float = 0.7) -> np.ndarray:
        """The subsets of a run with the default design."""
        return make_design(SubsetSpec(subset_fraction=share), num_train, self.seed).masks(np.arange(num_models))

    def keys(self, count: int) -> jax.Array:
        """The random key of each of so many models."""
        fold = jax.vmap(lambda number: jax.random.fold_in(prng.run_key(self.seed), number))
        return fold(np.arange(count, dtype=np.uint32))


def single(
    model: Model, size: int, spec: TrainSpec, optimizer: optax.GradientTransformation | None = None,
    probe: Probe = NOTHING,
) -> Training:  # fmt: skip
    """The training of one model on subsets of a size, outside a run folder; its correctness is stored.

    Args:
      optimizer: another optimiser than that of the spec, such as one that the command line does not know.
    """
    steps = spec.epochs * num_batches(size, spec.batch_size)
    keep = CLASSIFICATION.functions(("correct",))
    optimizer = optimizer or make_optimizer(spec, steps)
    return make_train(model, optimizer, keep, size, spec.epochs, spec.batch_size, probe=probe)


def correctness(
    model: Model | str, dataset: Dataset, spec: TrainSpec, masks: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each trained model has each training and each test example right, (models, train) and (models, test).

    Args:
      masks: (models, train), all of one size.
    """
    training = _training(model, dataset, spec, masks)
    count, devices = len(masks), jax.local_devices()
    packs = train_many(
        training, seed, lambda ids: masks[np.minimum(ids, count - 1)], examples_of(dataset), range(len(devices)),
        -(-count // len(devices)),
    )  # fmt: skip
    outputs = [pack.output for pack in packs]
    return tuple(np.concatenate([getattr(o, side)["correct"] for o in outputs])[:count] for side in ("train", "test"))


def recorded(
    model: Model | str, dataset: Dataset, spec: TrainSpec, masks: np.ndarray, keys: jax.Array,
    optimizer: optax.GradientTransformation | None = None, epochs: Sequence[int] = (),
    vary: dict[str, np.ndarray] | None = None,
) -> Curves:  # fmt: skip
    """Whether each model has each training example right after some of the epochs, outside a run folder.

    For networks and optimisers that no run folder can name.

    Args:
      masks, keys: of each model, as for `watched`.
      optimizer: as for `single`.
      epochs: when it is recorded; by default after each epoch.
      vary: numbers in the state of the network or the optimiser, by name, one for each model: so that one program
        trains all strengths or rates.  `optax.inject_hyperparams` puts those of an optimiser into its state.
    """
    epochs = tuple(epochs or range(1, spec.epochs + 1))
    probe = Probe(CLASSIFICATION.functions(("correct",)), epochs, dataset.num_train)
    training = _training(model, dataset, spec, masks, optimizer, probe)

    def trained(key, mask, examples, changed):
        start = optax.tree_utils.tree_set(training.start(key), **changed)
        return training.finish(training.advance(key, mask, start, examples, 0, spec.epochs), examples).record["correct"]

    of_all = jax.jit(jax.vmap(trained, (0, 0, None, 0)))
    changed = {name: np.asarray(values, np.float32) for name, values in (vary or {}).items()}
    correct = np.asarray(of_all(keys, masks, examples_of(dataset), changed))
    return Curves(np.arange(len(masks)), masks, np.array(epochs), {"correct": correct})


def _training(
    model: Model | str, dataset: Dataset, spec: TrainSpec, masks: np.ndarray,
    optimizer: optax.GradientTransformation | None = None, probe: Probe = NOTHING,
) -> Training:  # fmt: skip
    """`single` for subsets of one size, (models, train); the hours of all its models are counted."""
    if isinstance(model, str):
        model = make_model(ModelSpec(model), dataset.input_shape, dataset.num_classes)
    gpu.add(model, dataset, spec, masks)
    return single(model, int(masks[0].sum()), spec, optimizer, probe)


Look = Callable[[Tree, Tree, Any, Any], Tree]


def watched(
    dataset: Dataset,
    model: str,
    spec: TrainSpec,
    masks: np.ndarray,
    keys: jax.Array,
    epochs: Sequence[int],
    look: Look,
    rows: np.ndarray,
) -> dict[int, Any]:
    """What `look(params, model_state, key, rows)` returns for each model after some of the epochs, a row per model.

    For measures that need the weights in mid-training, which no run folder stores.  `keys` and `rows` have a row for
    each model too.
    """
    training, examples = _training(model, dataset, spec, masks), examples_of(dataset)
    advance = jax.jit(jax.vmap(training.advance, (0, 0, 0, None, None, None)))
    asked = jax.jit(jax.vmap(lambda state, key, rows: look(state.params, state.model_state, key, rows)))
    state, found, before = jax.vmap(training.start)(keys), {}, 0
    for epoch in epochs:
        state, before = advance(keys, masks, state, examples, before, epoch), epoch
        found[epoch] = jax.tree.map(np.asarray, asked(state, keys, rows))
    return found
