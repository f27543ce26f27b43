"""Random arrays, labels, masks and settings: each is refused with words, or gives what NumPy gives."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import memjax
from memjax.config.from_keywords import run_config
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.data.in_memory import from_arrays
from memjax.errors import InputError
from memjax.subsets import make_design
from tests.reference import mean_difference

TYPES = ["?", "u1", "i1", "<i2", ">i2", "<i4", ">i4", "<u4", "<i8", ">i8", "<u8", "<f2", ">f2", "<f4", ">f4"]
TYPES += ["<f8", ">f8"]
MIXED = [0, 1, "a", True, None, 2.5, 2**70]
DESIGNS = ["fixed-size", "bernoulli", "balanced", "complementary", "profile", "leave-one-out", "x"]
EXTREMES = [0, 1, -1, 127, -128, 255, 2**31, 2**32 + 1, 2**53, -(2**63), 2**63 - 1, 2**64 - 1]
EXTREMES += [0.5, -0.0, 1e-45, 6e4, 1e30, 3e38, 1e300, np.inf, -np.inf, np.nan]


def budget(draws: int, seed: int):
    """So many draws in each test; always the same ones."""
    return settings(max_examples=draws, derandomize=True, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))  # fmt: skip


def tiers(function):
    """60 draws of each of the five parts by default, 2,000 in the slow tier."""
    strategies = function.strategies

    @pytest.mark.parametrize("draws", [60, pytest.param(2000, marks=pytest.mark.slow)])
    def test(draws):
        budget(draws, 0)(given(**strategies)(function))()

    test.__doc__, test.__name__ = function.__doc__, function.__name__
    return test


def drawn(**strategies):
    def mark(function):
        function.strategies = strategies
        return tiers(function)

    return mark


@st.composite
def numbers(draw, shape):
    """An array of any type of numbers, byte order and layout, with extreme values."""
    kind = np.dtype(draw(st.sampled_from(TYPES)))
    with np.errstate(all="ignore"):
        pool = np.array([np.float64(value) if kind.kind == "f" else value for value in EXTREMES if fits(value, kind)])
        array = draw(arrays.arrays(np.int64, shape, elements=st.integers(0, len(pool) - 1)))
        values = pool[array].astype(kind)
    layout = draw(st.sampled_from(["C", "F", "reversed", "strided"]))
    if layout == "reversed":
        return np.ascontiguousarray(values[::-1])[::-1]
    return np.repeat(values, 2, -1)[..., ::2] if layout == "strided" else np.array(values, order=layout)


def fits(value, kind) -> bool:
    if kind.kind == "f":
        return True
    if not float(value).is_integer() if np.isfinite(value) else True:
        return False
    low, high = (0, 1) if kind.kind == "b" else (np.iinfo(kind).min, np.iinfo(kind).max)
    return low <= int(value) <= high


def accepted(call, *given):
    """The result; None if the input is refused, with words."""
    try:
        return call(*given)
    except InputError:
        return None


@drawn(inputs=st.integers(1, 3).flatmap(lambda width: numbers((6, width))))
def test_inputs_keep_their_values(inputs):
    found = accepted(lambda: load_dataset(DataSpec("saved:arrays"), from_arrays(inputs, np.arange(6) % 2).dataset))
    if found is not None:
        exact = inputs.astype(np.float64)
        with np.errstate(all="ignore"):
            moved, spread = np.abs(found.train_inputs - exact), np.ptp(exact, 0)
        least = 1e-44  # float32 has nothing smaller
        assert (moved <= np.where(spread > 0, 0.1 * spread, 1e-6 * np.abs(exact)) + least).all()


@drawn(
    labels=st.one_of(numbers((6,)), arrays.arrays("U3", 6), st.lists(st.sampled_from(MIXED), min_size=6, max_size=6))
)
def test_labels_keep_their_meaning(labels):
    found = accepted(from_arrays, np.zeros((6, 1)), labels)
    if found is not None:
        values = [found.classes[number].item() for number in found.dataset.train_labels]
        assert values == [value.item() if isinstance(value, np.generic) else value for value in labels]
        assert len(set(values)) == len(found.classes)


@drawn(masks=numbers((7, 3)), scores=numbers((7, 3)))
def test_memorization_is_the_difference_of_means(masks, scores):
    _compare(masks, scores)


@drawn(masks=arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 4))), data=st.data())
def test_masks_of_all_kinds(masks, data):
    _compare(masks, data.draw(st.one_of(arrays.arrays(bool, masks.shape), numbers(masks.shape))))


def _compare(masks, scores):
    found = accepted(memjax.memorization, masks, scores)
    if found is not None:
        expected = np.diag(mean_difference(masks.astype(bool), scores.astype(np.float64)))
        scale = max(1.0, float(np.abs(scores.astype(np.float64)).max()))
        np.testing.assert_allclose(found.value, expected, rtol=1e-5, atol=1e-5 * scale)


@drawn(options=st.fixed_dictionaries({}, optional={
    "num_models": st.sampled_from(EXTREMES), "subset_fraction": st.sampled_from([*EXTREMES, 0.1, 0.9]),
    "epochs": st.sampled_from(EXTREMES), "learning_rate": st.sampled_from(EXTREMES), "seed": st.sampled_from(EXTREMES),
    "design": st.sampled_from(DESIGNS),
    "batch_size": st.sampled_from(EXTREMES), "label_noise": st.sampled_from(EXTREMES),
    "keep": st.sampled_from([(), ("correct",), "x"]),
    "classes": st.sampled_from([(), (0,), (1, 1), (3, 0), [0, 1], None]), "warmup": st.sampled_from(EXTREMES),
}), num_train=st.integers(1, 12))  # fmt: skip
def test_settings_are_refused_or_hold(options, num_train):
    config = accepted(lambda: run_config(None, **options))
    if config is None:
        return
    assert replace(config) == config
    design = accepted(make_design, config.subset, num_train, config.seed)
    if design is not None:
        masks = design.masks(np.arange(10))
        assert masks.shape == (10, num_train)
        assert masks.sum(1).max() <= design.max_size
        assert os.path.basename(str(config.folder()))
