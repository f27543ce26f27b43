"""A run as a data set for others: tables, masks, predictions, a data card, metadata and checksums in one folder."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from memjax import __version__
from memjax.errors import InputError
from memjax.exchange.arrays import arrays_of
from memjax.exchange.croissant import Card, croissant
from memjax.exchange.sealed_folder import exporting
from memjax.exchange.tables import csv_of, npz_of, parquet_of
from memjax.runs import summary
from memjax.runs.result import Result
from memjax.runs.tables import dictionary, tables_of

UNKNOWN = "unknown"
ABOUT = {
    "examples": "scores of each training example",
    "tests": "accuracy on each test example",
    "pairs": "training and test examples of one class with high influence",
    "extremes": "the test examples that each training example helps and hurts most",
    "dynamics": "what was recorded while the models trained",
    "models": "what each model was trained on and gets right; the npz file has all saved scores",
}


def publish(result: Result, out: Path, licence: str = "", creator: str = "", name: str = "") -> list[str]:
    """Writes a finished run as a data set; returns the names of the files.

    Hugging Face's `datasets` loads the folder by its README.md, and NumPy alone its npz files.  Inputs of examples are
    not written.

    Args:
      licence: as an SPDX identifier such as CC-BY-4.0, or in words; by default the card says that it is unknown.
      creator: who publishes it.
      name: of the data set; by default memorization in the name of the examples.

    Raises:
      InputError: the folder holds other files, models are missing, a block is damaged, or pyarrow is not installed.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "export-published.json").exists())):
        raise InputError(f"{out} holds other files; give a new folder with --out")
    tables = {key: table for key, table in tables_of(result).items() if len(next(iter(table.values())))}
    found, facts = result.outcomes, summary.facts(result.run.plan, result.estimates)
    plain = {key: summary.printable(text) for key, text in facts.items()}
    models = {"model": found.model_ids, "trained_on": found.masks, "correct": found.train.get("correct"),
              "test_correct": found.test.get("correct")}  # fmt: skip
    tables["models"] = {key: values for key, values in models.items() if values is not None and values.size}
    title = summary.printable(name or f"Memorization in {Path(result.dataset.name).name}")
    described = (
        f"Memorization of {result.dataset.num_train:,} training examples and their influence on "
        f"{result.dataset.num_test:,} test examples, from {result.estimates.num_models:,} networks "
        f"({plain['model']}) trained on random subsets."
    )
    today = datetime.now(UTC).date().isoformat()
    citation = f"{creator or 'Unknown creator'}, {title}, {today[:4]}, made with memjax {__version__}."
    card = Card(title, described, licence or UNKNOWN, summary.printable(creator), summary.printable(citation), today)
    columns = dictionary(tables)
    about = {(table, key): text for table, key, text in zip(*(columns[each].tolist() for each in
             ("table", "column", "meaning")), strict=True)}  # fmt: skip
    with exporting(out, "published") as add:
        sums = {}
        for key, table in tables.items():
            arrays = arrays_of(found, result.dataset) if key == "models" else table
            sums[f"{key}.parquet"] = add(f"{key}.parquet", parquet_of(table))
            sums[f"{key}.npz"] = add(f"{key}.npz", npz_of(arrays))
        sums["columns.csv"] = add("columns.csv", csv_of(columns))
        page = _card(card, tables, columns, result, plain).encode("utf-8", "replace")
        metadata = json.dumps(croissant(card, dict(sums), tables, about), indent=1).encode()
        for key, content in (("README.md", page), ("croissant.json", metadata)):
            sums[key] = add(key, lambda stream, content=content: stream.write(content))
        listed = "".join(f"{sha256}  {key}\n" for key, sha256 in sums.items()).encode()
        add("SHA256SUMS", lambda stream: stream.write(listed))
    return [*sums, "SHA256SUMS"]


def _card(card: Card, tables: dict, columns: dict[str, np.ndarray], result: Result, facts: dict[str, str]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    known = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", card.licence)
    return environment.get_template("card.md").render(
        card=card, tables=list(tables), facts=facts, rows=summary.rows(result.summary()), version=__version__,
        licence_id=card.licence.lower() if known else "other", columns=list(zip(*columns.values(), strict=True)),
        files=[(name, ABOUT[name], f"{len(next(iter(table.values()))):,}") for name, table in tables.items()],
    )  # fmt: skip
