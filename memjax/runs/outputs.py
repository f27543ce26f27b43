"""The results of a run for people and for other programs: its report, and files of other formats."""

from pathlib import Path

from memjax import store
from memjax.errors import InputError
from memjax.runs import summary
from memjax.runs.open_folder import Run


def report(run: Run, examples: bool = True) -> Path:
    """Writes report.html; returns its path.

    Args:
      examples: False: the page shows no image and no feature of any example.

    Raises:
      InputError: there are no estimates yet.
    """
    from memjax.report import write_report

    path, found = run.folder / "report.html", None
    while found is None or found.note != store.as_noted(run.folder):  # else another process has replaced the results
        found = store.read_found(run.folder)
        estimates, pairs, dynamics, note = found
        facts, warnings = summary.facts(run.plan, estimates), summary.warnings(estimates, pairs)
        checksums = {name: sha256 for name, (sha256, _) in note.files.items()} if note else {}
        write_report(
            path, run.dataset, estimates, pairs, facts, warnings, checksums=checksums, examples=examples,
            dynamics=dynamics,
        )  # fmt: skip
    return path


def export(run: Run, out: Path, kind: str) -> list[str]:
    """Writes predictions or estimates of a run in a format of other programs; returns what was written, in words.

    Args:
      kind: arrays, feldman-zhang, lira, csv or parquet.

    Raises:
      InputError: a block is damaged, there is no model or no estimate yet, or the run did not save what the kind needs.
    """
    from memjax import exchange

    if kind in ("csv", "parquet"):
        estimates, pairs, *_ = store.read_found(run.folder)
        write = exchange.write_csv if kind == "csv" else exchange.write_parquet
        out.mkdir(parents=True, exist_ok=True)
        names = run.dataset.class_names
        write(out / f"examples.{kind}", exchange.examples_table(estimates, names))
        write(out / f"pairs.{kind}", exchange.pairs_table(pairs, estimates, names))
        return [f"{out / name}.{kind}" for name in ("examples", "pairs")]
    finished = run.finished
    if not finished:
        raise InputError(f"{store.shown(run.folder)} holds no finished model yet")
    try:
        found, _ = store.read_outcomes(run.folder, finished, run.plan.num_models)
    except store.CorruptBlock as problem:
        raise InputError(f"{problem}; go on with: python -m memjax.run --run {store.shown(run.folder)}") from None
    if kind == "arrays":
        return [str(out / name) for name in exchange.write_arrays(out, found, run.dataset)]
    if kind == "lira":
        number = exchange.lira.write(out, found, run.dataset.train_labels)
        return [f"{number} experiments in {out}"]
    return [f"{exchange.feldman_zhang.write(out, found)} models in {out}"]
