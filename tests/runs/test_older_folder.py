"""A run folder that an earlier version made still opens, goes on, reports and verifies: `older/run` is one.

It was made with: python -m memjax.run --run older/run --per-class 12 --test-per-class 4 --num-models 24 --epochs 8
--pack-size 8 --model mlp:16 --record correct loss
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

import memjax
from memjax import store

OLDER = Path(__file__).parent / "older" / "run"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(OLDER, tmp_path / "run"))


def test_it_opens_and_its_numbers_are_those_in_its_files(folder):
    result = memjax.open(folder)

    with np.load(folder / "estimates.npz") as arrays:
        np.testing.assert_array_equal(result.memorization.value, arrays["tr_mem"])
        np.testing.assert_array_equal(result.memorization.stderr, arrays["tr_mem_stderr"])
    assert result.num_models == 24
    assert len(result.outcomes.masks) == 24
    assert set(result.curves.values) == {"correct", "loss"}
    assert "24 models" in repr(result)
    assert list(result.suspects(3)["label"])


def test_estimates_made_again_are_the_same(folder):
    with np.load(folder / "estimates.npz") as arrays:
        before = dict(arrays)
    for name in ("estimates.npz", "pairs.npz", "influence.npy", "dynamics.npz", "results.json"):
        (folder / name).unlink()

    assert memjax.open(folder).estimates

    with np.load(folder / "estimates.npz") as arrays:
        assert set(before) <= set(arrays)
        for name, values in before.items():
            if values.dtype.kind == "f":  # sums of probabilities may end in other last bits on another processor
                np.testing.assert_allclose(arrays[name], values, rtol=1e-6, atol=1e-7, err_msg=name)
            else:
                np.testing.assert_array_equal(arrays[name], values, err_msg=name)
        np.testing.assert_array_equal(arrays["tr_mem"], before["tr_mem"])


def test_it_goes_on(folder):
    result = memjax.open(folder).extend(32, progress=False)

    assert result.num_models == 32
    assert result.trained == 8


def test_it_verifies_and_reports(folder):
    assert {finding.kind for finding in store.verify(folder)} == {"ok"}
    assert memjax.open(folder).report().path.stat().st_size > 100_000
