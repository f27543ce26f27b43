import dataclasses
import json
import subprocess
import sys

import pytest

from memjax import store
from memjax.errors import InputError

CONFIG = {"seed": 0, "model": {"model": "linear"}, "train": {"epochs": 3}}
DATA = {"name": "digits", "sha256": "ab", "num_train": 5, "num_test": 2}
PLAN = store.Plan(CONFIG, DATA, 8, 100, {"jax": "1"})


def test_a_plan_is_read_as_it_was_written(tmp_path):
    store.new_plan(tmp_path / "a" / "b", PLAN)

    assert store.read_plan(tmp_path / "a" / "b") == PLAN


def test_two_requests_for_more_end_with_the_larger_whoever_is_last(tmp_path):
    store.new_plan(tmp_path, PLAN)
    mine, theirs = store.read_plan(tmp_path), store.read_plan(tmp_path)
    before = (tmp_path / "plan.json").read_bytes()

    assert store.extend_plan(tmp_path, theirs, 2000).num_models == 2000
    assert store.extend_plan(tmp_path, mine, 124).num_models == 2000
    assert store.extend_plan(tmp_path, mine, 50).num_models == 2000

    assert store.read_plan(tmp_path).num_models == 2000
    assert store.read_plan(tmp_path).fingerprint == PLAN.fingerprint
    assert (tmp_path / "plan.json").read_bytes() == before
    for name in ("extended-to-99999999999.json", "extended-to-0900.json", "extended-to-x.json"):
        (tmp_path / name).write_text("")
    assert store.read_plan(tmp_path).num_models == 2000


def test_places_are_a_hint_which_may_be_damaged(tmp_path):
    store.new_plan(tmp_path, PLAN)
    store.write_places(tmp_path, {"dataset": "npz:/here"})
    assert store.read_plan(tmp_path).places == {"dataset": "npz:/here"}

    (tmp_path / "places.json").write_text("{}")
    assert store.read_plan(tmp_path).places == {}


def test_the_last_block_may_hold_more_models_than_requested():
    assert PLAN.blocks == range(13)
    assert PLAN.num_trained({0, 12, 99}) == 8 + 4


def test_a_new_or_empty_folder_has_no_plan(tmp_path):
    assert store.read_plan(tmp_path) is None
    assert store.read_plan(tmp_path / "none") is None


def test_differences_name_each_setting():
    lines = store.differences(PLAN, CONFIG | {"seed": 1, "train": {"epochs": 5}}, DATA | {"sha256": "cd"})

    assert lines == [
        "seed: 0 in the folder, 1 requested",
        "train.epochs: 3 in the folder, 5 requested",
        "data.sha256: 'ab' in the folder, 'cd' requested",
    ]
    assert store.differences(PLAN, PLAN.config, PLAN.data) == []


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")

    with pytest.raises(InputError, match="not empty"):
        store.read_plan(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"config": 1}'])
def test_a_corrupted_plan_is_refused(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)

    with pytest.raises(InputError, match=r"plan\.json is damaged"):
        store.read_plan(tmp_path)


@pytest.mark.parametrize(
    "change", [{"pack_size": 0}, {"num_models": "9"}, {"config": []}, {"data": {}}, {"config": {"model": 3}}]
)
def test_a_plan_with_wrong_values_is_refused(tmp_path, change):
    (tmp_path / "plan.json").write_text(json.dumps(dataclasses.asdict(PLAN) | change))

    with pytest.raises(InputError, match=r"plan\.json is damaged"):
        store.read_plan(tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match="cannot be read"):
        store.read_plan(tmp_path / "file")


def test_store_and_command_line_start_without_jax():
    code = "import sys, memjax, memjax.store, memjax.run; sys.exit('jax' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
