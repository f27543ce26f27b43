"""Published estimates, and how far other estimates agree with them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from memjax.errors import InputError
from memjax.metrics import check_range
from memjax.results import ClassInfluence
from memjax.store.array_names import within_class
from memjax.untrusted import read_npz, user_path

if TYPE_CHECKING:
    from memjax.estimators import Pairs


class Published(NamedTuple):
    """Published scores, in the order of the file.

    Attributes:
      labels: of the training examples, to check their order.
      mem: memorization; for C-scores 1 - score, which is memorization if models fit their training examples.
      blocks: influence within each class; empty if not in the file.
    """

    labels: Int[np.ndarray, " train"]
    mem: Float[np.ndarray, " train"]
    blocks: dict[int, ClassInfluence]


def read_estimates(file: str | Path) -> Published:
    """Memorization and influence within classes, in the format of Feldman and Zhang and of `estimates.npz`.

    Keys `tr_labels, tr_mem` and, for each class K, `tr_classidx_K, tt_classidx_K, infl_matrix_classK` (train x test).

    Raises:
      InputError: the file is not there, damaged, or without `tr_labels` and `tr_mem`.
    """
    path = user_path(file)
    arrays = _with(path, "tr_labels", "tr_mem")
    try:
        blocks = within_class(arrays)
    except KeyError as missing:
        raise InputError(f"{path} lacks {missing.args[0]}; get the file again") from None
    for number, (rows, columns, influence) in blocks.items():
        if influence.shape != (rows.size, columns.size):
            raise InputError(f"{path}: influence of class {number} and its lists of examples do not fit; get it again")
    return Published(arrays["tr_labels"], arrays["tr_mem"], blocks)


def read_pairs(file: str | Path) -> "Pairs":
    """Published high-influence pairs, strongest first; standard errors are NaN where the file has none.

    Raises:
      InputError: the file is not there, damaged, or without `tr_idx, tt_idx, infl`.
    """
    from memjax.estimators import Pairs

    arrays = _with(user_path(file), "tr_idx", "tt_idx", "infl")
    stderr = arrays.get("infl_stderr", np.full(len(arrays["infl"]), np.nan))
    order = np.lexsort((arrays["tt_idx"], arrays["tr_idx"], -arrays["infl"]))
    columns = (arrays["tr_idx"], arrays["tt_idx"], arrays["infl"], stderr)
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise InputError(f"{file}: its columns have different lengths; get the file again")
    return Pairs(*(column[order] for column in columns))


def read_c_scores(file: str | Path) -> Published:
    """C-scores in the format of Jiang et al.: `labels` and `scores`; the result has 1 - score as `mem`.

    Raises:
      InputError: the file is not there, damaged, or without these.
    """
    arrays = _with(user_path(file), "labels", "scores")
    check_range("scores", "probability", arrays["scores"])
    return Published(arrays["labels"], 1 - arrays["scores"], {})


class Agreement(NamedTuple):
    """How far two sets of scores of the same examples agree.

    Attributes:
      spearman, pearson: correlations over the examples that have both scores.
      mean_difference: mean absolute difference.
      jaccard: overlap of the sets with a score of at least 0.25, the paper's threshold; 1 if both are empty.
    """

    spearman: float
    pearson: float
    mean_difference: float
    jaccard: float


def agreement(
    first: Shaped[np.ndarray, "..."],
    second: Shaped[np.ndarray, "..."],
    first_labels: Shaped[np.ndarray, "..."] | None = None,
    second_labels: Shaped[np.ndarray, "..."] | None = None,
    threshold: float = 0.25,
) -> Agreement:
    """Agreement of two sets of scores, such as one's own and published memorization.

    Args:
      first_labels, second_labels: where given, they must be equal: the order of examples differs between sources of the
        same data set.

    Raises:
      InputError: lengths or labels that differ, or fewer than three examples with both scores.
    """
    from scipy.stats import pearsonr, spearmanr

    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise InputError(f"the scores have shapes {first.shape} and {second.shape}; expected one each example")
    if first_labels is not None and not np.array_equal(first_labels, second_labels):  # type: ignore
        raise InputError("the labels differ; give the same examples in the same order")
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3:
        raise InputError(f"{int(known.sum())} examples have both scores; expected at least 3")
    first, second = first[known], second[known]
    both = ((first >= threshold) & (second >= threshold)).sum()
    either = ((first >= threshold) | (second >= threshold)).sum()
    varied = np.ptp(first) > 0 and np.ptp(second) > 0  # otherwise a correlation is not defined
    return Agreement(
        float(spearmanr(first, second)[0]) if varied else np.nan,  # type: ignore
        float(pearsonr(first, second)[0]) if varied else np.nan,  # type: ignore
        float(np.abs(first - second).mean()),
        float(both / either) if either else 1.0,
    )


def _with(path: Path, *wanted: str) -> dict[str, np.ndarray]:
    def check(names) -> None:
        if missing := [name for name in wanted if name not in names]:
            there = ", ".join(map(str, names))[:200]
            raise InputError(f"{path} holds {there}; expected {', '.join(missing)} too; get the file again")

    arrays = read_npz(path, check)
    for name in wanted:
        if arrays[name].dtype.kind not in ("iu" if name.endswith("_idx") else "biuf"):
            raise InputError(
                f"{path}: {name} holds {arrays[name].dtype}; expected numbers, whole ones for rows; get the file again"
            )
    if len({arrays[name].shape for name in wanted}) > 1 or arrays[wanted[0]].ndim != 1:
        raise InputError(f"{path}: {', '.join(wanted)} have different lengths; get the file again")
    return arrays
