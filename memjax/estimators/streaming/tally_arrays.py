"""A tally as plain arrays, to pass from process to process, and back."""

from typing import Any

import numpy as np

from memjax.estimators.kernels.moments import Sums
from memjax.estimators.kernels.products import WORD
from memjax.estimators.streaming.tally import Tally
from memjax.estimators.streaming.totals import Totals
from memjax.types import Outcomes

Arrays = dict[str, np.ndarray]


def arrays_of(tally: Tally) -> Arrays:
    """The content of a tally.  Of its bits and outputs, only words that have a model."""
    masks, right = (words.reshape(-1, words.shape[-1]) for words in tally.bits)
    used = np.flatnonzero(masks.any(1) | right.any(1))
    arrays = {
        "counts": np.array([tally.num_models, tally.num_failed]),
        "num_right": tally.num_right,
        "words": used,
        "masks": masks[used],
        "right": right[used],
        "by_class": tally.by_class[:, _models_of(used)],
    }
    if tally.outputs is not None:
        arrays["outputs"] = tally.outputs[_models_of(used)]
    for number, part in enumerate(tally.parts or ()):
        sides = {f"{side}-{name}": values for side in ("train", "test") for name, values in getattr(part, side).items()}
        numbered = {"ids": part.model_ids, "masks": part.masks} | sides
        arrays |= {f"part.{number}.{name}": values for name, values in numbered.items()}
    for kind, several in (("scores", tally.scores), ("halves", tally.halves)):
        for name, totals in several.items():
            arrays |= {f"{kind}.{name}.{key}": values for key, values in _flat(totals).items()}
    return arrays


def fill(tally: Tally, arrays: Arrays) -> Tally:
    """Fills an empty tally of the same size and returns it; a KeyError, ValueError or IndexError shows wrong arrays."""
    tally.num_models, tally.num_failed = map(int, arrays["counts"])
    tally.num_right = arrays["num_right"]
    used = arrays["words"]
    for words, name in zip(tally.bits, ("masks", "right"), strict=True):
        words.reshape(-1, words.shape[-1])[used] = arrays[name]
    tally.by_class[:, _models_of(used)] = arrays["by_class"]
    if "outputs" in arrays:
        tally.outputs = np.zeros((tally.by_class.shape[1], len(tally.num_right)), arrays["outputs"].dtype)
        tally.outputs[_models_of(used)] = arrays["outputs"]
    for number in _names(arrays, "part."):
        part = _below(arrays, f"part.{number}.")
        train, test = (_below(part, f"{side}-") for side in ("train", "test"))
        tally.parts = [*(tally.parts or ()), Outcomes(part["ids"], part["masks"], train, test)]
    for name in _names(arrays, "scores."):
        tally.scores[name] = _totals(_below(arrays, f"scores.{name}."))
    for half in _names(arrays, "halves."):
        tally.halves[half == "True"] = _totals(_below(arrays, f"halves.{half}."))
    return tally


def _names(arrays: Arrays, prefix: str) -> list[str]:
    """In their order, each once."""
    return list(dict.fromkeys(key.split(".")[1] for key in arrays if key.startswith(prefix)))


def _below(arrays: Arrays, prefix: str) -> dict[str, Any]:
    """Those whose names begin so, by the rest of their names."""
    return {key.removeprefix(prefix): values for key, values in arrays.items() if key.startswith(prefix)}


def _models_of(words: np.ndarray) -> np.ndarray:
    return (WORD * words[:, None] + np.arange(WORD)).ravel()


def _flat(totals: Totals) -> dict[str, Any]:
    sums = totals.sums
    parts = {"num_models": totals.num_models, "num_in": totals.num_in, "inside": sums.inside, "total": sums.total}
    if sums.squares is not None:
        parts |= {"squares_inside": sums.squares.inside, "squares_total": sums.squares.total}
    if totals.in_pairs is not None:
        parts["in_pairs"] = totals.in_pairs
    return {name: np.asarray(values) for name, values in parts.items()}


def _totals(part: dict[str, Any]) -> Totals:
    squares = Sums(part["squares_inside"], part["squares_total"]) if "squares_inside" in part else None
    sums = Sums(part["inside"], part["total"], squares)
    return Totals(int(part["num_models"]), part["num_in"], sums, part.get("in_pairs"))
