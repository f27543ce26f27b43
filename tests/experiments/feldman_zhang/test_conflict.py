import numpy as np
import pytest

from experiments.feldman_zhang.conflict import (
    FASHION,
    NOTHING,
    RANDOM,
    WRONG,
    Point,
    Settings,
    clusters_of_both,
    share_of_small,
    slope_with_a_tail,
    slopes,
    verdicts_of,
    world,
)
from memjax.data import Parts, Split, load_dataset, make_dataset


def test_the_share_of_test_examples_of_small_sub_populations():
    train = np.array(["a", "b", "b", "c", "c", "c"])

    assert share_of_small(train, np.array(["a", "b", "c", "c", "z"])) == 2 / 5


def test_where_value_grows_with_the_share_both_papers_are_right():
    rng = np.random.default_rng(0)

    def row(share, value):
        return [Point(share, value + 0.001 * rng.normal(), 0.1, 1.0) for _ in range(5)]

    points = {"few": row(0.01, 0.0), "some": row(0.1, 0.03), "many": row(0.3, 0.09), RANDOM: row(0.3, 0.0)}

    assert [verdict.word for verdict in verdicts_of(points)] == ["supported"] * 5


def test_clusters_are_shared_by_training_and_test_examples_that_are_near_each_other():
    rng = np.random.default_rng(0)
    places = np.arange(3)[:, None] * 100.0  # three sub-populations of one class, far from each other
    train, test = (np.repeat(np.arange(3), count) for count in (20, 40))
    inputs = [(places[rows] + rng.normal(size=(len(rows), 1))).astype(np.float32) for rows in (train, test)]
    labels = [np.zeros(len(rows), np.int32) for rows in (train, test)]
    data = make_dataset("made", Parts(*map(Split, inputs, labels), ("only",)))

    found = clusters_of_both(data, 0)

    for own, rows in zip(found, (train, test), strict=True):
        assert len({(one, other) for one, other in zip(own, rows, strict=True)}) == 3
    assert [set(found[0][train == place]) for place in range(3)] == [set(found[1][test == place]) for place in range(3)]


def test_a_world_whose_share_is_a_guess_does_not_count_for_the_claim_about_shares():
    points = {name: [Point(share, share, 0.1, 1.0)] * 3 for name, share in (("few", 0.0), ("many", 0.2))}
    points[RANDOM] = [Point(0.2, 0.0, 0.9, 1.0)] * 3

    found = [verdicts_of(points | more)[0].effect.value for more in ({}, {FASHION: [Point(0.5, -9.0, 0.1, 1.0)] * 3})]

    assert found[0] == found[1] == pytest.approx(1.0)


def test_worlds_in_which_nothing_is_memorized_do_not_decide_on_their_own():
    points = {
        "none": [Point(0.0, 0.0, 0.0, 1.0)] * 3,
        "some": [Point(0.2, 0.05 + draw / 100, 0.1, 1.0) for draw in range(3)],
        "many": [Point(0.3, 0.05 - draw / 100, 0.3, 1.0) for draw in range(3)],
    }

    assert np.mean(slopes(points, list(points))) > 0.1
    points[RANDOM] = points["many"]
    _, among, _, smallest, _ = verdicts_of(points)
    assert among.effect.value == pytest.approx(-0.2)
    assert smallest.effect.value == pytest.approx(NOTHING - 0.06)
    alone = verdicts_of({name: points[name] for name in ("none", "some", RANDOM)})
    assert (alone[1].word, alone[3].word) == ("NaN", "not supported")
    alike = verdicts_of(dict.fromkeys(("one", "other", RANDOM), points["some"]) | {"none": points["none"]})
    assert alike[1].word == "NaN"
    points["some"] = [Point(0.2, 0.0, 0.0, 1.0)] * 3
    assert verdicts_of({name: points[name] for name in ("none", "some", RANDOM)})[3].word == "NaN"


def test_the_slope_among_worlds_with_a_tail_leaves_out_the_others_and_data_whose_share_is_a_guess():
    line = {name: [Point(x, 2 * x + 0.1, 0.1, 1.0)] * 3 for name, x in (("some", 0.1), ("more", 0.2), ("most", 0.4))}
    others = {"none": [Point(0.0, -5.0, 0.0, 1.0)] * 3, RANDOM: [Point(0.9, 0.0, 0.9, 1.0)] * 3}

    assert slope_with_a_tail(line | others).value == pytest.approx(2)
    assert np.isnan(slope_with_a_tail({"some": line["some"]} | others).value)


def test_of_a_world_with_wrong_labels_a_tenth_differ(tmp_path):
    settings = Settings(size="smoke", folder=tmp_path)
    right, wrong = (
        load_dataset(world(settings, name).data) for name in ("10 sub-populations", f"10 sub-populations, {WRONG}")
    )

    np.testing.assert_array_equal(right.train_inputs, wrong.train_inputs)
    np.testing.assert_array_equal(right.test_labels, wrong.test_labels)
    assert 0.04 < (right.train_labels != wrong.train_labels).mean() < 0.18  # 200 examples: .1, standard error .02
