import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import memjax
from memjax.errors import InputError
from memjax.estimators import INFL_THRESHOLD, Pairs, join_pairs, select_pairs, strong_pairs
from tests import reference

tiles = importlib.import_module("memjax.estimators.strong_pairs")  # the name of its function hides the module


def world(models=61, train=37, test=23, classes=3, seed=11):
    """Every fifth test example is got right mostly by models that saw one training example."""
    rng = np.random.default_rng(seed)
    masks, correct = rng.random((models, train)) < 0.6, rng.random((models, test)) < 0.7
    for column in range(0, test, 5):
        correct[:, column] = masks[:, column % train] ^ (rng.random(models) < 0.2)
    mem = rng.random(train).astype(np.float32)
    return masks, correct, mem, np.arange(train) % classes, np.arange(test) % classes


def dense(masks, correct, mem, train_labels=None, test_labels=None):
    """The pairs selected from matrices of all influences, class by class."""
    if train_labels is None:
        train_labels, test_labels = np.zeros(masks.shape[1], int), np.zeros(correct.shape[1], int)
    estimate = memjax.influence(masks, correct)
    value, stderr = np.asarray(estimate.value), np.asarray(estimate.stderr)
    assert (np.abs(value - INFL_THRESHOLD) > 1e-6).all()  # or rounding would decide
    parts = []
    for label in np.unique(train_labels):
        rows, columns = np.flatnonzero(train_labels == label), np.flatnonzero(test_labels == label)
        of_class = np.ix_(rows, columns)
        parts.append(select_pairs(value[of_class], stderr[of_class], mem[rows], rows, columns))
    return join_pairs(parts)


def assert_same(got, expected, rtol=1e-6):
    """Quotients may differ in their last digit from one shape to another, so that equal ones change places."""
    assert (np.diff(got.infl) <= 0).all()
    got, expected = (Pairs(*(column[np.lexsort(pairs[:2])] for column in pairs)) for pairs in (got, expected))
    np.testing.assert_array_equal(got.tr_idx, expected.tr_idx)
    np.testing.assert_array_equal(got.tt_idx, expected.tt_idx)
    np.testing.assert_allclose(got.infl, expected.infl, rtol=rtol)
    np.testing.assert_allclose(got.infl_stderr, expected.infl_stderr, rtol=rtol)


def every_pair(masks, correct, **options):
    mem = np.ones(masks.shape[1], np.float32)
    return strong_pairs(masks, correct, mem, mem_threshold=-np.inf, infl_threshold=-np.inf, **options)


@pytest.mark.parametrize("with_labels", [False, True])
@pytest.mark.parametrize("tile", [None, (1, 1), (5, 7), (64, 9)])
@pytest.mark.parametrize("num_devices", [1, 2])
def test_equals_selection_from_the_matrix(with_labels, tile, num_devices):
    masks, correct, mem, *labels = world()
    labels = labels if with_labels else []

    pairs = strong_pairs(masks, correct, mem, *labels, tile=tile, devices=jax.local_devices()[:num_devices])

    assert len(pairs.infl) > 20 if not with_labels else len(pairs.infl) > 5
    assert_same(pairs, dense(masks, correct, mem, *labels))


def test_equals_the_oracle():
    masks, correct, *_ = world(models=25, train=6, test=9)

    pairs = every_pair(masks, correct, tile=(4, 4))

    value = reference.mean_difference(masks, correct)
    np.testing.assert_allclose(pairs.infl, value[pairs.tr_idx, pairs.tt_idx], atol=1e-6)
    assert len(set(zip(pairs.tr_idx.tolist(), pairs.tt_idx.tolist(), strict=True))) == value.size
    for i, j, stderr in zip(pairs.tr_idx, pairs.tt_idx, pairs.infl_stderr, strict=True):
        inside, outside = correct[masks[:, i], j], correct[~masks[:, i], j]
        expected = reference.adjusted_stderr(inside.sum(), len(inside), outside.sum(), len(outside))
        np.testing.assert_allclose(stderr, expected, rtol=1e-5)


