"""Estimates from models that come part by part: whatever the parts, those of all models at once."""

import numpy as np
import pytest

from memjax import estimators
from memjax.config.specs import SubsetSpec
from memjax.errors import InputError
from memjax.estimators import Tally, in_pairs, tally_of
from memjax.estimators.kernels import influence_from_bits as outputs
from memjax.estimators.kernels.influence_from_bits import influence_of_bits, tails_of_bits
from memjax.runs import make_estimates
from memjax.subsets import make_design
from memjax.types import Dataset, Outcomes

MODELS, TRAIN, TEST = 70, 11, 6


def models(complementary=False, seed=0, num_models=MODELS):
    """Correctness and, in half precision as a run keeps them, probabilities; each example helps itself, in the training
    and the test set."""
    rng = np.random.default_rng(seed)
    masks = rng.random((num_models, TRAIN)) < 0.6
    if complementary:
        masks[1::2] = ~masks[::2]
    sides = []
    for helped in (masks, masks[:, :TEST]):
        probability = (0.6 * rng.random(helped.shape) + 0.4 * helped).astype(np.float16)
        sides.append({"correct": probability > 0.5, "probability": probability})
    return Outcomes(np.arange(num_models), masks, *sides)


def part(outcomes, chosen):
    train, test = ({name: values[chosen] for name, values in side.items()} for side in outcomes[2:])
    return Outcomes(outcomes.model_ids[chosen], outcomes.masks[chosen], train, test)


def tally_in_parts(outcomes, size, seed, complementary=False, score="correct"):
    """Parts in a random order, dealt to three tallies, which are merged."""
    rng = np.random.default_rng(seed)
    number = len(outcomes.masks)
    tallies = [Tally(number, TRAIN, TEST, complementary, score) for _ in range(3)]
    for start in rng.permutation(np.arange(0, number, size)):
        tallies[rng.integers(3)].add(part(outcomes, np.arange(start, min(start + size, number))))
    first, *others = tallies
    for other in others:
        first.merge(other)
    return first


def dataset():
    return Dataset(
        "made up", np.zeros((TRAIN, 1), np.float32), np.arange(TRAIN) % 3, np.zeros((TEST, 1), np.float32),
        np.arange(TEST) % 3, np.arange(TRAIN), np.arange(TEST), ("a", "b", "c"), np.zeros(TRAIN, bool),
    )  # fmt: skip


def written(folder, tally):
    folder.mkdir()
    make_estimates.write_results(folder, dataset(), tally, all_pairs=True)
    files = {name: dict(np.load(folder / f"{name}.npz")) for name in ("estimates", "pairs")}
    return {**files["estimates"], **files["pairs"], "influence": np.load(folder / "influence.npy")}


@pytest.mark.parametrize("complementary", [False, True], ids=["drawn", "complementary"])
@pytest.mark.parametrize("size", [2, 6, 32])
def test_parts_their_size_and_order_do_not_matter(tmp_path, size, complementary):
    """Every number in the files, to the last bit: sums of probabilities in half precision are exact as well."""
    outcomes = models(complementary)

    whole = written(tmp_path / "whole", tally_of(outcomes))
    parts = written(tmp_path / "parts", tally_in_parts(outcomes, size, size, complementary))

    assert tally_of(outcomes).complementary == complementary
    for name, values in whole.items():
        if name == "tr_mem_probability_stderr":  # squares have twice the digits, their sums not all of them
            np.testing.assert_allclose(parts[name], values, rtol=1e-5)
        else:
            np.testing.assert_array_equal(parts[name], values, name)


