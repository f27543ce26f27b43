"""memjax's docstrings are plain text; this makes of them what Sphinx expects, before Napoleon reads the sections.

An indented block outside of the sections is a formula and is set as it stands.
"""

import re

SECTION = re.compile(r"^(Args|Attributes|Example|Raises|Reference|Returns|Yields):$")


def setup(app):
    """The hook runs before Napoleon's."""
    app.connect("autodoc-process-docstring", mark, priority=400)
    return {"parallel_read_safe": True}


def mark(app, what, name, thing, options, lines: list[str]) -> None:
    """Changes the lines of one docstring in place."""
    out, inside = [], False
    for number, line in enumerate(lines):
        if SECTION.match(line):
            inside = True
        elif line and not line[0].isspace():
            inside = False
        starts = line.startswith("    ") and not inside and (not lines[number - 1].strip())
        if starts and not _goes_on(lines, number):
            out += ["::", ""]
        out.append(line)
    lines[:] = [_code(line) if not line.startswith("    ") or ">>>" not in line else line for line in out]


def _goes_on(lines: list[str], number: int) -> bool:
    """Whether the line continues a block that began before an empty line."""
    before = next((line for line in reversed(lines[:number]) if line.strip()), "")
    return before.startswith("    ")


def _code(line: str) -> str:
    """Words that reStructuredText would act on, such as --option in backticks or a trailing underscore, as code."""
    return re.sub(r"(?<!`)`(--?[^`]+|[^`]*[ /()=\[\]][^`]*)`(?!`)", r"``\1``", line)
