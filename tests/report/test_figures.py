import numpy as np
import pytest

from memjax.report.page.figures import histogram, histogram_drawing, places_on


def test_bins_reach_from_the_lowest_to_one():
    counts, edges = histogram(np.array([-0.8, 0.0, 0.5, 1.0, np.nan], np.float32))

    assert (edges[0], edges[-1]) == (pytest.approx(-0.8), 1.0)
    assert counts.sum() == 4


def test_bins_begin_at_zero_where_nothing_is_below():
    counts, edges = histogram(np.array([0.5, 1 + 1e-6]))

    assert edges[0] == 0
    assert counts[-1] == 1


@pytest.mark.parametrize("values", [np.full(3, np.nan), np.zeros(0), np.zeros(5), np.ones(1)])
def test_extreme_histograms_can_be_drawn(values):
    drawing = histogram_drawing(values)

    assert sum(bar.count for bar in drawing.cells) == np.isfinite(values).sum()
    assert np.isfinite([[bar.x, bar.y, bar.width, bar.height] for bar in drawing.cells]).all()


def test_a_count_of_one_is_visible_and_bars_rise_with_the_logarithm():
    values = np.repeat([0.01, 0.2, 0.4, 0.9], [1000, 100, 10, 1])

    heights = [bar.height for bar in histogram_drawing(values).cells if bar.count]

    assert heights[-1] > 5
    np.testing.assert_allclose(np.diff(heights), np.diff(heights)[0], atol=0.05)


def test_bars_and_ticks_stand_inside_the_drawing():
    drawing = histogram_drawing(np.linspace(-0.9, 1, 60000))

    assert all(drawing.left <= bar.x and bar.x + bar.width <= drawing.right for bar in drawing.cells)
    assert all(bar.y > 15 for bar in drawing.cells)
    assert [tick.value for tick in drawing.x_ticks] == [-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]
    assert all(drawing.left <= tick.position <= drawing.right for tick in drawing.x_ticks)


def test_scores_beyond_one_have_bins_and_labels_of_their_own():
    counts, edges = histogram(np.array([-2.5, 0.0, 6.0, 8.0, np.nan]))

    assert (edges[0], edges[-1], counts.sum(), counts[-1]) == (-2.5, 8.0, 4, 1)
    assert places_on(-2.5, 8.0) == [-2.0, 0.0, 2.0, 4.0, 6.0, 8.0]
    assert places_on(-0.3, 1.0) == [-0.25, 0.0, 0.25, 0.5, 0.75, 1.0]
    assert [tick.value for tick in histogram_drawing(np.array([0.0, 30.0])).x_ticks] == [0, 4, 8, 12, 16, 20, 24, 28]
