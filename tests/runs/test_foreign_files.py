"""Files of a run folder that are whole and sealed, but not what memjax writes: words or new results, no traceback."""

import hashlib
import json
import random
import shutil

import numpy as np
import pytest

import memjax
from memjax import run, store
from memjax.errors import InputError
from memjax.store.blocks import block_path
from memjax.store.records import read_record, record_path
from memjax.store.sealed import seal, unseal

ARRAYS = {
    "removed": lambda arrays, name: arrays.pop(name),
    "shorter": lambda arrays, name: arrays.update(
        {name: arrays[name][:-1] if arrays[name].ndim else arrays[name][None]}
    ),
    "with another axis": lambda arrays, name: arrays.update({name: arrays[name][..., None]}),
    "of text": lambda arrays, name: arrays.update({name: np.full(arrays[name].shape, "text")}),
    "of large numbers": lambda arrays, name: arrays.update({name: np.full(arrays[name].shape, 2**40)}),
    "empty": lambda arrays, name: arrays.update({name: np.zeros(0, arrays[name].dtype)}),
    "another one": lambda arrays, name: arrays.update({name: arrays[sorted(arrays)[0]]}),
}
VALUES = [None, "text", -1, 10**20, [1], {"a": 1}, 1.5, True]


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture
def copy(small_run, tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    return shutil.copytree(small_run, tmp_path / "copy")


def change_arrays(path, name, change):
    with np.load(path) as found:
        arrays = dict(found)
    change(arrays, name)
    path.unlink()  # its second name keeps the old content
    np.savez(path, **arrays)


def change_results(folder, file, name, change):
    """Changes an array of the results in force, and notes the checksums of what is there then."""
    note = store.as_noted(folder)
    place = note.place(folder)
    change_arrays(place / file, name, change)
    files = {name: (hashlib.sha256((place / name).read_bytes()).hexdigest(), (place / name).stat().st_size)
             for name in note.files}  # fmt: skip
    next((folder / "results").glob("*.json")).write_bytes(seal(note._replace(files=files)._asdict()))


def change_block(folder, number, name, change):
    path = block_path(folder, number)
    change_arrays(path, name, change)
    content = path.read_bytes()
    record = read_record(folder, number)._replace(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    record_path(folder, number).write_bytes(seal(record._asdict()))


def everything(folder, capsys):
    """What each reader of the folder does: an exit code, or words."""
    path = str(folder)
    commands = [["status", path], ["verify", path], ["suspects", path], ["report", path]]
    commands += [["export", path, "--out", f"{path}-out", "--format", kind] for kind in ("arrays", "csv")]
    codes = {command[0]: run.main(command) for command in commands}
    assert "Traceback" not in capsys.readouterr().err
    try:
        found = memjax.open(folder)
        words = f"{found!r}{found._repr_html_()}{found.estimates!r}{found.pairs!r}{found.dataframe()}{found.influence}"
    except InputError as problem:
        words = str(problem)
    return codes, words


@pytest.mark.parametrize(
    ("file", "name", "change"),
    [
        ("estimates.npz", "tr_labels", "of large numbers"), ("pairs.npz", "helped_idx", "shorter"),
        slow("estimates.npz", "tr_mem", "shorter"), slow("estimates.npz", "num_models", "with another axis"),
        slow("estimates.npz", "tr_ids", "of text"), slow("pairs.npz", "tr_idx", "of large numbers"),
        slow("pairs.npz", "infl", "empty"), slow("pairs.npz", "num_candidates", "of text"),
    ],
)  # fmt: skip
def test_results_that_hold_something_else_are_found_and_made_again(small_run, copy, capsys, file, name, change):
    whole = store.read_note(copy, checked=True).files
    change_results(copy, file, name, ARRAYS[change])

    assert run.main(["status", str(copy)]) == 0
    assert run.main(["verify", str(copy)]) == (0 if change == "of large numbers" else 1)  # a number alone says nothing
    assert run.main(["--run", str(copy)]) == 0

    assert store.read_note(copy, checked=True).files == whole
    assert run.main(["verify", str(copy)]) == 0


@pytest.mark.parametrize(
    ("name", "change"),
    [("test_correct", "shorter"), slow("finite", "empty"), slow("train_probability", "removed"),
     slow("model_ids", "of text"), slow("masks", "another one"), slow("held_out_probability", "with another axis")],
)  # fmt: skip
def test_a_block_that_holds_something_else_is_found_and_trained_again(small_run, copy, capsys, name, change):
    change_block(copy, 1, name, ARRAYS[change])

    with pytest.raises(InputError, match=r"block 1: .*sets it aside"):
        memjax.open(copy).outcomes  # noqa: B018
    assert run.main(["verify", "--repair", str(copy)]) == 3
    assert block_path(copy, 1).read_bytes() == block_path(small_run, 1).read_bytes()


@pytest.mark.parametrize(
    ("place", "value"),
    [(("data", "num_train"), 10**20), (("data", "class_names"), [1]), (("created",), 3),
     (("environment",), {"jax": []}),
     (("config", "data", "dataset"), 3), (("config", "train", "epochs"), "text"), (("config", "keep"), [["correct"]]),
     (("config", "subset"), 1.5), (("config", "seed"), True), (("config", "train", "optimizer_options"), {"a": 1})],
)  # fmt: skip
def test_a_plan_with_other_values_is_refused_with_words(copy, capsys, place, value):
    table = unseal((copy / "plan.json").read_bytes())
    inside = table
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    (copy / "plan.json").write_bytes(seal(table))

    assert run.main(["report", str(copy)]) == 2

    assert "plan.json" in capsys.readouterr().err


def test_settings_that_an_older_plan_lacks_have_their_defaults_in_the_report(copy):
    table = unseal((copy / "plan.json").read_bytes())
    del table["config"]["train"]["schedule"]
    (copy / "plan.json").write_bytes(seal(table))

    assert "cosine schedule" in memjax.open(copy).report().path.read_text()


@pytest.mark.slow
def test_whatever_is_changed_there_is_no_traceback(small_run, tmp_path, capsys, monkeypatch):
    """100 changes of any sealed file, each read by all commands in any order."""
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    rng, kinds = random.Random(5), set()
    for number in range(100):
        folder = shutil.copytree(small_run, tmp_path / str(number))
        file, change = rng.choice(["estimates.npz", "pairs.npz", "block", "plan.json", "record"]), rng.choice([*ARRAYS])
        if file.endswith("npz"):
            with np.load(folder / file) as arrays:
                name = rng.choice(sorted(arrays))
            change_results(folder, file, name, ARRAYS[change])
        elif file == "block":
            with np.load(block_path(folder, 2)) as arrays:
                name = rng.choice(sorted(arrays))
            change_block(folder, 2, name, ARRAYS[change])
        else:
            path = record_path(folder, 2) if file == "record" else folder / file
            table = unseal(path.read_bytes())
            inside = rng.choice([table, *(part for part in table.values() if isinstance(part, dict) and part)])
            inside[rng.choice(sorted(inside))] = rng.choice(VALUES)
            path.write_bytes(seal(json.loads(json.dumps(table))))
        kinds.add((file, *everything(folder, capsys)[0].values()))
        shutil.rmtree(folder)
    assert len(kinds) > 5  # some are refused and some are not
