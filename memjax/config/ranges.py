"""The range of each option that has one, and the form of a worker."""

import re
from collections.abc import Callable
from typing import Any

from memjax.errors import InputError

# Options, whether a value is in their range, and the range in words.
RANGES: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (("num_models",), lambda count: count >= 2,
     "2 or more: models that saw an example are compared with models that did not"),
    (("num_groups", "max_models", "vocabulary", "length"), lambda count: count >= 2, "2 or more"),
    (("per_class", "test_per_class", "epochs", "batch_size", "pack_size", "cpu_devices", "hosts", "devices"),
     lambda count: count >= 1, "1 or more"),
    (("image_size",), lambda count: count >= 1, "1 or more pixels"),
    (("record_every",), lambda count: count >= 1, "1 or more epochs"),
    (("label_noise", "dropout", "warmup", "label_smoothing", "test_fraction"), lambda share: 0 <= share < 1,
     "a fraction from 0 up to, not including, 1"),
    (("subset_fraction",), lambda share: 0 < share < 1,
     "a number between 0 and 1, both left out: an example must be in some models and out of others"),
    (("until_stderr",), lambda error: 0 < error < 1, "a number between 0 and 1, such as 0.03"),
    (("max_failed",), lambda share: 0 <= share <= 1, "a share from 0 to 1"),
    (("learning_rate", "models_per_second"), lambda number: 0 < number < float("inf"), "a number above 0"),
    (("checkpoint_minutes",), lambda minutes: minutes > 0, "more than 0"),
    (("weight_decay", "input_noise", "crop", "price"), lambda number: 0 <= number < float("inf"), "0 or more"),
    (("drops",), lambda drops: 0 < drops[0] <= 1 <= drops[1],
     "a factor above 0 and up to 1, and a number of epochs"),
)  # fmt: skip


def check_ranges(settings: object) -> None:
    """Raises InputError for a value outside the range of its option.  None is always in range."""
    for names, in_range, words in RANGES:
        for name in names:
            value = getattr(settings, name, None)
            if value is not None and not in_range(value):
                raise InputError(f"--{name.replace('_', '-')} is {value}; give {words}")


def check_worker(text: str | None) -> None:
    """Raises InputError unless it is I/N with I below N."""
    if text is None:
        return
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if not found or int(found[1]) >= int(found[2]):
        raise InputError(f"--worker is {text!r}; give I/N, counted from 0: 0/4, 1/4, 2/4 and 3/4 for four workers")