@settings(deadline=None, max_examples=25)
@given(
    models=st.sampled_from([2, 31, 70]),
    train=st.integers(1, 12),
    test=st.integers(1, 12),
    top=st.sampled_from([None, 1, 20]),
    seed=st.integers(0, 99),
)
def test_any_shape_equals_the_oracle(models, train, test, top, seed):
    masks, correct, *_ = world(models, train, test, seed=seed)
    value = reference.mean_difference(masks, correct)

    pairs = every_pair(masks, correct, top=top, tile=(3, 5))

    defined = np.isfinite(value).sum(0)
    np.testing.assert_allclose(pairs.infl, value[pairs.tr_idx, pairs.tt_idx], atol=1e-6)
    np.testing.assert_array_equal(np.bincount(pairs.tt_idx, minlength=test), np.minimum(defined, top or train))
    best = [column.max(initial=-2, where=np.isfinite(column)) for column in value.T]
    for column in np.flatnonzero(defined):
        np.testing.assert_allclose(pairs.infl[pairs.tt_idx == column].max(), best[column], atol=1e-6)


def test_probabilities():
    masks, _, mem, *labels = world()
    scores = np.random.default_rng(1).random((len(masks), 23)).astype(np.float32)
    scores[:, ::5] = 0.5 * scores[:, ::5] + 0.5 * masks[:, :23:5]

    for given_labels in ([], labels):
        pairs = strong_pairs(masks, scores, mem, *given_labels, tile=(8, 5))

        assert len(pairs.infl) > 1
        assert_same(pairs, dense(masks, scores, mem, *given_labels), rtol=1e-4)


@pytest.mark.parametrize("num_devices", [1, 2])
@pytest.mark.parametrize("tile", [None, (4, 6)])
def test_top_keeps_the_strongest_of_each_test_example(tile, num_devices):
    masks, correct, *_ = world()
    value = np.asarray(memjax.influence(masks, correct).value)

    pairs = every_pair(masks, correct, top=3, tile=tile, devices=jax.local_devices()[:num_devices])

    assert np.bincount(pairs.tt_idx).tolist() == [3] * correct.shape[1]
    assert (np.diff(pairs.infl) <= 0).all()
    for column in range(correct.shape[1]):
        own = pairs.tt_idx == column
        np.testing.assert_allclose(pairs.infl[own], np.sort(value[:, column])[:-4:-1], rtol=1e-6)
        np.testing.assert_allclose(pairs.infl[own], value[pairs.tr_idx[own], column], rtol=1e-6)


@pytest.mark.parametrize("tile", [None, (2, 2)])
def test_of_equal_pairs_the_first_come_first(tile):
    masks, correct, *_ = world(train=6, test=4)
    masks[:, 4], masks[:, 5] = masks[:, 1], masks[:, 1]
    correct[:, 2] = masks[:, 1]

    pairs = every_pair(masks, correct, top=2, tile=tile)

    own = pairs.tt_idx == 2
    assert pairs.tr_idx[own].tolist() == [1, 4]
    assert pairs.infl[own].tolist() == [1, 1]


def test_top_comes_after_the_thresholds_and_the_classes():
    masks, correct, mem, *labels = world()
    expected = dense(masks, correct, mem, *labels)

    pairs = strong_pairs(masks, correct, mem, *labels, top=1, tile=(4, 6))

    assert len(expected.infl) > len(pairs.infl)
    assert sorted(pairs.tt_idx) == sorted(set(expected.tt_idx))
    for column, infl in zip(pairs.tt_idx, pairs.infl, strict=True):
        np.testing.assert_allclose(infl, expected.infl[expected.tt_idx == column].max(), rtol=1e-6)


def test_thresholds_are_reached_by_what_equals_them():
    masks = np.array([[1], [1], [0], [0]], bool)
    correct = np.array([[1, 1], [0, 1], [0, 0], [0, 0]], bool)  # influence 1/2 and 1
    mem = np.array([0.25], np.float32)

    at = strong_pairs(masks, correct, mem, mem_threshold=0.25, infl_threshold=0.5)
    above = strong_pairs(masks, correct, mem, mem_threshold=0.25, infl_threshold=0.5000001)
    not_memorized = strong_pairs(masks, correct, mem, mem_threshold=0.2500001, infl_threshold=0.5)

    assert at.infl.tolist() == [1, 0.5]
    assert above.tt_idx.tolist() == [1]
    assert len(not_memorized.infl) == 0


def test_undefined_influence_is_never_found():
    """Seen by all, or by none, or of unknown memorization: not even -inf is reached."""
    masks, correct, *_ = world(train=5, test=4)
    masks[:, 1], masks[:, 3] = True, False
    mem = np.array([1, 1, np.nan, 1, 1], np.float32)

    pairs = strong_pairs(masks, correct, mem, mem_threshold=-np.inf, infl_threshold=-np.inf, tile=(2, 3))

    assert sorted(set(pairs.tr_idx.tolist())) == [0, 4]
    assert len(pairs.infl) == 2 * 4


