"""Corruptions in the words of the command line, such as random-inputs=0.5:pixel, one after the other."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from memjax.data.corruptions.inputs import noisy_inputs, random_inputs, shuffled_pixels
from memjax.data.corruptions.label_noise import flip_labels
from memjax.data.corruptions.labels import pair_labels, random_labels
from memjax.data.corruptions.rows import Part
from memjax.errors import InputError, one_of
from memjax.types import Dataset


def corrupt(dataset: Dataset, corruptions: Sequence[str], seed: int, test: bool = False) -> Dataset:
    """The data set with some of its examples spoiled on purpose; `corrupted` says which.

    Args:
      corruptions: NAME=RATE or NAME=RATE:DETAIL, applied in this order, each to rows of its own choice:
        random-labels, wrong-labels, pair-labels=RATE:0-1,1-0, random-inputs=RATE:global|pixel,
        shuffled-pixels=RATE:one|each, noisy-inputs=RATE:DEVIATION.  See `spoiled_labels`, `spoiled_inputs`, `noise`.
      seed: decides which rows, and what becomes of them.
      test: whether the same is done to the test examples.

    Raises:
      InputError: a corruption is not known, or has no such rate or detail.
    """
    parts: tuple[Part, ...] = ("train", "test") if test else ("train",)
    for words in corruptions:
        function, rate, detail = _parsed(words)
        for part in parts[::-1]:  # training inputs, whose mean and variance count, are changed last
            dataset = function(dataset, rate, seed, *detail, part=part)
    return dataset


KINDS: dict[str, tuple[Callable[..., Dataset], Callable[[str], Any] | None]] = {
    "random-labels": (random_labels, None),
    "wrong-labels": (flip_labels, None),
    "pair-labels": (pair_labels, lambda text: _pairs(text)),
    "random-inputs": (random_inputs, str),
    "shuffled-pixels": (shuffled_pixels, str),
    "noisy-inputs": (noisy_inputs, lambda text: _number("noisy-inputs", text)),
}


def _parsed(words: str) -> tuple[Callable[..., Dataset], float, list[Any]]:
    name, _, rest = words.partition("=")
    rate, colon, detail = rest.partition(":")
    if name not in KINDS:
        raise one_of("--corrupt", name, list(KINDS))
    function, read = KINDS[name]
    if not rate:
        raise InputError(f"--corrupt {words!r} has no rate; write {name}=0.2 for one example in five")
    if colon and read is None:
        raise InputError(f"--corrupt {words!r}: {name} takes a rate and nothing after it")
    return function, _number(name, rate), [read(detail)] if colon and read else []


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--corrupt {name}: {text!r} is not a number") from None


def _pairs(text: str) -> dict[int, int]:
    words = text.split(",")
    if not all(re.fullmatch("[0-9]{1,6}-[0-9]{1,6}", word) for word in words):
        raise InputError(f"--corrupt pair-labels: {text!r}; write pairs of classes as in pair-labels=0.2:3-5,5-3")
    pairs = [(int(before), int(after)) for before, after in (word.split("-") for word in words)]
    if len(dict(pairs)) < len(pairs):
        raise InputError(f"--corrupt pair-labels: {text!r} sends one class to two")
    return dict(pairs)
