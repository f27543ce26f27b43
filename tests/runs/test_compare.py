"""Two runs beside each other: examples matched by name, what moved beyond its error, and what cannot be compared."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import betainc

import memjax
from memjax import run
from memjax.errors import InputError
from memjax.runs.compare import difference_p_values

OPTIONS = ["--target", "kind", "--id", "who", "--split", "part", "--num-models", "24", "--pack-size", "12"]
OPTIONS += ["--epochs", "30", "--batch-size", "8", "--learning-rate", "0.02", "--model", "mlp:16"]
WRONG = ["N005", "N010", "N031"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two clouds of points with names: with four wrong labels, and with one of them and another row."""
    folder = tmp_path_factory.mktemp("compare")
    rng, number = np.random.default_rng(0), np.arange(90)
    label = number % 2
    table = pd.DataFrame(rng.normal(size=(90, 20)) + 2 * label[:, None]).add_prefix("x")
    table["kind"], table["who"] = np.array(["ant", "bee"])[label], [f"N{row:03d}" for row in number]
    table["part"] = np.where(number < 80, "train", "test")
    table.loc[60, "kind"] = "bee"  # wrong in both
    cleaned = table.assign(who=table["who"].replace("N040", "N140"))
    table.loc[[5, 10, 31], "kind"] = np.array(["ant", "bee"])[1 - label[[5, 10, 31]]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_NUM_CPU_DEVICES", "2")
        for name, rows in (("before", table), ("after", cleaned)):
            rows.to_csv(folder / f"{name}.csv", index=False)
            source = ["--dataset", f"csv:{folder / name}.csv", "--run", str(folder / name), "--quiet"]
            assert run.main([*source, *OPTIONS]) == 0
    return folder


def test_before_and_after_cleaning(runs):
    found = memjax.compare(runs / "before", memjax.open(runs / "after"))

    assert found.about[0] == ("run", "before", "after")
    assert len(found.columns["id"]) == 79
    assert (found.facts["only_a"], found.facts["only_b"]) == (1, 1)
    other = found.columns["label_a"] != found.columns["label_b"]
    assert found.columns["id"][other].tolist() == WRONG
    assert set(WRONG) <= set(found.moved["id"])
    assert (found.moved["difference"][:3] < -0.7).all()
    a, b = (memjax.open(runs / name).dataframe().set_index("id") for name in ("before", "after"))
    ids = found.columns["id"]
    np.testing.assert_array_equal(found.columns["memorization_a"], a["memorization"][ids])
    np.testing.assert_array_equal(found.columns["memorization_b"], b["memorization"][ids])
    np.testing.assert_allclose(found.columns["stderr"], np.hypot(a["stderr"][ids], b["stderr"][ids]), rtol=1e-6)
    both = pd.concat([a["memorization"], b["memorization"]], axis=1).dropna()
    assert found.facts["pearson"] == pytest.approx(both.corr().iloc[0, 1])
    assert found.facts["spearman"] == pytest.approx(both.corr("spearman").iloc[0, 1])
    halves = [memjax.open(runs / name).estimates.reliability for name in ("before", "after")]
    halves = [whole if whole > 0 else np.nan for whole in halves]
    assert found.facts["ceiling"] == pytest.approx(np.sqrt(np.prod(halves)), nan_ok=True)
    assert len(found.facts["notices"]) == 1
    assert "trained on the same subsets" in found.facts["notices"][0]
    assert "only in A" in repr(found)
    assert repr(found).count("3 of them with another label") == 1
    assert "<table>" in found._repr_html_()
    assert found.to_dataframe().shape == (79, 12)


def test_the_command_prints_and_writes(runs, capsys, tmp_path):
    files = ["--csv", str(tmp_path / "c.csv"), "--page", str(tmp_path / "new" / "c.html")]
    assert run.main(["compare", str(runs / "before"), str(runs / "after"), *files]) == 0

    said = capsys.readouterr().out
    assert "79 in both runs, 3 of them with another label; 1 only in A, 1 only in B" in " ".join(said.split())
    assert "moved beyond their error" in said
    assert all(name in said for name in WRONG)
    with open(tmp_path / "c.csv") as stream:
        assert len(list(csv.DictReader(stream))) == 79
    page = (tmp_path / "new" / "c.html").read_text()
    assert page.count("<circle") == 79
    assert "<script" not in page
    assert str(runs) not in page

    assert run.main(["compare", str(runs / "before"), str(runs / "after"), "--json", "--count", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["examples"], told["only_a"], told["other_label"]) == ("comparison", 79, 1, 3)
    assert len(told["rows"]) == 2
    assert run.main(["compare", str(runs / "before"), str(runs / "after"), "--count", "0"]) == 2


def test_one_run_twice_is_refused_also_as_a_copy(runs, tmp_path, capsys):
    shutil.copytree(runs / "before", tmp_path / "copy")
    for other in (runs / "before", tmp_path / "copy"):
        assert run.main(["compare", str(runs / "before"), str(other)]) == 2
        assert "hold the same models" in capsys.readouterr().err


def test_wrong_folders_and_unfinished_runs_are_refused(runs, tmp_path, capsys):
    assert run.main(["compare", str(runs / "before"), str(tmp_path / "none")]) == 2
    assert "holds no run" in capsys.readouterr().err
    shutil.copytree(runs / "after", tmp_path / "half")
    shutil.rmtree(tmp_path / "half" / "results")
    for block in (tmp_path / "half" / "blocks").glob("000001*"):
        block.unlink()
    assert run.main(["compare", str(runs / "before"), str(tmp_path / "half")]) == 2
    assert "12 of 24 models are not trained yet" in capsys.readouterr().err


def test_other_data_and_other_scores_are_refused_and_row_numbers_said(runs, small_run, tmp_path):
    with pytest.raises(InputError, match=r"no example is in both runs: the first of A is 'N000', of B '\d+'"):
        memjax.compare(runs / "before", small_run)
    digits, labels = memjax.open(small_run), np.full(60, "0")
    shared = digits.ids < 60
    labels[digits.ids[shared]] = digits.columns["label"][shared]
    options = {"num_models": 4, "pack_size": 2, "epochs": 1, "model": "linear", "progress": False}
    other = memjax.fit(np.random.default_rng(0).normal(size=(60, 3)), labels, run=str(tmp_path / "other"), **options)

    found = memjax.compare(digits, other)  # without test examples
    assert found.facts["examples"] == shared.sum() > 2
    assert "matched by the numbers" in found.facts["notices"][0]
    assert found.facts["pairs_both"] == 0

    other.__dict__["columns"] = other.columns | {"label": np.full(60, "p")}
    with pytest.raises(InputError, match=r"(\d+) of \1 examples that have one id in both runs have another label"):
        memjax.compare(digits, other)
    soft = memjax.open(runs / "after")
    soft.__dict__["_found"] = soft._found._replace(estimates=replace(soft.estimates, score="probability"))
    with pytest.raises(InputError, match="differences of correct, those of B of probability; estimate one again"):
        memjax.compare(runs / "before", soft)


def truth(models: int, rate_in, rate_out, rng) -> memjax.Estimate:
    """Memorization from counts, with the error that adds a success and a failure to each side."""
    num_in = rng.binomial(models, 0.7, len(rate_in)).clip(2, models - 2)
    num_out = models - num_in
    right_in, right_out = rng.binomial(num_in, rate_in), rng.binomial(num_out, rate_out)
    sides = [((right + 1) / (count + 2), count + 2) for right, count in ((right_in, num_in), (right_out, num_out))]
    stderr = np.sqrt(sum(rate * (1 - rate) / count for rate, count in sides))
    return memjax.Estimate(right_in / num_in - right_out / num_out, stderr, num_in, num_out, right_in + right_out)


@pytest.mark.parametrize("models", [(16, 16), (40, 400), (100, 1000), (500, 500)])
@pytest.mark.parametrize("shifted", [False, True])
def test_p_values_keep_their_level_down_to_where_many_examples_are_decided(models, shifted):
    """Of examples whose memorization is the same in both runs, also if both rates moved."""
    rng, count = np.random.default_rng(0), 100_000
    rate_in = np.where(rng.random(count) < 0.7, 0.995, rng.beta(8, 1, count))
    rate_out = np.where(rng.random(count) < 0.7, 0.98, rng.random(count)) * rate_in
    moved = rng.random(count) * rate_out * shifted

    p_values = difference_p_values(
        truth(models[0], rate_in, rate_out, rng), truth(models[1], rate_in - moved, rate_out - moved, rng)
    )

    for level in (0.05, 1e-2, 1e-3, 1e-4):
        assert (p_values <= level).mean() <= level + 4 * np.sqrt(level * (1 - level) / count)


def test_p_values_by_hand():
    """In 8 of 8 models in both runs; out 1 of 8 and 7 of 8: 1 / 2 together, with variance 1 / 4 (1 / 8 + 1 / 8)."""
    eight = np.full(1, 8.0)
    first, second = (
        memjax.Estimate(np.array([value]), np.sqrt(np.array([0.025])), eight, eight, np.array([right]))
        for value, right in ((7 / 8, 9.0), (1 / 8, 15.0))
    )

    # 3 / 4 over 1 / 4, which is more than sqrt(0.025 + 0.025)
    np.testing.assert_allclose(difference_p_values(first, second), 0.0026998, rtol=1e-4)
    # Without counts: t = 3 / 4 / sqrt(0.05), with 0.05^2 / (2 * 0.025^2 / 7) = 14 degrees of freedom
    plain = [memjax.Estimate(*each) for each in (first, second)]
    np.testing.assert_allclose(difference_p_values(*plain), betainc(7, 1 / 2, 14 / (14 + 11.25)), rtol=1e-6)