@pytest.mark.parametrize(
    "change", [{"mem_threshold": 2.0}, {"infl_threshold": 2.0}, {"train_labels": np.full(37, 9), "top": 2}]
)
def test_nothing_found_is_an_empty_table(change):
    masks, correct, mem, train_labels, test_labels = world()

    options = {"train_labels": train_labels, "test_labels": test_labels} | change
    pairs = strong_pairs(masks, correct, mem, **options)

    assert [len(column) for column in pairs] == [0, 0, 0, 0]
    assert [column.dtype for column in pairs] == [np.int64, np.int64, np.float32, np.float32]


def test_no_test_example_at_all():
    masks, _, mem, *_ = world()

    assert len(strong_pairs(masks, np.zeros((len(masks), 0), bool), mem).infl) == 0


def test_more_pairs_in_a_tile_than_are_fetched_at_once(monkeypatch):
    monkeypatch.setattr(tiles, "PICKED", 8)
    masks, correct, *_ = world()

    assert len(every_pair(masks, correct).infl) == masks.shape[1] * correct.shape[1]


def test_memory_maps_and_other_kinds_of_array(tmp_path):
    masks, correct, mem, *labels = world()
    for name, array in (("masks", masks), ("correct", correct)):
        np.save(tmp_path / f"{name}.npy", array)
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("masks", "correct")]
    expected = dense(masks, correct, mem, *labels)

    assert isinstance(maps[0], np.memmap)
    assert_same(strong_pairs(*maps, mem, *labels), expected)
    assert_same(strong_pairs(*map(jnp.asarray, (masks, correct, mem, *labels))), expected)
    assert_same(strong_pairs(masks.astype(np.uint8), correct.astype(float), mem, *labels), expected)
    assert_same(strong_pairs(np.asfortranarray(masks), correct[:, ::-1][:, ::-1], mem, *labels), expected)


def test_labels_may_be_any_numbers_and_need_not_be_shared():
    masks, correct, mem, train_labels, test_labels = world()
    train_labels, test_labels = train_labels * 1000 - 7, test_labels * 1000 - 7
    train_labels[train_labels == 993] = 5  # no test example of this class

    pairs = strong_pairs(masks, correct, mem, train_labels, test_labels)

    assert_same(pairs, dense(masks, correct, mem, train_labels, test_labels))
    assert (train_labels[pairs.tr_idx] == test_labels[pairs.tt_idx]).all()


def test_the_default_tile_cuts_evenly_and_holds_an_odd_number_of_cache_lines():
    devices = jax.local_devices()[:1]

    def tile_of(*sizes):
        return tiles.tile_for([(np.arange(rows), np.arange(columns)) for rows, columns in sizes], devices)

    assert tile_of((1, 1)) == (16, 16)
    assert tile_of((60_000, 10_000)) == (2000, 1008)  # 30 tiles and 10
    assert tile_of((100, 30), (2049, 1000)) == (1040, 1008)  # of the largest class on either side
    for side in (*tile_of((2048, 1024)), *tile_of((4097, 2000))):
        assert (side // 16) % 2 == 1
        assert side % 16 == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"masks": np.ones(3)}, r"expected \(models, train\)"),
        ({"masks": np.ones((0, 37)), "correct_test": np.ones((0, 23))}, "no row"),
        ({"masks": np.full((61, 37), 2)}, "other than 0 and 1"),
        ({"correct_test": np.ones((60, 23))}, r"correct_test has shape \(60, 23\); expected \(61, examples\)"),
        ({"correct_test": np.full((61, 23), np.inf)}, "not finite"),
        ({"mem": np.ones(36)}, r"mem has shape \(36,\); expected \(37,\)"),
        ({"train_labels": np.ones((37, 1))}, r"train_labels has shape \(37, 1\); expected \(37,\)"),
        ({"test_labels": np.ones(22)}, r"test_labels has shape \(22,\); expected \(23,\)"),
        ({"train_labels": None}, "expected both, or neither"),
        ({"top": 0}, "top is 0"),
        ({"tile": (0, 5)}, r"tile is \(0, 5\)"),
    ],
)
def test_unfit_arrays_are_refused_in_words(change, words):
    names = ("masks", "correct_test", "mem", "train_labels", "test_labels")

    with pytest.raises(InputError, match=words):
        strong_pairs(**(dict(zip(names, world(), strict=True)) | change))
