"""A truth for attribution methods: what is in the folder, that it goes on, moves and judges, and who can read it."""

import hashlib
import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.stats import spearmanr

import memjax
from memjax import run
from memjax.errors import InputError
from memjax.runs import brittleness

pytestmark = pytest.mark.ci

OPTIONS = [
    "--per-class",
    "6",
    "--test-per-class",
    "3",
    "--classes",
    "0",
    "1",
    "2",
    "--epochs",
    "40",
    "--model",
    "linear",
]
OPTIONS += ["--num-models", "24", "--pack-size", "12", "--label-noise", "0.2", "--left-out", "4", "--repeats", "3"]
OPTIONS += ["--brittleness", "3", "--remove", "4"]


def make(out, *more) -> int:
    return run.main(["truth", "--out", str(out), *OPTIONS, "--quiet", *more])


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    out = tmp_path_factory.mktemp("truth") / "made"
    assert make(out, "--licence", "CC0-1.0") == 0
    shutil.move(out, out.with_name("moved"))
    return out.with_name("moved")


@pytest.fixture(scope="module")
def arrays(truth):
    with np.load(truth / "truth.npz") as file:
        return dict(file)


def test_the_arrays_are_what_the_runs_found(truth, arrays):
    models, twin, left_out = (memjax.open(truth / "runs" / name) for name in ("models", "twin", "left-out"))

    np.testing.assert_array_equal(arrays["masks"], models.outcomes.masks)
    assert (arrays["masks"].sum(1) == 9).all()
    np.testing.assert_array_equal(arrays["outputs"], models.outcomes.test["margin"])
    np.testing.assert_array_equal(twin.outcomes.masks, models.outcomes.masks)
    np.testing.assert_array_equal(arrays["twin_outputs"], twin.outcomes.test["margin"])
    assert not np.array_equal(arrays["outputs"], arrays["twin_outputs"])
    margins = left_out.outcomes.test["margin"].reshape(3, 5, 9)
    missing = [np.flatnonzero(~mask).tolist() for mask in left_out.outcomes.masks]
    assert missing == 3 * [[], *([row] for row in arrays["left_out"].tolist())]
    np.testing.assert_array_equal(arrays["everything_outputs"], margins[:, 0])
    np.testing.assert_array_equal(arrays["left_out_outputs"], margins[:, 1:])
    assert {*models.estimates.most_memorized(2).tolist()} <= {*arrays["left_out"].tolist()}
    np.testing.assert_array_equal(arrays["wrong_labels"], models.dataset.mislabelled)
    with np.load(truth / "data.npz") as data:
        np.testing.assert_array_equal(data["x_train"], models.dataset.train_inputs)
        np.testing.assert_array_equal(data["y_test"], models.dataset.test_labels)
    assert json.loads((truth / "recipe.json").read_text())["train"]["epochs"] == 40


def test_the_card_has_code_that_runs_and_checksums_are_of_the_files(truth, arrays, capsys):
    card = (truth / "README.md").read_text()
    code = card.split("```python\n")[1].split("```")[0].replace("DIR", str(truth))
    scores = np.random.default_rng(0).normal(size=(18, 9))

    exec(code, named := {"scores": scores})

    expected = [spearmanr(arrays["masks"] @ scores[:, j], arrays["outputs"][:, j])[0] for j in range(9)]
    assert float(capsys.readouterr().out.split()[0]) == pytest.approx(np.mean(expected))
    assert named["effect"].shape == (4, 9)
    assert "3, 4, test" in card
    assert len(code.splitlines()) <= 12
    lines = dict(reversed(line.split("  ")) for line in (truth / "SHA256SUMS").read_text().splitlines())
    assert {name: hashlib.sha256((truth / name).read_bytes()).hexdigest() for name in lines} == lines
    assert {"truth.npz", "data.npz", "recipe.json", "dattri/23/indices.txt", "quanda/lds_subsets.yaml"} <= lines.keys()


def test_the_folder_judges_scores_with_ceiling_and_left_out_examples(truth):
    verdict = memjax.judge(np.random.default_rng(0).normal(size=(18, 9)), truth)

    assert np.isfinite(verdict["LDS"].ceiling)
    assert verdict["LDS"].low <= 0 <= verdict["LDS"].high
    assert "4 examples left out, 15 models" in verdict["left out"].about
    assert "wrong labels" in [each.name for each in verdict.measures]


def test_brittleness_is_what_models_without_the_most_influential_examples_get_wrong(truth, arrays):
    models, removed = (memjax.open(truth / "runs" / name) for name in ("models", "removed"))
    influence = np.asarray(memjax.influence(arrays["masks"], arrays["outputs"]).value)
    labels, tests = arrays["train_labels"], arrays["brittle_tests"]
    wrong = ~removed.outcomes.test["correct"].reshape(7, 5, 9).astype(bool)

    assert (models.outcomes.test["correct"].mean(0)[tests] > 0.5).all()
    assert removed.num_models == (1 + 2 * len(tests)) * 5 == 35
    for number, test in enumerate(tests):
        highest, random = (np.flatnonzero(~mask) for mask in arrays["brittle_masks"][:, number])
        assert {*highest} == {*np.argsort(-influence[:, test])[:4]}
        assert (labels[random] == arrays["test_labels"][test]).all()
        assert len(random) == min(4, (labels == arrays["test_labels"][test]).sum())
        shares = wrong[0, :, test], wrong[1 + number, :, test], wrong[4 + number, :, test]
        np.testing.assert_allclose(arrays["brittle_wrong"][:, number], np.mean(shares, axis=1))
    assert "everything but the 4 training examples" in (truth / "README.md").read_text()


