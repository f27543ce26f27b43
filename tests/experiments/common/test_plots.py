"""The parts of figures: nothing that has no interval looks as if it had one, and nothing is cut off."""

import math
from itertools import pairwise

import numpy as np
import pytest

from experiments.common.intervals import Interval
from experiments.common.plots import HOLLOW, NO_POINT, barred, counted, logarithmic, named, panels, shares

WITHOUT = Interval(0.5, -math.inf, math.inf, 3)


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def note_of(figure):
    return " ".join(figure.get_supxlabel().split())


def test_a_value_without_an_interval_has_no_bar_and_is_hollow():
    figure, [[axis]] = panels(1, 1)

    barred(axis, (1, 2, 3), [Interval(0.2, 0.1, 0.4, 9), WITHOUT, Interval(0.9, 0.8, 1.0, 9)], "measured")

    (bars,) = axis.containers[0].lines[2]
    assert [tuple(map(tuple, segment)) for segment in bars.get_segments()] == [
        ((1, pytest.approx(0.1)), (1, pytest.approx(0.4))), ((3, pytest.approx(0.8)), (3, pytest.approx(1.0))),
    ]  # fmt: skip
    hollow = axis.lines[-1]
    assert (hollow.get_xdata().tolist(), hollow.get_markerfacecolor()) == ([2], "white")
    assert note_of(figure) == HOLLOW


def test_no_note_speaks_of_hollow_points_where_there_are_none():
    figure, [[axis]] = panels(1, 1, note="some")

    barred(axis, (1,), [Interval(0.2, 0.1, 0.4, 9)], "measured")

    assert note_of(figure) == "some"


def test_a_long_note_is_wrapped_and_is_one_note_still():
    figure, _ = panels(1, 1, 2.0, note="a note of more words than there is near-duplicates of in two inches")

    named(figure, "emoji")
    named(figure, "emoji")
    named(figure, HOLLOW, behind=True)
    named(figure, HOLLOW, behind=True)

    assert note_of(figure) == f"emoji; a note of more words than there is near-duplicates of in two inches; {HOLLOW}"
    assert max(map(len, figure.get_supxlabel().splitlines())) <= 36


@pytest.mark.parametrize(("values", "said"), [([0.0, 1.0], ""), ([0.0, np.nan], NO_POINT)])
def test_shares_of_0_and_1_are_not_cut_off_and_one_that_is_no_number_is_said(values, said):
    figure, [[axis]] = panels(1, 1)
    axis.plot([1, 2], values)

    shares(axis)

    low, high = axis.get_ylim()
    assert low < 0
    assert high > 1
    assert note_of(figure) == said


def test_a_band_beyond_0_is_shown_whole():
    _, [[axis]] = panels(1, 1)
    axis.fill_between([1, 2], [-0.4, -0.2], [0.5, 0.6])

    shares(axis)

    assert axis.get_ylim()[0] <= -0.4


@pytest.mark.parametrize("most", [1, 3, 500])
def test_a_histogram_has_whole_numbers_at_its_marks(most):
    _, [[axis]] = panels(1, 1)
    axis.hist(np.zeros(most))

    counted(axis)

    low, high = axis.get_ylim()
    marks = [mark for mark in axis.get_yticks() if low <= mark <= high]
    assert marks
    assert all(mark == round(mark) for mark in marks)


@pytest.mark.parametrize(
    ("x", "named"),
    [
        ((2, 32, 512, 1024), "2 32 1024"),
        ((2, 8, 32, 128, 512, 1024, 2048, 4096), "2 8 32 128 1024 4096"),
        ((1, 2, 4, 8, 16, 32, 64, 128), "1 2 4 8 16 32 64 128"),
        ((64, 16, 256), "64 16 256"),
        ((7,), "7"),
    ],
)
def test_numbers_of_a_logarithmic_axis_do_not_touch(x, named):
    figure, [[axis, _]] = panels(1, 2, 3.4, 3.9)
    axis.plot(x, range(len(x)))
    logarithmic(axis, x)
    figure.canvas.draw()

    shown = [label for label in axis.get_xticklabels() if label.get_text()]
    places = sorted((label.get_window_extent().x0, label.get_window_extent().x1) for label in shown)
    assert " ".join(label.get_text() for label in shown) == named
    assert len(axis.get_xticks()) == len(x)
    assert all(right[0] - left[1] > 2 for left, right in pairwise(places))
