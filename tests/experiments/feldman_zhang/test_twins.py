import numpy as np
import pytest

from experiments.feldman_zhang import twins
from memjax.results import PairTable


def test_colours_of_skin_and_choices_of_a_variant_are_the_same_emoji():
    codes = np.array(["1F44D", "1F44D-1F3FB", "1F468-1F3FF-200D-2695-FE0F", "1F468-200D-2695", "1F44E"])

    found = twins.emoji_of(codes)

    assert found.tolist() == ["1F44D", "1F44D", "1F468-200D-2695", "1F468-200D-2695", "1F44E"]


def test_candidates_have_one_training_drawing_of_the_emoji():
    rows, partners = twins.candidates(np.array(["b", "a", "c", "c"]), np.array(["a", "c", "z", "b", "a"]))

    assert rows.tolist() == [0, 3, 4]
    assert partners.tolist() == [1, 0, 1]


def test_which_pairs_are_selected():
    ones = np.ones(2)
    pairs = PairTable(np.array([5, 2]), np.array([1, 0]), ones, ones, ones, ones, 0.15, 0.25)

    np.testing.assert_array_equal(twins.selected(pairs, np.array([2, 5]), np.array([0, 0])), [True, False])


def test_copies_and_memorization_by_them():
    emoji = np.array(["a", "b", "b", "c", "c", "c"])

    assert twins.copies_of(emoji).tolist() == [1, 2, 2, 3, 3, 3]
    found = twins.memorization_by_copies(np.array([1.0, 0.5, 0.3, 0.1, np.nan, 0.2]), emoji)
    assert {name: item.value for name, item in found.items()} == pytest.approx({"1": 1, "2": 0.4, "3 to 6": 0.15})


def test_precision_by_threshold():
    influence, one = np.array([0.9, 0.45, 0.2]), np.array([True, False, True])

    found = twins.precision_of(influence, one, np.array([True, False, False]), np.array(["a", "b", "c"]))

    assert [found[key]["pairs"] for key in ("0.15", "0.4", "0.5")] == [3, 2, 1]
    assert found["0.4"]["one emoji"].value == 0.5
    assert found["0.15"]["the other vendor's drawing"] == pytest.approx(1 / 3)


def test_copies_that_are_memorized_less_are_seen():
    rng = np.random.default_rng(0)
    emoji = np.repeat([f"E{number}" for number in range(60)], np.tile([1, 2, 8], 20))
    mem = np.where(twins.copies_of(emoji) <= 2, 0.7, 0.1) + 0.2 * rng.normal(size=len(emoji))
    strong = np.ones(60, bool)

    words = [v.word for v in twins.verdicts_of(strong, emoji[:60], strong, emoji[:60], 0.1, mem, emoji)]

    assert words == ["supported"] * 3
