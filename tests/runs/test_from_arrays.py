"""A report of one's own arrays, in one call."""

import json
import re

import numpy as np
import pytest

import memjax
from memjax import run
from memjax.errors import InputError

MODELS, TRAIN, TEST = 30, 12, 6


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "keep": rng.random((MODELS, TRAIN)) < 0.6,
        "train_correct": rng.random((MODELS, TRAIN)) < 0.7,
        "test_correct": rng.random((MODELS, TEST)) < 0.7,
        "y_train": np.arange(TRAIN) % 3,
        "y_test": np.arange(TEST) % 3,
    }


def images(count, *shape):
    return np.random.default_rng(1).integers(0, 256, (count, *shape), dtype=np.uint8)


def numbers_of(path):
    return json.loads(re.search(r'type="application/json"[^>]*>(.*?)</script>', path.read_text(), re.DOTALL)[1])


def test_the_report_shows_images_and_names(arrays, tmp_path):
    path = memjax.report_arrays(
        arrays, tmp_path / "new" / "folder", train_inputs=images(TRAIN, 5, 4), test_inputs=images(TEST, 5, 4),
        class_names=["cat", "dog", "<b>cow"], name="pets",
    )  # fmt: skip

    shown = numbers_of(path)
    assert shown["classes"] == ["cat", "dog", "<b>cow"]
    assert shown["name"] == "pets"
    assert shown["pictures"]["kind"] == "pixels"
    with np.load(path.with_name("estimates.npz")) as found:
        np.testing.assert_allclose(
            found["tr_mem"], memjax.memorization(arrays["keep"], arrays["train_correct"]).value, atol=1e-6
        )


def test_the_same_files_as_the_command_gives(arrays, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    assert run.main(["estimate", "--arrays", str(tmp_path / "a.npz"), "--out", str(tmp_path / "one")]) == 0

    path = memjax.report_arrays(arrays, tmp_path / "other", name="a.npz")

    assert numbers_of(path)["pictures"] is None
    for name in ("estimates.npz", "pairs.npz", "report.html"):
        assert (tmp_path / "one" / name).read_bytes() == path.with_name(name).read_bytes()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"train_inputs": images(TRAIN, 5)}, "give both, or neither"),
        ({"train_inputs": images(TRAIN + 1, 5), "test_inputs": images(TEST, 5)}, "13 inputs and 12 labels"),
        ({"train_inputs": images(TRAIN, 5), "test_inputs": images(TEST, 4)}, "expected the same"),
        ({"train_inputs": np.full((TRAIN, 5), np.nan), "test_inputs": images(TEST, 5)}, "NaN or infinity"),
        ({"class_names": ["cat"]}, "1 class names for 3 classes"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(arrays, tmp_path, options, says):
    with pytest.raises(InputError, match=says):
        memjax.report_arrays(arrays, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
