"""The data, the network and the models that experiments after Feldman and Zhang share, so that each is trained once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

import memjax
from experiments.common.settings import BaseSettings
from experiments.data.draws import check_seed
from memjax import store
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, SubsetSpec
from memjax.errors import InputError, one_of
from memjax.types import Outcomes


class Size(NamedTuple):
    """How much of everything one size of an experiment has."""

    data: DataSpec
    epochs: int
    models: int
    retrainings: int


SIZES = {
    "smoke": Size(DataSpec(per_class=12, test_per_class=10), 20, 48, 3),
    "quick": Size(DataSpec("fashion_mnist", per_class=100), 30, 512, 10),
    "full": Size(DataSpec("fashion_mnist", per_class=600), 60, 1000, 30),
}


@dataclass(frozen=True)
class ModelSettings(BaseSettings):
    """What an experiment trains on, and how much.

    By default: digits, 12 a class (smoke); Fashion-MNIST, 100 a class, 30 epochs (quick) or 600 a class, 60 epochs
    (full), with all 10,000 test examples; the default network and recipe, which fit every training label.
    """

    preset: str = ""
    """One of memjax's presets, e.g. fz-cifar100: its data set, network, training and number of models."""
    dataset: str = ""
    """Another data set, whole unless --per-class says otherwise; as for the command memjax."""
    per_class: int | None = None
    """Training examples per class."""
    test_per_class: int | None = None
    """Test examples per class."""
    model: str = ""
    """Another network; as for the command memjax."""
    epochs: int | None = None
    """Another number of epochs."""
    models: int | None = None
    """Models on random subsets."""
    retrainings: int | None = None
    """Retrainings on each changed training set."""

    sizes: ClassVar[dict[str, Size]] = SIZES  # an experiment that needs other data or numbers has its own
    changes_data: ClassVar[bool] = False  # whether the experiment plants or corrupts something by the data seed

    @property
    def data_name(self) -> str:
        """What the experiment trains on, in a word."""
        return self.dataset or self.preset or self.sizes[self.size].data.dataset

    def check(self) -> None:
        """As of all experiments; the data of the last repeat are asked for too, before the first is trained."""
        super().check()
        if (last := self.repeat(self.repeats - 1)).data_seed:
            last.config()

    def config(self) -> RunConfig:
        """The models on random subsets that everything is estimated from.

        Raises:
          InputError: there is no such preset, or the data seed would change nothing.
        """
        size = self.sizes[self.size]
        config = RunConfig(num_models=size.models, data=size.data)
        config = replace(config, train=replace(config.train, epochs=size.epochs))
        if self.preset:
            if self.preset not in PRESETS:
                raise one_of("--preset", self.preset, list(PRESETS))
            config = PRESETS[self.preset]
        data = DataSpec(self.dataset) if self.dataset else config.data
        data = replace(
            data,
            per_class=self.per_class or data.per_class,
            test_per_class=self.test_per_class or data.test_per_class,
            data_seed=self.data_seed,
        )
        whole = data.per_class is None and data.test_per_class is None
        if not self.changes_data:
            check_seed(data)
        if self.dataset or (whole and not self.changes_data):
            data = replace(data, dataset=self.source(data.dataset))
        model = replace(config.model, model=self.model) if self.model else config.model
        train = replace(config.train, epochs=self.epochs or config.train.epochs)
        # The matrix of all influences would be written for nothing: pairs are within a class.
        return replace(
            config, seed=self.seed, data=data, model=model, train=train, num_models=self.models or config.num_models,
            influence="same-class",
        )  # fmt: skip

    @property
    def num_retrainings(self) -> int:
        """Retrainings on each changed training set."""
        return self.retrainings or self.sizes[self.size].retrainings

    def retrained(self, masks: np.ndarray, config: RunConfig | None = None) -> Outcomes:
        """Trains model t on the examples that row t of (models, train) marks.

        Two calls with the same seed give their models number t the same initial weights, so that differences between
        them are paired.  One more model is trained on all examples and left out: the largest subset decides how many
        steps all models take, so these stay the same whatever is removed.

        Raises:
          InputError: some models diverged.
        """
        count, masks = len(masks), np.concatenate([masks, np.ones((1, masks.shape[1]), bool)])
        found = self.fitted_on(masks, config or self.config()).outcomes
        if len(found.model_ids) != count + 1:
            raise InputError(f"{count + 1 - len(found.model_ids)} of {count} retrainings diverged; lower the rate")
        return part(found, np.s_[:count])

    def fitted_on(self, masks: np.ndarray, config: RunConfig) -> memjax.Result:
        """The models of a configuration, trained on the examples that the rows of (models, train) mark."""
        file = self.folder / "masks" / f"{hashlib.sha256(np.packbits(masks).tobytes()).hexdigest()[:16]}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        store.write_atomically(file, lambda stream: np.save(stream, masks))
        subset = SubsetSpec("masks-file", masks_file=str(file))
        return self.fitted(replace(config, num_models=len(masks), subset=subset))


def part(outcomes: Outcomes, models: slice) -> Outcomes:
    """Some of the models."""
    sides = ({name: values[models] for name, values in side.items()} for side in (outcomes.train, outcomes.test))
    return Outcomes(outcomes.model_ids[models], outcomes.masks[models], *sides)


def in_sample(models: Outcomes) -> float:
    """Accuracy on the examples that the models were trained on."""
    return float(models.train["correct"][models.masks].mean())


def fit_warning(accuracies: Sequence[float]) -> str:
    """A warning where models do not fit their training examples, for which memorization means little; else nothing."""
    worst = min(accuracies)
    return f"in-sample accuracy is {worst:.4f}: these models have not converged" if worst < 0.99 else ""
