"""The page of a verdict on attribution scores."""

from typing import Any

import numpy as np

from memjax.report.page.figures import Tick, along, ends, places_on
from memjax.report.page.render import environment

LEFT, WIDTH, ROW = 150.0, 420.0, 30.0


def verdict_page(answer: str, understood: list, measures: list, by_class: list, notices: list[str]) -> str:
    """The text of the page; all arguments are of a `memjax.runs.judge.Verdict`."""
    given = {"answer": answer, "understood": understood, "measures": measures, "notices": notices}
    figures = [(title, _drawing(rows)) for title, rows in (("Measures", measures), ("LDS by class", by_class)) if rows]
    return environment().get_template("verdict.html").render(**given, by_class=by_class, figures=figures)


def _drawing(measures: list) -> dict[str, Any]:
    """A line for each measure: its interval, chance and ceiling."""
    numbers = np.array([[each.value, each.low, each.high, each.chance, each.ceiling] for each in measures], float)
    low, high = ends(np.append(numbers[np.isfinite(numbers)], 0.0))
    rows = [
        (each.name, ROW * (row + 1), {name: along(low, high, LEFT, LEFT + WIDTH, float(place)) for name, place in
                                      zip(("value", "low", "high", "chance", "ceiling"), places, strict=True)
                                      if np.isfinite(place)})
        for row, (each, places) in enumerate(zip(measures, numbers, strict=True))
    ]  # fmt: skip
    ticks = [Tick(along(low, high, LEFT, LEFT + WIDTH, value), value) for value in places_on(low, high)]
    return {"rows": rows, "ticks": ticks, "bottom": ROW * (len(rows) + 1), "width": LEFT + WIDTH + 24}
