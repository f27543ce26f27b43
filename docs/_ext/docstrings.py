"""memjax's docstrings are plain text; this makes of them what Sphinx expects, before Napoleon reads the sections.

An indented block outside of the sections is a formula and is set as it stands.  A star is a star.  A word in backticks
is left to be a link where it can be a name, and is code where it cannot.
"""

import re

SECTION = re.compile(r"^(Args|Attributes|Example|Raises|Reference|Returns|Yields):$")
NAME = re.compile(r"[A-Za-z_][\w.]*\Z")


def setup(app):
    """The hook runs before Napoleon's."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", mark, priority=400)
    return {"parallel_read_safe": True}


def mark(app, what, name, thing, options, lines: list[str]) -> None:
    """Changes the lines of one docstring in place."""
    out, section, formula = [], "", False
    for line in lines:
        if found := SECTION.match(line):
            section, formula = found[1], False
        elif line and not line[0].isspace():
            section, formula = "", False
        elif line and not section and not formula:
            out, formula = [*out, ".. code-block:: text", ""], True
        out.append(line if formula or section == "Example" else _plain(line))
    lines[:] = out


def _plain(line: str) -> str:
    words = re.split(r"(`[^`]+`)", line)  # every second one is in backticks
    words[::2] = [word.replace("*", r"\*") for word in words[::2]]
    words[1::2] = [word if NAME.match(word[1:-1]) else f"`{word}`" for word in words[1::2]]
    return "".join(words)
