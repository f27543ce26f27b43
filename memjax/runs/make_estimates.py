"""Writes the files of estimates of finished models.

Memorization and influence are differences of the tally's score: correctness, or a soft one such as a probability.
Standard errors of a soft score are from sample variances, and its influence is a product in float32; p-values of pairs
are of counts of right answers, and left out for it.

Memory beyond the tally's, however many models there are: influence and its standard error of the pairs of the largest
class, 8 bytes per pair, or of a sixty-fourth of the classes if that is more, and on each device some 40 bytes for each
of the 2**20 pairs that are computed at once.
"""

import itertools
import math
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import jax
import numpy as np

from memjax import store
from memjax.estimators import (
    INFL_THRESHOLD,
    MEM_THRESHOLD,
    Extremes,
    Pairs,
    Reliability,
    Tally,
    extremes,
    join_extremes,
    join_pairs,
    q_values,
    select_pairs,
)
from memjax.estimators.kernels.influence_from_bits import influence_of_bits, influence_of_outputs
from memjax.estimators.kernels.posteriors import posterior_of_normal
from memjax.estimators.reliability import LEAST, agreement
from memjax.estimators.shrink import FITTED
from memjax.estimators.streaming.estimates import (
    by_chance_of,
    class_means_of,
    halves_of,
    means_of,
    memorization_of,
    p_values_of,
    prior_errors_of,
)
from memjax.machine.debugging import without_debugging
from memjax.metrics import METRICS
from memjax.notebook import Summary
from memjax.results import ClassInfluence, Estimates, Listed, PairTable, ScoreMeans
from memjax.runs.shared_work import Pieces
from memjax.store.array_names import class_arrays, estimate_arrays, pair_arrays
from memjax.store.files import add_array
from memjax.subsets import lemma_bound
from memjax.types import Dataset, Estimate

ROWS_AT_ONCE = 2048  # training examples for which one call computes influence, at most
PAIRS_AT_ONCE = 2**20  # train-test pairs for which one call computes influence, at most
EXTREMES_MOST = 2**31  # train-test pairs up to which extremes are looked for; beyond, this would take the most time
PIECES_MOST = 64  # groups of classes that processes share

Influence = tuple[np.ndarray, np.ndarray]  # values and standard errors, (train, test)
Rows = tuple[np.ndarray, np.ndarray]  # rows of training and of test examples
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def write_results(
    folder: Path, dataset: Dataset, tally: Tally, all_pairs: bool, pieces: Pieces | None = None
) -> list[str]:
    """Writes influence.npy if asked for, estimates.npz and pairs.npz; returns the names of the files.

    Errors of models in complementary pairs are those of such pairs.  Beyond 2**31 train-test pairs, unless all are
    asked for, pairs.npz lists no test examples for each training example.  Without `pieces` influence within the
    classes is not shared with other processes.
    """
    estimates = estimates_of(dataset, tally)
    strong, by_chance, candidates = store.write_atomically(
        folder / "estimates.npz",
        lambda stream: _write_estimates(stream, dataset, tally, estimates, pieces or Pieces(folder)),
    )
    listed = None
    if all_pairs:
        listed = store.write_atomically(
            folder / "influence.npy", lambda stream: _extremes_of_all(dataset, tally, stream)
        )
    elif dataset.num_train * dataset.num_test <= EXTREMES_MOST:
        listed = _extremes_of_all(dataset, tally, None)
    pairs = pair_arrays(_pair_table(dataset, tally, estimates, strong, by_chance, candidates, listed))
    store.write_arrays(folder / "pairs.npz", pairs.items())
    return ["estimates.npz", "pairs.npz"] + ["influence.npy"] * all_pairs


