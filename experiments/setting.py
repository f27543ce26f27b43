"""The data, the network and the models that experiments on memorization share, so that each is trained once.

Run folders lie under `FOLDER/models`, named after their settings: an experiment that needs the models of another finds
them there.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from experiments.claim import Options, Trained, trained
from memjax import store
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, SubsetSpec
from memjax.errors import InputError, one_of
from memjax.runs import open_folder, stages
from memjax.runs.progress import progress_bar
from memjax.types import Curves, Outcomes


class Size(NamedTuple):
    """How much of everything a preset has."""

    data: DataSpec
    epochs: int
    models: int
    repeats: int


SIZES = {
    "smoke": Size(DataSpec(per_class=12, test_per_class=10), 20, 48, 3),
    "quick": Size(DataSpec("fashion_mnist", per_class=100), 30, 512, 10),
    "full": Size(DataSpec("fashion_mnist", per_class=600), 60, 1000, 30),
}


@dataclass(frozen=True)
class Setting(Options):
    """What an experiment trains on, and how much.

    By default: digits, 12 a class (smoke); Fashion-MNIST, 100 a class, 30 epochs (quick) or 600 a class, 60 epochs
    (full), with all 10,000 test examples; the default network and recipe, which fit every training label.
    """

    paper: str = ""
    """One of memjax's presets, e.g. fz-cifar100: its data set, network, training and number of models."""
    dataset: str = ""
    """Another data set, whole unless --per-class says otherwise; as for memjax.run."""
    per_class: int | None = None
    """Training examples a class."""
    test_per_class: int | None = None
    """Test examples a class."""
    model: str = ""
    """Another network; as for memjax.run."""
    models: int | None = None
    """Models on random subsets."""
    repeats: int | None = None
    """Retrainings of each kind."""
    seed: int = 0
    """Decides subsets, initial weights, order of batches, and what is removed at random."""

    def size(self) -> Size:
        """What the preset comes to; an experiment that needs other data or numbers has its own."""
        return SIZES[self.preset]

    def config(self) -> RunConfig:
        """The models on random subsets that everything is estimated from.

        Raises:
          InputError: there is no such preset.
        """
        size = self.size()
        config = RunConfig(num_models=size.models, data=size.data)
        config = replace(config, train=replace(config.train, epochs=size.epochs))
        if self.paper:
            if self.paper not in PRESETS:
                raise one_of("--paper", self.paper, list(PRESETS))
            config = PRESETS[self.paper]
        data = DataSpec(self.dataset) if self.dataset else config.data
        if self.per_class or self.test_per_class:
            data = replace(
                data,
                per_class=self.per_class or data.per_class,
                test_per_class=self.test_per_class or data.test_per_class,
            )
        model = replace(config.model, model=self.model) if self.model else config.model
        # The matrix of all influences would be written for nothing: pairs are within a class.
        return replace(
            config, seed=self.seed, data=data, model=model, num_models=self.models or config.num_models,
            influence="same-class",
        )  # fmt: skip

    @property
    def num_repeats(self) -> int:
        """Retrainings of each kind."""
        return self.repeats or self.size().repeats

    def estimated(self, config: RunConfig | None = None) -> Trained:
        """The models of a configuration, by default the setting's own, and what is estimated from them."""
        config = config or self.config()
        return trained(config, self.folder / "models" / config.folder().name)

    def retrained(self, masks: np.ndarray, config: RunConfig | None = None) -> Outcomes:
        """Model t trained on the examples that row t of (models, train) marks.

        Two calls with the same seed give their models number t the same initial weights, so that differences between
        them are paired.  A model more, with all examples, is trained and left out: the largest subset decides how many
        steps all take, and so these are the same whatever is removed.
        """
        count, masks = len(masks), np.concatenate([masks, np.ones((1, masks.shape[1]), bool)])
        found = finished(self._with_masks(masks, config or self.config()))
        if len(found.model_ids) != count + 1:
            raise InputError(f"{count + 1 - len(found.model_ids)} of {count} retrainings diverged; lower the rate")
        return part(found, np.s_[:count])

    def recorded(self, masks: np.ndarray, config: RunConfig) -> Curves:
        """What a configuration records of models on the examples that the rows of (models, train) mark."""
        run = open_folder.open_run(self._with_masks(masks, config))
        with progress_bar(run.plan.num_models, run.num_trained) as bar:
            return stages.curves(run, bar.update, bar.write)

    def _with_masks(self, masks: np.ndarray, config: RunConfig) -> RunConfig:
        file = self.folder / "masks" / f"{hashlib.sha256(np.packbits(masks).tobytes()).hexdigest()[:16]}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        store.write_atomically(file, lambda stream: np.save(stream, masks))
        config = replace(config, num_models=len(masks), subset=SubsetSpec("masks-file", masks_file=str(file)))
        return replace(config, run=str(self.folder / "models" / config.folder().name))


def finished(config: RunConfig) -> Outcomes:
    """The models of a run folder, trained if they are not there; nothing is estimated from them."""
    run = open_folder.open_run(config)
    while True:
        with progress_bar(run.plan.num_models, run.num_trained) as bar:
            stages.train(run, bar.update, bar.write)
            found = stages.outcomes(run, bar.write)
        if found:
            return found[0]


def part(outcomes: Outcomes, models: slice) -> Outcomes:
    """Some of the models."""
    sides = ({name: values[models] for name, values in side.items()} for side in (outcomes.train, outcomes.test))
    return Outcomes(outcomes.model_ids[models], outcomes.masks[models], *sides)


def fit_warning(accuracies: Sequence[float]) -> str:
    """What to think of memorization by models that do not fit what they are trained on; nothing if they do."""
    worst = min(accuracies)
    return f"in-sample accuracy is {worst:.4f}: these models have not converged" if worst < 0.99 else ""
