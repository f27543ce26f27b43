"""From finished models to the files of estimates, with the key names of the published ones.

Memorization and influence are differences of the tally's score: correctness, or a soft one such as a probability.
Standard errors of a soft score are from sample variances, and its influence is a product in float32; p-values of pairs
are of counts of right answers, and left out for it.

Memory beyond the tally's, however many models there are: influence and its standard error of the pairs of the largest
class, 8 bytes a pair, or of a sixty-fourth of the classes if that is more, and on each device some 40 bytes for each of
the 2**20 pairs that are computed at once.
"""

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import jax
import numpy as np

from memjax.estimators import (
    INFL_THRESHOLD,
    MEM_THRESHOLD,
    Extremes,
    Pairs,
    Reliability,
    Tally,
    estimate_of,
    expected_by_chance,
    extremes,
    join_extremes,
    join_pairs,
    q_values,
    select_pairs,
    sides_of,
)
from memjax.estimators.kernels.influence_from_bits import influence_of_bits, tails_of_bits
from memjax.estimators.kernels.influence_from_scores import influence_of_outputs
from memjax.estimators.reliability import LEAST, agreement
from memjax.metrics import METRICS
from memjax.runs.shared_work import Pieces
from memjax.store import write_arrays, write_atomically
from memjax.subsets import lemma_bound
from memjax.types import Dataset

TILE = 2048  # training examples of which influence is computed at once, at most
AT_ONCE = 2**20  # pairs, likewise
LOOKED_THROUGH = 2**31  # train-test pairs; more would take longer than everything else
MOST_PIECES = 64  # into which the classes are cut, for several processes to share

Influence = tuple[np.ndarray, np.ndarray]  # values and standard errors, (train, test)
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def write_results(
    folder: Path, dataset: Dataset, tally: Tally, all_pairs: bool, pieces: Pieces | None = None
) -> list[str]:
    """Writes influence.npy if asked for, estimates.npz and pairs.npz; returns the names of the files.

    Errors of models in complementary pairs are those of such pairs.  Beyond 2**31 train-test pairs, unless all are
    asked for, pairs.npz lists no test examples for each training example.

    Args:
      pieces: where influence within the classes is shared with other processes; by default it is not.
    """
    estimates = _memorization(dataset, tally)
    mem, classes = estimates["tr_mem"], list[_Classes]()
    blocks = _within_classes(dataset, tally, mem, classes, pieces or Pieces(folder))
    write_arrays(folder / "estimates.npz", _one_after_the_other(estimates, blocks))
    rows: list[Extremes] = []
    if all_pairs:
        path = folder / "influence.npy"
        write_atomically(path, lambda stream: rows.extend(_over_all_pairs(dataset, tally, stream)))
    elif dataset.num_train * dataset.num_test <= LOOKED_THROUGH:
        rows.extend(_over_all_pairs(dataset, tally, None))
    pairs, num_candidates = join_pairs([one.pairs for one in classes]), sum(one.num_candidates for one in classes)
    arrays = {
        **pairs._asdict(),
        **(join_extremes(rows)._asdict() if rows else {}),
        **_significance(tally, pairs, num_candidates),
        "score": np.array(tally.score),
        "num_candidates": np.int64(num_candidates),
        "mem": mem[pairs.tr_idx],
        "mem_stderr": estimates["tr_mem_stderr"][pairs.tr_idx],
        "expected_by_chance": np.float64(sum(one.by_chance for one in classes)),
        "infl_threshold": np.float64(INFL_THRESHOLD),
        "mem_threshold": np.float64(MEM_THRESHOLD),
    }
    write_arrays(folder / "pairs.npz", arrays.items())
    return ["estimates.npz", "pairs.npz"] + ["influence.npy"] * all_pairs


def _significance(tally: Tally, pairs: Pairs, num_candidates: int) -> dict[str, np.ndarray]:
    if tally.score != "correct":
        return {}
    p_values = tails_of_bits(tally.bits, tally.num_used, pairs.tr_idx, pairs.tt_idx, tally.complementary)
    return {"p_value": p_values, "q_value": q_values(p_values, num_candidates)}


