import json

import numpy as np
import pytest

from memjax import store
from memjax.store.blocks import block_path
from tests.runs.stopped_process import LONG, Process


def make_block(seed=0, first=0, models=3, train=13, test=5):
    rng = np.random.default_rng(seed)

    def bits(count):
        return rng.random((models, count)) < 0.5

    return store.Block(
        np.arange(first, first + models), bits(train), np.array([True] * models),
        {"correct": bits(train), "probability": rng.random((models, train)).astype(np.float32)},
        {"correct": bits(test), "probability": rng.random((models, test)).astype(np.float32)},
    )  # fmt: skip


def assert_same(got, expected):
    np.testing.assert_array_equal(got.model_ids, expected.model_ids)
    np.testing.assert_array_equal(got.masks, expected.masks)
    np.testing.assert_array_equal(got.finite, expected.finite)
    for side in ("train", "test"):
        got_side, expected_side = getattr(got, side), getattr(expected, side)
        np.testing.assert_array_equal(got_side["correct"], expected_side["correct"])
        assert got_side["correct"].dtype == bool
        np.testing.assert_allclose(got_side["probability"], expected_side["probability"], atol=5e-4)


def test_a_block_is_read_as_it_was_written(tmp_path):
    block = make_block()
    store.write_block(tmp_path, 7, block, "plan", {"jax": "1"})

    assert store.finished_blocks(tmp_path) == {7}
    assert_same(store.read_block(tmp_path, 7), block)


def test_numbers_too_large_for_float16_are_clipped(tmp_path):
    block = make_block(models=1, train=2, test=1)
    block.train["margin"] = np.array([[1e9, -1e9]], np.float32)
    block.train["logits"] = np.ones((1, 2, 3), np.float32)
    store.write_block(tmp_path, 0, block, "plan", {})

    read = store.read_block(tmp_path, 0)

    assert np.isfinite(read.train["margin"]).all()
    assert read.train["logits"].shape == (1, 2, 3)


def recorded(epochs=(0, 2)):
    rng = np.random.default_rng(0)
    values = {"correct": rng.random((3, 2, 13)) < 0.5, "loss": rng.random((3, 2, 13)).astype(np.float16)}
    return make_block()._replace(record=values, epochs=np.array(epochs))


def test_recorded_metrics_are_read_without_diverged_models(tmp_path):
    block = recorded()
    store.write_block(tmp_path, 0, block, "plan", {})
    later = recorded()._replace(model_ids=np.arange(3, 6), finite=np.array([True, False, True]))
    store.write_block(tmp_path, 1, later, "plan", {})

    curves = store.read_curves(tmp_path, [0, 1], 5)

    assert curves.model_ids.tolist() == [0, 1, 2, 3]
    assert curves.epochs.tolist() == [0, 2]
    for name, values in block.record.items():
        np.testing.assert_array_equal(curves.values[name], np.concatenate([values, values[:1]]))
        assert curves.values[name].dtype == values.dtype


@pytest.mark.parametrize("epochs", [(1,), (1, 2, 3), (2, 1)])
def test_recorded_metrics_that_do_not_fit_their_epochs_are_refused(tmp_path, epochs):
    store.write_block(tmp_path, 0, recorded(epochs), "plan", {})

    with pytest.raises(store.CorruptBlock, match="recorded"):
        store.read_block(tmp_path, 0)


def test_a_block_can_be_read_without_pickle_and_without_memjax(tmp_path):
    block = make_block()
    store.write_block(tmp_path, 0, block, "plan", {})

    with np.load(block_path(tmp_path, 0), allow_pickle=False) as arrays:
        masks = np.unpackbits(arrays["masks"], axis=1, count=int(arrays["num_train"]))

    np.testing.assert_array_equal(masks.astype(bool), block.masks)


def test_a_block_without_its_record_does_not_count(tmp_path):
    store.write_block(tmp_path, 0, make_block(), "plan", {})
    block_path(tmp_path, 0).with_suffix(".json").unlink()

    assert store.finished_blocks(tmp_path) == set()


def test_every_changed_byte_is_noticed(tmp_path):
    store.write_block(tmp_path, 0, make_block(), "plan", {})
    path = block_path(tmp_path, 0)
    good = path.read_bytes()
    for position in range(len(good)):
        path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        with pytest.raises(store.CorruptBlock):
            store.read_block(tmp_path, 0)


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"sha256": 3}'])
def test_a_corrupted_record_is_noticed(tmp_path, record):
    store.write_block(tmp_path, 0, make_block(), "plan", {})
    block_path(tmp_path, 0).with_suffix(".json").write_text(record)

    with pytest.raises(store.CorruptBlock, match="block 0"):
        store.read_block(tmp_path, 0)


def test_the_data_of_another_block_are_noticed(tmp_path):
    for number in (0, 1):
        store.write_block(tmp_path, number, make_block(number, 3 * number), "plan", {})
    block_path(tmp_path, 0).write_bytes(block_path(tmp_path, 1).read_bytes())

    with pytest.raises(store.CorruptBlock):
        store.read_block(tmp_path, 0)


def test_set_aside_deletes_nothing(tmp_path):
    for _ in range(2):
        store.write_block(tmp_path, 0, make_block(), "plan", {})
        store.set_aside(tmp_path, 0)

    assert store.finished_blocks(tmp_path) == set()
    assert sorted(path.name for path in (tmp_path / "blocks").iterdir()) == [
        "000000.json.bad-0", "000000.json.bad-1", "000000.npz.bad-0", "000000.npz.bad-1",
    ]  # fmt: skip


def test_two_processes_set_one_block_aside_at_once(tmp_path):
    for calls in range(1, 8):
        folder = tmp_path / str(calls)
        folder.mkdir()
        store.write_block(folder, 0, make_block(), "plan", {})
        one, other = (Process(folder, lambda folder=folder: store.set_aside(folder, 0)) for _ in range(2))
        one.step(calls)
        other.step(LONG)
        one.step(LONG)

        assert (one.problem, other.problem) == (None, None)
        assert store.finished_blocks(folder) == set()
        assert len([*folder.glob("blocks/*.bad-*")]) == 2


def test_outcomes_hold_only_requested_models_that_did_not_diverge(tmp_path):
    first, second = make_block(0), make_block(1, first=3)
    first.finite[1] = False
    store.write_block(tmp_path, 0, first, "plan", {})
    store.write_block(tmp_path, 1, second, "plan", {})

    outcomes, num_failed = store.read_outcomes(tmp_path, [1, 0], num_models=5)

    assert outcomes.model_ids.tolist() == [0, 2, 3, 4]
    assert num_failed == 1
    np.testing.assert_array_equal(outcomes.masks, np.concatenate([first.masks[[0, 2]], second.masks[:2]]))
    np.testing.assert_array_equal(outcomes.test["correct"][2:], second.test["correct"][:2])


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    store.write_atomically(path, lambda stream: stream.write(b"old"))

    def breaks(stream):
        stream.write(b"half")
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        store.write_atomically(path, breaks)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_record_names_environment_and_size(tmp_path):
    store.write_block(tmp_path, 0, make_block(), "plan", {"jax": "9.9"})

    record = json.loads(block_path(tmp_path, 0).with_suffix(".json").read_text())

    assert record["environment"] == {"jax": "9.9"}
    assert record["bytes"] == block_path(tmp_path, 0).stat().st_size
