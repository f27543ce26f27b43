"""A report that shows itself in a notebook."""

import html
import os
from pathlib import Path
from typing import NamedTuple


class ReportFile(NamedTuple):
    """A report on disk, which may be used wherever a path may.

    Attributes:
      path: of the HTML page.
    """

    path: Path

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        page = html.escape(self.path.read_text(encoding="utf-8"))
        return (
            f"<p>{html.escape(str(self.path))}</p>"
            f'<iframe srcdoc="{page}" style="width: 100%; height: 640px; border: 0" sandbox="allow-scripts"></iframe>'
        )
