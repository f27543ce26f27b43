"""From finished models to the files of estimates, with the key names of the published ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from memjax.estimators import (
    INFL_THRESHOLD,
    MEM_THRESHOLD,
    Extremes,
    Pairs,
    complementary_influence,
    complementary_memorization,
    difference,
    expected_by_chance,
    extremes,
    influence,
    join_extremes,
    join_pairs,
    memorization,
    pair_p_values,
    q_values,
    select_pairs,
    sides,
    whole_pairs,
)
from memjax.store import write_atomically
from memjax.subsets import lemma_bound
from memjax.types import Dataset, Outcomes

TILE = 2048  # training rows of the full influence matrix computed at once
LOOKED_THROUGH = 2**31  # train-test pairs; more would take longer than everything else


def write_results(folder: Path, dataset: Dataset, outcomes: Outcomes, num_failed: int, all_pairs: bool) -> list[str]:
    """Writes influence.npy if asked for, pairs.npz and estimates.npz; returns the names of the files.

    Models in complementary pairs are recognised by their masks, and their errors are those of such pairs.  Beyond 2**31
    train-test pairs, unless all are asked for, pairs.npz lists no test examples for each training example.
    """
    num_models = len(outcomes.model_ids) + num_failed
    outcomes, complementary = _as_pairs(outcomes)
    estimates = _memorization(dataset, outcomes, complementary)
    estimates |= {"num_models": np.int64(num_models), "num_failed": np.int64(num_failed)}
    blocks, pairs, by_chance, num_candidates = _within_classes(dataset, outcomes, estimates["tr_mem"], complementary)
    rows: list[Extremes] = []
    if all_pairs:
        path = folder / "influence.npy"
        write_atomically(path, lambda stream: rows.extend(_over_all_pairs(dataset, outcomes, complementary, stream)))
    elif dataset.num_train * dataset.num_test <= LOOKED_THROUGH:
        rows.extend(_over_all_pairs(dataset, outcomes, complementary, None))
    p_values = pair_p_values(outcomes.masks, outcomes.test["correct"], pairs.tr_idx, pairs.tt_idx, complementary)
    arrays = {
        **pairs._asdict(),
        **(join_extremes(rows)._asdict() if rows else {}),
        "p_value": p_values,
        "q_value": q_values(p_values, num_candidates),
        "num_candidates": np.int64(num_candidates),
        "mem": estimates["tr_mem"][pairs.tr_idx],
        "mem_stderr": estimates["tr_mem_stderr"][pairs.tr_idx],
        "expected_by_chance": np.float64(by_chance),
        "infl_threshold": np.float64(INFL_THRESHOLD),
        "mem_threshold": np.float64(MEM_THRESHOLD),
    }
    write_atomically(folder / "pairs.npz", lambda stream: np.savez(stream, **arrays))
    everything: dict[str, Any] = estimates | blocks
    write_atomically(folder / "estimates.npz", lambda stream: np.savez(stream, **everything))
    return ["estimates.npz", "pairs.npz"] + ["influence.npy"] * all_pairs


def _as_pairs(outcomes: Outcomes) -> tuple[Outcomes, bool]:
    """The models, without those whose partner is lost if they come in complementary pairs, and whether they do."""
    paired = whole_pairs(outcomes)
    complementary = len(paired.masks) > 0 and np.array_equal(paired.masks[::2], ~paired.masks[1::2])
    return (paired, True) if complementary else (outcomes, False)


def _memorization(dataset: Dataset, outcomes: Outcomes, complementary: bool) -> dict[str, Any]:
    masks, correct = outcomes.masks, outcomes.train["correct"]
    inside, outside = sides(masks, correct)
    estimate = complementary_memorization(masks, correct) if complementary else difference(inside, outside)
    results = {
        "tr_mem": np.asarray(estimate.value),
        "tr_mem_stderr": np.asarray(estimate.stderr),
        "tr_mem_stderr_plug_in": np.asarray(memorization(masks, correct, errors="plug-in").stderr),
        "lemma_bound": np.float64(lemma_bound(float(masks.mean()), len(masks))),
        "tr_num_in": np.asarray(estimate.num_in),
        "tr_num_out": np.asarray(estimate.num_out),
        "tr_correct_in": np.asarray(inside.mean),
        "tr_correct_out": np.asarray(outside.mean),
        "tr_labels": dataset.train_labels,
        "tt_labels": dataset.test_labels,
        "tr_ids": dataset.train_ids,
        "tt_ids": dataset.test_ids,
        "tr_mislabelled": dataset.mislabelled,
        "tr_corrupted": dataset.corrupted,
        "tt_corrupted": dataset.test_corrupted,
        "tt_correct": outcomes.test["correct"].mean(0, dtype=np.float32),
        "in_sample_accuracy": np.float64(correct[masks].mean()),
        "held_out_accuracy": np.float64(correct[~masks].mean() if not masks.all() else np.nan),
        "test_accuracy": np.float64(outcomes.test["correct"].mean() if dataset.num_test else np.nan),
    }
    for name in sorted({"probability", "margin", "log_odds"} & outcomes.train.keys()):
        inside, outside = sides(masks, outcomes.train[name])
        soft = complementary_memorization(masks, outcomes.train[name]) if complementary else difference(inside, outside)
        results |= {
            f"tr_{name}_in": np.asarray(inside.mean),
            f"tr_{name}_out": np.asarray(outside.mean),
            f"tr_mem_{name}": np.asarray(soft.value),
            f"tr_mem_{name}_stderr": np.asarray(soft.stderr),
        }
    return results


def _within_classes(
    dataset: Dataset, outcomes: Outcomes, mem: np.ndarray, complementary: bool
) -> tuple[dict[str, np.ndarray], Pairs, float, int]:
    """Influence by class, the pairs, how many noise alone would make, and among how many they were looked for."""
    rows = [np.flatnonzero(dataset.train_labels == number) for number in range(dataset.num_classes)]
    columns = [np.flatnonzero(dataset.test_labels == number) for number in range(dataset.num_classes)]
    largest = max(map(len, rows)), max(map(len, columns))
    blocks, pairs, by_chance, num_candidates = {}, [], 0.0, 0
    for number, (train_ids, test_ids) in enumerate(zip(rows, columns, strict=True)):
        value, stderr = _influence(outcomes, train_ids, test_ids, *largest, complementary)
        blocks |= {
            f"tr_classidx_{number}": train_ids,
            f"tt_classidx_{number}": test_ids,
            f"infl_matrix_class{number}": value,
        }
        pairs.append(select_pairs(value, stderr, mem[train_ids], train_ids, test_ids))
        by_chance += expected_by_chance(stderr, mem[train_ids])
        num_candidates += int((mem[train_ids] >= MEM_THRESHOLD).sum()) * len(test_ids)
    return blocks, join_pairs(pairs), by_chance, num_candidates


def _over_all_pairs(
    dataset: Dataset, outcomes: Outcomes, complementary: bool, stream: BinaryIO | None
) -> Iterator[Extremes]:
    """Goes through all train-test pairs, a tile of rows at a time; what comes out are the extremes of these rows.

    All influences go into the stream, if there is one, as a .npy file of float32 (train, test).
    """
    if stream:
        header = {"descr": "<f4", "fortran_order": False, "shape": (dataset.num_train, dataset.num_test)}
        np.lib.format.write_array_header_1_0(stream, header)
    tile, columns = min(TILE, dataset.num_train), np.arange(dataset.num_test)
    for start in range(0, dataset.num_train, tile):
        rows = np.arange(start, min(start + tile, dataset.num_train))
        value, stderr = _influence(outcomes, rows, columns, tile, len(columns), complementary)
        if stream:
            stream.write(value.astype("<f4").tobytes())
        yield extremes(value, stderr)


def _influence(
    outcomes: Outcomes,
    rows: np.ndarray,
    columns: np.ndarray,
    num_rows: int,
    num_columns: int,
    complementary: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Influence and its standard error of some training on some test examples.

    Both are repeated up to a given number first: one shape for all calls is one compilation.
    """
    if not len(columns):
        return np.zeros((len(rows), 0), np.float32), np.zeros((len(rows), 0), np.float32)
    masks = outcomes.masks[:, np.resize(rows, num_rows)]
    estimator = complementary_influence if complementary else influence
    estimate = estimator(masks, outcomes.test["correct"][:, np.resize(columns, num_columns)])
    kept = np.s_[: len(rows), : len(columns)]
    return np.asarray(estimate.value)[kept], np.asarray(estimate.stderr)[kept]
