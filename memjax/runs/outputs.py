"""The report of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

from memjax import store
from memjax.runs import summary
from memjax.runs.open_folder import Run

if TYPE_CHECKING:
    from memjax.report import Own


def report(run: Run, examples: bool = True, own: "Own | None" = None) -> Path:
    """Writes report.html; returns its path.

    Args:
      examples: False: the page shows no image and no feature of any example.
      own: the user's own names, and the labels that look wrong.
    """
    from memjax.report import draw_report, write_report

    if examples:
        run.needs_inputs()
    path, found = run.folder / "report.html", None
    while found is None or found.note != store.as_noted(run.folder):  # else another process has replaced the results
        found = store.read_found(run.folder)
        estimates, pairs, dynamics, note = found
        facts, warnings = summary.facts(run.plan, estimates), summary.warnings(estimates, pairs)
        checksums = {name: sha256 for name, (sha256, _) in note.files.items()} if note else {}
        page = draw_report(run.dataset, estimates, pairs, facts, warnings, dynamics, checksums, examples, own)
        write_report(path, page)
    return path
