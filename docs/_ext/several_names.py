"""Several names with one text, as in `low, high: the interval`, stay names: Sphinx would take the first for a type."""

import re

FIELD = re.compile(r"^(:(?:ivar|param) )([\w*\\]+(?:, [\w*\\]+)+)(?=:)")


def setup(app):
    """The hook runs after Napoleon's, which makes fields of the sections."""
    app.connect("autodoc-process-docstring", join, priority=600)
    return {"parallel_read_safe": True}


def join(app, what, name, thing, options, lines: list[str]) -> None:
    """Changes the lines of one docstring in place: a space between names becomes one without width."""
    lines[:] = [FIELD.sub(lambda found: found[1] + found[2].replace(", ", ",\u200b"), line) for line in lines]
