"""Strong train-test pairs: models that say which they are, and how many of them an estimate from others finds."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax.config import presets
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, Design, SubsetSpec
from memjax.estimators import memorization
from memjax.estimators.linear.penalty_factors import prior_factors
from memjax.runs import open_folder, stages
from memjax.runs.progress import progress_bar
from memjax.types import Dataset, Outcomes

LEAST_DEVIATION = 0.01  # of the probability of a test example over models, for it to have a regression


class Setting(NamedTuple):
    """What to train on, how many models on either side, and how many pairs are strong."""

    config: RunConfig
    truth: int
    candidates: int
    strongest: int


FASHION = DataSpec("fashion_mnist", per_class=200, test_per_class=100)
PRESETS = {
    "digits": Setting(RunConfig(), 4000, 4000, 50),
    "fashion": Setting(RunConfig(data=FASHION), 2000, 2000, 100),
    "script": Setting(replace(presets.PRESETS["fz-mnist-script"], data=FASHION), 1000, 1000, 100),
    "tiny": Setting(RunConfig(data=DataSpec(per_class=20, test_per_class=5)), 250, 250, 20),
}


def trained(
    config: RunConfig, folder: Path, num_models: int, seed: int, design: Design = "fixed-size"
) -> tuple[Dataset, Outcomes]:
    """The models of a run folder, trained if they are not there."""
    keep, subset = ("correct", "probability", "margin"), SubsetSpec(design=design)
    run = open_folder.open_run(
        replace(config, run=str(folder), num_models=num_models, seed=seed, subset=subset, keep=keep)
    )
    while True:
        with progress_bar(num_models, run.num_trained) as bar:
            stages.train(run, bar.update, bar.write)
            found = stages.outcomes(run, bar.write)
        if found:
            return run.dataset, found[0]


def part_of(outcomes: Outcomes, models: slice) -> Outcomes:
    """Some of the models, with outputs as float32 (they are kept in half precision)."""
    train, test = (
        {name: values[models].astype(np.float32) for name, values in side.items()}
        for side in (outcomes.train, outcomes.test)
    )
    return Outcomes(outcomes.model_ids[models], outcomes.masks[models], train, test)


def mean_difference(masks: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Mean output of the models that saw an example minus that of the others, (train, test)."""
    num_in = masks.sum(0, dtype=np.float32)[:, None]
    deviation = outputs - outputs.mean(0)
    return masks.T.astype(np.float32) @ deviation * (1 / num_in + 1 / (len(masks) - num_in))


def prior_of(group: Outcomes, dataset: Dataset, targets: np.ndarray) -> np.ndarray:
    """How cheap each pair is to the lasso, (train, targets): near neighbours and memorized examples are likelier."""
    mem = np.asarray(memorization(group.masks, group.train["probability"]).value)
    test_inputs, test_labels = dataset.test_inputs[targets], dataset.test_labels[targets]
    return prior_factors(dataset.train_inputs, dataset.train_labels, test_inputs, test_labels, mem)


def spread_out(values: np.ndarray, targets: np.ndarray, num_test: int) -> np.ndarray:
    """Estimates of some test examples as those of all; the others' are 0."""
    whole = np.zeros((len(values), num_test), np.float32)
    whole[:, targets] = values
    return whole


def strongest(influence: np.ndarray, candidates: np.ndarray, num_pairs: int) -> set[int]:
    """Numbers of the largest pairs among the candidates."""
    value = np.where(candidates & ~np.isnan(influence), influence, -np.inf).ravel()
    return set(np.argsort(-value, kind="stable")[:num_pairs].tolist())


class World(NamedTuple):
    """What is known to be true, what estimates are made of, and which pairs count, by the name of the choice."""

    dataset: Dataset
    truth: Outcomes
    candidates: Outcomes
    counted: dict[str, np.ndarray]
    num_strong: int


def make_world(setting: Setting, folder: Path, design: Design) -> World:
    """Trains both sides, or reads them."""
    dataset, truth = trained(setting.config, folder / "truth", setting.truth, seed=1)
    name = "candidates" if design == "fixed-size" else f"candidates-{design}"
    _, candidates = trained(setting.config, folder / name, setting.candidates, seed=2, design=design)
    same_class = dataset.train_labels[:, None] == dataset.test_labels
    counted = {"all": np.ones_like(same_class), "same class": same_class}
    return World(dataset, truth, candidates, counted, setting.strongest)


def strong_pairs(world: World, models: Outcomes, pairs: str) -> tuple[set[int], set[int]]:
    """The strongest pairs by correctness (hard) and by probability (soft)."""
    hard, soft = (
        strongest(mean_difference(models.masks, models.test[name]), world.counted[pairs], world.num_strong)
        for name in ("correct", "probability")
    )
    return hard, soft


def varying(outcomes: Outcomes) -> np.ndarray:
    """The test examples whose probability varies over models."""
    # An influence of .1 alone makes a probability deviate by .1 times the deviation of a mask, .46 by default.
    return np.flatnonzero(part_of(outcomes, np.s_[:]).test["probability"].std(0) >= LEAST_DEVIATION)


def models_for(recall: float, curve: dict[int, float]) -> float:
    """Models that reach a recall, by a curve of recalls; infinite above its end, 0 below its beginning."""
    sizes, recalls = np.array(sorted(curve)), np.maximum.accumulate([curve[size] for size in sorted(curve)])
    if recall > recalls[-1]:
        return float("inf")
    return float(np.exp(np.interp(recall, recalls, np.log(sizes)))) if recall >= recalls[0] else 0.0
