"""Estimates and pairs as types, and by their published names in the files."""

import numpy as np
import pytest

from memjax import store
from memjax.store.array_names import ESTIMATES, PAIRS, estimate_arrays, pair_arrays, within_class
from tests.report.report_page import dataset_of, estimates_of, extremes_of, images, pairs_of

DATASET = dataset_of(images(20), images(6))
EARLIEST = estimates_of(DATASET)  # the arrays that the first version wrote
OPTIONAL = {
    "tr_mem_stderr_plug_in": np.linspace(0, 0.1, 20, dtype=np.float32), "score": np.array("correct"),
    "lemma_bound": np.array(0.3), "tr_corrupted": np.arange(20) == 3, "tt_corrupted": np.arange(6) == 2,
    "typical_stderr": np.array(0.05), "tr_num_right": np.arange(20),
    "reliability": np.array(0.9), "reliability_halves": np.array(0.8), "reliability_spearman": np.array(0.7),
    "tr_mem_mean_interval": np.array([0.2, 0.4]), "tr_mem_class_intervals": np.array([[0.1, 0.3], [0.2, 0.5]]),
    "tr_probability_in": np.linspace(0.5, 1, 20, dtype=np.float32),
    "tr_probability_out": np.linspace(0, 1, 20, dtype=np.float32),
    "tr_mem_probability": np.linspace(0, 0.5, 20, dtype=np.float32),
    "tr_mem_probability_stderr": np.linspace(0, 0.2, 20, dtype=np.float32),
}  # fmt: skip
STRONG = pairs_of([3, 8, 3], [1, 2, 4], EARLIEST["tr_mem"])
ALL_OF_PAIRS = {
    **STRONG, **extremes_of(DATASET), "p_value": np.array([0.1, 0.2, 0.3]), "q_value": np.array([0.3, 0.3, 0.3]),
    "score": np.array("correct"), "num_candidates": np.array(40), "expected_by_chance": np.array(1.5),
    "infl_shrunken": np.float32([0.3, 0.2, 0.1]), "infl_at_least": np.float32([1, 0.9, 0.2]),
    "helped_q_value": np.full((90, 5), 0.5), "hurt_q_value": np.full((90, 5), 0.6),
}  # fmt: skip


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, values in found.items():
        np.testing.assert_array_equal(values, expected[name], name)


def test_types_hold_all_arrays_of_the_files():
    arrays = EARLIEST | OPTIONAL

    assert_same(estimate_arrays(store.as_estimates(arrays)), arrays)
    assert_same(pair_arrays(store.as_pairs(ALL_OF_PAIRS)), ALL_OF_PAIRS)
    assert ESTIMATES.keys() | {"tr_probability_in"} <= arrays.keys()
    assert PAIRS.keys() == ALL_OF_PAIRS.keys()


def test_memorization_is_of_the_score_that_the_file_names():
    probability = {"tr_mem": OPTIONAL["tr_mem_probability"], "tr_mem_stderr": OPTIONAL["tr_mem_probability_stderr"]}
    correct = {"tr_mem_correct": EARLIEST["tr_mem"], "tr_mem_correct_stderr": EARLIEST["tr_mem_stderr"]}

    found = store.as_estimates(EARLIEST | OPTIONAL | probability | correct | {"score": np.array("probability")})

    np.testing.assert_array_equal(found.mem, OPTIONAL["tr_mem_probability"])
    np.testing.assert_array_equal(found.correct.memorization.value, EARLIEST["tr_mem"])


def test_values_missing_in_an_older_folder_are_undefined():
    estimates, pairs = store.as_estimates(EARLIEST), store.as_pairs(STRONG)

    assert (estimates.score, [*estimates.scores]) == ("correct", ["correct"])
    assert estimates.corrupted is estimates.stderr_plug_in is None
    assert np.isnan([estimates.reliability, estimates.lemma_bound, pairs.expected_by_chance]).all()
    assert pairs.helped is pairs.q_value is pairs.num_candidates is None
    assert [*pairs.to_dataframe()] == ["train", "test", "influence", "influence_stderr", "memorization",
                                       "memorization_stderr"]  # fmt: skip


def test_the_most_memorized_examples_come_first_and_undefined_ones_last():
    mem = np.array([0.1, np.nan, 0.5, 0.5], np.float32)
    changed = {"tr_mem": mem, "tr_mem_stderr": np.array([0.1, 0.1, 0.2, 0.1], np.float32)}
    dataset = dataset_of(images(4), images(2))

    found = store.as_estimates(estimates_of(dataset) | changed)

    assert found.most_memorized().tolist() == [3, 2, 0, 1]
    assert found.most_memorized(9).tolist() == [3, 2, 0]


def test_influence_within_classes_is_read_by_class():
    block = {"tr_classidx_2": np.array([1, 4]), "tt_classidx_2": np.array([0]), "infl_matrix_class2": np.ones((2, 1))}

    assert list(within_class(EARLIEST | block)) == [2]
    assert within_class(block)[2].influence.shape == (2, 1)


@pytest.mark.parametrize("missing", ["tr_mem", "num_models"])
def test_a_file_without_a_required_array_counts_as_damaged(tmp_path, missing):
    assert store.read_estimates(tmp_path) is None
    np.savez(tmp_path / "estimates.npz", **{name: array for name, array in EARLIEST.items() if name != missing})

    assert store.read_estimates(tmp_path) is None
    np.savez(tmp_path / "estimates.npz", **EARLIEST)
    np.savez(tmp_path / "pairs.npz", **STRONG)
    assert store.read_estimates(tmp_path) is not None
    assert len(store.read_found(tmp_path, checked=False).pairs) == 3
    assert store.read_estimates(tmp_path, checked=True) is None  # there is no note with its checksum
