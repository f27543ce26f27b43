"""A run as files for others: predictions, tables, networks, or all of it as a data set with a data card."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from memjax import __version__, exchange
from memjax.data.targets import label_values
from memjax.errors import InputError
from memjax.exchange import written_as
from memjax.exchange.arrays import arrays_of
from memjax.exchange.sealed_folder import exporting
from memjax.exchange.weights import as_safetensors
from memjax.metrics import METRICS
from memjax.report.page.render import environment
from memjax.runs import summary
from memjax.runs.result import Result

TEMPLATES = Path(__file__).parent / "published"
Columns = dict[str, np.ndarray]


def export(result: Result, out: Path, kind: str) -> list[str]:
    """Writes a run's predictions or tables into a folder; returns what was written, in words.

    Args:
      kind: arrays, feldman-zhang, lira, csv, parquet, parameters or safetensors.

    Raises:
      InputError: a block is damaged, models are missing, or the run did not save what the kind needs.
    """
    if kind in ("csv", "parquet"):
        tables = tables_of(result)
        with exporting(out, kind) as add:
            for name, table in (tables | {"columns": dictionary(tables)}).items():
                add(f"{name}.{kind}", written_as(kind, table))
        return [f"{out / name}.{kind}" for name in (*tables, "columns")]
    if kind in ("parameters", "safetensors"):
        with exporting(out, kind) as add:
            for model in result.models:
                if kind == "safetensors":
                    add(f"model-{model.number:06d}.safetensors", as_safetensors(model.arrays))
                else:
                    add(f"model-{model.number:06d}.npz", partial(np.savez, **model.arrays))
        return [f"{len(result.models)} models in {out}"]
    found, data = result.outcomes, result.dataset
    if kind != "arrays" and data.train_targets is not None:
        raise InputError(f"--format {kind} is for classes; {data.name} has {data.kinds}: give arrays, csv or parquet")
    if kind == "arrays":
        return [str(out / name) for name in exchange.write_arrays(out, found, data)]
    if kind == "lira":
        return [f"{exchange.lira.write(out, found, data.train_labels)} experiments in {out}"]
    return [f"{exchange.feldman_zhang.write(out, found)} models in {out}"]


def publish(
    result: Result, out: Path, licence: str = "", creator: str = "", name: str = "",
    more: dict[str, Callable[[Any], object]] | None = None, truth: dict[str, Any] | None = None,
) -> list[str]:  # fmt: skip
    """Writes a finished run as a data set; returns the names of the files.

    Hugging Face's `datasets` loads the folder by its README.md, and NumPy alone its npz files.  Inputs of examples are
    not written.

    Args:
      licence, creator, name: as of `memjax publish`.
      more: what writes further files, by their names, and `truth`: what the card says of them (`memjax.runs.truth`).

    Raises:
      InputError: the folder holds other files, models are missing, a block is damaged, or pyarrow is not installed.
    """
    check_free(out)
    found, tables = result.outcomes, {key: table for key, table in tables_of(result).items() if rows_of(table)}
    models = {"model": found.model_ids, "trained_on": found.masks, "correct": found.train.get("correct"),
              "test_correct": found.test.get("correct")}  # fmt: skip
    tables["models"] = {key: values for key, values in models.items() if values is not None and values.size}
    columns, texts = dictionary(tables), _texts(result, licence, creator, name)
    with exporting(out, "published") as add:
        sums = {}
        for key, table in tables.items():
            sums[f"{key}.parquet"] = add(f"{key}.parquet", written_as("parquet", table))
            arrays = arrays_of(found, result.dataset) if key == "models" else table
            sums[f"{key}.npz"] = add(f"{key}.npz", written_as("npz", arrays))
        sums["columns.csv"] = add("columns.csv", written_as("csv", columns))
        described = dict(sums)
        sums |= {key: add(key, write) for key, write in (more or {}).items()}
        for key in ("croissant.json", "README.md"):
            page = environment(TEMPLATES).get_template(key).render(
                **texts, tables=tables, checksums=described, meaning=meaning, rows_of=rows_of, truth=truth,
                columns=list(zip(*columns.values(), strict=True)),
            )  # fmt: skip
            sums[key] = add(key, lambda stream, page=page: stream.write(page.encode("utf-8", "replace")))
        listed = "".join(f"{sha256}  {key}\n" for key, sha256 in sums.items()).encode()
        add("SHA256SUMS", lambda stream: stream.write(listed))
    return [*sums, "SHA256SUMS"]


def check_free(out: Path) -> None:
    """InputError for a folder with files of others; the runs that `memjax truth` began may be there."""
    others = [path.name for path in out.iterdir() if path.name != "runs"] if out.is_dir() else [out] * out.exists()
    if others and not (out / "export-published.json").exists():
        raise InputError(f"{out} holds other files; give a new folder with --out")


def rows_of(table: Columns) -> int:
    """How many rows a table has."""
    return len(next(iter(table.values())))


def _texts(result: Result, licence: str, creator: str, name: str) -> dict:
    """What the card and the metadata say in words."""
    facts = summary.facts(result.run.plan, result.estimates)
    texts = {
        "title": name or f"Memorization in {Path(result.dataset.name).name}", "creator": creator or "unknown",
        "licence": licence or "unknown", "version": __version__, "date": datetime.now(UTC).date().isoformat(),
        "described": f"Memorization of {result.dataset.num_train:,} training examples and their influence on "
        f"{result.dataset.num_test:,} test examples, from {result.estimates.num_models:,} networks trained on random "
        f"subsets.",
    }  # fmt: skip
    texts = {key: summary.printable(text) for key, text in texts.items()}
    known = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", texts["licence"])
    return texts | {
        "licence_id": texts["licence"].lower() if known else "other", "rows": summary.rows(result.summary()),
        "score": result.estimates.score, "facts": {key: summary.printable(text) for key, text in facts.items()},
        "citation": f"{texts['creator']}: {texts['title']}, {texts['date'][:4]}, made with memjax {__version__}.",
    }  # fmt: skip


def tables_of(result: Result) -> dict[str, Columns]:
    """Tables by their names: examples, tests, pairs, extremes (the test examples that each training example helps and
    hurts most), groups if there are any, labels if it is stored which are right, and dynamics (a row for each example
    and recorded epoch) if something was recorded."""
    estimates, data, pairs = result.estimates, result.dataset, result.pairs
    examples = dict(result.columns)
    known = [name for name in estimates.scores if name != "correct" or data.train_targets is None]
    for name, means in ((name, estimates.scores[name]) for name in known):
        examples |= {f"{name}_in": means.mean_in, f"{name}_out": means.mean_out}
        if name != estimates.score:
            value, stderr, *_ = map(np.asarray, means.memorization)
            examples |= {f"memorization_{name}": value, f"memorization_{name}_stderr": stderr}
    tests = {"id": result.test_ids, "row": data.test_ids, "label": label_values(data, "test", result.classes)}
    if data.train_targets is None:
        tests["correct"] = estimates.test_correct
    tables = {"examples": examples, "tests": tests, "pairs": result.pair_columns}
    listed = [(helps, found) for helps, found in ((True, pairs.helped), (False, pairs.hurt)) if found is not None]
    if listed:
        parts = [_extremes(helps, found, result) for helps, found in listed]
        tables["extremes"] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if result.run.groups is not None:
        tables["groups"] = result.group_columns
    if "right_labels" in result.config.keep:
        tables["labels"] = result.label_columns
    if (recorded := result._found.dynamics) is not None:
        named = {name.removeprefix("tr_"): values for name, values in recorded.items() if name.startswith("tr_")}
        examples |= {name: values for name, values in named.items() if values.ndim == 1 and name not in examples}
        epochs = recorded["epochs"]
        tables["dynamics"] = {"id": np.repeat(result.ids, len(epochs)), "epoch": np.tile(epochs, data.num_train)}
        tables["dynamics"] |= {name: values.ravel() for name, values in named.items() if values.ndim == 2}
    return tables


def _extremes(helps: bool, found: Any, result: Result) -> Columns:
    size, count = found.test_rows.shape
    columns = {"train_id": np.repeat(result.ids, count), "test_id": result.test_ids[found.test_rows.ravel()],
               "helps": np.full(size * count, helps), "influence": found.influence.ravel(),
               "stderr": found.stderr.ravel()}  # fmt: skip
    return columns if found.q_value is None else columns | {"q_value": found.q_value.ravel()}


def dictionary(tables: dict[str, Columns]) -> Columns:
    """A table with a row for each column of the tables: table, column, meaning, range."""
    rows = [(table, name, *meaning(table, name)) for table, columns in tables.items() for name in columns]
    return dict(zip(("table", "column", "meaning", "range"), np.array(rows, str).T, strict=True))


def meaning(table: str, column: str) -> tuple[str, str]:
    """What a column says, and its range; KeyError if nobody has written that down."""
    if (table, column) in _known():
        return _known()[table, column]
    score = max((name for name in METRICS if name in column), key=len, default="")
    about, values = _known()[table, column.replace(score, "SCORE")]
    low, high = METRICS[score].range
    bounds = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more" if np.isfinite(low) else "any number"
    bounds = f"up to {high:g}" if np.isneginf(low) and np.isfinite(high) else bounds
    return about.replace("SCORE", score), values or bounds


@cache
def _known() -> dict[tuple[str, str], tuple[str, str]]:
    with (TEMPLATES / "columns.csv").open(newline="", encoding="utf-8") as stream:
        return {(row["table"], row["column"]): (row["meaning"], row["range"]) for row in csv.DictReader(stream)}
