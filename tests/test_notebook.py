"""How results are displayed: short, correct, and with all text escaped."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memjax
from memjax import notebook
from memjax.errors import InputError
from memjax.estimators import Curve, Datamodels, LinearDatamodelingScore, Pairs, Profile, Reliability
from memjax.types import Estimate
from tests.conftest import make_dataset


def an_estimate(shape=(3,)):
    value = np.resize([0.5, np.nan, -0.25], shape)
    return Estimate(
        value, np.resize([0.3, np.nan, 0.4], shape), np.resize([7, 10, 6], shape), np.resize([3, 0, 4], shape)
    )


def test_an_estimate_shows_its_shape_range_errors_counts_and_undefined_entries():
    typical = np.sqrt((0.3**2 + 0.4**2) / 2)

    assert repr(an_estimate()) == (
        f"Estimate(3: -0.25 to 0.5, 1 undefined; standard error {typical:.3g} typical, 0.4 at most; in 6 to 10 models, "
        "out of 0 to 4)"
    )
    assert "Estimate(2 x 3: " in repr(an_estimate((2, 3)))
    assert "all 2 undefined" in repr(Estimate(*np.full((4, 2), np.nan)))
    assert "Estimate(0: empty" in repr(Estimate(*np.zeros((4, 0))))


def test_a_summary_does_not_depend_on_the_parts_it_is_made_from(monkeypatch):
    values = np.random.default_rng(0).normal(size=1000)
    values[::7] = np.nan
    monkeypatch.setattr(notebook, "_ENTRIES_AT_ONCE", 64)

    summary = notebook.Summary(values)

    assert (summary.low, summary.high) == (np.nanmin(values), np.nanmax(values))
    assert summary.undefined == np.isnan(values).sum()
    assert summary.typical == pytest.approx(np.sqrt(np.nanmean(values**2)))


def test_within_jit_an_estimate_shows_its_tracers():
    shown = []

    @jax.jit
    def look(masks, correct):
        estimate = memjax.types.Estimate(masks, correct, masks, masks)
        shown.extend([repr(estimate), estimate._repr_html_()])
        return estimate

    found = look(jnp.ones(2), jnp.zeros(2))

    assert shown[0].startswith("Estimate(value=")
    assert shown[1] is None
    assert repr(found).startswith("Estimate(2: 1 to 1;")
    assert repr(jax.tree.map(lambda _: None, found)).startswith("Estimate(value=None")


def test_a_notebook_shows_the_largest_values_in_order():
    table = an_estimate((2, 3))._repr_html_()

    assert re.findall("<th>(.*?)</th>", table) == ["train", "test", "value", "stderr", "num_in", "num_out"]
    cells = re.findall("<td>(.*?)</td>", table)
    assert list(map(float, cells[2::6])) == [0.5, 0.5, -0.25, -0.25]  # two of six are undefined
    assert list(zip(cells[0::6], cells[1::6], strict=True)) == [("0", "0"), ("1", "0"), ("0", "2"), ("1", "2")]
    assert an_estimate((1, 1, 3))._repr_html_() is None


def test_texts_in_a_table_are_escaped():
    table = notebook.html_table("<b>", notebook.frame({"<i>": ["<script>alert(1)</script> & $x$"]}))

    assert "<script" not in table
    assert "<b>" not in table
    assert "<i>" not in table
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $x$" in table


def test_a_data_frame_has_one_column_per_array():
    estimate = an_estimate((2, 3))

    frame = estimate.to_dataframe()

    assert list(frame.columns) == ["value", "stderr", "num_in", "num_out"]
    assert frame.loc[(1, 2), "num_in"] == 6
    assert an_estimate().to_dataframe().index.name == "example"
    pairs = Pairs(np.array([4, 4]), np.array([1, 2]), np.array([0.5, 0.25]), np.array([0.1, 0.1]))
    assert pairs.to_dataframe()["tt_idx"].tolist() == [1, 2]
    with pytest.raises(InputError, match="one or two axes"):
        an_estimate((1, 1, 3)).to_dataframe()


def test_other_results_show_their_main_numbers():
    ones = np.ones(2)
    false, true = np.array([0, 0.005, 0.5, 1]), np.array([0.2, 0.3, 0.9, 1])

    pairs = Pairs(np.array([4, 4]), np.array([1, 2]), np.array([0.5, 0.25]), np.array([0.3, 0.4]))
    said = {
        repr(pairs): "Pairs(2: 1 training and 2 test examples; influence 0.25 to 0.5; standard error 0.354 typical)",
        repr(Reliability(0.81234, 0.9, 40, 0.5)): "Reliability(halves=0.812, whole=0.9, num_examples=40, spearman=0.5)",
        repr(LinearDatamodelingScore(0.4, 0.3, 0.5, ones, 1, np.nan)): (
            "LinearDatamodelingScore(0.4, 95 % interval 0.3 to 0.5; 2 test examples, 1 undefined)"
        ),
        repr(Curve(false, true, 0.8, 0.7, 0, 10, 2000)): (
            "Curve(AUC 0.8, balanced accuracy 0.7; true positives 0.3 (0.0667 to 0.652) at 1 % false ones, "
            "0.2 (0.0252 to 0.556) at 0.1 %; 2,000 non-members can show 0.05 % false ones or more; 4 thresholds)"
        ),
        repr(Datamodels(np.diag([0.0, 2.0]), ones, ones, ones, ones / 2)): (
            "Datamodels(2 x 2: 1 of 4 weights are not 0, 0 to 2; held-out R2 0.5 to 0.5)"
        ),
        repr(Profile(np.array([5, 9]), ones, ones, ones)): "Profile(2 sizes from 5 to 9, 2 examples: 1 to 1)",
        repr(make_dataset()): "Dataset('clouds': 60 training and 20 test examples of shape (4,), 3 classes)",
    }

    assert list(said) == list(said.values())


def test_a_design_and_its_coverage_show_their_main_numbers():
    design = memjax.make_design(memjax.SubsetSpec(design="balanced"), 20, 0)

    assert repr(design) == "SubsetDesign('14 examples per model, every example equally often' of 20)"
    assert repr(memjax.coverage(design, 10)) == (
        "Coverage(20 examples: in 7 to 7 models, out of 3 to 3; standard error at most 0.345, 0 undefined)"
    )
