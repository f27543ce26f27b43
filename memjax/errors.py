"""What a user can put right, and what is no error: being asked to stop.  The command line prints one line for each."""

from difflib import get_close_matches


class InputError(Exception):
    """Something that came from outside does not fit: says what came, what was expected, what to do.

    Not a ValueError, so that nobody catches it by accident while looking for their own.
    """


def one_of(what: str, value: str, choices: tuple[str, ...] | list[str]) -> InputError:
    """The error for an unknown name: the name, the nearest known one, and the names there are."""
    nearest = get_close_matches(value, choices, 1)
    hint = f"did you mean {nearest[0]}? Choose" if nearest else "choose"
    return InputError(f"{what} {value!r} is not known; {hint} one of: {', '.join(choices)}")


class Interrupted(Exception):
    """The run was asked to stop, and stopped where it can go on: the command line leaves with exit code 75."""
