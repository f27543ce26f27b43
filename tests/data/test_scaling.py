"""What a network gets of each kind of number: nothing is lost on the way to float32, or it is said."""

from fractions import Fraction

import numpy as np
import pandas
import pytest

import memjax
from memjax.data import noisy_inputs, random_inputs
from memjax.data.scaling import check_spread, narrowed
from memjax.errors import InputError
from memjax.training import examples_of
from memjax.training.stream import stream_of
from memjax.types import Dataset

LABELS = np.arange(40) % 2
SECONDS = 1_700_000_000.0 + np.random.default_rng(0).normal(size=40) + 20 * LABELS


def dataset_of(train, test=None, labels=None) -> Dataset:
    train, test = np.asarray(train), np.asarray(train if test is None else test)
    labels = np.arange(len(train)) % 2 if labels is None else labels
    return Dataset(
        "numbers", train, labels, test, np.zeros(len(test), int), np.arange(len(train)), np.arange(len(test)),
        ("a", "b"), np.zeros(len(train), bool),
    )  # fmt: skip


def seen(dataset: Dataset, scaling: str = "standard") -> np.ndarray:
    """The training inputs as a network gets them, computed as on a device."""
    examples = examples_of(dataset, scaling)
    return (np.asarray(examples.train_inputs).astype(np.float32) - examples.mean) * examples.scale


def standardised(values: list[int] | list[Fraction]) -> np.ndarray:
    """Exact up to the root: fractions of whole numbers."""
    mean = Fraction(sum(map(Fraction, values)), len(values))
    variance = sum((Fraction(value) - mean) ** 2 for value in values) / len(values)
    return np.array([float((Fraction(value) - mean) / Fraction(float(variance) ** 0.5)) for value in values])


@pytest.mark.parametrize(
    ("kind", "start", "step"),
    [
        ("<i8", 5_000_000_000, 600_000_000),
        (">i8", 1_700_000_000_000_000_000, 3),  # nanoseconds since 1970, three apart: 2^60 is far beyond float64
        ("<i8", -(2**63), 2**60),
        ("<u8", 2**64 - 50, 1),
        (">u8", 2**63 - 20, 1),
        ("<i4", 2_000_000_000, 1),
        (">u4", 4_000_000_000, 1),
        ("<i4", 16_777_300, 1),
    ],
)
def test_whole_numbers_of_any_size_are_standardised_exactly(kind, start, step):
    values = [start + step * (number % 10) for number in range(40)]

    found = seen(dataset_of(np.array(values, kind)[:, None]))

    np.testing.assert_allclose(found[:, 0], standardised(values), rtol=1e-6)


@pytest.mark.parametrize("kind", ["<f8", ">f8"])
def test_seconds_since_1970_are_standardised_in_float64(kind):
    train, test = narrowed(SECONDS[:, None].astype(kind), SECONDS[:3, None].astype(kind))
    examples = examples_of(dataset_of(train, test))

    np.testing.assert_allclose(examples.train_inputs[:, 0], standardised(SECONDS.tolist()), rtol=1e-6)
    np.testing.assert_array_equal(examples.test_inputs, examples.train_inputs[:3])


def test_float32_that_varies_little_around_its_mean_is_scaled_too():
    values = np.float32(1.6e9) + np.float32(128) * (np.arange(40) % 4).astype(np.float32)

    np.testing.assert_allclose(seen(dataset_of(values[:, None]))[:, 0], standardised(values.tolist()), rtol=1e-6)


@pytest.mark.parametrize(
    "inputs",
    [
        np.random.default_rng(1).normal(5, 2, (40, 3)).astype(np.float32),
        np.random.default_rng(1).integers(0, 256, (40, 4, 4, 3), np.uint8),
        np.random.default_rng(1).integers(-50, 50, (40, 3)),
        np.full((40, 2), np.float32(0.1)),
        np.random.default_rng(1).random((40, 3)) < 0.5,
    ],
)
def test_ordinary_inputs_reach_the_devices_as_they_are_with_the_mean_and_scale_of_before(inputs):
    examples = examples_of(dataset_of(inputs))

    axes = tuple(range(inputs.ndim - 1)) if inputs.ndim > 2 else (0,)
    count = inputs.size / np.prod(inputs.shape[-1:])
    mean = inputs.sum(axes, dtype=np.float64) / count
    spread = np.sqrt(np.square(inputs - mean).sum(axes) / count).astype(np.float32)
    np.testing.assert_array_equal(examples.train_inputs, inputs)
    np.testing.assert_array_equal(examples.mean, mean.astype(np.float32))
    constant = spread <= 1e-6 * np.abs(mean.astype(np.float32))
    np.testing.assert_array_equal(examples.scale, np.float32(1) / np.where(constant, np.float32(1), spread))


