"""Corruptions: the given number of rows change, exactly these are marked, and nothing else changes."""

import numpy as np
import pytest

from memjax.config.specs import DataSpec
from memjax.data import (
    content_hash,
    corrupt,
    load_dataset,
    noisy_inputs,
    pair_labels,
    random_inputs,
    random_labels,
    shuffled_pixels,
)  # fmt: skip
from memjax.errors import InputError

from .makers import tiny

RNG = np.random.default_rng(0)
MANY = tiny(
    labels=[0, 1, 2] * 400,
    test_labels=[0, 1, 2] * 100,
    train_inputs=RNG.integers(0, 256, (1200, 4, 5)).astype(np.uint8),
    test_inputs=RNG.integers(0, 256, (300, 4, 5)).astype(np.uint8),
)
INPUTS = ["random-inputs=0.25", "random-inputs=0.25:pixel", "shuffled-pixels=0.25:each", "noisy-inputs=0.25:0.5"]
LABELS = ["random-labels=0.25", "wrong-labels=0.25", "pair-labels=0.25"]


@pytest.mark.parametrize("words", [*INPUTS, *LABELS, "shuffled-pixels=0.25:one"])
def test_only_marked_rows_change_and_no_test_example(words):
    corrupted = corrupt(MANY, [words], 3)
    changed = (corrupted.train_inputs != MANY.train_inputs).any((1, 2)) | (corrupted.train_labels != MANY.train_labels)

    assert corrupted.corrupted.sum() == 300
    assert not changed[~corrupted.corrupted].any()
    if words.startswith("random-labels"):  # one in three is drawn as it was
        assert abs(changed.sum() - 200) < 5 * np.sqrt(300 * 2 / 9)
    else:
        assert changed.sum() == 300
    np.testing.assert_array_equal(corrupted.mislabelled, corrupted.train_labels != MANY.train_labels)
    np.testing.assert_array_equal(corrupted.test_inputs, MANY.test_inputs)
    np.testing.assert_array_equal(corrupted.test_labels, MANY.test_labels)
    assert not corrupted.test_corrupted.any()
    assert not MANY.corrupted.any()
    assert corrupted.train_inputs.dtype == corrupted.test_inputs.dtype


@pytest.mark.parametrize("words", [*INPUTS, *LABELS])
def test_the_seed_decides_and_a_higher_rate_adds(words):
    low, again, other = (corrupt(MANY, [words], seed) for seed in (3, 3, 4))
    high = corrupt(MANY, [words.replace("0.25", "0.5")], 3)

    assert content_hash(low) == content_hash(again) != content_hash(other)
    assert high.corrupted[low.corrupted].all()
    np.testing.assert_array_equal(high.train_inputs[low.corrupted], low.train_inputs[low.corrupted])
    np.testing.assert_array_equal(high.train_labels[low.corrupted], low.train_labels[low.corrupted])


@pytest.mark.parametrize("words", [*INPUTS, *LABELS])
def test_test_examples_are_corrupted_on_request_and_differently(words):
    corrupted = corrupt(MANY, [words.replace("0.25", "1")], 3, test=True)

    assert corrupted.test_corrupted.all()
    assert corrupted.corrupted.all()
    assert (corrupted.train_inputs[:300] != corrupted.test_inputs).any() or (
        corrupted.train_labels[:300] != corrupted.test_labels
    ).any()
    np.testing.assert_array_equal(corrupted.train_inputs, corrupt(MANY, [words.replace("0.25", "1")], 3).train_inputs)


def test_random_labels_are_uniform_and_independent_of_the_old_labels():
    drawn = random_labels(MANY, 1.0, 0).train_labels
    table = np.histogram2d(MANY.train_labels, drawn, bins=3)[0]

    assert (abs(table - 1200 / 9) < 5 * np.sqrt(1200 / 9)).all()


def test_pairs_of_classes():
    by_default, own = pair_labels(MANY, 0.5, 0), pair_labels(MANY, 0.25, 0, {2: 0})

    for old, new in ((0, 1), (1, 2), (2, 0)):
        labels = by_default.train_labels[MANY.train_labels == old]
        assert sorted(np.unique(labels, return_counts=True)[1]) == [200, 200]
        assert set(labels) == {old, new}
    assert own.corrupted.sum() == 100
    assert set(MANY.train_labels[own.corrupted]) == {2}
    assert set(own.train_labels[own.corrupted]) == {0}


