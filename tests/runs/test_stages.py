"""What estimates are made of is read block by block, and is that of all models at once."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, SubsetSpec
from memjax.estimators import tally_of
from memjax.runs import open_folder, shared_work, stages

MODELS, TRAIN, TEST = 23, 12, 6


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.npz"
    sides = {"train": TRAIN, "test": TEST}
    inputs = {f"x_{side}": np.arange(count, dtype=np.float32)[:, None] for side, count in sides.items()}
    np.savez(path, **inputs, **{f"y_{side}": np.arange(count) % 3 for side, count in sides.items()})
    return f"npz:{path}"


def made_up(folder, data, design, pack_size):
    """A run of models that were never trained, some of which diverged."""
    run = open_folder.open_run(
        RunConfig(
            run=str(folder), num_models=MODELS, data=DataSpec(data), pack_size=pack_size, subset=SubsetSpec(design),
            keep=("correct", "probability"),
        )
    )  # fmt: skip
    rng = np.random.default_rng(0)
    probability = {
        side: rng.random((40, count)).astype(np.float32) for side, count in (("train", TRAIN), ("test", TEST))
    }
    finite = ~np.isin(np.arange(40), [4, 9])
    for number in run.plan.blocks:
        ids = np.arange(number * pack_size, (number + 1) * pack_size)
        sides = [{"correct": values[ids] > 0.5, "probability": values[ids]} for values in probability.values()]
        block = store.Block(ids, run.design.masks(ids), finite[ids], *sides)
        store.write_block(run.folder, number, block, run.plan.fingerprint, {"made": "up"})
    return run


@pytest.mark.parametrize("design", ["fixed-size", "complementary"])
@pytest.mark.parametrize("pack_size", [1, 3, 8])
def test_the_tally_of_a_run_is_that_of_all_its_models_at_once(tmp_path, data, design, pack_size):
    """Also where a complementary pair lies in two blocks, or half of it diverged, or was not asked for."""
    run = made_up(tmp_path / "run", data, design, pack_size)

    found = stages.tally(run, print, print)

    outcomes, num_failed = store.read_outcomes(run.folder, run.plan.blocks, MODELS)
    whole = tally_of(outcomes)
    assert found.complementary == whole.complementary == (design == "complementary")
    assert (found.num_models, found.num_failed) == (MODELS, num_failed)
    assert 0 < found.num_used == whole.num_used < MODELS
    for name, totals in whole.scores.items():
        for one, other in zip(found.scores[name].sums[:2], totals.sums[:2], strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(found.scores[name].num_in, totals.num_in)
    for one, other in zip(found.bits, whole.bits, strict=True):
        np.testing.assert_array_equal(one, other)


def as_worker(run, text, score="correct"):
    return replace(run, config=replace(run.config, worker=text, score=score))


def equal(one, other):
    """Whether two tallies are the same to the last bit."""
    assert repr(one) == repr(other)  # numbers of models
    assert one.scores.keys() == other.scores.keys()
    assert one.halves.keys() == other.halves.keys()
    sums, others = (jax.tree.leaves((tally.scores, tally.halves)) for tally in (one, other))
    for a, b in zip(sums, others, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip((*one.bits, one.num_right), (*other.bits, other.num_right), strict=True):
        np.testing.assert_array_equal(a, b)
    if other.outputs is not None:
        np.testing.assert_array_equal(one.outputs, other.outputs)


@pytest.mark.parametrize("score", ["correct", "probability"])
@pytest.mark.parametrize("design", ["fixed-size", "complementary"])
def test_workers_count_a_part_each_and_add_up(tmp_path, data, design, score, monkeypatch):
    """The first of three finds nobody and does all parts; what it wrote is all that the next one needs."""
    run = made_up(tmp_path / "run", data, design, 3)
    alone = stages.tally(as_worker(run, "0/1", score), print, print)
    assert not (run.folder / shared_work.FOLDER).exists()

    first = stages.tally(as_worker(run, "1/3", score), print, print)
    monkeypatch.setattr(store, "read_outcomes", None)
    second = stages.tally(as_worker(run, "2/3", score), print, print)

    equal(first, alone)
    equal(second, alone)


def test_estimates_that_are_shared_are_those_of_one_process(tmp_path, data):
    whole, shared = (made_up(tmp_path / name, data, "fixed-size", 3) for name in ("whole", "shared"))
    assert stages.estimate(as_worker(whole, "0/1"), print, print)

    assert stages.estimate(as_worker(shared, "1/2"), print, print)

    for name in ("estimates.npz", "pairs.npz", "influence.npy"):
        assert (shared.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert len(list((shared.folder / shared_work.FOLDER).iterdir())) == 2 + 3  # parts of the models, classes
    assert not stages.estimate(as_worker(shared, "0/2"), print, print)
    assert not (shared.folder / shared_work.FOLDER).exists()