def test_ordinary_float64_becomes_float32_and_wide_float64_stays():
    ordinary, wide = np.random.default_rng(2).normal(size=(40, 2)), SECONDS[:, None]

    assert [part.dtype for part in narrowed(ordinary, ordinary[:2])] == [np.float32, np.float32]
    assert [part.dtype for part in narrowed(wide, wide[:2].astype(np.float32))] == [np.float64, np.float64]


@pytest.mark.parametrize("values", [[-128, 0, 64], [-128, -128, -128], [-128, 127, 5]])
def test_the_smallest_number_of_a_type_can_be_the_largest_in_size(values):
    found = seen(dataset_of(np.array(values, np.int8)[:, None]), "unit")

    np.testing.assert_allclose(found[:, 0], np.array(values) / 128, rtol=1e-6)


def test_a_stream_sends_whole_numbers_beyond_32_bits_as_float32():
    stream = stream_of(dataset_of(np.array([[5_000_000_000], [5_600_000_000]])), 0, 2)

    (batch,) = stream.in_order("train")
    assert batch.inputs.tolist() == [[5e9], [5.6e9]]
    assert stream.like().inputs.dtype == batch.inputs.dtype == np.float32


@pytest.mark.parametrize("corrupt", [random_inputs, noisy_inputs])
def test_noise_leaves_the_other_rows_of_wide_inputs_as_they_are(corrupt):
    for inputs in (SECONDS[:, None], 10**12 + np.arange(40)[:, None]):
        found = corrupt(dataset_of(inputs), 0.25, 0)

        same = ~found.corrupted
        np.testing.assert_array_equal(found.train_inputs[same], inputs[same])
        assert len(np.unique(found.train_inputs[~same])) == 10


@pytest.mark.parametrize("inputs", [5e9 + 6e8 * LABELS, SECONDS, (1e9 * SECONDS).astype(np.int64)])
def test_models_learn_from_wide_numbers(inputs):
    wide = inputs.astype(np.int64)[:, None] if inputs[0] != SECONDS[0] else inputs[:, None]

    result = memjax.fit(wide, LABELS, wide, LABELS, num_models=8, epochs=200, model="mlp:16", progress=False)

    assert result.estimates.in_sample_accuracy == 1
    assert result.estimates.test_accuracy == 1


OUTLIER = np.concatenate([np.random.default_rng(3).random(39), [1e30]])[:, None]
SERIES = np.stack([SECONDS, np.zeros(40), np.ones(40)], 1)[:, :, None]


@pytest.mark.parametrize(
    ("inputs", "scaling", "words", "mended"),
    [
        (SECONDS[:, None], "unit", "feature 0 .*or give --scaling standard",
         lambda x: ((x - x.mean(0)) / x.std(0), "unit")),
        (SECONDS[:, None], "unit", "feature 0", lambda x: (x, "standard")),
        (OUTLIER, "standard", "float32, in which networks compute, keeps 2 of its 40 different values; clip the values",
         lambda x: (x.clip(0, 1), "standard")),
        (SERIES, "standard", r"feature 0, 0 .*give the inputs as vectors, x.reshape\(len\(x\), -1\)",
         lambda x: (x.reshape(len(x), -1), "standard")),
    ],
)  # fmt: skip
def test_what_is_still_lost_is_refused_and_the_advice_helps(inputs, scaling, words, mended):
    with pytest.raises(InputError, match=words):
        check_spread(inputs, scaling)

    better, how = mended(inputs)
    check_spread(narrowed(better, better)[0], how)


def test_the_refusal_names_the_column_and_leaves_no_folder(tmp_path):
    frame = pandas.DataFrame({"colour": ["red", "blue"] * 20, "when": SECONDS, "label": LABELS})

    with pytest.raises(InputError, match="feature 'when' of the training inputs goes from 1699999997"):
        memjax.fit(frame, target="label", scaling="unit", num_models=4, run=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
