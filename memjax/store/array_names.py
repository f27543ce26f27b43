"""The arrays of estimates.npz and pairs.npz by their published names: the one place that knows these names.

Arrays that are something else raise KeyError, TypeError or ValueError.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args, get_type_hints

import numpy as np
from jaxtyping import Num

from memjax.errors import InputError
from memjax.metrics import METRICS
from memjax.results import ClassInfluence, Estimates, Listed, PairTable, ScoreMeans, check_fits
from memjax.statistics.differences import sides_of_difference
from memjax.store.objects import shown
from memjax.store.result_sets import ResultsNote, read_results, read_set
from memjax.types import Dataset, Estimate

# Names in the files, in their order, and the attributes that they hold.
ESTIMATES = {
    "tr_mem": "memorization.value", "tr_mem_stderr": "memorization.stderr", "tr_mem_stderr_plug_in": "stderr_plug_in",
    "score": "score", "lemma_bound": "lemma_bound",
    "tr_num_in": "memorization.num_in", "tr_num_out": "memorization.num_out",
    "tr_correct_in": "correct.mean_in", "tr_correct_out": "correct.mean_out",
    "tr_labels": "train_labels", "tt_labels": "test_labels", "tr_ids": "train_ids", "tt_ids": "test_ids",
    "tr_mislabelled": "mislabelled", "tr_corrupted": "corrupted", "tt_corrupted": "test_corrupted",
    "tt_correct": "test_correct", "in_sample_accuracy": "in_sample_accuracy",
    "held_out_accuracy": "held_out_accuracy", "test_accuracy": "test_accuracy",
    "tr_num_right": "memorization.num_right", "typical_stderr": "typical_stderr",
    "num_models": "num_models", "num_failed": "num_failed",
    "tr_mem_mean_interval": "mean_interval", "tr_mem_class_intervals": "class_intervals",
    "reliability": "reliability", "reliability_halves": "reliability_halves",
    "reliability_spearman": "reliability_spearman",
}  # fmt: skip
PAIRS = {
    "tr_idx": "train_rows", "tt_idx": "test_rows", "infl": "influence", "infl_stderr": "influence_stderr",
    "helped_idx": "helped.test_rows", "helped_infl": "helped.influence", "helped_stderr": "helped.stderr",
    "helped_q_value": "helped.q_value", "hurt_q_value": "hurt.q_value",
    "hurt_idx": "hurt.test_rows", "hurt_infl": "hurt.influence", "hurt_stderr": "hurt.stderr",
    "p_value": "p_value", "q_value": "q_value", "score": "score", "num_candidates": "num_candidates",
    "mem": "memorization", "mem_stderr": "memorization_stderr", "expected_by_chance": "expected_by_chance",
    "infl_shrunken": "shrunken", "infl_at_least": "at_least",
    "infl_threshold": "influence_threshold", "mem_threshold": "memorization_threshold",
}  # fmt: skip
CLASS = ("tr_classidx_{}", "tt_classidx_{}", "infl_matrix_class{}")  # as in ClassInfluence

Arrays = Mapping[str, Any]
_T = TypeVar("_T")


def estimate_arrays(found: Estimates) -> dict[str, Any]:
    """All but influence within classes, which `class_arrays` names."""
    arrays = _named(found, ESTIMATES)
    for name, means in sorted(found.scores.items()):
        if name != "correct":
            arrays |= {f"tr_{name}_in": means.mean_in, f"tr_{name}_out": means.mean_out}
        if name != "correct" or found.score != "correct":
            arrays |= {f"tr_mem_{name}": means.memorization.value, f"tr_mem_{name}_stderr": means.memorization.stderr}
    return arrays


def class_arrays(number: int, found: ClassInfluence) -> dict[str, np.ndarray]:
    """Influence within one class."""
    return {name.format(number): values for name, values in zip(CLASS, found, strict=True)}


def pair_arrays(found: PairTable) -> dict[str, Any]:
    """All of a table of pairs."""
    return _named(found, PAIRS)


def as_estimates(arrays: Arrays) -> Estimates:
    """The contents of estimates.npz, also of an older one, without influence within classes (`within_class`)."""
    fields = {"score": "correct", **_fields(arrays, ESTIMATES)}
    undefined = np.full(len(arrays["tr_mem"]), np.nan, np.float32)

    def means(name: str) -> ScoreMeans:
        key = "tr_mem" if name == fields["score"] else f"tr_mem_{name}"
        value, stderr, inside, outside = (
            arrays.get(column, undefined) for column in (key, f"{key}_stderr", f"tr_{name}_in", f"tr_{name}_out")
        )
        right = arrays.get("tr_num_right") if name == fields["score"] else None
        counts, soft = (arrays["tr_num_in"], arrays["tr_num_out"]), name in METRICS and METRICS[name].bounded
        sides = (
            sides_of_difference(inside, counts[0], outside, counts[1], stderr) if soft and name != "correct" else None
        )
        return ScoreMeans(inside, outside, Estimate(value, stderr, *counts, right, sides))

    kept = [found[1] for key in arrays if (found := re.fullmatch("tr_((?!num_).+)_out", key))]
    scores = {name: means(name) for name in sorted({"correct", fields["score"], *kept})}
    return Estimates(**fields, scores=scores)


def within_class(arrays: Arrays) -> dict[int, ClassInfluence]:
    """Influence within each class that is among the arrays; KeyError if the rows of a matrix are missing."""
    numbers = [int(found[1]) for key in arrays if (found := re.fullmatch(CLASS[2].format(r"(\d+)"), key))]
    return {number: ClassInfluence(*(arrays[name.format(number)] for name in CLASS)) for number in numbers}


def as_pairs(arrays: Arrays) -> PairTable:
    """The contents of pairs.npz, also of an older one."""
    listed: dict[str, Any] = {
        side: Listed(
            arrays[f"{side}_idx"], arrays[f"{side}_infl"], arrays[f"{side}_stderr"], arrays.get(f"{side}_q_value")
        )
        for side in ("helped", "hurt")
        if f"{side}_idx" in arrays
    }
    return PairTable(**_fields(arrays, PAIRS), **listed)


def read_estimates(folder: Path, checked: bool = False) -> Estimates | None:
    """The estimates of a run folder; None if they are missing or damaged.  See `result_sets.read_results`."""
    return _as(as_estimates, read_results(folder, "estimates.npz", checked))


class Results(NamedTuple):
    """What a run found, all of one set; `note` is its note, and None in the folder of a very old version."""

    estimates: Estimates
    pairs: PairTable
    dynamics: dict[str, Any] | None
    note: ResultsNote | None


def read_found(folder: Path, checked: bool = True, dataset: Dataset | None = None) -> Results:
    """The estimates, the pairs and the dynamics of a run folder, all of one set.

    InputError if there are none whole, or if they are not of the data set, where one is given.
    """
    note, (estimates, pairs, dynamics) = read_set(folder, ["estimates.npz", "pairs.npz", "dynamics.npz"], checked)
    found, listed = _as(as_estimates, estimates), _as(as_pairs, pairs)
    if found is None or listed is None:
        where = shown(folder)
        raise InputError(f"{where} has no estimates, or they are damaged; make them with: memjax --run {where}")
    if dataset:
        check_fits(dataset, found, listed)
    return Results(found, listed, dynamics, note)


def can_be_read(folder: Path, dataset: Dataset | None = None) -> bool:
    """Whether the results in force hold what memjax writes, of the examples of the data set, where one is given."""
    try:
        read_found(folder, checked=False, dataset=dataset)
    except InputError:
        return False
    return True


def _as(kind: Callable[[Any], _T], arrays: Any) -> _T | None:
    try:
        found = None if arrays is None else kind(arrays)
        return found if _fits(found) else None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def _fits(found: Any) -> bool:
    """Whether all values in it have the types that the annotations say, and each named axis has one length.

    jaxtyping compares lengths too, but imports jax for it.
    """
    lengths = dict[str, int]()
    for value, kind in _typed(found, type(found)):
        if not isinstance(value, kind):
            return False
        if value is None:
            continue
        arrays = (each for each in (kind, *get_args(kind)) if hasattr(each, "dim_str"))
        sizes = [pair for each in arrays for pair in zip(each.dim_str.split(), value.shape, strict=True)]
        if any(lengths.setdefault(axis, size) != size for axis, size in sizes):
            return False
    return True


def _typed(value: Any, kind: Any) -> Iterator[tuple[Any, Any]]:
    """All values in a value, each with the type that its annotation says."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _typed(each, get_args(kind)[1])
    elif isinstance(value, Estimate):
        numbers: Any = Num[np.ndarray, " train"]
        yield from ((each, numbers | None) for each in (*value, value.num_right))
    elif is_dataclass(value) or isinstance(value, tuple):
        for name, inside in get_type_hints(type(value)).items():
            yield from _typed(getattr(value, name), inside)
    else:
        yield value, float | int if kind is float else kind


def _named(found: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """The attributes under these names, without those that are None."""
    arrays = {}
    for name, path in names.items():
        values = found
        for attribute in path.split("."):
            values = None if values is None else getattr(values, attribute)
        if values is not None:
            arrays[name] = values
    return arrays


def _fields(arrays: Arrays, names: Mapping[str, str]) -> dict[str, Any]:
    """The attributes of a type itself that are in a file: arrays, and plain numbers and texts."""
    return {
        field: np.asarray(arrays[key]) if np.ndim(arrays[key]) else np.asarray(arrays[key]).item()
        for key, field in names.items()
        if "." not in field and key in arrays
    }
