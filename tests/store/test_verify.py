"""What `verify` reports about a damaged run folder, and how the next run repairs it."""

import json
import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest

from memjax import store
from memjax.errors import InputError
from memjax.store.blocks import block_path
from memjax.store.records import record_path
from memjax.store.sealed import seal
from tests.faults.folder import begin, judge, make_block, make_plan, write, write_results


@pytest.fixture
def folder(tmp_path):
    """Three complete blocks and estimates, in a folder with an unusual name."""
    folder = tmp_path / "a b\nü"
    begin(folder, 3)
    for number in range(3):
        write(folder, number)
    assert write_results(folder, 9, np.arange(5.0))
    return folder


def findings(folder, kind):
    return [finding.text for finding in store.verify(folder) if finding.kind == kind]


def test_a_complete_folder_has_no_problem(folder):
    assert findings(folder, "problem") == []
    assert any("3 complete; 9 models need 3" in text for text in findings(folder, "ok"))


def swapped(folder):
    shutil.copy(block_path(folder, 2), block_path(folder, 1))


def renamed(folder):
    for path in (record_path, block_path):
        shutil.copy(path(folder, 2), path(folder, 1))


def of_another_plan(folder):
    record = store.read_record(folder, 1)
    record_path(folder, 1).write_bytes(seal(record._replace(plan="another")._asdict()))


def with_other_models(folder):
    for path in (record_path, block_path):
        path(folder, 1).unlink()
    store.write_block(folder, 1, make_block(2), make_plan(1).fingerprint, {"jax": "1"})


def with_infinite_scores(folder):
    for path in (record_path, block_path):
        path(folder, 1).unlink()
    block = make_block(1)
    block.test["probability"] = np.full((3, 12), np.nan, np.float32)
    store.write_block(folder, 1, block, make_plan(1).fingerprint, {"jax": "1"})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: block_path(folder, 1).write_bytes(b""), "checksum differs"),
        (lambda folder: record_path(folder, 1).write_bytes(b"{}"), "sha256"),
        (swapped, "checksum differs"),
        (renamed, "record of block 2"),
        (of_another_plan, "another plan"),
        (with_other_models, "other numbers"),
        (with_infinite_scores, "not a number"),
    ],
)
def test_a_problem_names_the_block_and_says_what_to_do(folder, damage, words):
    damage(folder)

    (text,) = findings(folder, "problem")

    assert words in text
    assert "block 1" in text
    assert "trains it again" in text


@pytest.mark.parametrize("damage", [
    lambda folder: record_path(folder, 1).unlink(),
    lambda folder: block_path(folder, 1).unlink(),
    lambda folder: block_path(folder, 1).write_bytes(b"short"),
    lambda folder: record_path(folder, 1).write_bytes(b"{"),
    lambda folder: record_path(folder, 1).unlink() or record_path(folder, 1).symlink_to("nowhere"),
    lambda folder: (folder / "blocks" / "notes.txt").write_text("mine"),
    lambda folder: (folder / "blocks" / "xxxxxx.json").write_text("{}"),
    renamed,
    of_another_plan,
])  # fmt: skip
def test_the_next_run_repairs_the_folder_and_deletes_nothing(folder, damage):
    damage(folder)
    before = {path.name: path.read_bytes() for path in (folder / "blocks").iterdir() if path.is_file()}

    begin(folder, 3)
    for number in range(3):
        if not store.is_finished(folder, number):
            assert write(folder, number)

    assert judge(folder, {0, 1, 2})[0] == (0, 0, 0)
    after = [path.read_bytes() for path in (folder / "blocks").iterdir() if path.is_file()]
    assert all(content in after for content in before.values())


def test_changed_or_missing_estimates_are_a_problem(folder):
    note = store.read_note(folder)
    path = note.place(folder) / "estimates.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "estimates.npz damaged or missing" in findings(folder, "problem")[0]
    assert store.read_results(folder, "estimates.npz", checked=True) is None
    path.unlink()
    assert "estimates.npz damaged or missing" in findings(folder, "problem")[0]
    assert store.read_note(folder) is None
    (folder / "results" / "000001.json").write_text("{}")
    assert "the note that names them is damaged" in findings(folder, "problem")[0]
    shutil.rmtree(folder / "results")
    assert "estimates: none yet" in findings(folder, "note")


