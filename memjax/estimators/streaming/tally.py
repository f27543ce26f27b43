"""Running sums from which the estimates of a run are made, to which models are added in parts, in any order.

Memory: (train + test) / 8 bytes per model for influence, a bit for each example; for influence on another score than
correctness also that score of each test example, 2 bytes each; for errors of class means 16 bytes for each class.  All
else are sums over models: about 80 bytes for each training example for correctness and 50 for each other score, however
many models there are.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.errors import InputError, one_of
from memjax.estimators.checks import as_scores
from memjax.estimators.complementary import opposite, some_models, whole_pairs
from memjax.estimators.kernels.influence_from_bits import Bits
from memjax.estimators.kernels.layout import layout_of, layout_of_parts
from memjax.estimators.kernels.moments import Sums
from memjax.estimators.kernels.products import WORD, no_words, set_bits
from memjax.estimators.streaming.estimates import LaidOut, laid_out_of, sums_by_class
from memjax.estimators.streaming.totals import Totals, add_totals, memorization_totals
from memjax.machine.debugging import without_debugging
from memjax.metrics import scores as known_scores
from memjax.types import Outcomes

MODELS_AT_ONCE = 256
SUMS_MOST = 2**26
Masks = Callable[[Int[np.ndarray, " models"]], Bool[np.ndarray, "models train"]]  # of a design, by number
Arrays = dict[str, np.ndarray]


class Tally:
    """Sums and bits of models.  Parts may be added in any order and tallies merged: counts come out the same, to the
    last bit; sums of other scores but for rounding.

    Attributes:
      complementary: whether models 2k and 2k + 1 saw complementary halves; one without its partner is left out.
      num_models: models that were added, diverged ones and those without a partner included.
      num_failed: how many of them diverged.
      score: the score whose differences are memorization and influence.
      scores: sums for memorization, by the name of the score.
      halves: sums of that score over models 0, 1, 4, 5, 8, 9, ... (True) and over the rest: for the reliability.
      num_right: models that were right about each test example; NaN where correctness is not known.
      bits: which examples each model trained on, and which test examples it was right about.
      labels: class numbers of the training examples; all 0 if none are given, or their sums would take over a GiB.
      by_class: the sums of each model, at its number, of `sums_by_class`.
      outputs: the score of each model, at its number, for each test example; None for correctness, which is in the
        bits, and as long as there is no model.
      parts: all that was added, where sums over models do not do: subsets of several sizes, or repeated ones.  All
        models are then in memory.  Else None.
    """

    def __init__(
        self, num_models: int, num_train: int, num_test: int, complementary: bool = False, score: str = "correct",
        laid_out: bool = False, labels: Int[np.ndarray, " train"] | None = None,
    ):  # fmt: skip
        """For models numbered below `num_models`; refuses an unknown score."""
        if score not in known_scores():
            raise one_of("score", score, known_scores())
        self.score, self.complementary = score, complementary
        self.outputs: Float[np.ndarray, "models test"] | None = None
        self.parts: list[Outcomes] | None = [] if laid_out else None
        self.num_models = self.num_failed = 0
        self.scores: dict[str, Totals] = {}
        self.halves: dict[bool, Totals] = {}
        self.num_right: Shaped[np.ndarray, " test"] = np.zeros(num_test, np.int64)
        self.bits = Bits(no_words(num_models, num_train), no_words(num_models, num_test))
        rows = WORD * self.bits.masks.shape[0] * self.bits.masks.shape[1]  # an even number
        self.labels = np.zeros(num_train, int)
        if labels is not None and rows * (labels.max(initial=0) + 1) <= SUMS_MOST:
            self.labels = labels
        self.by_class = np.zeros((2, rows, self.labels.max(initial=0) + 1))

    def __repr__(self) -> str:
        kind = " in complementary pairs" * self.complementary
        return f"Tally({self.num_models:,} models{kind}, {self.num_failed:,} diverged: {', '.join(self.scores)})"

    @property
    def num_used(self) -> int:
        """Models that the estimates are made from."""
        return int(self.scores[self.score].num_models) if self.scores else 0

    @cached_property
    def laid_out(self) -> LaidOut | None:
        """The models and their layout, once all are added; None where they are independent and of one size."""
        return laid_out_of(self.parts) if self.parts else None

    def add(self, part: Outcomes, num_failed: int = 0) -> None:
        """Adds models and a number of diverged ones.  A complementary pair must come whole.

        Raises:
          InputError: other scores than earlier parts had, or without the score of the tally; correctness of test
            examples other than 0 and 1; models that are not in complementary pairs.
        """
        num_models = len(part.model_ids) + num_failed
        part = whole_pairs(part) if self.complementary else part
        self._check_score(part)
        right = part.test.get("correct")
        if right is None:
            self.num_right = self.num_right + np.nan  # not known
            right = np.zeros((len(part.masks), len(self.num_right)), bool)
        right = np.asarray(as_scores("test correct", right, len(part.masks)))
        if right.dtype != bool:
            raise InputError(
                "test correct holds other numbers than 0 and 1; strong pairs and their p-values need these"
            )
        if self.parts is not None:
            self.parts.append(part)
        scores = {
            name: memorization_totals(part.masks, part.train[name], self.complementary)
            for name in known_scores(part.train)
        }
        if self.score != "correct":
            self._add_outputs(part)
        first, chosen = part.model_ids // 2 % 2 == 0, part.train[self.score]
        self.by_class[:, part.model_ids] = sums_by_class(part.masks, chosen, self.labels)
        halves = {half: memorization_totals(part.masks[first == half], chosen[first == half]) for half in (True, False)}
        self._add_sums(scores, halves)
        self.num_right = self.num_right + right.sum(0)
        for words, values in zip(self.bits, (part.masks, right), strict=True):
            set_bits(words, part.model_ids, values)
        self.num_models += num_models
        self.num_failed += num_failed

    def merge(self, other: "Tally") -> None:
        """Adds the models of another tally, which has none of the models of this one."""
        if [words.shape for words in self.bits] != [words.shape for words in other.bits]:
            raise InputError("the tallies are of different numbers of models or examples")
        if self.score != other.score:
            raise InputError(f"one tally is of {self.score}, the other of {other.score}")
        if self.parts is not None and other.parts is not None:
            self.parts += other.parts
        self._add_sums(other.scores, other.halves)
        self.by_class += other.by_class
        self.num_right = self.num_right + other.num_right
        for own, others in zip(self.bits, other.bits, strict=True):
            own |= others
        if other.outputs is not None:
            self.outputs = other.outputs.copy() if self.outputs is None else self.outputs + other.outputs
        self.num_models += other.num_models
        self.num_failed += other.num_failed

    def _check_score(self, part: Outcomes) -> None:
        test = part.test if len(self.num_right) else part.train
        for side, scores in (("train", part.train), ("test", test)):
            if self.score not in scores:
                both = [name for name in known_scores(part.train) if name in test]
                instead = f". There are others: give --score {' or '.join(both)}" if both else ""
                raise InputError(
                    f"there is no {side}_{self.score}, of which memorization and influence are to be: store it with "
                    f"--keep {' '.join(dict.fromkeys(('correct', self.score)))}, or give it among the arrays{instead}"
                )

    def _add_outputs(self, part: Outcomes) -> None:
        """Stores a score other than correctness of each test example, for influence."""
        outputs = np.asarray(part.test.get(self.score, np.zeros((len(part.masks), 0), np.float32)))
        as_scores(f"test {self.score}", outputs, len(part.masks))
        if self.outputs is None:
            self.outputs = np.zeros((self.by_class.shape[1], len(self.num_right)), np.result_type(outputs, np.float16))
        self.outputs[part.model_ids] = outputs

    def _add_sums(self, scores: dict[str, Totals], halves: dict[bool, Totals]) -> None:
        if self.scores and scores and scores.keys() != self.scores.keys():
            raise InputError(f"some models have the scores {', '.join(self.scores)}, others {', '.join(scores)}")
        _add_to(self.scores, scores)
        _add_to(self.halves, halves)


def _add_to(own: dict[Any, Totals], others: dict[Any, Totals]) -> None:
    for name, totals in others.items():
        own[name] = add_totals(own[name], totals) if name in own else totals


@without_debugging()
def tally_of(outcomes: Outcomes, score: str = "correct", labels: Int[np.ndarray, " train"] | None = None) -> Tally:
    """The tally of models in memory; their masks show whether they are in complementary pairs."""
    paired = whole_pairs(outcomes)
    complementary = len(paired.masks) > 0 and opposite(paired.masks)
    num_models = int(outcomes.model_ids.max(initial=-1)) + 1
    num_test = next(iter(outcomes.test.values())).shape[1]
    planned = not complementary and layout_of(outcomes.masks) is not None
    tally = Tally(num_models, outcomes.masks.shape[1], num_test, complementary, score, planned, labels)
    used = paired if complementary else outcomes
    for start in range(0, len(used.masks), MODELS_AT_ONCE):
        tally.add(some_models(used, slice(start, start + MODELS_AT_ONCE)))
    tally.num_models = len(outcomes.model_ids)
    return tally


@without_debugging()
def in_pairs(masks_of: Masks, num_models: int) -> bool:
    """Whether all models 2k and 2k + 1 below a number see complementary halves, by the masks of their design."""
    whole = np.arange(num_models // 2 * 2)
    starts = range(0, len(whole), MODELS_AT_ONCE)
    return len(whole) > 0 and all(opposite(masks_of(whole[start : start + MODELS_AT_ONCE])) for start in starts)


def are_laid_out(masks_of: Masks, num_models: int) -> bool:
    """Whether models below a number have several subset sizes, or repeated or opposite subsets, by their design."""
    starts = range(0, num_models, MODELS_AT_ONCE)
    parts = (masks_of(np.arange(start, min(start + MODELS_AT_ONCE, num_models))) for start in starts)
    return num_models > 0 and layout_of_parts(parts) is not None


def arrays_of(tally: Tally) -> Arrays:
    """A tally as plain arrays, to pass from process to process.  Of its bits and outputs, only words with a model."""
    from flax.traverse_util import flatten_dict

    masks, right = (words.reshape(-1, words.shape[-1]) for words in tally.bits)
    used = np.flatnonzero(masks.any(1) | right.any(1))
    content = {
        "counts": np.array([tally.num_models, tally.num_failed]),
        "num_right": tally.num_right,
        "words": used,
        "masks": masks[used],
        "right": right[used],
        "by_class": tally.by_class[:, _models_of(used)],
        "part": {str(number): part._asdict() for number, part in enumerate(tally.parts or ())},
        "scores": {name: _flat(totals) for name, totals in tally.scores.items()},
        "halves": {str(half): _flat(totals) for half, totals in tally.halves.items()},
    }
    if tally.outputs is not None:
        content["outputs"] = tally.outputs[_models_of(used)]
    return flatten_dict(content, sep=".")  # pyright: ignore[reportReturnType]


def fill(tally: Tally, arrays: Arrays) -> Tally:
    """Fills an empty tally of the same size and returns it; a KeyError, ValueError or IndexError shows wrong arrays."""
    from flax.traverse_util import unflatten_dict

    content = unflatten_dict(arrays, sep=".")
    tally.num_models, tally.num_failed = map(int, content["counts"])
    tally.num_right = content["num_right"]
    used = content["words"]
    for words, name in zip(tally.bits, ("masks", "right"), strict=True):
        words.reshape(-1, words.shape[-1])[used] = content[name]
    tally.by_class[:, _models_of(used)] = content["by_class"]
    if "outputs" in content:
        tally.outputs = np.zeros((tally.by_class.shape[1], len(tally.num_right)), content["outputs"].dtype)
        tally.outputs[_models_of(used)] = content["outputs"]
    for part in content.get("part", {}).values():
        sides = part["train"], part.get("test", {})
        tally.parts = [*(tally.parts or ()), Outcomes(part["model_ids"], part["masks"], *sides)]
    tally.scores |= {name: _totals(part) for name, part in content.get("scores", {}).items()}
    tally.halves |= {half == "True": _totals(part) for half, part in content.get("halves", {}).items()}
    return tally


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
