"""A run as a data set for others: what is in the folder, who can load it, and what its columns mean."""

import csv
import hashlib
import json
import shutil
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import memjax
from memjax import run
from memjax.metrics import METRICS
from memjax.runs.publish import dictionary, meaning, tables_of

TABLES = {"examples", "tests", "pairs", "extremes", "models"}


def published(folder, out, *more) -> int:
    return run.main(["publish", str(folder), "--out", str(out), *more])


@pytest.fixture(scope="module")
def digits(small_run, tmp_path_factory):
    """A run with test examples, whose examples have row numbers."""
    out = tmp_path_factory.mktemp("published") / "digits"
    assert published(small_run, out, "--licence", "CC-BY-4.0", "--creator", "A | B", "--name", "Digits: 0 to 9") == 0
    return memjax.open(small_run), out


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """A run without test examples: words as labels, names of rows, and recorded epochs."""
    folder = tmp_path_factory.mktemp("words")
    labels, names = np.array(["crème", "a|b", "<b>"])[np.arange(30) % 3], [f"N{row:02d}" for row in range(30)]
    given = {
        "ids": names,
        "num_models": 8,
        "pack_size": 4,
        "epochs": 2,
        "model": "linear",
        "record": ("loss", "correct"),
    }
    given |= {"keep": ("correct", "margin", "probability"), "record": ("loss", "correct"), "progress": False}
    result = memjax.fit(np.random.default_rng(0).normal(size=(30, 4)), labels, run=str(folder / "run"), **given)
    assert published(folder / "run", folder / "out") == 0
    return result, folder / "out"


def test_numpy_alone_reads_masks_and_scores(digits, words):
    for result, out in (digits, words):
        with np.load(out / "models.npz", allow_pickle=False) as file:
            np.testing.assert_array_equal(file["masks"], result.outcomes.masks)
            np.testing.assert_array_equal(file["train_correct"], result.outcomes.train["correct"])
        with np.load(out / "examples.npz", allow_pickle=False) as file:
            np.testing.assert_array_equal(file["memorization"], result.memorization.value)
            assert file["id"].tolist() == result.ids.tolist()
            assert file["label"].astype(str).tolist() == [str(each) for each in result.columns["label"]]


def test_the_estimates_can_be_made_again_from_what_is_published(digits, tmp_path):
    result, out = digits

    assert run.main(["estimate", "--arrays", str(out / "models.npz"), "--out", str(tmp_path), "--quiet"]) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "estimates.npz")["tr_mem"], result.memorization.value)


def test_parquet_has_the_same_and_a_list_for_each_model(words):
    result, out = words

    models = pd.read_parquet(out / "models.parquet")
    np.testing.assert_array_equal(np.stack(models["trained_on"]), result.outcomes.masks)
    assert "test_correct" not in models
    dynamics = pd.read_parquet(out / "dynamics.parquet").set_index(["id", "epoch"])
    curves = np.load(result.folder / "dynamics.npz")
    assert dynamics["loss_in"]["N07", curves["epochs"][-1]] == curves["tr_loss_in"][7, -1]
    examples = pd.read_parquet(out / "examples.parquet").set_index("id")
    assert examples["learned_out"]["N07"] == curves["tr_learned_out"][7]
    assert examples["memorization_margin"]["N07"] == result.estimates.scores["margin"].memorization.value[7]
    assert not (out / "tests.parquet").exists()


def test_checksums_are_of_the_files(digits):
    _, out = digits
    lines = dict(reversed(line.split("  ")) for line in (out / "SHA256SUMS").read_text().splitlines())

    assert lines.keys() == {path.name for path in out.iterdir()} - {"SHA256SUMS", "export-published.json"}
    assert {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in lines} == lines
    noted = {each["name"]: each["sha256"] for each in json.loads((out / "croissant.json").read_text())["distribution"]}
    assert noted == {name: lines[name] for name in lines.keys() - {"README.md", "croissant.json"}}


def test_the_card_says_the_licence_or_that_it_is_unknown(digits, words, capsys, tmp_path):
    known, unknown = ((out / "README.md").read_text() for _, out in (digits, words))

    assert known.startswith('---\npretty_name: "Digits: 0 to 9"\nlicense: "cc-by-4.0"\n')
    assert "Licence: CC-BY-4.0." in known
    assert "| data | digits" in known
    assert 'license: "unknown"' in unknown
    assert "Nobody has said under which licence" in unknown
    assert json.loads((words[1] / "croissant.json").read_text())["license"] == "unknown"
    assert published(words[0].folder, tmp_path / "new", "--licence", "ask us") == 0
    assert 'license: "other"\nlicense_name: "ask us"\n' in (tmp_path / "new" / "README.md").read_text()
    capsys.readouterr()
    assert published(words[0].folder, tmp_path / "new") == 0  # over an older one
    assert "give --licence" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of rdflib, which mlcroissant uses
