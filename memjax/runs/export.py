"""Predictions and estimates of a run as files for other programs."""

from pathlib import Path

from memjax import exchange
from memjax.runs.result import Result


def export(result: Result, out: Path, kind: str) -> list[str]:
    """Writes a run's predictions or tables into a folder; returns what was written, in words.

    Args:
      kind: arrays, feldman-zhang, lira, csv or parquet.

    Raises:
      InputError: a block is damaged, models are missing, or the run did not save what the kind needs.
    """
    if kind in ("csv", "parquet"):
        write = exchange.write_csv if kind == "csv" else exchange.write_parquet
        out.mkdir(parents=True, exist_ok=True)
        write(out / f"examples.{kind}", result.columns)
        write(out / f"pairs.{kind}", result.pair_columns)
        return [f"{out / name}.{kind}" for name in ("examples", "pairs")]
    found, data = result.outcomes, result.dataset
    if kind == "arrays":
        return [str(out / name) for name in exchange.write_arrays(out, found, data)]
    if kind == "lira":
        return [f"{exchange.lira.write(out, found, data.train_labels)} experiments in {out}"]
    return [f"{exchange.feldman_zhang.write(out, found)} models in {out}"]
