"""The pages beside the report: of two runs compared, and of the verdict on attribution scores."""

from functools import partial
from typing import Any

import numpy as np

from memjax import notebook
from memjax.report.page.figures import Drawing, Line, Tick, along, ends, places_on
from memjax.report.page.render import environment

SHOWN = 200  # rows of the table
POINTS_MOST = 4000  # examples that did not move; of more, so many are drawn, at random with a fixed seed
LEFT, TOP, SIDE = 58.0, 34.0, 440.0
NAMES, WIDTH, ROW = 150.0, 420.0, 30.0  # of the figure of a verdict


def comparison_page(about: list, answer: str, rows: list, columns: dict[str, Any], moved: dict[str, Any]) -> str:
    """The text of the page; all arguments are of a `memjax.runs.compare.Comparison`."""
    drawing, left_out = scatter(columns)
    table = notebook.frame({name: values[:SHOWN] for name, values in moved.items()}).to_dict("records")
    given = {"about": about, "answer": answer, "rows": rows, "moved": table, "count": len(moved["id"])}
    return environment().get_template("comparison.html").render(drawing=drawing, left_out=left_out, **given)


def scatter(columns: dict[str, np.ndarray]) -> tuple[Drawing, int]:
    """Each example by its memorization in A (across) and in B (up), and how many points are left out."""
    first, second, moved = (columns[name] for name in ("memorization_a", "memorization_b", "moved"))
    known = np.isfinite(first) & np.isfinite(second)
    low, high = ends(np.concatenate([first[known], second[known]]))
    across, up = partial(along, low, high, LEFT, LEFT + SIDE), partial(along, low, high, TOP + SIDE, TOP)
    still = np.random.default_rng(0).permutation(np.flatnonzero(known & ~moved))
    points = [(across(float(first[row])), up(float(second[row])), "bar", "") for row in still[:POINTS_MOST]]
    for row in np.flatnonzero(moved):
        title = f"{columns['id'][row]}: {first[row]:.2f} in A, {second[row]:.2f} in B"
        points.append((across(float(first[row])), up(float(second[row])), "moved", title))
    places = places_on(low, high)
    drawing = Drawing(
        [Tick(across(value), value) for value in places], [Tick(up(value), value) for value in places],
        lines=[Line("typical", f"{across(low)},{up(low)} {across(high)},{up(high)}")], points=points,
        width=LEFT + SIDE + 24, height=TOP + SIDE + 48, left=LEFT, right=LEFT + SIDE, top=TOP, bottom=TOP + SIDE,
    )  # fmt: skip
    return drawing, max(0, len(still) - POINTS_MOST)


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
        (each.name, ROW * (row + 1), {name: along(low, high, NAMES, NAMES + WIDTH, float(place)) for name, place in
                                      zip(("value", "low", "high", "chance", "ceiling"), places, strict=True)
                                      if np.isfinite(place)})
        for row, (each, places) in enumerate(zip(measures, numbers, strict=True))
    ]  # fmt: skip
    ticks = [Tick(along(low, high, NAMES, NAMES + WIDTH, value), value) for value in places_on(low, high)]
    return {"rows": rows, "ticks": ticks, "bottom": ROW * (len(rows) + 1), "width": NAMES + WIDTH + 24}