@pytest.mark.parametrize("complementary", [False, True], ids=["drawn", "complementary"])
def test_influence_of_probabilities_is_that_of_all_models_whatever_the_parts(tmp_path, complementary):
    """Models are put in their places before they are added up: to the last bit."""
    outcomes = part(models(complementary, num_models=2 * MODELS), np.setdiff1d(np.arange(2 * MODELS), [6, 7]))
    outcomes = outcomes._replace(model_ids=np.arange(len(outcomes.masks)))
    probability, prefix = outcomes.test["probability"], "complementary_" if complementary else ""

    whole = written(tmp_path / "whole", tally_of(outcomes, "probability"))
    parts = written(tmp_path / "parts", tally_in_parts(outcomes, 6, 0, complementary, "probability"))

    assert whole["score"] == "probability"
    assert len(whole["infl"]) >= TEST
    for name in ("influence", "infl", "infl_stderr", "tr_idx", "tr_mem"):
        np.testing.assert_array_equal(parts[name], whole[name], name)
    expected = getattr(estimators, f"{prefix}influence")(outcomes.masks, probability)
    np.testing.assert_allclose(whole["influence"], expected.value, atol=1e-6)
    chosen = whole["tr_idx"], whole["tt_idx"]
    np.testing.assert_allclose(whole["infl_stderr"], np.asarray(expected.stderr)[chosen], rtol=1e-4)


