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


def test_what_is_written_is_read(tmp_path):
    store.new_plan(tmp_path / "a" / "b", PLAN)

    assert store.read_plan(tmp_path / "a" / "b") == PLAN


def test_the_last_block_may_hold_more_than_asked_for():
    assert PLAN.blocks == range(13)
    assert PLAN.num_trained({0, 12, 99}) == 8 + 4


def test_a_new_or_empty_folder_has_no_plan(tmp_path):
    assert store.read_plan(tmp_path) is None
    assert store.read_plan(tmp_path / "none") is None


def test_differences_name_each_setting():
    lines = store.differences(PLAN, CONFIG | {"seed": 1, "train": {"epochs": 5}}, DATA | {"sha256": "cd"})

    assert lines == [
        "seed: 0 there, 1 asked for",
        "train.epochs: 3 there, 5 asked for",
        "data.sha256: 'ab' there, 'cd' asked for",
    ]
    assert store.differences(PLAN, PLAN.config, PLAN.data) == []


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")

    with pytest.raises(InputError, match="not empty"):
        store.read_plan(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"config": 1}'])
def test_a_spoiled_plan_is_named(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)

    with pytest.raises(InputError, match=r"plan\.json is not a plan"):
        store.read_plan(tmp_path)


@pytest.mark.parametrize(
    "change", [{"pack_size": 0}, {"num_models": "9"}, {"config": []}, {"data": {}}, {"config": {"model": 3}}]
)
def test_a_plan_that_would_break_something_later_is_named(tmp_path, change):
    (tmp_path / "plan.json").write_text(json.dumps(dataclasses.asdict(PLAN) | change))

    with pytest.raises(InputError, match=r"plan\.json is not a plan"):
        store.read_plan(tmp_path)


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match="cannot be read"):
        store.read_plan(tmp_path / "file")


def test_store_and_command_line_start_without_jax():
    code = "import sys, memjax, memjax.store, memjax.run; sys.exit('jax' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
