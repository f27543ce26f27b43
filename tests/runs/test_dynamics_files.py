"""What is kept of recorded models, against loops over models written from the definitions."""

import numpy as np
import pytest

from memjax.runs.dynamics_files import reduce_blocks
from memjax.store import Block

EPOCHS = np.array([0, 1, 3, 8])
RNG = np.random.default_rng(0)
MASKS = RNG.random((9, 12)) < 0.6
MASKS[:, 0], MASKS[:, 1] = True, False  # always in, and never
MASKS[:, 2] = np.arange(9) == 3  # in one model only
FINITE = np.arange(9) != 4
CORRECT = RNG.random((9, 4, 12)) < 0.5
LOSS = np.where(CORRECT, 0.3, 0.9) + RNG.random((9, 4, 12)) / 5
RECORD = {"correct": CORRECT, "loss": LOSS.astype(np.float16)}
USED = [0, 1, 2, 3, 5, 6]  # of the first seven


def blocks(record, size=3):
    for start in range(0, 9, size):
        rows = slice(start, start + size)
        kept = {name: values[rows] for name, values in record.items()}
        yield Block(np.arange(9)[rows], MASKS[rows], FINITE[rows], {}, {}, kept, EPOCHS)


def models_of(example, side):
    return [model for model in USED if MASKS[model, example] == (side == "in")]


@pytest.mark.parametrize("side", ["in", "out"])
def test_means_and_errors_are_those_of_a_loop(side):
    found = reduce_blocks(blocks(RECORD), 7)

    for example in range(12):
        models = models_of(example, side)
        assert found[f"tr_num_{side}"][example] == len(models)
        for place in range(4):
            losses = [float(RECORD["loss"][model, place, example]) for model in models]
            error = np.std(losses, ddof=1) / np.sqrt(len(losses)) if len(losses) > 1 else np.nan
            np.testing.assert_allclose(found[f"tr_loss_{side}"][example, place], np.mean(losses) if models else np.nan,
                                       rtol=1e-6)  # fmt: skip
            np.testing.assert_allclose(found[f"tr_loss_{side}_stderr"][example, place], error, rtol=1e-4)
            right = sum(bool(CORRECT[model, place, example]) for model in models)
            sure = (right + 1) / (len(models) + 2)
            error = np.sqrt(sure * (1 - sure) / (len(models) - 1)) if len(models) > 1 else np.nan
            np.testing.assert_allclose(found[f"tr_correct_{side}_stderr"][example, place], error, rtol=1e-6)
    assert (found["num_models"], found["num_failed"]) == (7, 1)
    assert {values.dtype.name for name, values in found.items() if "loss" in name} == {"float32"}


@pytest.mark.parametrize("record", [RECORD, {"loss": RECORD["loss"]}, {"margin": np.where(CORRECT, 1.5, -0.5)}])
@pytest.mark.parametrize("side", ["in", "out"])
def test_learned_is_the_first_time_and_never_is_the_last_record(record, side):
    """The losses of the right ones lie below ln 2, and their margins above 0, so all three say the same."""
    found = reduce_blocks(blocks(record), 7)

    for example in range(12):
        times, ever = [], 0
        for model in models_of(example, side):
            right = [epoch for place, epoch in enumerate(EPOCHS) if epoch and CORRECT[model, place, example]]
            times.append(right[0] if right else 8)
            ever += bool(right)
        expected = np.mean(times) if times else np.nan
        np.testing.assert_allclose(found[f"tr_learned_{side}"][example], expected, rtol=1e-6)
        error = np.std(times, ddof=1) / np.sqrt(len(times)) if len(times) > 1 else np.nan
        np.testing.assert_allclose(found[f"tr_learned_{side}_stderr"][example], error, rtol=1e-5, atol=1e-9)
        assert found[f"tr_num_learned_{side}"][example] == ever
    assert str(found["learned_from"]) == next(iter(record))


def test_it_makes_no_difference_how_models_lie_in_blocks():
    one, other = reduce_blocks(blocks(RECORD, size=9), 7), reduce_blocks(blocks(RECORD, size=1), 7)

    assert one.keys() == other.keys()
    for name in one:
        if one[name].dtype.kind == "f":
            np.testing.assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(one[name], other[name])


def test_where_nothing_tells_when_nothing_is_learned():
    found = reduce_blocks(blocks({"error_norm": LOSS}), 9)

    assert str(found["learned_from"]) == ""
    assert not [name for name in found if name.startswith("tr_learned")]


def test_nothing_recorded_is_nothing_kept():
    assert reduce_blocks(blocks({}), 9) is None