def test_influence_of_outputs_takes_test_examples_in_parts(monkeypatch):
    outcomes = models(seed=5)
    tally = tally_of(outcomes, "probability")
    asked = tally.bits.masks, tally.outputs, MODELS, np.array([3, 0, 7]), np.array([5, 1, 2, 0])
    whole = outputs.influence_of_outputs(*asked, shape=(4, 6))
    monkeypatch.setattr(outputs, "COLUMNS_AT_ONCE", 3)

    found = outputs.influence_of_outputs(*asked, shape=(4, 6))

    for one, other in zip(found, whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    expected = estimators.influence(outcomes.masks, outcomes.test["probability"]).value
    np.testing.assert_allclose(found[0], expected[np.ix_(asked[3], asked[4])], atol=1e-6)


@pytest.mark.parametrize("complementary", [False, True], ids=["drawn", "complementary"])
def test_the_files_hold_what_the_estimators_give(tmp_path, complementary):
    outcomes = models(complementary, seed=1)
    masks, right = outcomes.masks, outcomes.test["correct"]
    prefix = "complementary_" if complementary else ""

    found = written(tmp_path / "run", tally_in_parts(outcomes, 4, 0, complementary))

    for name, key in (("correct", "tr_mem"), ("probability", "tr_mem_probability")):
        memorization = getattr(estimators, f"{prefix}memorization")(masks, outcomes.train[name])
        np.testing.assert_allclose(found[key], memorization.value, atol=1e-6)
        np.testing.assert_allclose(found[f"{key}_stderr"], memorization.stderr, rtol=1e-4)
    influence = getattr(estimators, f"{prefix}influence")(masks, right)
    np.testing.assert_array_equal(found["influence"], influence.value)
    assert len(found["tr_idx"]) >= TEST
    p_values = estimators.pair_p_values(masks, right, found["tr_idx"], found["tt_idx"], complementary)
    np.testing.assert_array_equal(found["p_value"], p_values)
    np.testing.assert_allclose(found["infl_stderr"], np.asarray(influence.stderr)[found["tr_idx"], found["tt_idx"]])
    np.testing.assert_allclose(found["tt_correct"], right.mean(0), rtol=1e-6)
    assert found["in_sample_accuracy"] == outcomes.train["correct"][masks].mean()
    assert found["held_out_accuracy"] == outcomes.train["correct"][~masks].mean()
    assert found["test_accuracy"] == right.mean()


def test_the_files_hold_the_reliability_of_two_halves(tmp_path):
    outcomes = models(seed=4)
    outcomes.train["correct"][:, :5] = np.random.default_rng(0).random((MODELS, 5)) < 0.5
    first = np.arange(MODELS) // 2 % 2 == 0
    scores = [
        estimators.memorization(outcomes.masks[half], outcomes.train["correct"][half]).value for half in (first, ~first)
    ]
    halves = np.corrcoef(*scores)[0, 1]

    found = written(tmp_path / "run", tally_in_parts(outcomes, 4, 0))

    np.testing.assert_allclose(found["reliability_halves"], halves, rtol=1e-5)
    np.testing.assert_allclose(found["reliability"], 2 * halves / (1 + halves), rtol=1e-5)
    few = written(tmp_path / "few", tally_of(part(outcomes, np.arange(7))))
    assert np.isnan(few["reliability"])


def test_models_that_are_not_there_are_counted_and_change_nothing():
    """With models 3 and 8 lost the bits of the others stay where they are, and give what the others alone give."""
    outcomes = models(seed=2)
    there = np.setdiff1d(np.arange(MODELS), [3, 8])
    others = part(outcomes, there)

    tally = Tally(MODELS, TRAIN, TEST)
    tally.add(part(others, np.arange(20)), num_failed=2)
    tally.add(part(others, np.arange(20, len(there))))

    assert (tally.num_models, tally.num_failed, tally.num_used) == (MODELS, 2, MODELS - 2)
    value, stderr = influence_of_bits(tally.bits, tally.num_used, np.arange(TRAIN), np.arange(TEST))
    expected = estimators.influence(others.masks, others.test["correct"])
    np.testing.assert_array_equal(value, expected.value)
    np.testing.assert_array_equal(stderr, expected.stderr)
    every = np.repeat(np.arange(TRAIN), TEST), np.tile(np.arange(TEST), TRAIN)
    expected = estimators.pair_p_values(others.masks, others.test["correct"], *every)
    np.testing.assert_array_equal(tails_of_bits(tally.bits, tally.num_used, *every), expected)


def test_a_lost_model_takes_its_partner_with_it():
    outcomes = part(models(complementary=True), np.setdiff1d(np.arange(MODELS), [5]))

    tally = tally_of(outcomes)

    assert tally.complementary
    assert (tally.num_models, tally.num_used) == (MODELS - 1, MODELS - 2)


def test_a_part_whose_probabilities_are_all_0_and_1_adds_up_with_others():
    outcomes = models(seed=3)
    outcomes.train["probability"][:4] = outcomes.train["correct"][:4]

    whole, parts = tally_of(outcomes), tally_in_parts(outcomes, 4, 0)

    for one, other in zip(
        *(estimators.estimate_of(tally.scores["probability"]) for tally in (whole, parts)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize(("design", "num_models", "expected"), [
    ("complementary", 7, True), ("complementary", 600, True), ("complementary", 1, False), ("fixed-size", 7, False),
    ("leave-group-out", 2, True),
])  # fmt: skip
def test_complementary_designs_are_recognised_by_their_masks(design, num_models, expected):
    subsets = make_design(SubsetSpec(design, num_groups=2), num_train=20, seed=0)

    assert in_pairs(subsets.masks, num_models) == expected


def test_tallies_that_do_not_fit_are_refused():
    tally, outcomes = Tally(MODELS, TRAIN, TEST), models()
    tally.add(part(outcomes, np.arange(4)))
    with pytest.raises(InputError, match="different numbers"):
        tally.merge(Tally(MODELS, TRAIN, TEST + 1))
    with pytest.raises(InputError, match="of correct, the other of probability"):
        tally.merge(Tally(MODELS, TRAIN, TEST, score="probability"))
    with pytest.raises(InputError, match="score 'loss'"):
        Tally(MODELS, TRAIN, TEST, score="loss")
    del outcomes.train["probability"]
    with pytest.raises(InputError, match="some models have the scores"):
        tally.add(part(outcomes, np.arange(4, 8)))
    outcomes.test["correct"] = outcomes.test["probability"]
    with pytest.raises(InputError, match="other numbers than 0 and 1"):
        tally.add(part(outcomes, np.arange(4, 8)))
