import numpy as np

from experiments.arpit.capacity import verdicts_of, width_needed


def test_the_width_needed_by_hand():
    widths = (2, 8, 32)

    rows = np.array([[0.55, 0.95, 1.0], [0.2, 0.2, 1.0], [0.96, 0.5, 1.0], [0.45, 1.0, 0.8]])

    np.testing.assert_allclose(width_needed(rows, widths), [3, 3 + 2 * 75 / 80, 1, 1 + 2 * 50 / 55])
    np.testing.assert_allclose(width_needed(rows[:, ::-1], widths[::-1]), width_needed(rows, widths))


def test_where_accuracy_falls_at_large_widths_no_more_width_is_needed():
    """As with random labels: the best width is small, since larger networks fit the noise."""
    small = 0.005 * np.sin(np.arange(20)).reshape(5, 4)
    accuracy = {("real", 0.0): np.array([0.3, 0.85, 0.86, 0.87]) + small,
                ("random labels", 0.5): np.array([0.2, 0.8, 0.7, 0.6]) + small,
                ("random inputs", 0.5): np.array([0.2, 0.5, 0.8, 0.85]) + small}  # fmt: skip

    words = [verdict.word for verdict in verdicts_of(accuracy, (2, 32, 512, 4096))[2:]]

    assert words == ["not supported", "supported"]
