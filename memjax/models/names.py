"""Parses the part of a model's name after the colon."""

import math
import re

from memjax.errors import InputError


def sizes(model: str, text: str) -> tuple[int, ...]:
    """Sizes of the layers, in order.

    >>> sizes("mlp:512,256", "512,256"), sizes("mlp:4096x2,10", "4096x2,10")
    ((512, 256), (4096, 4096, 10))
    """
    layers = []
    for word in text.split(","):
        numbers = [int(number) for number in word.split("x")] if re.fullmatch("[0-9]{1,9}(x[0-9]{1,9})?", word) else []
        if not numbers or 0 in numbers:
            raise InputError(
                f"model {model!r}: expected whole numbers above 0 with commas between them, as in mlp:512,256, "
                "or with x for layers of the same size, as in mlp:4096x2"
            )
        layers += numbers[:1] * math.prod(numbers[1:])
    return tuple(layers)


def number(model: str, text: str, whole: bool) -> float:
    """The base width or growth of a network, a whole number; or the number by which all widths are multiplied."""
    pattern = "[0-9]{1,9}" if whole else r"[0-9]{0,9}\.?[0-9]{1,9}"
    if not re.fullmatch(pattern, text) or float(text) == 0:
        what, example = ("whole number", "resnet18:16") if whole else ("number", "inception:0.25")
        raise InputError(f"model {model!r}: expected a {what} above 0 after the colon, as in {example}")
    return int(text) if whole else float(text)
