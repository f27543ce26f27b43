"""What the page is given of recorded dynamics: the same numbers as in the file, few bytes, and only where recorded."""

import json

import numpy as np
import pytest

from memjax.errors import InputError
from memjax.report.page.dynamics import BYTES_MOST, EPOCHS_MOST, as_bytes, thinned
from memjax.report.page.figures import root_ticks, speed_drawing
from tests.report.report_page import Page, dataset_of, estimates_of, images, numbers_of, recorded_of, render


@pytest.fixture(scope="module")
def world():
    dataset = dataset_of(images(90), images(30))
    return dataset, estimates_of(dataset), recorded_of(dataset)


@pytest.fixture(scope="module")
def page(world):
    dataset, estimates, recorded = world
    return Page(render(dataset, estimates, dynamics=recorded))


def test_columns_are_the_arrays_and_bytes_the_curves(world, page):
    _, _, recorded = world
    numbers = numbers_of(page)
    row, found = numbers["train"]["row"], numbers["dynamics"]

    assert (found["first"], found["last"], found["learnedFrom"]) == (1, 11, "correct")
    curves = found["curves"]
    assert (curves["metric"], curves["epochs"]) == ("loss", [1, 3, 5, 7, 9, 11])
    for side in ("in", "out"):
        for key in (f"learned_{side}", f"learned_{side}_stderr", f"num_{side}", f"num_learned_{side}"):
            np.testing.assert_array_equal(found[key], recorded[f"tr_{key}"][row])
        for kind, name in (("mean", f"tr_loss_{side}"), ("stderr", f"tr_loss_{side}_stderr")):
            codes, top = curves[f"{kind}_{side}"].reshape(90, 6).astype(float), curves[f"{kind}_top"]
            roots = np.where(codes == 255, np.nan, codes / 254)
            np.testing.assert_allclose(roots, np.sqrt(recorded[name][row] / top), atol=0.5 / 254 + 1e-6)
        mean = recorded[f"tr_loss_{side}"].mean(1)
        np.testing.assert_array_equal(row[curves[f"easiest_{side}"]], np.argsort(mean, kind="stable")[:10])
        np.testing.assert_array_equal(mean[row[curves[f"hardest_{side}"]]], -np.sort(-mean[np.isfinite(mean)])[:10])
        np.testing.assert_array_equal(curves[f"over_{side}"], mean[row])
        np.testing.assert_allclose(
            curves[f"typical_{side}"], np.nanmean(recorded[f"tr_loss_{side}"], axis=0), rtol=1e-5
        )


def test_bytes_are_within_half_a_step_of_the_root_and_say_what_is_undefined():
    values = np.random.default_rng(0).uniform(0, 7, 1000)

    codes = as_bytes(np.append(values, [0, 7, np.nan]), 7.0)

    np.testing.assert_allclose((codes[:1000] / 254) ** 2 * 7, values, atol=2 * 7 / 254 / 2 + 1e-4)
    assert codes[1000:].tolist() == [0, 254, 255]
    assert as_bytes(np.array([0.0, np.nan]), 0.0).tolist() == [0, 255]