class _Classes(NamedTuple):
    """What is found within some classes.

    Attributes:
      pairs: the strong ones.
      by_chance: how many noise alone would make.
      num_candidates: among how many they were looked for.
    """

    pairs: Pairs
    by_chance: float
    num_candidates: int


def _one_after_the_other(estimates: dict[str, Any], blocks: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    yield from estimates.items()
    yield from blocks


def _memorization(dataset: Dataset, tally: Tally) -> dict[str, Any]:
    correct, num_models, num_test = tally.scores["correct"], tally.num_used, dataset.num_test
    estimate, (inside, outside) = estimate_of(tally.scores[tally.score]), sides_of(correct)
    num_in, all_answers = int(correct.num_in.sum()), num_models * dataset.num_train
    right_in, right = float(correct.sums.inside.sum()), float(correct.sums.total.sum())
    reliability = _reliability(tally)
    results = {
        "tr_mem": np.asarray(estimate.value),
        "tr_mem_stderr": np.asarray(estimate.stderr),
        **_plug_in(tally),
        "score": np.array(tally.score),  # of which tr_mem and influence are differences; others have it in their names
        "lemma_bound": np.float64(
            # the lemma of the paper is of scores from 0 to 1
            lemma_bound(num_in / all_answers, num_models) if METRICS[tally.score].bounded else np.nan
        ),
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
        "tt_correct": (tally.num_right / num_models).astype(np.float32),
        "in_sample_accuracy": np.float64(right_in / num_in if num_in else np.nan),
        "held_out_accuracy": np.float64(
            (right - right_in) / (all_answers - num_in) if all_answers > num_in else np.nan
        ),
        "test_accuracy": np.float64(tally.num_right.sum() / (num_models * num_test) if num_test else np.nan),
        "num_models": np.int64(tally.num_models),
        "num_failed": np.int64(tally.num_failed),
        "reliability": np.float64(reliability.whole),
        "reliability_halves": np.float64(reliability.halves),
    }
    return results | _by_each_score(tally)


def _plug_in(tally: Tally) -> dict[str, np.ndarray]:
    """Errors with the rates as they are, which only correctness has."""
    if tally.score != "correct":
        return {}
    return {"tr_mem_stderr_plug_in": np.asarray(estimate_of(tally.scores["correct"], errors="plug-in").stderr)}


def _by_each_score(tally: Tally) -> dict[str, np.ndarray]:
    """Memorization by all other scores, by their names, and both sides of it."""
    results = {}
    for name in sorted(tally.scores):
        of_name, (inside, outside) = estimate_of(tally.scores[name]), sides_of(tally.scores[name])
        if name != "correct":
            results |= {f"tr_{name}_in": np.asarray(inside.mean), f"tr_{name}_out": np.asarray(outside.mean)}
        if name != "correct" or tally.score != "correct":
            results[f"tr_mem_{name}"] = np.asarray(of_name.value)
            results[f"tr_mem_{name}_stderr"] = np.asarray(of_name.stderr)
    return results


def _reliability(tally: Tally) -> Reliability:
    """Of memorization, from two halves of the models; NaN where one of them has fewer than four."""
    if min(half.num_models for half in tally.halves.values()) < LEAST // 2:
        return Reliability(math.nan, math.nan, 0)
    first, second = (np.asarray(estimate_of(half).value) for half in tally.halves.values())
    return agreement(first, second)


def _within_classes(
    dataset: Dataset, tally: Tally, mem: np.ndarray, found: list[_Classes], pieces: Pieces
) -> Iterator[tuple[str, np.ndarray]]:
    """Influence within each class, as named arrays; adds what is found there to a list."""
    rows = [np.flatnonzero(dataset.train_labels == number) for number in range(dataset.num_classes)]
    columns = [np.flatnonzero(dataset.test_labels == number) for number in range(dataset.num_classes)]
    largest = max(map(len, rows)), max(map(len, columns))
    parts = np.array_split(np.arange(len(rows)), min(len(rows), MOST_PIECES))

    def make(piece: int) -> dict[str, np.ndarray]:
        matrices, pairs, by_chance, num_candidates = {}, [], 0.0, 0
        blocks = [(rows[number], columns[number]) for number in parts[piece]]
        for number, (value, stderr) in zip(parts[piece], _influences(tally, blocks, largest), strict=True):
            own = mem[rows[number]]
            pairs.append(select_pairs(value, stderr, own, rows[number], columns[number]))
            by_chance += expected_by_chance(stderr, own)
            num_candidates += int((own >= MEM_THRESHOLD).sum()) * len(columns[number])
            matrices[f"infl_matrix_class{number}"] = value
        counts = {"by_chance": np.float64(by_chance), "num_candidates": np.int64(num_candidates)}
        return {**matrices, **join_pairs(pairs)._asdict(), **counts}

    for numbers, arrays in zip(parts, pieces.done("classes", len(parts), make), strict=True):
        pairs = Pairs(*(arrays[name] for name in Pairs._fields))
        found.append(_Classes(pairs, float(arrays["by_chance"]), int(arrays["num_candidates"])))
        for number in numbers:
            yield f"tr_classidx_{number}", rows[number]
            yield f"tt_classidx_{number}", columns[number]
            yield f"infl_matrix_class{number}", arrays[f"infl_matrix_class{number}"]


def _over_all_pairs(dataset: Dataset, tally: Tally, stream: BinaryIO | None) -> Iterator[Extremes]:
    """Goes through all train-test pairs, a tile of rows at a time; what comes out are the extremes of these rows.

    All influences go into the stream, if there is one, as a .npy file of float32 (train, test).
    """
    shape = dataset.num_train, dataset.num_test
    if stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    tile, columns = _rows_at_once(shape), np.arange(dataset.num_test)
    starts = range(0, dataset.num_train, tile)
    blocks = ((np.arange(start, min(start + tile, dataset.num_train)), columns) for start in starts)
    for value, stderr in _influences(tally, blocks, shape):
        if stream:
            stream.write(value.astype("<f4", copy=False).tobytes())
        yield extremes(value, stderr)


def _influences(
    tally: Tally, blocks: Iterable[tuple[np.ndarray, np.ndarray]], largest: tuple[int, int]
) -> Iterator[Influence]:
    """Influence of some training on some test examples, of at most so many each, block after block: one shape for all
    is one compilation."""
    tile = _rows_at_once(largest)
    shape = tile, largest[1]

    def influence_of(part: tuple[np.ndarray, np.ndarray]) -> Influence:
        asked = tally.num_used, *part, tally.complementary, shape
        if tally.outputs is None:
            return influence_of_bits(tally.bits, *asked)
        return influence_of_outputs(tally.bits.masks, tally.outputs, *asked)

    ahead, behind = itertools.tee(blocks)
    found = _on_devices(
        influence_of,
        ((rows[start : start + tile], columns) for rows, columns in ahead for start in range(0, len(rows), tile)),
    )
    for rows, columns in behind:
        value, stderr = np.empty((2, len(rows), len(columns)), np.float32)
        for start in range(0, len(rows), tile):
            value[start : start + tile], stderr[start : start + tile] = next(found)
        yield value, stderr


def _on_devices(act: Callable[[_Item], _Found], items: Iterable[_Item]) -> Iterator[_Found]:
    """What comes of each item, in their order; as many at once as there are devices, each on one of them."""
    devices = jax.local_devices()

    def on(device: Any, item: _Item) -> _Found:
        with jax.default_device(device):
            return act(item)

    with ThreadPoolExecutor(len(devices)) as pool:
        under_way = deque[Future[_Found]]()
        for device, item in zip(itertools.cycle(devices), items, strict=False):
            under_way.append(pool.submit(on, device, item))
            if len(under_way) == len(devices):
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _rows_at_once(shape: tuple[int, int]) -> int:
    return max(1, min(TILE, shape[0], AT_ONCE // max(1, shape[1])))
