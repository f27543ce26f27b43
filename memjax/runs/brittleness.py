"""Brittleness: is a prediction still right after the training examples with the highest scores are removed?"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.config.specs import SubsetSpec
from memjax.errors import InputError
from memjax.exchange.score_files import Scores
from memjax.runs.fit import fit_config
from memjax.runs.progress import Silent, Teller
from memjax.runs.result import Result
from memjax.untrusted import read_npz


class Removals(NamedTuple):
    """Test examples, and the training examples without which models are trained to see whether they get them wrong.

    Attributes:
      tests: rows of test examples that most models of the run get right.
      masks: (2, tests, train) what is left without those of the highest influence, and without as many random ones of
        the same class.
      wrong: (3, tests) share of wrong predictions of models trained on everything, and on either; None before.
    """

    tests: Int[np.ndarray, " tests"]
    masks: Bool[np.ndarray, "2 tests train"]
    wrong: Float[np.ndarray, "3 tests"] | None = None


def removals(run: Result, own: np.ndarray, tests: np.ndarray, count: int, remove: int, seed: int) -> Removals:
    """Draws at most `count` of the test examples; `own` (train, test) is the influence that the run estimates."""
    rng, data, found = np.random.default_rng(seed), run.dataset, []
    usual = tests[run.outcomes.test["correct"][:, tests].mean(0) > 0.5]
    drawn = rng.choice(usual, min(count, len(usual)), replace=False)
    for test in drawn:
        same = np.flatnonzero(data.train_labels == data.test_labels[test])
        rows = rng.choice(same, min(remove, len(same)), replace=False)
        found.append([_without(own[:, test], remove), ~np.isin(np.arange(data.num_train), rows)])
    return Removals(drawn, np.reshape(found, (-1, 2, data.num_train)).astype(bool).swapaxes(0, 1))


def wrong_without(
    run: Result, masks: np.ndarray, tests: np.ndarray, repeats: int, folder: Path, seed: int,
    teller: Teller | None = None,
) -> np.ndarray:  # fmt: skip
    """(1 + ways, tests) share of wrong predictions of each test example, of models trained on everything and on its
    masks (ways, tests, train)."""
    subsets = np.concatenate([np.ones((1, masks.shape[-1]), bool), masks.reshape(-1, masks.shape[-1])])
    file = folder.with_suffix(".npy")
    np.save(file, np.repeat(subsets, repeats, axis=0))
    found = retrained(run, folder, file, len(subsets) * repeats, seed, teller).outcomes
    wrong = np.full((len(subsets), repeats, len(tests)), np.nan)
    wrong[*np.divmod(found.model_ids, repeats)] = ~found.test["correct"][:, tests].astype(bool)
    rates = np.nanmean(wrong, axis=1)
    own = rates[1:].reshape(len(masks), len(tests), -1).diagonal(axis1=1, axis2=2)
    return np.concatenate([rates[:1], own])


def stored_removals(folder: Path, run: Result) -> Removals | None:
    """Those of the folder that `memjax truth` made around the run; None where it has none.

    Raises:
      InputError: the file is damaged, or its arrays do not fit the run.
    """
    path = folder / "truth.npz"
    found = read_npz(path) if path.is_file() else {}
    tests, masks, wrong = (found.get(f"brittle_{name}") for name in Removals._fields)
    if tests is None or masks is None or wrong is None:
        return None
    shapes = tests.shape, masks.shape, wrong.shape
    n, known = tests.size, np.isin(tests, np.arange(run.dataset.num_test))
    expected = (n,), (2, n, run.dataset.num_train), (3, n)
    if shapes != expected or masks.dtype != bool or not n or not known.all():
        raise InputError(f"{path}: the arrays brittle_... have shapes {shapes}, not those of this run; make it again")
    return Removals(tests, masks, wrong)


def brittleness_of(
    run: Result, given: Scores, own: Callable[[], np.ndarray], count: int, remove: int | None, repeats: int, seed: int,
    stored: Removals | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """The fields of a `Measure` after its name; trains models without the removed examples.

    Args:
      own: gives the influence by the run's own models (train, test), which the ceiling removes the highest of.
      count: test examples, drawn from those that most models of the run get right.
      remove: training examples to remove; by default as many as in `stored`, else 20 or a quarter of them.
      stored: removals of a truth, whose models are not trained again.
    """
    if repeats < 1 or (remove is not None and not 0 < remove < run.dataset.num_train):
        raise InputError(f"--remove is {remove} and --repeats {repeats}; give 1 or more, and remove not all examples")
    place = np.full(run.dataset.num_test, -1)
    place[given.tests] = np.arange(len(given.tests))
    if stored and remove in (None, int((~stored.masks[0, 0]).sum())) and (place[stored.tests] >= 0).any():
        known = np.flatnonzero(place[stored.tests] >= 0)[:count]
        tests, masks, wrong = stored.tests[known], stored.masks[:, known], stored.wrong[:, known]  # type: ignore
        remove, said = int((~masks[0, 0]).sum()), "; ceiling and chance as stored in the truth"
    else:
        remove, wrong, said = remove or max(1, min(20, run.dataset.num_train // 4)), None, ""
        tests, masks, _ = removals(run, own(), given.tests, count, remove, seed)
    if not len(tests):
        raise InputError("most models are wrong about every test example; brittleness is not defined")
    scored = np.array([[_without(given.values[:, place[test]], remove) for test in tests]])
    with tempfile.TemporaryDirectory(prefix="memjax-") as folder:
        asked = scored if wrong is not None else np.concatenate([scored, masks])
        found = wrong_without(run, asked, tests, repeats, Path(folder) / "removed", run.config.seed + 1 + seed)
    usual, each, best, chance = [*found[:2], *(found[2:] if wrong is None else wrong[1:])]
    value, half = np.nanmean(each), 1.96 * np.nanstd(each, ddof=min(1, len(tests) - 1)) / np.sqrt(len(tests))
    about = (
        f"share of wrong predictions of {len(tests):,} test examples after {remove:,} training examples are removed, "
        f"{repeats} models each; {np.nanmean(usual):.3g} with all; chance removes examples of the same class{said}"
    )
    ends = max(value - half, 0.0), min(value + half, 1.0)
    return value, *ends, np.nanmean(chance), np.nanmean(best), "the run's own influence", about


def _without(scores: np.ndarray, remove: int) -> np.ndarray:
    """(train,) what is left without the highest scores."""
    return ~np.isin(np.arange(len(scores)), np.argsort(-scores, kind="stable")[:remove])


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
