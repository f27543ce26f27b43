"""Figures of estimates: what is drawn, from their artists, and that nothing shared is touched."""

import sys

import numpy as np
import pytest

from memjax.errors import InputError
from memjax.report import plots
from tests.conftest import make_dataset

HOSTILE = ["$x^{2$", "$\\frac{1}{0}$ \\undefined", "<script>alert(1)</script>", "a\nb\rc\x1b[31m", "many letters " * 40]


def captions(figure):
    return [axes.get_title() for axes in figure.axes]


def drawn(figure):
    """Lays out and paints all of it: where a text cannot be drawn, this is where it shows."""
    figure._repr_png_()
    return figure


def test_histogram_has_the_counts_as_bars():
    mem = np.array([0.0, 0.01, 0.03, 0.5, 0.97, 1.0, np.nan])

    (axes,) = drawn(plots.memorization_histogram(mem)).axes

    heights = [bar.get_height() for bar in axes.patches]
    assert len(heights) == 18
    assert (heights[0], heights[9], heights[17], sum(heights)) == (3, 1, 2, 6)
    assert axes.get_xlim() == (0, 1)
    (note,) = axes.texts
    assert note.get_text() == "50.0 % at 0.25 or above\n1 undefined"


def test_histogram_of_nothing_is_empty():
    (axes,) = drawn(plots.memorization_histogram(np.full(3, np.nan), log=False)).axes

    assert sum(bar.get_height() for bar in axes.patches) == 0
    assert "3 undefined" in axes.texts[0].get_text()


def test_accuracies_are_points_and_the_mislabelled_stand_out():
    special = np.array([False, True, False])

    (axes,) = drawn(plots.accuracy_in_out([1, 0.9, 0.8], [0.2, 0.3, 0.4], mislabelled=special)).axes

    plain, other = (collection.get_offsets() for collection in axes.collections)
    np.testing.assert_array_equal(plain, [[0.2, 1.0], [0.4, 0.8]])
    np.testing.assert_array_equal(other, [[0.3, 0.9]])
    diagonal, threshold = axes.lines
    np.testing.assert_allclose(threshold.get_ydata() - diagonal.get_ydata(), 0.25)


def test_grid_shows_each_example_with_its_score_and_its_name_as_it_is():
    inputs = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2)

    figure = drawn(plots.example_grid(inputs, np.arange(5) / 4, np.full(5, 0.05), HOSTILE, columns=3))

    texts = captions(figure)
    assert len(texts) == 6
    assert texts[-1] == ""
    assert texts[0] == "0.00 ± 0.05\n$x^{2$"
    assert texts[3] == "0.75 ± 0.05\na?b?c?[31m"
    assert texts[4] == "1.00 ± 0.05\nmany letters ma…"
    pictures = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_allclose(pictures[1] / 255 * 19, inputs[1], atol=19 / 510)  # all on one scale


@pytest.mark.parametrize("shape", [(3,), (4, 4, 3), (4, 4, 1), (2, 3, 5)])
def test_grid_draws_whatever_an_example_is(shape):
    inputs = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)

    figure = drawn(plots.example_grid(inputs, np.array([-0.1, np.nan])))

    assert captions(figure) == ["\N{MINUS SIGN}0.10", "undefined"]
    assert all(len(axes.images) == 1 for axes in figure.axes)


def test_pairs_of_one_training_example_are_one_strip():
    data = make_dataset(num_train=6, num_test=6)
    tr_idx, tt_idx, infl = np.array([4, 1, 4, 2]), np.array([1, 4, 5, 2]), np.array([0.9, 0.8, 0.7, 0.2])

    figure = drawn(plots.pair_strips(data, tr_idx, tt_idx, infl, rows=2))

    assert captions(figure) == [
        *("train 4\nclass 1", "0.90\nclass 1", "0.70\nclass 2"),
        *("train 1\nclass 1", "0.80\nclass 1", ""),
    ]
    with pytest.raises(InputError, match="no pairs"):
        plots.pair_strips(data, tr_idx[:0], tt_idx[:0], infl[:0])


def test_a_figure_shows_itself_in_a_notebook_and_shares_no_state():
    loaded = "matplotlib.pyplot" in sys.modules

    png = plots.memorization_histogram([0, 1])._repr_png_()

    assert png.startswith(b"\x89PNG")
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_what_does_not_fit_is_refused():
    for call in (
        lambda: plots.memorization_histogram(np.zeros((2, 2))),
        lambda: plots.accuracy_in_out([1, 1], [1]),
        lambda: plots.example_grid(np.zeros((3, 2, 2)), np.zeros(2)),
    ):
        with pytest.raises(InputError, match="expected"):
            call()
