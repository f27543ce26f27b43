"""The report of a run."""

from pathlib import Path

from memjax import store
from memjax.errors import InputError
from memjax.results import Estimates, PairTable
from memjax.runs import summary
from memjax.runs.open_folder import Run


def report(run: Run, examples: bool = True) -> Path:
    """Writes report.html; returns its path.

    Args:
      examples: False: the page shows no image and no feature of any example.

    Raises:
      InputError: there are no estimates yet, or the inputs are not at their place.
    """
    from memjax.report import write_report

    if examples:
        run.needs_inputs()
    estimates, pairs = _whole_results(run)
    facts, warnings = summary.facts(run.plan, estimates), summary.warnings(estimates, pairs)
    note = store.read_note(run.folder)
    checksums = {name: sha256 for name, (sha256, _) in note.files.items()} if note else {}
    path = run.folder / "report.html"
    write_report(
        path, run.dataset, estimates, pairs, facts, warnings, checksums=checksums, examples=examples,
        dynamics=store.read_results(run.folder, "dynamics.npz", checked=True),
    )  # fmt: skip
    return path


def _whole_results(run: Run) -> tuple[Estimates, PairTable]:
    folder = run.folder
    estimates, pairs = store.read_estimates(folder, checked=True), store.read_pairs(folder, checked=True)
    if estimates is None or pairs is None:
        where = store.shown(folder)
        raise InputError(
            f"{where} has no estimates, or they are damaged; make them with: python -m memjax.run --run {where}"
        )
    return estimates, pairs