def estimates_of(dataset: Dataset, tally: Tally) -> Estimates:
    """All estimates of single examples; influence within the classes is not computed."""
    correct, num_models, num_test = tally.scores.get("correct"), tally.num_used, dataset.num_test
    num_in, all_answers = int(tally.scores[tally.score].num_in.sum()), num_models * dataset.num_train
    right_in = right = math.nan
    if correct:
        right_in, right = float(correct.sums.inside.sum()), float(correct.sums.total.sum())
    reliability, plug_in = Reliability(math.nan, math.nan, 0), None
    if min(half.num_models for half in tally.halves.values()) >= LEAST // 2:
        reliability = agreement(*halves_of(tally))
    means = {name: _means(tally, name) for name in tally.scores}
    means.setdefault(
        "correct", jax.tree.map(lambda values: np.full_like(values, np.nan, np.float32), means[tally.score])
    )
    if correct and tally.score == "correct":
        plug_in = np.asarray(memorization_of(tally, "correct", "plug-in").stderr)
    (*_, low, high), (*_, whole_low, whole_high) = class_means_of(tally)
    intervals = np.full((2, dataset.num_classes), np.nan)
    intervals[:, : len(low)] = low, high
    return Estimates(
        score=tally.score,
        scores=means,
        train_labels=dataset.train_labels,
        test_labels=dataset.test_labels,
        train_ids=dataset.train_ids,
        test_ids=dataset.test_ids,
        mislabelled=dataset.mislabelled,
        test_correct=(tally.num_right / num_models).astype(np.float32),
        in_sample_accuracy=right_in / num_in if num_in else math.nan,
        held_out_accuracy=(right - right_in) / (all_answers - num_in) if all_answers > num_in else math.nan,
        test_accuracy=float(tally.num_right.sum() / (num_models * num_test)) if num_test else math.nan,
        num_models=tally.num_models,
        num_failed=tally.num_failed,
        stderr_plug_in=plug_in,
        # The paper's lemma is about scores from 0 to 1.
        lemma_bound=lemma_bound(num_in / all_answers, num_models) if METRICS[tally.score].bounded else math.nan,
        typical_stderr=Summary(memorization_of(tally, tally.score, "unbiased").stderr).typical,
        corrupted=dataset.corrupted,
        test_corrupted=dataset.test_corrupted,
        mean_interval=np.concatenate([whole_low, whole_high]),
        class_intervals=intervals if np.array_equal(tally.labels, dataset.train_labels) else None,
        reliability=reliability.whole,
        reliability_halves=reliability.halves,
        reliability_spearman=reliability.spearman,
    )


def _means(tally: Tally, name: str) -> ScoreMeans:
    inside, outside = means_of(tally, name)
    found = memorization_of(tally, name)
    counts = None if found.num_right is None else np.asarray(found.num_right)
    memorization = Estimate(*map(np.asarray, found), num_right=counts)
    return ScoreMeans(np.asarray(inside.mean, np.float32), np.asarray(outside.mean, np.float32), memorization)


def _pair_table(
    dataset: Dataset, tally: Tally, estimates: Estimates, pairs: Pairs, by_chance: float, candidates: np.ndarray,
    listed: Extremes | None,
) -> PairTable:  # fmt: skip
    """The table of the strong pairs; candidates, values and errors of pairs they were chosen from, are their prior."""
    memorized = np.bincount(dataset.train_labels[estimates.mem >= MEM_THRESHOLD], minlength=dataset.num_classes)
    num_candidates = int(memorized @ np.bincount(dataset.test_labels, minlength=dataset.num_classes))
    p_values = None
    if tally.score == "correct":
        p_values = p_values_of(tally, pairs.tr_idx, pairs.tt_idx)
    known, shrunken = np.isfinite(pairs.infl_stderr), np.full((5, len(pairs.infl)), np.nan, np.float32)
    if known.any() and candidates.shape[1] > 1:
        errors = prior_errors_of(tally, pairs.tr_idx, pairs.tt_idx, pairs.infl_stderr)
        chosen = np.stack([pairs.infl, errors])[:, known].astype(np.float64)
        shrunken[:, known] = posterior_of_normal(candidates, chosen, INFL_THRESHOLD, 0.95)
    return PairTable(
        *pairs,
        memorization=estimates.mem[pairs.tr_idx],
        memorization_stderr=estimates.mem_stderr[pairs.tr_idx],
        influence_threshold=INFL_THRESHOLD,
        memorization_threshold=MEM_THRESHOLD,
        score=tally.score,
        p_value=p_values,
        q_value=None if p_values is None else q_values(p_values, num_candidates),
        num_candidates=num_candidates,
        expected_by_chance=by_chance,
        shrunken=shrunken[0],
        at_least=shrunken[4],
        helped=listed and _listed(tally, *listed[:3]),
        hurt=listed and _listed(tally, *listed[3:], less=True),
    )


def _listed(tally: Tally, columns: np.ndarray, infl: np.ndarray, stderr: np.ndarray, less: bool = False) -> Listed:
    """Extremes with their q-values among all pairs of which these are the strongest."""
    if tally.score != "correct":
        return Listed(columns, infl, stderr)
    rows = np.repeat(np.arange(len(columns)), columns.shape[1])
    p_values = p_values_of(tally, rows, columns.ravel(), less)
    return Listed(columns, infl, stderr, q_values(p_values, len(columns) * len(tally.num_right)).reshape(columns.shape))