def test_judge_takes_ceiling_and_chance_of_brittleness_from_the_truth(truth, arrays, monkeypatch):
    scores, trained = np.random.default_rng(0).normal(size=(18, 9)), []
    fit = brittleness.fit_config
    monkeypatch.setattr(
        brittleness, "fit_config", lambda config, *a, **k: trained.append(config) or fit(config, *a, **k)
    )

    found = memjax.judge(scores, truth, brittleness=2, repeats=2)["brittleness"]

    assert (found.ceiling, found.chance) == tuple(arrays["brittle_wrong"][1:, :2].mean(1))
    assert "4 training examples are removed, 2 models each" in found.about
    assert "as stored in the truth" in found.about
    assert [config.num_models for config in trained] == [(1 + 2) * 2]
    with pytest.raises(InputError, match="--remove is 18"):
        memjax.judge(scores, truth, brittleness=2, remove=18)
    with pytest.raises(InputError, match="--repeats 0"):
        memjax.judge(scores, truth, brittleness=2, repeats=0)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("brittle_tests", lambda values: values + 9),
        ("brittle_masks", lambda values: values.astype(int)),
        ("brittle_masks", lambda values: values[:, :, :9]),
        ("brittle_wrong", lambda values: values[:2]),
        ("brittle_tests", lambda values: values[0]),
    ],
)
def test_brittleness_that_does_not_fit_the_run_is_refused(truth, arrays, tmp_path, name, change):
    models = memjax.open(truth / "runs" / "models")
    np.savez(tmp_path / "truth.npz", **arrays | {name: change(arrays[name])})

    with pytest.raises(InputError, match=r"arrays brittle_... have shapes"):
        brittleness.stored_removals(tmp_path, models)
    np.savez(tmp_path / "truth.npz", **{key: values for key, values in arrays.items() if key != name})
    assert brittleness.stored_removals(tmp_path, models) is None


def test_a_truth_goes_on_and_leaves_other_folders_alone(truth, tmp_path, capsys):
    before = (truth / "truth.npz").read_bytes()
    shutil.rmtree(truth / "quanda")
    (truth / "truth.npz").unlink()

    assert make(truth) == 0

    assert (truth / "truth.npz").read_bytes() == before
    (tmp_path / "mine.txt").write_text("mine")
    assert make(tmp_path) == 2
    assert "holds other files" in capsys.readouterr().err
    assert make(tmp_path / "new", "--design", "bernoulli") == 2
    assert "subsets of one size" in capsys.readouterr().err
    assert make(tmp_path / "new", "--task", "regression", "--keep", "minus_squared_error") == 2
    assert "a truth is of classes" in capsys.readouterr().err
    assert make(tmp_path / "new", "--task", "counts") == 2
    assert "a truth is of classes" in capsys.readouterr().err
    assert make(tmp_path / "new", "--repeats", "0") == 2
    assert make(tmp_path / "new", "--remove", "0") == 2
    assert "--remove 0; give 0 or more, and 1 or more" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch and what it brings
def test_the_readers_of_dattri_and_quanda_take_the_folder(truth, arrays, monkeypatch, capsys):
    for name in ("dattri", "quanda"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed; pip install {name}")
    import torch
    from quanda.utils.datasets.transformed.metadata import LabelFlippingMetadata

    codes = [
        part.split("```")[0].replace("DIR", str(truth))
        for part in (truth / "README.md").read_text().split("```python\n")
    ]
    scores = np.random.default_rng(0).normal(size=(18, 9))
    expected = np.mean([spearmanr(arrays["masks"] @ scores[:, j], arrays["outputs"][:, j])[0] for j in range(9)])
    with np.load(truth / "data.npz") as data:
        sides = [torch.utils.data.TensorDataset(*(torch.from_numpy(data[f"{axis}_{side}"]) for axis in "xy"))
                 for side in ("train", "test")]  # fmt: skip
    named = {"truth": arrays, "scores": torch.from_numpy(scores), "train_set": sides[0]}
    named |= {"test_loader": torch.utils.data.DataLoader(sides[1], batch_size=9)}
    named |= {"test_inputs": sides[1].tensors[0], "test_labels": sides[1].tensors[1].long()}
    named["effect"] = arrays["everything_outputs"].mean(0) - arrays["left_out_outputs"].mean(0)
    monkeypatch.chdir(truth)

    for code in codes[2:4]:
        exec(code, named)

    by_dattri, left_out, by_quanda = capsys.readouterr().out.strip().splitlines()
    assert float(by_dattri.split("(")[1].split(",")[0].rstrip(")")) == pytest.approx(expected, abs=1e-4)
    pearson = [np.corrcoef(scores[arrays["left_out"], j], named["effect"][:, j])[0, 1] for j in range(9)]
    assert float(left_out.split("(")[1].split(",")[0].rstrip(")")) == pytest.approx(np.mean(pearson), abs=1e-4)
    assert eval(by_quanda)["score"] == pytest.approx(expected, abs=1e-4)
    flipped = LabelFlippingMetadata.load(str(truth / "quanda"), "mislabeling.yaml")
    flipped.validate(sides[0])
    wrong = np.flatnonzero(arrays["wrong_labels"]).tolist()
    assert flipped.generate_indices(sides[0]) == wrong
    assert flipped.mislabeling_labels == {row: int(arrays["train_labels"][row]) for row in wrong}
