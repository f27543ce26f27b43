"""A run whose subsets have several sizes, or are repeated: its files say what the estimators say of the same arrays."""

import numpy as np
import pytest

from memjax import estimators
from memjax.estimators import Tally, tally_of
from memjax.estimators.complementary import some_models
from memjax.estimators.streaming.tally import arrays_of, fill
from memjax.runs import make_estimates
from memjax.types import Dataset, Outcomes
from tests.statistics.test_layouts import of_sizes, right

MODELS, TRAIN, TEST = 90, 60, 20


def written(folder, tally):
    folder.mkdir()
    labels = [np.zeros(number, int) for number in (TRAIN, TEST)]
    inputs, rows = [np.zeros((len(side), 1), np.float32) for side in labels], [np.arange(len(side)) for side in labels]
    data = Dataset("made up", inputs[0], labels[0], inputs[1], labels[1], *rows, ("a",), np.zeros(TRAIN, bool))
    make_estimates.write_results(folder, data, tally, all_pairs=True)
    files = {name: dict(np.load(folder / f"{name}.npz")) for name in ("estimates", "pairs")}
    return {**files["estimates"], **files["pairs"], "influence": np.load(folder / "influence.npy")}


def models(kind):
    rng = np.random.default_rng(0)
    if kind == "sizes":
        masks = of_sizes(rng, MODELS, (12, 30, 48), TRAIN)
    else:
        masks = np.repeat(of_sizes(rng, MODELS // 3, (30,), TRAIN), 3, axis=0)
    size = masks.mean(1)[:, None]
    train = right(rng, 0.2 + 0.5 * size + 0.3 * masks)
    test = right(rng, 0.1 + 0.5 * size + 0.4 * masks[:, :TEST])
    soft = {"probability": rng.random((MODELS, TRAIN)).astype(np.float16)}
    return Outcomes(np.arange(MODELS), masks, {"correct": train} | soft, {"correct": test})


@pytest.mark.parametrize("kind", ["sizes", "repeated"])
def test_the_files_hold_what_the_estimators_give(tmp_path, kind):
    outcomes = models(kind)
    masks, test = outcomes.masks, outcomes.test["correct"]

    found = written(tmp_path / "run", tally_of(outcomes))

    for name, key in (("correct", "tr_mem"), ("probability", "tr_mem_probability")):
        memorization = estimators.memorization(masks, outcomes.train[name])
        np.testing.assert_allclose(found[key], memorization.value, atol=1e-5)
        np.testing.assert_allclose(found[f"{key}_stderr"], memorization.stderr, rtol=1e-3)
    np.testing.assert_allclose(found["tr_correct_in"] - found["tr_correct_out"], found["tr_mem"], atol=1e-6)
    np.testing.assert_allclose(found["influence"], estimators.influence(masks, test).value, atol=1e-5)
    expected = estimators.pair_p_values(masks, test, found["tr_idx"], found["tt_idx"])
    np.testing.assert_allclose(found["p_value"], expected, atol=1e-12)
    assert 0 < found["expected_by_chance"] < found["tr_idx"].size
    assert "tr_num_right" not in found


def test_parts_and_processes_do_not_matter():
    outcomes = models("sizes")
    whole = tally_of(outcomes)
    merged = Tally(MODELS, TRAIN, TEST, laid_out=True)
    for rows in (slice(40, MODELS), slice(0, 40)):
        part = Tally(MODELS, TRAIN, TEST, laid_out=True)
        part.add(some_models(outcomes, rows))
        merged.merge(fill(Tally(MODELS, TRAIN, TEST, laid_out=True), arrays_of(part)))

    rows, columns = np.arange(TRAIN), np.arange(TEST)
    for one, other in zip(
        merged.laid_out.influence("correct", rows, columns),
        whole.laid_out.influence("correct", rows, columns),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_strong_pairs_are_those_of_influence():
    outcomes = models("sizes")
    value = np.asarray(estimators.influence(outcomes.masks, outcomes.test["correct"]).value)

    pairs = estimators.strong_pairs(outcomes.masks, outcomes.test["correct"], np.ones(TRAIN), tile=(16, 16))

    expected = np.argwhere(value >= 0.15)
    assert sorted(zip(pairs.tr_idx.tolist(), pairs.tt_idx.tolist(), strict=True)) == sorted(
        map(tuple, expected.tolist())
    )
    np.testing.assert_allclose(pairs.infl, value[pairs.tr_idx, pairs.tt_idx])
