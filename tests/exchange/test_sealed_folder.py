"""An export into a folder that holds an older one: the files of two exports are never read as one."""

import numpy as np
import pytest

from memjax import exchange
from memjax.errors import InputError
from memjax.exchange.arrays import outcomes_of
from memjax.exchange.sealed_folder import exporting

KINDS = ("arrays", "feldman-zhang", "lira")


def models(count, seed=0):
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(size=(count, 9)).astype(np.float32)
    return outcomes_of({
        "masks": rng.random((count, 9)) < 0.5, "train_correct": log_odds > 0,
        "test_correct": rng.random((count, 4)) < 0.5,
        "train_log_odds": log_odds, "train_labels": np.arange(9) % 3, "test_labels": np.arange(4) % 3,
    })  # fmt: skip


def write(kind, folder, found):
    data, outcomes = found
    if kind == "arrays":
        exchange.write_arrays(folder, outcomes, data)
    elif kind == "lira":
        exchange.lira.write(folder, outcomes, data.train_labels)
    else:
        exchange.feldman_zhang.write(folder, outcomes)


class Stopped(Exception):
    pass


def stop_after(monkeypatch, calls):
    """The export stops before it writes the next file."""
    from memjax.exchange import sealed_folder

    real, left = sealed_folder.write_hashed, [calls]

    def counted(path, act):
        left[0] -= 1
        if left[0] < 0:
            raise Stopped
        return real(path, act)

    monkeypatch.setattr(sealed_folder, "write_hashed", counted)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_one_that_stopped_over_an_older_one_is_refused_until_it_is_repeated(kind, calls, tmp_path, monkeypatch):
    write(kind, tmp_path, models(6))
    with monkeypatch.context() as patch:
        stop_after(patch, calls)
        with pytest.raises(Stopped):
            write(kind, tmp_path, models(6, seed=1))

    with pytest.raises(InputError, match="not finished, or was changed; export again"):
        exchange.read_predictions(tmp_path)

    write(kind, tmp_path, models(6, seed=1))
    np.testing.assert_array_equal(exchange.read_predictions(tmp_path)["masks"], models(6, seed=1)[1].masks)


@pytest.mark.parametrize("kind", KINDS)
def test_a_smaller_one_leaves_nothing_of_a_larger_one(kind, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write(kind, tmp_path, models(6))

    write(kind, tmp_path, models(3))

    assert exchange.read_predictions(tmp_path)["masks"].shape == (3, 9)
    assert len([*tmp_path.rglob("aux_arrays.npz"), *tmp_path.rglob("keep.npy")]) == 3 * (kind != "arrays")
    assert (tmp_path / "notes.txt").exists()


def test_files_of_two_exports_at_once_are_not_read_as_one(tmp_path):
    """The first goes on after the second has ended: its note is last, and the file of the second does not fit it."""
    masks, other = np.eye(3, dtype=bool), ~np.eye(3, dtype=bool)
    with exporting(tmp_path, "arrays") as add:
        add("masks.npy", lambda stream: np.save(stream, masks))
        with exporting(tmp_path, "arrays") as second:
            second("masks.npy", lambda stream: np.save(stream, other))
            second("train_correct.npy", lambda stream: np.save(stream, other))
        np.testing.assert_array_equal(exchange.read_predictions(tmp_path)["masks"], other)
        add("train_correct.npy", lambda stream: np.save(stream, masks))

    with pytest.raises(InputError, match="was changed; export again"):
        exchange.read_predictions(tmp_path)


def test_a_folder_without_a_note_is_read_as_before(tmp_path):
    write("arrays", tmp_path, models(6))
    (tmp_path / "export-arrays.json").unlink()

    assert exchange.read_predictions(tmp_path)["masks"].shape == (6, 9)


@pytest.mark.parametrize("content", [b"", b"[]", b"{" * 1000])
def test_a_damaged_note_is_refused_in_words(content, tmp_path):
    write("arrays", tmp_path, models(6))
    (tmp_path / "export-arrays.json").write_bytes(content)

    with pytest.raises(InputError, match="export again"):
        exchange.read_predictions(tmp_path)
