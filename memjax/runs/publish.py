"""A run as a data set for others: tables, masks, predictions, a data card, metadata and checksums in one folder."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memjax import __version__
from memjax.errors import InputError
from memjax.exchange import written_as
from memjax.exchange.arrays import arrays_of
from memjax.exchange.sealed_folder import exporting
from memjax.report.page.render import environment
from memjax.runs import summary
from memjax.runs.result import Result
from memjax.runs.tables import Columns, dictionary, meaning, tables_of

TEMPLATES = Path(__file__).parent / "published"


def publish(
    result: Result, out: Path, licence: str = "", creator: str = "", name: str = "",
    more: dict[str, Callable[[Any], object]] | None = None, truth: dict[str, Any] | None = None,
) -> list[str]:  # fmt: skip
    """Writes a finished run as a data set; returns the names of the files.

    Hugging Face's `datasets` loads the folder by its README.md, and NumPy alone its npz files.  Inputs of examples are
    not written.

    Args:
      licence: as an SPDX identifier such as CC-BY-4.0, or in words; by default the card says that it is unknown.
      creator: who publishes it.
      name: of the data set; by default memorization in the name of the examples.
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
