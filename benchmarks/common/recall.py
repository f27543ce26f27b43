"""Strong train-test pairs: models that say which they are, and how many of them an estimate from other models finds."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import memjax
from memjax.config import presets
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, Design, SubsetSpec
from memjax.estimators import datamodels, influence, memorization, prior_factors
from memjax.types import Dataset, Outcomes

LEAST_DEVIATION = 0.01  # of the probability of a test example over models, for it to have a regression


class World(NamedTuple):
    """What is known to be true, what estimates are made of, and which pairs count.

    Attributes:
      truth, candidates: the models that say which pairs are strong, and those that estimates are made of.
      counted: by name of the choice, (train, test), whether a pair counts.
      num_strong: how many pairs are strong.
    """

    dataset: Dataset
    truth: Outcomes
    candidates: Outcomes
    counted: dict[str, np.ndarray]
    num_strong: int

    @property
    def in_sample_accuracy(self) -> float:
        """Of the models of the truth."""
        return float(self.truth.train["correct"][self.truth.masks].mean())


class Training(NamedTuple):
    """What to train on, how many models on either side, and how many pairs are strong."""

    config: RunConfig
    truth: int
    candidates: int
    strongest: int


FASHION = DataSpec("fashion_mnist", per_class=200, test_per_class=100)
PRESETS = {
    "digits": Training(RunConfig(), 4000, 4000, 50),
    "fashion": Training(RunConfig(data=FASHION), 2000, 2000, 100),
    "script": Training(replace(presets.PRESETS["fz-mnist-script"], data=FASHION), 1000, 1000, 100),
    "tiny": Training(RunConfig(data=DataSpec(per_class=20, test_per_class=5)), 250, 250, 20),
}


def make_world(training: Training, folder: Path, design: Design = "fixed-size") -> World:
    """Trains both sides, or reads them if they are in the folder."""
    dataset, truth = _trained(training.config, folder / "truth", training.truth, seed=1)
    name = "candidates" if design == "fixed-size" else f"candidates-{design}"
    _, candidates = _trained(training.config, folder / name, training.candidates, seed=2, design=design)
    same_class = dataset.train_labels[:, None] == dataset.test_labels
    counted = {"all": np.ones_like(same_class), "same class": same_class}
    return World(dataset, truth, candidates, counted, training.strongest)


def _trained(
    config: RunConfig, folder: Path, num_models: int, seed: int, design: Design = "fixed-size"
) -> tuple[Dataset, Outcomes]:
    keep, subset = ("correct", "probability", "margin"), SubsetSpec(design=design)
    wanted = replace(config, run=str(folder), num_models=num_models, seed=seed, subset=subset, keep=keep)
    result = memjax.fit(config=wanted, estimate=False)
    return result.dataset, result.outcomes


def part_of(outcomes: Outcomes, start: int, stop: int) -> Outcomes:
    """Some of the models, with outputs in half precision as float32."""

    def part(side: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        some = {name: values[start:stop] for name, values in side.items()}
        return {name: values if values.dtype == bool else values.astype(np.float32) for name, values in some.items()}

    ids, masks = outcomes.model_ids[start:stop], outcomes.masks[start:stop]
    return Outcomes(ids, masks, part(outcomes.train), part(outcomes.test))


def mean_difference(models: Outcomes, output: str) -> np.ndarray:
    """Influence as the paper defines it, of the correctness or another output, (train, test)."""
    outputs = models.test[output]
    varies = (outputs != outputs[0]).any(0)  # influence on an output that never varies is 0 but for rounding
    return np.asarray(influence(models.masks, outputs).value) * varies


def prior_of(group: Outcomes, dataset: Dataset, targets: np.ndarray) -> np.ndarray:
    """Penalty factors of each pair, (train, targets): small for near neighbours and for memorized examples."""
    mem = np.asarray(memorization(group.masks, group.train["probability"]).value)
    test_inputs, test_labels = dataset.test_inputs[targets], dataset.test_labels[targets]
    return prior_factors(dataset.train_inputs, dataset.train_labels, test_inputs, test_labels, mem)


def lasso_with_prior(group: Outcomes, dataset: Dataset, targets: np.ndarray) -> np.ndarray:
    """The lasso of probabilities with its prior, (train, targets)."""
    factors = prior_of(group, dataset, targets)
    return np.asarray(datamodels(group.masks, group.test["probability"][:, targets], factors=factors).weights)


def varying(outcomes: Outcomes) -> np.ndarray:
    """The test examples whose probability varies over models."""
    # An influence of .1 alone makes a probability deviate by .1 times the deviation of a mask, .46 by default.
    return np.flatnonzero(outcomes.test["probability"].astype(np.float32).std(0) >= LEAST_DEVIATION)


def on_all_tests(values: np.ndarray, targets: np.ndarray, num_test: int) -> np.ndarray:
    """Estimates of some test examples, with 0 for the other test examples."""
    whole = np.zeros((len(values), num_test), np.float32)
    whole[:, targets] = values
    return whole


def strongest(values: np.ndarray, candidates: np.ndarray, num_pairs: int) -> set[int]:
    """Flat indices of the largest pairs among the candidates."""
    value = np.where(candidates & ~np.isnan(values), values, -np.inf).ravel()
    return set(np.argsort(-value, kind="stable")[:num_pairs].tolist())


def strong_pairs(world: World, models: Outcomes, pairs: str) -> tuple[set[int], set[int]]:
    """The strongest pairs by correctness (hard) and by probability (soft)."""
    hard, soft = (
        strongest(mean_difference(models, output), world.counted[pairs], world.num_strong)
        for output in ("correct", "probability")
    )
    return hard, soft


def models_for(recall: float, curve: dict[int, float]) -> float:
    """Models that reach a recall, by a curve of recalls; infinite above its end, 0 below its beginning."""
    sizes, recalls = np.array(sorted(curve)), np.maximum.accumulate([curve[size] for size in sorted(curve)])
    if recall > recalls[-1]:
        return float("inf")
    return float(np.exp(np.interp(recall, recalls, np.log(sizes)))) if recall >= recalls[0] else 0.0
