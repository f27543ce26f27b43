"""A row of the table: an input, where it goes in, and what is right."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Edge(NamedTuple):
    """One row.

    Attributes:
      kind: the kind of fault, by the number in `KINDS`; 0: another.
      source: the reader, the type of the input or the function.
      entries: where the input goes in, by names of `entries.ENTRIES`; each has to give the same.
      given: makes the input.
      right: what is right: for a refusal the parts of its words, with ` ... ` between them, else a check of the result.
    """

    kind: int
    source: str
    entries: str
    given: Callable[[], Any]
    right: str | Callable[[Any], None]


KINDS = {
    0: "other", 1: "a network of one's own is not in the plan", 2: "wide numbers lose their meaning in float32",
    3: "train mode does not reach the network", 4: "the output's shape is not that of the classes",
    5: "correctness may be anything", 6: "unknown array names are dropped", 7: "probabilities taken for logits",
    8: "channels first", 9: "whole numbers that are categories", 10: "a setting of JAX changes the models",
    11: "what is not a number is left out in silence", 12: "values of presets have no source",
    13: "a run is tied to a relative path", 14: "masks that are all in or all out", 15: "the environment",
    16: "advice that misleads", 17: "scores without correctness",
}  # fmt: skip


def gives(expected: Any, tolerance: float = 1e-6) -> Callable[[Any], None]:
    """The result is this number, text or array; arrays and tuples of them within the tolerance, NaN where NaN is."""

    def check(found: Any) -> None:
        if isinstance(expected, str):
            assert str(found) == expected
        else:
            np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=tolerance, atol=tolerance)

    return check


def says(words: str) -> Callable[[Any], None]:
    """The command prints these words."""

    def check(found: Any) -> None:
        assert words in " ".join(str(found).split())

    return check


def data(train_labels: Any = None, classes: Any = None, inputs: Any = None) -> Callable[[Any], None]:
    """The data set has these class numbers, class names and training inputs; what is not given is not compared."""

    def check(found: Any) -> None:
        if train_labels is not None:
            assert found.train_labels.tolist() == list(train_labels)
        if classes is not None:
            assert found.class_names == tuple(classes)
        if inputs is not None:
            np.testing.assert_array_equal(found.train_inputs, inputs)

    return check


def holds(**expected: Any) -> Callable[[Any], None]:
    """Attributes or entries of the result, by name."""

    def check(found: Any) -> None:
        for name, value in expected.items():
            gives(value)(found[name] if isinstance(found, dict) else getattr(found, name))

    return check