@pytest.mark.parametrize(("epochs", "train"), [(1, 10), (7, 10), (200, 10), (200, 70_000), (200, 10**6), (3, 10**6)])
def test_thinned_epochs_are_even_and_keep_both_ends(epochs, train):
    kept = thinned(epochs, train)

    assert (kept[0], kept[-1]) == (0, epochs - 1)
    assert len(kept) == len(np.unique(kept)) <= EPOCHS_MOST
    assert len(kept) <= max(8, BYTES_MOST // (4 * train))
    assert len(kept) < 2 or np.ptp(np.diff(kept)) <= 1
    assert epochs > 8 or len(kept) == epochs


def test_long_records_stay_small(world):
    dataset, estimates, _ = world

    numbers = numbers_of(Page(render(dataset, estimates, dynamics=recorded_of(dataset, num_epochs=300))))

    assert len(numbers["dynamics"]["curves"]["epochs"]) == EPOCHS_MOST
    assert numbers["dynamics"]["curves"]["epochs"][-1] == numbers["dynamics"]["last"] == 599


def test_without_records_there_is_no_view(world):
    dataset, estimates, recorded = world
    nothing = {"epochs": recorded["epochs"], "learned_from": np.array(""), "tr_num_in": recorded["tr_num_in"]}

    for dynamics in (None, nothing):
        page = Page(render(dataset, estimates, dynamics=dynamics))
        assert numbers_of(page)["dynamics"] is None
        assert not [
            e for e in page.elements if e["attrs"].get("id") == "dynamics" or e["attrs"].get("href") == "#dynamics"
        ]
        assert "Learning speed" not in page.texts("main")[0]


def test_without_loss_the_share_of_wrong_models_is_drawn(world):
    dataset, estimates, recorded = world
    correct = {name.replace("loss", "correct"): np.clip(values, 0, 1) if "loss" in name else values
               for name, values in recorded.items()}  # fmt: skip

    numbers = numbers_of(Page(render(dataset, estimates, dynamics=correct)))["dynamics"]

    assert numbers["curves"]["metric"] == "error"
    assert numbers["curves"]["mean_top"] <= 1
    speed_only = {name: values for name, values in recorded.items() if "loss" not in name}
    numbers = numbers_of(Page(render(dataset, estimates, dynamics=speed_only)))["dynamics"]
    assert numbers["curves"] is None
    assert len(numbers["learned_in"]) == 90


def test_the_static_page_has_figures_and_meanings(page):
    drawn = [e for e in page.find("svg") if any(p["attrs"].get("id") == "dynamics" for p in e["parents"])]
    assert len(drawn) == 3
    assert len(page.find("polyline", "easy")) == len(page.find("polyline", "hard")) == 20
    headings = page.texts("h3")
    assert {"Learning speed", "Loss trajectory, easiest and hardest"} <= set(headings)


def test_numbers_stay_without_examples_and_tell_nothing_of_their_looks(world):
    dataset, estimates, recorded = world

    html = render(dataset, estimates, dynamics=recorded, examples=False)

    recoloured = dataset_of(255 - dataset.train_inputs, 255 - dataset.test_inputs)
    assert render(recoloured, estimates, dynamics=recorded, examples=False) == html
    assert not Page(html).find("img")
    json.dumps(numbers_of(Page(html))["dynamics"]["last"])


def test_dynamics_of_other_data_are_refused(world):
    dataset, estimates, recorded = world

    with pytest.raises(InputError, match="not of 90 examples at 6 epochs"):
        render(dataset, estimates, dynamics=recorded | {"tr_learned_in": np.zeros(91)})


def test_every_defined_example_is_in_a_cell_inside_the_plane():
    learned, mem = np.array([0.0, 1, 5, 20, np.nan, 3]), np.array([-0.2, 0.1, 1.0, 0.5, 0.3, np.nan])

    drawing = speed_drawing(learned, mem)

    assert sum(cell.count for cell in drawing.cells) == 4
    for cell in drawing.cells:
        assert drawing.left - 0.1 <= cell.x <= drawing.right - cell.width + 0.1
        assert drawing.top - 0.1 <= cell.y <= drawing.bottom - cell.height + 0.1
    assert [tick.value for tick in drawing.x_ticks] == [0, 1, 2, 3, 5, 10, 20]
    assert speed_drawing(np.full(3, np.nan), np.zeros(3)).cells == []


def test_ticks_of_roots_begin_at_zero_and_do_not_touch():
    for top in (1e-6, 0.03, 1.0, 7.3, 90.0):
        ticks = root_ticks(top)
        assert ticks[0] == 0
        assert (np.diff(np.sqrt(ticks)) > 0.099 * np.sqrt(top)).all()
