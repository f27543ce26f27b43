"""The table of training examples: all there is of each, and those whose labels look wrong."""

import shlex
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.data.targets import label_values, texts_of
from memjax.notebook import aligned, three_digits
from memjax.results import Estimates
from memjax.runs.summary import printable
from memjax.types import Dataset

COLUMNS = {  # of the table of suspects -> of the table of all examples
    "id": "id", "row": "row", "label": "label", "looks_wrong": "looks_wrong", "preferred": "preferred",
    "probability": "probability_out", "correct_out": "correct_out", "preferred_probability": "preferred_probability",
    "predicted": "predicted", "score_out": "score_out", "memorization": "memorization", "low": "low", "high": "high",
}  # fmt: skip
_LONGEST = 28  # letters of an id or a label in the terminal


def example_columns(
    estimates: Estimates, dataset: Dataset, classes: list[Any], ids: np.ndarray, held_out: np.ndarray | None
) -> dict[str, np.ndarray]:
    """One value for each training example, by the name of the column.

    id, row (in the source), label, memorization with its standard error and 95 % interval, models in and out,
    accuracy of each side, probability of each side if it was stored, and if the mean probability of each class over
    held-out models (train, classes) is known, what these models prefer, and whether the label looks wrong.  Without
    classes: the score of each side instead of accuracy, and what held-out models predict.
    """
    (low, high), has_classes = estimates.memorization.interval(), dataset.train_targets is None
    sides = estimates.scores[estimates.score]
    columns: dict[str, Any] = {
        "id": ids,
        "row": dataset.train_ids,
        "label": label_values(dataset, "train", classes),
        "memorization": estimates.memorization.value,
        "stderr": estimates.memorization.stderr,
        "low": low,
        "high": high,
        "num_in": estimates.memorization.num_in,
        "num_out": estimates.memorization.num_out,
    }
    if has_classes:
        columns |= {"correct_in": estimates.correct.mean_in, "correct_out": estimates.correct.mean_out}
    else:
        columns |= {"score_in": sides.mean_in, "score_out": sides.mean_out}
    if (sides := estimates.scores.get("probability")) is not None:
        columns |= {"probability_in": sides.mean_in, "probability_out": sides.mean_out}
    if held_out is not None and not has_classes:
        columns["predicted"] = held_out[:, 0] if held_out.shape[1] == 1 else texts_of(held_out)
    elif held_out is not None:
        own, rows = np.array(classes), np.arange(len(held_out))
        columns.setdefault("probability_out", held_out[rows, dataset.train_labels])  # where --keep left it out
        defined = np.isfinite(held_out).all(1)
        numbers = np.where(defined, np.nan_to_num(held_out).argmax(1), 0)
        preferred = own[numbers].astype(object)
        preferred[~defined] = None
        columns |= {"preferred": preferred, "preferred_probability": held_out[rows, numbers]}
        columns["looks_wrong"] = looks_wrong(held_out, dataset.train_labels)
    if dataset.mislabelled.any():
        columns["mislabelled"] = dataset.mislabelled
    if dataset.corrupted.any():
        columns["corrupted"] = dataset.corrupted
    return {name: np.asarray(values) for name, values in columns.items()}


def looks_wrong(
    held_out: Float[np.ndarray, "train classes"], labels: Int[np.ndarray, " train"]
) -> Bool[np.ndarray, " train"]:
    """Whether models that did not train on an example are sure of another class than its label.

    The class k of the largest held-out probability p[i, k] is not the label, and p[i, k] is at least the mean of
    p[j, k] over the examples j labelled k: as sure as of the members of this class.  False where p is undefined.

    Reference:
      Northcutt, Jiang and Chuang, Confident Learning, 2021, arXiv 1911.00068, whose counted joint uses this threshold.
    """
    known = np.isfinite(held_out).all(1)
    sure = np.full(held_out.shape[1], np.inf)
    for number_of_class in np.unique(labels[known]):
        sure[number_of_class] = held_out[known & (labels == number_of_class), number_of_class].mean(dtype=np.float64)
    preferred = np.where(known, np.nan_to_num(held_out).argmax(1), labels)
    return (preferred != labels) & (held_out[np.arange(len(labels)), preferred] >= sure[preferred])


def suspect_order(table: dict[str, np.ndarray], count: int) -> Int[np.ndarray, " suspects"]:
    """The most suspicious of all examples, of which the columns are given, the most suspicious first.

    Planted wrong labels come first more often by the held-out probability alone than if the examples that
    `looks_wrong` marks precede all other ones (`experiments/label_errors/ranking.py`).
    """
    believed = next(table[name] for name in ("probability_out", "correct_out", "score_out") if name in table)
    order = np.lexsort((-table["memorization"], believed))
    return order[np.isfinite(believed[order])][:count]


def suspect_columns(table: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """The columns of `Result.suspects`, from those of all examples: the most suspicious first."""
    order = suspect_order(table, count)
    left_out = {"correct_out"} if "probability_out" in table else set()  # it ranks only where there is no probability
    return {name: table[column][order] for name, column in COLUMNS.items() if column in table and name not in left_out}


def sentence(table: dict[str, np.ndarray]) -> str:
    """Says how many labels look wrong; an empty text if the run does not know."""
    if "score_out" in table:
        if not np.isfinite(table["score_out"]).any():
            return ""
        return f"The targets, of {len(table['id']):,}, that models which did not train on them predict worst are:"
    if "looks_wrong" not in table:
        return ""
    count, total = int(table["looks_wrong"].sum()), len(table["looks_wrong"])
    if not count:
        return f"None of {total:,} training labels looks wrong.  Those that models find least probable are:"
    looks, other = ("labels look wrong", "these rows") if count > 1 else ("label looks wrong", "this row")
    return f"{count:,} of {total:,} training {looks}: models that did not train on {other} are sure of another class."


def rest(table: dict[str, np.ndarray], shown: int, folder: str) -> list[str]:
    """The command that lists all labels that look wrong, if a table of so many rows does not."""
    if "looks_wrong" not in table:
        return []
    (ranks,) = np.nonzero(table["looks_wrong"][suspect_order(table, len(table["looks_wrong"]))])
    more = int((ranks >= shown).sum())
    command = f"memjax suspects {shlex.quote(folder)} --count {ranks.max(initial=0) + 1}"
    return [f"{more:,} more {'look' if more > 1 else 'looks'} wrong: {command}"] if more else []


def lines(suspects: dict[str, np.ndarray]) -> list[str]:
    """The table of suspects for a terminal."""
    ranked = next((name for name in ("probability", "score_out") if name in suspects), "correct_out")
    head = {"id": "id", "label": "label", "preferred": "models say", "predicted": "models say"}
    head[ranked] = ranked.replace("_out", " held out")
    columns: list[list[str]] = []
    for name, title in head.items():
        values: Any = suspects.get(name, ())
        texts = [three_digits(each) if isinstance(each, float) else str(each) for each in np.asarray(values).tolist()]
        columns.append([title, *(printable(text)[:_LONGEST] for text in texts)])
    if (wrong := suspects.get("looks_wrong", np.zeros(1, bool))).any():
        columns.append(["looks wrong", *("yes" if each else "" for each in wrong)])
    three = zip(suspects["memorization"], suspects["low"], suspects["high"], strict=True)
    scores = (("undefined" if np.isnan(value) else f"{value:.2f}", low, high) for value, low, high in three)
    intervals = [text + (f" ({low:.2f} to {high:.2f})" if low <= high else "") for text, low, high in scores]
    return aligned([column for column in [*columns, ["memorization", *intervals]] if len(column) > 1])