def test_random_inputs_have_the_mean_and_variance_that_were_there():
    """Of all values, or of each pixel; within five standard errors."""
    data = MANY.train_inputs.astype(np.float64).reshape(1200, -1)
    inputs = (data * np.linspace(0, 2, 20)).reshape(1200, 4, 5).astype(np.float32)
    scaled = tiny(labels=[0, 1, 2] * 400, train_inputs=inputs, test_inputs=np.zeros((3, 4, 5), np.float32))
    whole, by_pixel = (
        random_inputs(scaled, 1.0, 0, which).train_inputs.reshape(1200, -1) for which in ("global", "pixel")
    )
    before = scaled.train_inputs.reshape(1200, -1)

    for noise, old in ((whole.ravel(), before.ravel()), *zip(by_pixel.T, before.T, strict=True)):
        spread = old.std()
        assert abs(noise.mean() - old.mean()) <= 5 * spread / np.sqrt(len(noise))
        assert abs(noise.std() - spread) <= 5 * spread / np.sqrt(2 * len(noise))
    assert (by_pixel[:, 0] == 0).all()  # constant before, constant after
    correlation = np.corrcoef(whole.T)[np.triu_indices(20, 1)]
    assert abs(correlation).max() < 5 / np.sqrt(1200)


def test_noise_is_added_with_the_given_deviation():
    added = noisy_inputs(MANY, 1.0, 0, 0.5).train_inputs - MANY.train_inputs.astype(np.float32)
    expected = 0.5 * MANY.train_inputs.std()

    assert abs(added.std() - expected) < 5 * expected / np.sqrt(2 * added.size)
    assert abs(added.mean()) < 5 * expected / np.sqrt(added.size)


def test_pixels_get_one_permutation_for_all_or_one_each():
    shape = (6, 3, 3, 2)
    places = np.broadcast_to(np.arange(18, dtype=np.uint8).reshape(shape[1:]), shape)
    images = tiny(train_inputs=places, test_inputs=places[:3])
    one = corrupt(images, ["shuffled-pixels=1:one"], 0, test=True)
    each = shuffled_pixels(images, 1.0, 0, "each").train_inputs

    assert (one.train_inputs == one.train_inputs[0]).all()
    assert (one.test_inputs == one.train_inputs[0]).all()
    assert len(np.unique(each.reshape(6, -1), axis=0)) == 6
    for image in (*one.train_inputs, *each):
        assert sorted(image.ravel()) == list(range(18))
        assert (image[..., 1] == image[..., 0] + 1).all()  # colours stay together


def test_corruptions_are_applied_one_after_the_other():
    both = corrupt(MANY, ["random-labels=0.2", "random-inputs=0.2"], 0)

    assert 400 < both.corrupted.sum() < 480  # 480 less the rows that both chose
    assert content_hash(both) != content_hash(corrupt(MANY, ["random-labels=0.2"], 0))


def test_from_a_spec():
    plain, corrupted = (load_dataset(DataSpec(per_class=10, corrupt=words)) for words in ((), ("random-labels=0.5",)))

    assert corrupted.corrupted.sum() == 50
    assert content_hash(plain) != content_hash(corrupted)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("noise=0.1", "--corrupt 'noise' is not known; choose one of: random-labels"),
        ("random-labels", "has no rate; write random-labels=0.2"),
        ("random-labels=lots", "'lots' is not a number"),
        ("random-labels=1.2", "rate of random labels is 1.2; give a fraction from 0 to 1"),
        ("pair-labels=-0.1", "give a fraction from 0 to 1"),
        ("random-labels=nan", "give a fraction"),
        ("random-labels=0.1:x", "takes a rate and nothing after it"),
        ("random-inputs=0.1:colour", "'colour' is neither global nor pixel"),
        ("shuffled-pixels=0.1:all", "'all' is neither one nor each"),
        ("noisy-inputs=0.1:-1", "give a number above 0"),
        ("pair-labels=0.1:3", "write pairs of classes as in"),
        ("pair-labels=0.1:0-7", "names the pair 0-7; give two of the classes 0 to 2"),
        ("pair-labels=0.1:0-1,0-2", "sends one class to two"),
    ],
)
def test_a_wrong_corruption_is_refused(words, expected):
    with pytest.raises(InputError, match=expected):
        corrupt(MANY, [words], 0)


def test_corrupting_the_test_examples_takes_a_corruption():
    with pytest.raises(InputError, match="goes with --corrupt"):
        DataSpec(corrupt_test=True)
