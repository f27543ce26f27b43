"""Assembles a page: static tables, readable without a script, and the numbers and images for the page's script."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from memjax.disk_inputs import Stored
from memjax.metrics import metric_named
from memjax.report.page import figures, overview
from memjax.report.page.dynamics import Dynamics, dynamics_data, dynamics_of, easiest_and_hardest
from memjax.report.page.images import Painter, draw_sheets
from memjax.report.page.own import Own, cells_of, own_data, plain_own
from memjax.report.page.script_data import ALIKE, orders, packed, script_data
from memjax.results import Estimates, PairTable, check_fits
from memjax.types import Dataset

CARDS_SHOWN = 20  # the most memorized examples
CONTRAST_SHOWN = 20  # on either side of typical and in between
PAIRS_SHOWN = 20
SUSPECTS_SHOWN = 20
FROM_DISK = 2000  # images that are read where the inputs stay on disk: the first in the order of the page
WORDS = (("in sample", "in"), ("held out", "out"))
MEASURES = {"loss": "loss", "error": "share of models that are wrong"}
SCRIPT = Path(__file__).parent.parent / "app" / "bundle" / "report.js"


@dataclass(frozen=True)
class Report:
    """A report whose images have no place yet."""

    values: dict[str, Any]  # what the template of the page is given
    numbers: dict[str, Any]  # what the script is given; arrays are written as `packed` has them
    sheets: dict[str, list[bytes]]  # PNG files by side, "train" and "test"; none where examples are left out

    @property
    def image_bytes(self) -> int:
        """Bytes of all images."""
        return sum(len(sheet) for sheets in self.sheets.values() for sheet in sheets)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The images by the names of their files."""
        return {_file_name(sheet): sheet for sheets in self.sheets.values() for sheet in sheets}

    def page(self, folder: str | None = None) -> str:
        """The text of the page, its images in it or, if one is named, in a folder beside it."""
        from jinja2.utils import htmlsafe_json_dumps
        from markupsafe import Markup

        numbers = dict(self.numbers)
        if numbers["pictures"]:
            numbers["pictures"] |= {
                side: [f"{quote(folder)}/{_file_name(sheet)}" for sheet in sheets] if folder else None
                for side, sheets in self.sheets.items()
            }
        page = environment().get_template("page.html").render(
            **self.values,
            script_data=htmlsafe_json_dumps(numbers, allow_nan=False, default=packed),
            script=Markup(SCRIPT.read_text(encoding="ascii")),  # noqa: S704  our own, with nothing put into it
            sheets={} if folder else self.sheets,
            image_sources="data: file: 'self'" if folder else "data:",
        )  # fmt: skip
        # A file name that is no valid UTF-8 reaches us as lone surrogates, which no file could hold.
        return page.encode("utf-8", "replace").decode("utf-8")


def draw_report(
    dataset: Dataset, estimates: Estimates, pairs: PairTable, facts: dict[str, str], warnings: list[str],
    dynamics: dict[str, np.ndarray] | None = None, checksums: dict[str, str] | None = None, examples: bool = True,
    own: Own | None = None,
) -> Report:  # fmt: skip
    """All contents of a report.

    Args:
      dataset: the examples of the run, in the same order.
      estimates, pairs: the results of the run (`memjax.store.read_found`).
      facts: the configuration, name -> text.
      warnings: sentences that the reader should know before any number.
      dynamics: the arrays of dynamics.npz, if something was recorded (`memjax.runs.dynamics_files.reduce_blocks`).
      checksums: SHA-256 of the files that hold the estimates, by name.
      examples: False leaves out what examples look like: no image, no feature.
      own: the user's own names, and the labels that look wrong; by default those of the data set.

    Raises:
      InputError: estimates, pairs or dynamics are of another data set.
    """
    own = own or plain_own(dataset)
    check_fits(dataset, estimates, pairs)
    recorded = dynamics_of(dynamics, dataset)
    numbers = examples and np.prod(dataset.input_shape) and not dataset.tokens
    compared = Painter(dataset.train_inputs) if numbers else None
    painter = compared if compared and compared.is_image else None
    order = orders(dataset, estimates, pairs)
    # Of images on disk only some are read: the page has the first sheets and no near-duplicates.
    on_disk = isinstance(dataset.train_inputs, Stored)
    values = {
        "dataset": dataset,
        "estimates": estimates,
        "pairs": pairs,
        "own": own,
        "painter": painter,
        "suspects": own.suspects[:SUSPECTS_SHOWN].tolist() if "preferred" in own.columns else (),
        "cells_of": partial(cells_of, own.table if examples else None, dataset),
        "run": overview.of_run(estimates),
        "warnings": warnings,
        "histogram": figures.histogram_drawing(estimates.mem),
        "by_class": overview.by_class(dataset, estimates),
        "gallery": estimates.most_memorized(CARDS_SHOWN),
        "typical": overview.nearest(estimates.mem, 0.0, CONTRAST_SHOWN),
        "between": overview.nearest(estimates.mem, 0.5, CONTRAST_SHOWN),
        "pair_counts": overview.pair_counts(dataset, estimates.mem, pairs),
        "pairs_shown": PAIRS_SHOWN,
        "strips": overview.strips(pairs.train_rows[:PAIRS_SHOWN]),
        "facts": facts,
        "checksums": checksums or {},
        "score": metric_named(estimates.score),
        "has_images": painter is not None or (examples and own.table is not None),
        "alike": ALIKE,
        **_figures_of(recorded, estimates.mem),
    }
    numbers = script_data(dataset, estimates, pairs, order, None if on_disk else compared)
    numbers |= own_data(own, dataset, order.train, order.test, examples)
    numbers |= {"checksums": checksums or {}, "dynamics": recorded and dynamics_data(recorded, order), "pictures": None}
    sheets = {}
    if painter is not None:
        shown = {"width": painter.size[0], "height": painter.size[1], "columns": painter.columns, "rows": painter.rows}
        numbers["pictures"] = {"kind": painter.kind, **shown}
        few = slice(FROM_DISK if on_disk else None)
        sheets = {
            "train": list(draw_sheets(painter, dataset.train_inputs, order.train[few])),
            "test": list(draw_sheets(painter, dataset.test_inputs, order.test[few])),
        }
    return Report(values, numbers, sheets)


def _figures_of(recorded: Dynamics | None, mem: np.ndarray) -> dict[str, Any]:
    """The figures of recorded dynamics for the template; None and empty lists where nothing was recorded."""
    curves = recorded.curves if recorded else None
    easiest, hardest = easiest_and_hardest(curves, "out") if curves else ([], [])
    drawn = [(word, figures.trajectory_drawing(curves, side)) for word, side in WORDS] if curves else []
    learned = recorded.columns.get("learned_in") if recorded else None
    return {
        "dynamics": recorded,
        "speed": None if learned is None else figures.speed_drawing(learned, mem),
        "trajectories": drawn,
        "measure": MEASURES[curves.metric] if curves else "",
        "easiest": easiest,
        "hardest": hardest,
    }


@cache
def environment(folder: Path = Path(__file__).parent):
    """The templates of a folder, by default those of the pages, with the filters that they use."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(folder)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {name: getattr(overview, name) for name in ("number", "percent", "short", "whole")}
    environment.filters |= {"sha256": _sha256, "base64": _base64}
    return environment


def _file_name(sheet: bytes) -> str:
    return f"{hashlib.sha256(sheet).hexdigest()[:20]}.png"


def _sha256(text: str) -> str:
    """The checksum by which a content security policy allows exactly one inline block."""
    return _base64(hashlib.sha256(str(text).encode()).digest())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
