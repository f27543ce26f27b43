"""The command line, as a user sees it."""

import json
import shutil

import numpy as np
import pytest

from memjax import run, store
from memjax.runs import forecast
from memjax.store.blocks import block_path

SMALL = ["--num-models", "12", "--per-class", "8", "--test-per-class", "3", "--epochs", "8", "--model", "mlp:16"]


@pytest.fixture(autouse=True)
def _quiet_jax(monkeypatch):
    """The tests' own devices are already there."""
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One small run, finished once for all tests that only look."""
    folder = tmp_path_factory.mktemp("runs") / "a run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_NUM_CPU_DEVICES", "2")
        assert run.main(["--run", str(folder), "--label-noise", "0.1", *SMALL]) == 0
    return folder


@pytest.mark.slow
def test_the_closing_table_for_memorization_says_what_the_probability_as_a_control_gives(tmp_path, capfd):
    assert run.main(["--run", str(tmp_path / "run"), "--for", "memorization", *SMALL]) == 0

    assert "typical error with the probability as a control" in " ".join(capfd.readouterr().out.split())


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "blocks").iterdir())}


def test_the_run_folder_has_what_was_promised(finished):
    names = {path.name for path in finished.iterdir()}

    assert names == {
        "plan.json",
        "blocks",
        "estimates.npz",
        "pairs.npz",
        "influence.npy",
        "results",
        "index.npz",
        "report.html",
    }
    plan = json.loads((finished / "plan.json").read_text())
    assert plan["config"]["model"] == {"model": "mlp:16", "norm": None, "dropout": 0.0}
    assert len(plan["data"]["sha256"]) == 64
    assert {"jax", "numpy", "python", "memjax", "device"} <= plan["environment"].keys()


def test_estimates_have_the_published_names_and_shapes(finished):
    estimates = dict(np.load(finished / "estimates.npz", allow_pickle=False))
    pairs = dict(np.load(finished / "pairs.npz", allow_pickle=False))

    assert estimates["tr_mem"].shape == estimates["tr_mem_stderr"].shape == estimates["tr_labels"].shape == (80,)
    assert estimates["tt_labels"].shape == (30,)
    for number in range(10):
        rows, columns = estimates[f"tr_classidx_{number}"], estimates[f"tt_classidx_{number}"]
        assert (estimates["tr_labels"][rows] == number).all()
        assert (estimates["tt_labels"][columns] == number).all()
        assert estimates[f"infl_matrix_class{number}"].shape == (len(rows), len(columns))
    assert (estimates["tr_num_in"] + estimates["tr_num_out"] == 12).all()
    assert {"tr_idx", "tt_idx", "infl", "mem"} <= pairs.keys()
    assert (pairs["infl"] >= 0.15).all()
    assert (pairs["mem"] >= 0.25).all()
    np.testing.assert_array_equal(pairs["mem"], estimates["tr_mem"][pairs["tr_idx"]])
    np.testing.assert_array_equal(estimates["tr_labels"][pairs["tr_idx"]], estimates["tt_labels"][pairs["tt_idx"]])


def test_estimates_are_those_of_the_stored_models(finished):
    """From the blocks alone, by loops."""
    estimates = dict(np.load(finished / "estimates.npz"))
    outcomes, _ = store.read_outcomes(finished, store.finished_blocks(finished), 12)
    full = np.load(finished / "influence.npy", mmap_mode="r")

    for i in (0, 17, 79):
        seen = outcomes.masks[:, i]
        right = outcomes.train["correct"][:, i]
        np.testing.assert_allclose(estimates["tr_mem"][i], right[seen].mean() - right[~seen].mean(), atol=1e-6)
        for j in (0, 29):
            right = outcomes.test["correct"][:, j]
            np.testing.assert_allclose(full[i, j], right[seen].mean() - right[~seen].mean(), atol=1e-6)
    rows, columns = estimates["tr_classidx_3"], estimates["tt_classidx_3"]
    np.testing.assert_allclose(full[np.ix_(rows, columns)], estimates["infl_matrix_class3"], atol=1e-6)


def test_a_finished_run_trains_nothing_and_prints_the_same(finished, capsys):
    before = contents(finished)

    assert run.main(["--run", str(finished), "--label-noise", "0.1", *SMALL]) == 0

    out = capsys.readouterr().out
    assert "report.html" in out
    assert "standard error" in out
    assert "of 80 training labels look" in out
    assert out.index("models say") < out.index("standard error")
    assert contents(finished) == before


def test_more_models_train_the_difference_and_equal_a_run_of_that_size(tmp_path):
    options = [*SMALL, "--pack-size", "4"]
    more = [*options, "--num-models", "18"]
    assert run.main(["--run", str(tmp_path / "a"), *options]) == 0
    first = contents(tmp_path / "a")
    assert run.main(["--run", str(tmp_path / "a"), *more]) == 0
    assert run.main(["--run", str(tmp_path / "b"), *more]) == 0

    extended, whole = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert first.items() <= extended.items()
    assert [name for name in extended if name.endswith("npz")] == [f"00000{number}.npz" for number in range(5)]
    assert extended == whole
    assert np.load(tmp_path / "a" / "estimates.npz")["num_models"] == 18
    one, other = (dict(np.load(tmp_path / name / "estimates.npz")) for name in "ab")
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_corrupt_block_is_set_aside_and_trained_again(tmp_path, capsys):
    options = ["--run", str(tmp_path / "a"), *SMALL]
    assert run.main(options) == 0
    good = contents(tmp_path / "a")
    path = block_path(tmp_path / "a", 1)
    path.write_bytes(path.read_bytes()[:-1])
    shutil.rmtree(tmp_path / "a" / "results")

    assert run.main(options) == 0

    assert good.items() <= contents(tmp_path / "a").items()
    assert "000001.npz.bad-0" in contents(tmp_path / "a")
    assert "trained again" in capsys.readouterr().err


@pytest.mark.parametrize("record", [[], ["--record", "correct"]])
def test_a_block_that_is_damaged_each_time_ends_the_run_and_the_next_one_goes_on(tmp_path, monkeypatch, capsys, record):
    options = ["--run", str(tmp_path / "a"), *SMALL, *record]
    name, read = ("read_block", store.read_block) if record else ("read_outcomes", store.read_outcomes)
    times = []

    def fail(*arguments):
        times.append(1)
        if len(times) > 20:
            pytest.fail("it goes on without end")
        raise store.CorruptBlock(1, "its checksum differs")

    monkeypatch.setattr(store, name, fail)
    assert run.main(options) == 2

    [line] = [line for line in capsys.readouterr().err.splitlines() if "4 times" in line]
    assert "000001.npz.bad-3" in line
    assert "the same command then goes on" in line
    monkeypatch.setattr(store, name, read)
    assert run.main(options) == 0


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch, capsys):
    options = ["--run", str(tmp_path / "a"), *SMALL, "--pack-size", "2"]
    written = []
    write_block = store.write_block

    def write_three(*arguments):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(arguments[1])
        return write_block(*arguments)

    monkeypatch.setattr(store, "write_block", write_three)
    assert run.main(options) == 130
    assert "continues from there" in capsys.readouterr().err
    monkeypatch.setattr(store, "write_block", write_block)
    assert store.finished_blocks(tmp_path / "a") == {0, 1, 2}
    assert run.main(options) == 0

    assert run.main(["--run", str(tmp_path / "b"), *SMALL, "--pack-size", "2"]) == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_folder_of_another_run_is_refused_and_kept(finished, capsys):
    before = contents(finished)

    assert run.main(["--run", str(finished), "--label-noise", "0.2", *SMALL, "--seed", "1"]) == 2

    err = capsys.readouterr().err
    assert "data.label_noise: 0.1 in the folder, 0.2 requested" in err
    assert "seed: 0 in the folder, 1 requested" in err
    assert contents(finished) == before


def test_diverged_models_are_counted_not_averaged_in(tmp_path, capsys):
    options = [*SMALL, "--optimizer", "sgd", "--learning-rate", "1e30"]

    assert run.main(["--run", str(tmp_path / "a"), *options]) == 2
    assert "all 12 models diverged" in capsys.readouterr().err


def test_status_and_report(finished, capsys):
    assert run.main(["status", str(finished)]) == 0
    assert "12 of 12 trained" in capsys.readouterr().out
    (finished / "report.html").unlink()
    assert run.main(["report", str(finished)]) == 0
    whole = (finished / "report.html").read_text()
    assert "Memorization" in whole
    assert "sheet-train-0" in whole
    assert run.main(["report", str(finished), "--no-examples"]) == 0
    assert "sheet-train-0" not in (finished / "report.html").read_text()
    assert run.main(["report", str(finished)]) == 0
    assert (finished / "report.html").read_text() == whole


def test_pairs_list_for_each_example_what_it_helps_and_hurts_most(finished):
    pairs = dict(np.load(finished / "pairs.npz", allow_pickle=False))
    full = np.load(finished / "influence.npy", allow_pickle=False)

    np.testing.assert_array_equal(pairs["helped_infl"], -np.sort(-full, axis=1)[:, :5])
    np.testing.assert_array_equal(pairs["hurt_infl"], np.sort(full, axis=1)[:, :5])
    np.testing.assert_array_equal(np.take_along_axis(full, pairs["hurt_idx"], 1), pairs["hurt_infl"])


def test_doctor_says_what_a_run_will_take(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(forecast, "ENOUGH", 0.0)

    assert run.main(["doctor", *SMALL]) == 0

    out = capsys.readouterr().out
    for word in ("jax", "2 x cpu", "GiB", "models/s", "standard error", "lemma 2.1"):
        assert word in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--num-models", "1"],
        ["--subset-fraction", "0"],
        ["--subset-fraction", "1"],
        ["--epochs", "0"],
        ["--batch-size", "0"],
        ["--learning-rate", "-1"],
        ["--seed", "-1"],
        ["--pack-size", "0"],
        ["--dataset", "nothing"],
        ["--dataset", "idx:/nowhere"],
        ["--dataset", "npz:/nowhere.npz"],
        ["--model", "nothing"],
        ["--model", "mlp:"],
        ["--model", "no.such:thing"],
        ["--optimizer", "nothing"],
        ["--keep", "probability"],
        ["--keep", "nonsense"],
        ["--score", "nonsense"],
        ["--design", "masks-file"],
        ["--design", "masks-file", "--masks-file", "/nowhere.npy"],
        ["--per-class", "0"],
        ["--classes", "1"],
        ["--classes", "1", "1"],
        ["--classes", "1", "99"],
        ["--label-noise", "2"],
        ["--run", "/proc/no"],
        ["--run", "/dev/null"],
        ["status", "/nowhere"],
        ["report", "/nowhere"],
        ["seed", "nothing", "/nowhere"],
    ],
    ids=" ".join,
)
def test_wrong_options_are_refused_in_one_line(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert run.main(arguments) == 2

    err = capsys.readouterr().err.strip()
    assert len(err.splitlines()) == 1
    assert err.startswith("memjax: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--num-models", "many"], ["status"]])
def test_unknown_options_are_refused(arguments):
    with pytest.raises(SystemExit) as leave:
        run.main(arguments)

    assert leave.value.code == 2


@pytest.mark.parametrize(
    ("corrupt", "words"),
    [
        (lambda a: a.update(y_train=a["y_train"] - 1), "label"),
        (lambda a: a["x_train"].__setitem__((3, 0), np.nan), "3"),
        (lambda a: a.update(y_train=a["y_train"][:-1]), "9 inputs and 8 labels"),
        (lambda a: a.update(y_train=np.where(a["y_train"] == 1, 2, a["y_train"])), "class"),
        (lambda a: a.update(x_train=a["x_train"][:1], y_train=a["y_train"][:1]), "training"),
    ],
    ids=["labels out of range", "NaN", "lengths differ", "empty class", "one example"],
)
def test_unfit_data_are_refused_in_one_line(corrupt, words, tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.normal(size=(9, 2)), "y_train": np.arange(9) % 3,
        "x_test": rng.normal(size=(3, 2)), "y_test": np.arange(3),
    }  # fmt: skip
    corrupt(arrays)
    np.savez(tmp_path / "d.npz", **arrays)
    monkeypatch.chdir(tmp_path)

    assert run.main(["--dataset", "npz:d.npz"]) == 2

    err = capsys.readouterr().err.strip()
    assert len(err.splitlines()) == 1
    assert words in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.ci
def test_a_model_of_the_users_own_on_vectors(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.normal(size=(30, 5)).astype(np.float32), "y_train": np.arange(30) % 3,
        "x_test": rng.normal(size=(6, 5)).astype(np.float32), "y_test": np.arange(6) % 3,
    }  # fmt: skip
    np.savez(tmp_path / "d.npz", **arrays)
    options = ["--dataset", f"npz:{tmp_path / 'd.npz'}", "--num-models", "4", "--epochs", "2"]

    assert run.main(["--run", str(tmp_path / "a"), *options, "--model", "tests.models.zoo:Noisy"]) == 0
    assert run.main(["--run", str(tmp_path / "b"), *options, "--design", "leave-one-out", "--model", "linear"]) == 0