def _write_estimates(
    stream: BinaryIO, dataset: Dataset, tally: Tally, estimates: Estimates, pieces: Pieces
) -> tuple[Pairs, float, np.ndarray]:
    """Writes estimates.npz, one group of classes after the other; returns the strong pairs, how many are expected under
    the null, and influence and its error of some of the candidates, evenly spread."""
    rows = [np.flatnonzero(dataset.train_labels == number) for number in range(dataset.num_classes)]
    columns = [np.flatnonzero(dataset.test_labels == number) for number in range(dataset.num_classes)]
    largest = max(map(len, rows)), max(map(len, columns))
    parts = np.array_split(np.arange(len(rows)), min(len(rows), PIECES_MOST))

    def make(piece: int) -> dict[str, np.ndarray]:
        arrays, pairs, by_chance, candidates = dict[str, np.ndarray](), [], 0.0, [np.empty((2, 0))]
        blocks = [(rows[number], columns[number]) for number in parts[piece]]
        for number, (value, stderr) in zip(parts[piece], _influences(tally, blocks, largest), strict=True):
            own = estimates.mem[rows[number]]
            pairs.append(select_pairs(value, stderr, own, rows[number], columns[number]))
            by_chance += by_chance_of(tally, rows[number], columns[number], stderr, own)
            arrays[f"influence_{number}"] = value
            strong = own >= MEM_THRESHOLD
            errors = prior_errors_of(tally, rows[number][strong, None], columns[number], stderr[strong])
            tested = np.stack([value[strong], np.where(np.isfinite(stderr[strong]), errors, np.nan)]).reshape(2, -1)
            tested = tested[:, np.isfinite(tested).all(0)].astype(np.float64)
            candidates.append(tested[:, :: 1 + tested.shape[1] * len(rows) // FITTED])
        arrays |= {"by_chance": np.array(by_chance), "candidates": np.concatenate(candidates, 1)}
        return arrays | join_pairs(pairs)._asdict()

    strong, by_chance, candidates = list[Pairs](), 0.0, [np.empty((2, 0))]
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in estimate_arrays(estimates).items():
            add_array(archive, name, array)
        for numbers, found in zip(parts, pieces.done("influence", len(parts), make), strict=True):
            strong.append(Pairs(*(found[name] for name in Pairs._fields)))
            by_chance += float(found["by_chance"])
            candidates.append(found["candidates"])
            for number in numbers.tolist():
                block = ClassInfluence(rows[number], columns[number], found[f"influence_{number}"])
                for name, array in class_arrays(number, block).items():
                    add_array(archive, name, array)
    return join_pairs(strong), by_chance, np.concatenate(candidates, 1)


def _extremes_of_all(dataset: Dataset, tally: Tally, stream: BinaryIO | None) -> Extremes:
    """Goes through all train-test pairs, some rows at a time, for the extremes of each row.

    All influences go into the stream, if there is one, as a .npy file of float32 (train, test).
    """
    shape = dataset.num_train, dataset.num_test
    if stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    step, columns, found = _rows_at_once(shape), np.arange(dataset.num_test), []
    blocks = [(rows, columns) for rows in np.split(np.arange(shape[0]), range(step, shape[0], step))]
    for value, stderr in _influences(tally, blocks, shape):
        if stream:
            stream.write(value.astype("<f4", copy=False).tobytes())
        found.append(extremes(value, stderr))
    return join_extremes(found)


def _influences(tally: Tally, blocks: list[Rows], largest: tuple[int, int]) -> Iterator[Influence]:
    """Influence of some training on some test examples, block after block.

    Args:
      largest: the most training and test examples of a block: one shape for all blocks is one compilation.
    """
    step = _rows_at_once(largest)
    shape = step, largest[1]

    def influence_of(part: Rows) -> Influence:
        if tally.laid_out:
            return tally.laid_out.influence(tally.score, *part)
        asked = tally.num_used, *part, tally.complementary, shape
        if tally.outputs is None:
            return influence_of_bits(tally.bits, *asked)
        return influence_of_outputs(tally.bits.masks, tally.outputs, *asked)

    parts = [(rows[start : start + step], columns) for rows, columns in blocks for start in range(0, len(rows), step)]
    found = _on_devices(influence_of, parts)
    for rows, columns in blocks:
        value, stderr = np.empty((2, len(rows), len(columns)), np.float32)
        for start in range(0, len(rows), step):
            value[start : start + step], stderr[start : start + step] = next(found)
        yield value, stderr


def _on_devices(act: Callable[[_Item], _Found], items: Iterable[_Item]) -> Iterator[_Found]:
    """What comes of each item, in their order; as many at once as there are devices, each on one of them."""
    devices = jax.local_devices()

    @without_debugging()  # settings of JAX in a `with` block hold in one thread
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
    return max(1, min(ROWS_AT_ONCE, shape[0], PAIRS_AT_ONCE // max(1, shape[1])))
