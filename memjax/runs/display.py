"""What a run shows of itself: its report, in the user's own words, and its result in a terminal or a notebook."""

import html
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memjax import store
from memjax.data.in_memory import Table
from memjax.data.targets import label_values
from memjax.notebook import frame
from memjax.report import Own, draw_report, write_report
from memjax.report.page.own import SUSPECTS_MOST, features_of
from memjax.runs import summary
from memjax.runs.suspects import lines, sentence, suspect_order
from memjax.types import Dataset


class ReportFile(NamedTuple):
    """A report on disk, which may be used wherever a path may."""

    path: Path  # of the HTML page

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        page = html.escape(self.path.read_text(encoding="utf-8"))
        return (
            f"<p>{html.escape(str(self.path))}</p>"
            f'<iframe srcdoc="{page}" style="width: 100%; height: 640px; border: 0" '
            'sandbox="allow-scripts allow-downloads"></iframe>'  # downloads: of the review
        )


def write_page(path: str | Path, page: str) -> ReportFile:
    """Writes an HTML page, and its folder if need be."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    store.write_atomically(Path(path), lambda stream: stream.write(page.encode("utf-8", "replace")))
    return ReportFile(Path(path))


def report(result: Any, examples: bool = True) -> ReportFile:
    """Writes report.html of a `Result`.  Without `examples` the page shows no image and no feature of any."""
    run, own = result.run, own_words(result)
    if examples:
        run.needs_inputs()
    path, found = run.folder / "report.html", None
    while found is None or found.note != store.as_noted(run.folder):  # else another process has replaced the results
        found = store.read_found(run.folder)
        estimates, pairs, dynamics, note = found
        facts = summary.facts(replace(run.plan, config=run.config.settings()), estimates)
        warnings = summary.warnings(estimates, pairs)
        checksums = {name: sha256 for name, (sha256, _) in note.files.items()} if note else {}
        page = draw_report(run.dataset, estimates, pairs, facts, warnings, dynamics, checksums, examples, own)
        write_report(path, page)
    return ReportFile(path)


def own_words(result: Any) -> Own:
    """What the report calls the examples of a `Result`, and which labels it opens with."""
    dataset, columns, by_token = result.dataset, result.columns, result.token_memorization
    table = result.given.table if result.given else None
    if table is not None:
        rows = dataset.train_ids, dataset.test_ids
        sides = ([column[taken] for column in side] for side, taken in zip(table[1:], rows, strict=True))
        table = Table(table.names, *sides)
    table = table or features_of(dataset)
    if by_token is not None and table is not None:
        names, empty = [*table.names, "log p of each token, in minus out"], np.full(dataset.num_test, "")
        table = Table(names, [*table.train, token_texts(dataset, by_token)], [*table.test, empty])
    elif dataset.train_targets is not None and table is not None and not dataset.tokens:
        sides = ([label_values(dataset, side), *getattr(table, side)] for side in ("train", "test"))
        table = Table(["target", *table.names], *sides)
    return Own(
        ids=result.ids,
        test_ids=result.test_ids,
        table=table,
        answer=sentence(columns) if "preferred" in columns else "",  # the page has no list of others
        suspects=suspect_order(columns, SUSPECTS_MOST),
        columns=columns,
    )


def token_texts(dataset: Dataset, by_token: np.ndarray) -> np.ndarray:
    """For each training sequence its tokens that count, each with its number; spaces and line breaks have signs."""
    names = [summary.printable(name.strip()) or ("\u23ce" if name == "\n" else "\u2423") for name in dataset.tokens]
    rows = zip(dataset.targets("train").tolist(), by_token.tolist(), strict=True)
    return np.array(
        [" ".join(f"{names[token]}{rise:+.1f}" for token, rise in zip(*row, strict=True) if token >= 0) for row in rows]
    )


def as_text(answer: str, suspects: dict[str, np.ndarray], rows: list[tuple[str, str]]) -> str:
    """The sentence and the suspects, if there is a sentence, and the closing table."""
    width = max(len(name) for name, _ in rows) + 2
    first = [answer, "", *lines(suspects), ""] if answer else []
    return "\n".join([*first, *(f"{name:<{width}}{text}" for name, text in rows)])


def as_html(answer: str, suspects: dict[str, np.ndarray], rows: list[tuple[str, str]]) -> str:
    """The same for a notebook."""
    cell = '<td style="text-align: left; white-space: normal">'
    cells = (f"<tr>{cell}{html.escape(name)}</td>{cell}{html.escape(text)}</td></tr>" for name, text in rows)
    first = f"<p>{html.escape(answer)}</p>{frame(suspects).to_html(index=False)}" if answer else ""
    return f"{first}<table>{''.join(cells)}</table>"
