import numpy as np

from experiments.feldman_zhang.conflict import RANDOM, Point, share_of_small, verdicts_of


def test_the_share_of_test_examples_of_small_sub_populations():
    train = np.array(["a", "b", "b", "c", "c", "c"])

    assert share_of_small(train, np.array(["a", "b", "c", "c", "z"])) == 2 / 5


def test_where_value_grows_with_the_share_both_papers_are_right():
    rng = np.random.default_rng(0)

    def row(share, value):
        return [Point(share, value + 0.001 * rng.normal(), 0.1, 1.0) for _ in range(5)]

    points = {"few": row(0.01, 0.0), "some": row(0.1, 0.03), "many": row(0.3, 0.09), RANDOM: row(0.3, 0.0)}

    assert [verdict.word for verdict in verdicts_of(points)] == ["supported"] * 4
