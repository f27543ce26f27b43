"""The data for the page's script: the numbers of the run, in the order of the page."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

import memjax.report
from memjax import store
from memjax.errors import InputError
from memjax.report import draw_report, write_report
from memjax.report.page.images import Painter
from memjax.report.page.render import SCRIPT
from memjax.report.page.script_data import correlations, duplicates, fingerprints, packed
from tests.report.report_page import Page, dataset_of, estimates_of, extremes_of, images, numbers_of, pairs_of, render


@pytest.fixture(scope="module")
def world():
    dataset = dataset_of(images(90), images(30))
    estimates = estimates_of(dataset)
    estimates["tr_mem"][[5, 17]] = np.nan
    return dataset, estimates, pairs_of([3, 8, 3, 20], [1, 2, 4, 1], estimates["tr_mem"]) | extremes_of(dataset)


def typed(dataset, estimates, pairs):
    return dataset, store.as_estimates(estimates), store.as_pairs(pairs)


@pytest.fixture(scope="module")
def page(world):
    return Page(render(*world))


def test_columns_are_the_arrays_in_the_order_of_memorization(world, page):
    dataset, estimates, _ = world

    train = numbers_of(page)["train"]

    row = train["row"]
    assert sorted(row.tolist()) == list(range(90))
    assert np.isnan(train["mem"][-2:]).all()
    assert (np.diff(train["mem"][:-2]) <= 0).all()
    for key, name in (("mem", "tr_mem"), ("stderr", "tr_mem_stderr"), ("numIn", "tr_num_in"), ("numOut", "tr_num_out"),
                      ("correctIn", "tr_correct_in"), ("correctOut", "tr_correct_out")):  # fmt: skip
        np.testing.assert_array_equal(train[key], estimates[name][row])
    np.testing.assert_array_equal(train["id"], dataset.train_ids[row])
    np.testing.assert_array_equal(train["label"], dataset.train_labels[row])
    np.testing.assert_array_equal(train["mislabelled"], dataset.mislabelled[row])
    assert train["probabilityOut"] is None


def test_pairs_and_extremes_name_the_same_examples(world, page):
    _, _, pairs = world
    numbers = numbers_of(page)
    train, test = numbers["train"]["row"], numbers["test"]["row"]

    found = numbers["pairs"]
    np.testing.assert_array_equal(train[found["train"]], pairs["tr_idx"])
    np.testing.assert_array_equal(test[found["test"]], pairs["tt_idx"])
    np.testing.assert_array_equal(found["infl"], pairs["infl"])
    for side in ("helped", "hurt"):
        listed = numbers[side]
        assert listed["count"] == 5
        np.testing.assert_array_equal(test[listed["test"]].reshape(90, 5), pairs[f"{side}_idx"][train])
        for key in ("infl", "stderr"):
            np.testing.assert_allclose(listed[key].reshape(90, 5) / 1e4, pairs[f"{side}_{key}"][train], atol=5.1e-5)


def test_sheets_hold_every_image_in_the_order_of_the_page(world, page):
    dataset, _, _ = world
    numbers = numbers_of(page)
    layout = numbers["pictures"]

    for side, inputs in (("train", dataset.train_inputs), ("test", dataset.test_inputs)):
        (sheet,) = [e for e in page.find("script") if e["attrs"].get("id") == f"sheet-{side}-0"]
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["text"]))))
        for place, row in enumerate(numbers[side]["row"]):
            top, left = place // layout["columns"] * 6, place % layout["columns"] * 5
            np.testing.assert_array_equal(pixels[top : top + 6, left : left + 5], inputs[row])


def test_without_examples_there_is_no_image_and_no_feature(world):
    dataset, estimates, pairs = world

    html = render(dataset, estimates, pairs, examples=False)

    page = Page(html)
    assert not page.find("img")
    assert "data:image" not in html.replace(SCRIPT.read_text(), "")
    assert [e["attrs"].get("type") for e in page.find("script")] == ["application/json", None]
    assert numbers_of(page)["pictures"] is None
    assert not {"alike", "pairsAlike", "helpedAlike"} & numbers_of(page).keys()
    recoloured = dataset_of(255 - dataset.train_inputs, 255 - dataset.test_inputs)
    assert render(recoloured, estimates, pairs, examples=False) == html


def test_undefined_numbers_are_null_in_json(world):
    dataset, estimates, pairs = world
    nothing = {"infl_threshold": np.array(np.nan), "expected_by_chance": np.array(np.inf)}

    numbers = numbers_of(Page(render(dataset, estimates, pairs | nothing)))

    assert numbers["thresholds"]["infl"] is None
    assert numbers["expectedByChance"] is None


def test_many_images_lie_beside_the_page(world, tmp_path, monkeypatch):
    path = tmp_path / "a report #1.html"
    write_report(path, draw_report(*typed(*world), {}, []))
    assert not (tmp_path / "a report #1-images").exists()

    monkeypatch.setattr(memjax.report, "IMAGES_MOST", 100)
    write_report(path, draw_report(*typed(*world), {}, []))

    folder = tmp_path / "a report #1-images"
    numbers = numbers_of(Page(path.read_text()))
    assert numbers["pictures"]["train"] == [f"a%20report%20%231-images/{file.name}" for file in folder.iterdir()
                                            if file.name in numbers["pictures"]["train"][0]]  # fmt: skip
    assert len(list(folder.iterdir())) == 2
    assert "sheet-train-0" not in path.read_text()

    (folder / "notes.txt").write_text("mine")
    write_report(path, draw_report(*typed(*world), {}, [], examples=False))
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_images_are_not_written_through_a_link(world, tmp_path, monkeypatch):
    monkeypatch.setattr(memjax.report, "IMAGES_MOST", 100)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "report-images").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(InputError, match="leads elsewhere"):
        write_report(tmp_path / "report.html", draw_report(*typed(*world), {}, []))

    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("change", [
    {"helped_idx": np.full((90, 5), 30)}, {"hurt_idx": np.full((90, 5), -1)}, {"helped_infl": np.zeros((90, 4))},
    {"hurt_idx": np.zeros((90, 5))}, {"helped_idx": np.zeros((3, 5), int)},
])  # fmt: skip
def test_extremes_of_other_data_are_refused(world, change):
    dataset, estimates, pairs = world

    with pytest.raises(InputError):
        render(dataset, estimates, pairs | change)


@pytest.mark.parametrize(("values", "kind"), [
    ([0, 255], "uint8"), ([-1, 2], "int16"), ([0, 40000], "uint16"), ([0, 70000], "int32"), ([0, 2**40], "float64"),
    ([], "uint8"),
])  # fmt: skip
def test_whole_numbers_take_the_smallest_type_that_holds_them(values, kind):
    name, text = packed(np.array(values, np.int64))

    assert name == kind
    assert np.frombuffer(base64.b64decode(text), name).tolist() == values
    json.dumps([name, text])


def test_similarity_is_the_correlation_of_pixels():
    inputs = np.random.default_rng(0).integers(0, 256, (40, 10, 12), dtype=np.uint8)
    prints = fingerprints(Painter(inputs), inputs)
    rows, columns = np.array([0, 3, 7]), np.array([1, 3, 9])

    expected = np.corrcoef(inputs.reshape(40, -1))
    np.testing.assert_allclose(correlations(prints, prints, rows, columns), expected[rows, columns], atol=1e-5)
    index, value = duplicates(prints, np.array([4, 0]))
    np.fill_diagonal(expected, -2)
    np.testing.assert_array_equal(index, np.argsort(-expected[[4, 0]], axis=1)[:, :4])
    np.testing.assert_allclose(value, -np.sort(-expected[[4, 0]], axis=1)[:, :4], atol=1e-5)


def test_a_copy_with_other_brightness_is_a_near_duplicate_and_a_flat_image_of_nothing():
    inputs = np.random.default_rng(0).integers(0, 100, (3, 40, 30, 3)).astype(np.uint8)
    inputs[1] = inputs[0] * 2 + 20
    inputs[2] = 7
    prints = fingerprints(Painter(inputs), inputs)

    alike = prints @ prints.T

    assert alike[0, 1] > 0.999
    assert alike[2, 2] == 0
