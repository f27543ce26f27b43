"""Predictions and estimates of a run as files for other programs."""

from pathlib import Path

from memjax import exchange
from memjax.exchange.sealed_folder import exporting
from memjax.exchange.tables import csv_of, parquet_of
from memjax.runs.result import Result
from memjax.runs.tables import dictionary, tables_of


def export(result: Result, out: Path, kind: str) -> list[str]:
    """Writes a run's predictions or tables into a folder; returns what was written, in words.

    Args:
      kind: arrays, feldman-zhang, lira, csv or parquet.

    Raises:
      InputError: a block is damaged, models are missing, or the run did not save what the kind needs.
    """
    if kind in ("csv", "parquet"):
        tables, writer = tables_of(result), csv_of if kind == "csv" else parquet_of
        with exporting(out, kind) as add:
            for name, table in (tables | {"columns": dictionary(tables)}).items():
                add(f"{name}.{kind}", writer(table))
        return [f"{out / name}.{kind}" for name in (*tables, "columns")]
    found, data = result.outcomes, result.dataset
    if kind == "arrays":
        return [str(out / name) for name in exchange.write_arrays(out, found, data)]
    if kind == "lira":
        return [f"{exchange.lira.write(out, found, data.train_labels)} experiments in {out}"]
    return [f"{exchange.feldman_zhang.write(out, found)} models in {out}"]
