"""Corruptions as text, such as random-inputs=0.5:pixel, applied one after the other."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from memjax.data.corruptions import kinds
from memjax.errors import InputError, one_of
from memjax.types import Dataset


def corrupt(dataset: Dataset, corruptions: Sequence[str], seed: int, test: bool = False) -> Dataset:
    """The data set with some of its training examples corrupted on purpose, or with `test` also of its test examples.

    Corruptions are NAME=RATE or NAME=RATE:DETAIL, applied in this order; each draws and marks its own rows:
    random-labels, wrong-labels, pair-labels=RATE:0-1,1-0, random-inputs=RATE:global|pixel,
    shuffled-pixels=RATE:one|each, noisy-inputs=RATE:DEVIATION.  See `corruptions.kinds`.

    Raises:
      InputError: a corruption is not known, or its rate or detail cannot be used.
    """
    parts: tuple[kinds.Part, ...] = ("train", "test") if test else ("train",)
    for text in corruptions:
        name, _, rest = text.partition("=")
        rate, colon, detail = rest.partition(":")
        if name not in KINDS:
            raise one_of("--corrupt", name, list(KINDS))
        function, read = KINDS[name]
        if not rate:
            raise InputError(f"--corrupt {text!r} has no rate; write {name}=0.2 for one example in five")
        if colon and read is None:
            raise InputError(f"--corrupt {text!r}: {name} takes a rate and nothing after it")
        details = [read(name, detail)] if colon and read else []
        for part in parts[::-1]:  # test first: noise takes its mean and variance from the unchanged training inputs
            dataset = function(dataset, _number(name, rate), seed, *details, part=part)
    return dataset


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--corrupt {name}: {text!r} is not a number") from None


def _word(_: str, text: str) -> str:
    return text


def _pairs(name: str, text: str) -> dict[int, int]:
    words = text.split(",")
    if not all(re.fullmatch("[0-9]{1,6}-[0-9]{1,6}", word) for word in words):
        raise InputError(f"--corrupt {name}: {text!r}; write pairs of classes as in {name}=0.2:3-5,5-3")
    pairs = [(int(before), int(after)) for before, after in (word.split("-") for word in words)]
    if len(dict(pairs)) < len(pairs):
        raise InputError(f"--corrupt {name}: {text!r} sends one class to two")
    return dict(pairs)


# The function of each corruption, and what reads the detail after its rate.
KINDS: dict[str, tuple[Callable[..., Dataset], Callable[[str, str], Any] | None]] = {
    "random-labels": (kinds.random_labels, None),
    "wrong-labels": (kinds.flip_labels, None),
    "pair-labels": (kinds.pair_labels, _pairs),
    "random-inputs": (kinds.random_inputs, _word),
    "shuffled-pixels": (kinds.shuffled_pixels, _word),
    "noisy-inputs": (kinds.noisy_inputs, _number),
}