def test_croissant_is_valid_and_its_records_are_read(digits, words):
    if find_spec("mlcroissant") is None:
        pytest.skip("mlcroissant is not installed; pip install mlcroissant")
    import mlcroissant

    for result, out in (digits, words):
        found = mlcroissant.Dataset(jsonld=str(out / "croissant.json"))
        assert not found.metadata.ctx.issues.errors
        assert not found.metadata.ctx.issues.warnings
        records = list(found.records("examples"))
        values = np.array([row["examples/memorization"] for row in records], np.float64)
        np.testing.assert_array_equal(values, result.memorization.value)
        first = next(iter(found.records("models")))["models/trained_on"]
        np.testing.assert_array_equal(first, result.outcomes.masks[0])


def test_datasets_loads_every_table(digits, words, tmp_path, monkeypatch):
    if find_spec("datasets") is None:
        pytest.skip("datasets is not installed; pip install datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    for (result, out), names in ((digits, TABLES), (words, TABLES - {"tests", "pairs", "extremes"} | {"dynamics"})):
        assert set(datasets.get_dataset_config_names(str(out))) == names
        for name in names:
            assert len(datasets.load_dataset(str(out), name, split="train", cache_dir=str(tmp_path))) > 0
        examples = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path))
        assert examples["label"] == result.columns["label"].tolist()


def test_every_column_has_a_meaning_and_every_metric_has_one(digits, words):
    for result, out in (digits, words):
        with open(out / "columns.csv", newline="") as stream:
            rows = {(row["table"], row["column"]): row for row in csv.DictReader(stream)}
        for path in out.glob("*.parquet"):
            assert {(path.stem, name) for name in pd.read_parquet(path).columns} <= rows.keys()
        assert all(row["meaning"] for row in rows.values())
        assert dictionary(tables_of(result))["table"][0] == "examples"
    assert rows["examples", "probability_out"]["range"] == "0 to 1"
    assert rows["dynamics", "loss_in"]["range"] == "0 and more"
    assert rows["examples", "margin_in"]["range"] == "any number"
    for name in METRICS:
        assert name in meaning("dynamics", f"{name}_out_stderr")[0]
    with pytest.raises(KeyError):
        meaning("examples", "unheard_of")


@pytest.mark.ci
@pytest.mark.parametrize(
    ("targets", "options", "lines"),
    [
        (
            np.repeat(np.arange(3), 8),
            {"groups": np.repeat(np.arange(12), 2)},
            ["| `groups.parquet`, `groups.npz` | 12 |"],
        ),
        (np.arange(24) / 7, {"task": "regression"}, ['file["train_minus_squared_error"]', "was trained on; the npz"]),
    ],
)
def test_groups_and_targets_are_published_too(targets, options, lines, tmp_path):
    inputs, size = np.random.default_rng(0).normal(size=(24, 4)), {"num_models": 8, "pack_size": 4, "epochs": 2}
    memjax.fit(inputs, targets, run=tmp_path / "run", model="linear", progress=False, **size, **options)

    assert published(tmp_path / "run", tmp_path / "out") == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert all(line in card for line in lines)
    with np.load(tmp_path / "out" / "models.npz", allow_pickle=False) as file:
        assert all(f'file["{name}"]' not in card or name in file for name in ("masks", "train_correct"))


def test_wrong_folders_and_unfinished_runs_are_refused(digits, tmp_path, capsys):
    result, _ = digits
    (tmp_path / "README.md").write_text("mine")

    assert published(result.folder, tmp_path) == 2
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "README.md").read_text() == "mine"
    assert published(result.folder, result.folder) == 2
    assert published(result.folder, tmp_path / "README.md") == 2
    assert published(tmp_path / "none", tmp_path / "new") == 2
    assert "holds no run" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    shutil.copytree(result.folder, tmp_path / "half")
    shutil.rmtree(tmp_path / "half" / "results")
    for part in (tmp_path / "half" / "blocks").glob("000001*"):
        part.unlink()
    assert published(tmp_path / "half", tmp_path / "new") == 2
    assert "models are not trained yet" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