def test_estimates_of_fewer_models_than_requested_are_no_problem(folder):
    store.extend_plan(folder, make_plan(3), 12)

    assert findings(folder, "problem") == []
    assert any("complete, from 9 of 12 models" in text for text in findings(folder, "note"))


def test_estimates_from_other_blocks_are_a_problem(folder):
    """A block was set aside and trained again in another environment, and nobody made the estimates again."""
    other = make_block(1)
    other.test["probability"] = other.test["probability"] + np.float32(0.1)
    store.set_aside(folder, 1)
    assert findings(folder, "problem") == []  # whoever trains it again may get the same bytes
    assert store.write_block(folder, 1, other, make_plan(1).fingerprint, {"jax": "2"})

    assert any("made from other blocks" in text for text in findings(folder, "problem"))


def test_a_block_that_cannot_be_read_is_a_problem_and_no_damage(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store.blocks, "sha256_of", refuse)

    assert all("It may be whole, and stays where it is" in text for text in findings(folder, "problem"))
    assert [finding.block for finding in store.verify(folder)] == [None] * len([*store.verify(folder)])


def test_leftovers_of_results_are_noted_and_a_name_that_leads_elsewhere(folder):
    (store.new_set(folder) / "pairs.npz").write_bytes(b"half")
    (folder / "results" / "000000.json").write_bytes(b"older")
    (folder / "estimates.npz").unlink()

    text = " ".join(findings(folder, "note"))
    assert "estimates.npz in the run folder is not that of the latest estimates" in text
    assert "2 older or unfinished files and folders in results/, 9 bytes" in text


def test_other_files_are_noted(folder):
    store.set_aside(folder, 1)
    young, old = ".000001.npz.0123.tmp", ".000001.npz@a.machine.99.tmp"
    for name in (young, old):
        (folder / "blocks" / name).write_bytes(b"half")
    os.utime(folder / "blocks" / old, (0, time.time() - 90_000))

    text = " ".join(findings(folder, "note"))
    assert "2 complete; 9 models need 3" in text
    assert "set aside" in text
    assert "2 files half written" in text
    assert store.remove_leftovers(folder / "blocks") == 1
    assert [path.name for path in (folder / "blocks").iterdir() if path.suffix == ".tmp"] == [young]


def test_several_environments_are_noted(folder):
    store.write_block(folder, 3, make_block(3), make_plan(1).fingerprint, {"jax": "2"})

    assert any("2 environments: 3 with jax 1; 1 with jax 2" in text for text in findings(folder, "note"))


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        findings(tmp_path, "ok")


def test_a_changed_plan_is_a_problem(folder):
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(plan | {"pack_size": 4}, indent=1))

    (text,) = findings(folder, "problem")

    assert "restore it from a copy" in text


def test_a_block_from_another_environment_does_not_replace_the_first(folder):
    """Two workers whose results differ in the last bits: the later one gets False, and the files do not change."""
    before = block_path(folder, 1).read_bytes()
    other = make_block(1)
    other.test["probability"] = other.test["probability"] + np.float32(0.1)

    assert not store.write_block(folder, 1, other, make_plan(1).fingerprint, {"jax": "2"})

    assert block_path(folder, 1).read_bytes() == before
    assert store.read_record(folder, 1).environment == {"jax": "1"}


def test_a_second_plan_does_not_replace_the_first(tmp_path):
    assert store.new_plan(tmp_path, make_plan(3))
    assert not store.new_plan(tmp_path, replace(make_plan(3), pack_size=5))

    assert store.read_plan(tmp_path) == make_plan(3)


def test_publish_works_without_hard_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)

    assert store.publish(tmp_path / "a", b"first")
    assert not store.publish(tmp_path / "a", b"second")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]
