"""Errors that the user can correct, and the interruption of a run.  The command line prints one line for each."""

from difflib import get_close_matches
from typing import Any

import numpy as np


class InputError(Exception):
    """Wrong input.  The message says what was given, what was expected and what to do.

    It is not a ValueError, so that code that handles ValueErrors does not catch it by accident.
    """


def one_of(what: str, value: str, choices: tuple[str, ...] | list[str]) -> InputError:
    """The error for an unknown name.  It lists the nearest name and all names."""
    nearest = get_close_matches(value, choices, 1)
    hint = f"did you mean {nearest[0]}? Choose" if nearest else "choose"
    return InputError(f"{what} {value!r} is not known; {hint} one of: {', '.join(choices)}")


def first_line(problem: BaseException) -> str:
    """The kind of an error of other code, and the first line of its text."""
    text = str(problem).strip().partition("\n")[0]
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def refuse_masked(what: str, values: Any) -> None:
    """Raises InputError for a NumPy array with masked entries: the values under the mask would be taken for real."""
    if count := int(np.ma.count_masked(values)) if isinstance(values, np.ma.MaskedArray) else 0:
        raise InputError(f"{what} has {count} masked entries; expected none: fill them in, or leave their rows out")


class Interrupted(Exception):
    """The run was asked to stop and can be resumed: the exit code says by which signal."""
