"""What a user can put right.  The command line prints it as one line and leaves with exit code 2."""


class InputError(Exception):
    """Something that came from outside does not fit: says what came, what was expected, what to do.

    Not a ValueError, so that nobody catches it by accident while looking for their own.
    """


def one_of(what: str, value: str, choices: tuple[str, ...] | list[str]) -> InputError:
    """The error for an unknown name: the name, and the names there are."""
    return InputError(f"{what} {value!r} is not known; choose one of: {', '.join(choices)}")
