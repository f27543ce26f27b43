"""Brittleness: is a prediction still right after the training examples with the highest scores are removed?"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from memjax.config.specs import SubsetSpec
from memjax.errors import InputError
from memjax.exchange.score_files import Scores
from memjax.runs.fit import fit_config
from memjax.runs.progress import Silent, Teller
from memjax.runs.result import Result


def brittleness_of(
    run: Result, given: Scores, own: np.ndarray, count: int, remove: int, repeats: int, seed: int
) -> tuple[Any, ...]:
    """The fields of a `Measure` after its name; trains models without the removed examples.

    Args:
      own: influence by the run's own models, which the ceiling removes the highest of.
      count: test examples, drawn from those that most models of the run get right.
    """
    masks, right = run.outcomes.masks, run.outcomes.test["correct"][:, given.tests].mean(0)
    usual, rng = np.flatnonzero(right > 0.5), np.random.default_rng(seed)
    if not 0 < remove < masks.shape[1] or repeats < 1:
        raise InputError(f"--remove is {remove} and --repeats {repeats}; give 1 or more, and remove not all examples")
    if not len(usual):
        raise InputError("most models are wrong about every test example; brittleness is not defined")
    tests = rng.choice(usual, min(count, len(usual)), replace=False)
    labels, subsets = run.dataset, [np.ones(masks.shape[1], bool)]
    for test in tests:
        same = np.flatnonzero(labels.train_labels == labels.test_labels[given.tests[test]])
        drawn = rng.choice(same, min(remove, len(same)), replace=False)
        highest = (np.argsort(-each[:, test], kind="stable")[:remove] for each in (given.values, own))
        subsets += [~np.isin(np.arange(masks.shape[1]), rows) for rows in (*highest, drawn)]
    with tempfile.TemporaryDirectory(prefix="memjax-") as folder:
        file = Path(folder) / "masks.npy"
        np.save(file, np.repeat(subsets, repeats, axis=0))
        trained = retrained(run, Path(folder) / "run", file, len(subsets) * repeats, run.config.seed + 1 + seed)
        outcomes = trained.outcomes
    wrong = np.full((len(subsets), repeats, len(given.tests)), np.nan)
    wrong[*np.divmod(outcomes.model_ids, repeats)] = ~outcomes.test["correct"][:, given.tests].astype(bool)
    rates = np.nanmean(wrong, axis=1)
    ways = rates[1:].reshape(len(tests), 3, -1)[np.arange(len(tests)), :, tests]  # scores, own influence, at random
    value, best, chance = np.nanmean(ways, axis=0)
    half = 1.96 * np.nanstd(ways[:, 0], ddof=min(1, len(tests) - 1)) / np.sqrt(len(tests))
    about = (
        f"share of wrong predictions of {len(tests):,} test examples after {remove:,} training examples are removed, "
        f"{repeats} models each; {rates[0, tests].mean():.3g} with all; chance removes examples of the same class"
    )
    return value, max(value - half, 0.0), min(value + half, 1.0), chance, best, "the run's own influence", about


def retrained(
    run: Result, folder: Path, masks_file: Path, num_models: int, seed: int, teller: Teller | None = None
) -> Result:
    """A run with the settings of another on subsets of one's own, trained and not estimated."""
    config = replace(
        run.config, run=str(folder), num_models=num_models, seed=seed, record=(), record_epochs=(), record_every=1,
        subset=SubsetSpec(design="masks-file", masks_file=str(masks_file)), keep=run.config.kept_metrics,
        pack_size=None, log=None, until=None, until_stderr=None, max_models=None,
    )  # fmt: skip
    return fit_config(config, run.given, teller or Silent(), estimate=False)
