"""The first screen: the labels to look at, what the reader decides about them, and the files of it."""

import csv
import json

import numpy as np
import pytest

from memjax import run as command
from memjax.data.in_memory import Table
from memjax.report import Own, draw_report, write_report
from memjax.runs.display import ReportFile
from tests.report.report_page import dataset_of, estimates_of, extremes_of, pairs_of


def written(path, rows: bool):
    """A report of 60 examples: rows of a table with names, or images; twelve labels to look at, five look wrong."""
    from memjax import store

    rng = np.random.default_rng(0)
    shape = (4,) if rows else (6, 6)
    dataset = dataset_of(*(rng.random((count, *shape)).astype(np.float32) for count in (60, 20)))
    mem = np.linspace(1, 0, 60, dtype=np.float32)
    estimates = estimates_of(dataset) | {"tr_mem": mem}
    pairs = pairs_of([0, 1, 2], [0, 1, 2], mem) | {"q_value": np.array([0.01, 0.2, 0.04])} | extremes_of(dataset)
    names = np.array(dataset.class_names)
    known = {
        "label": names[dataset.train_labels],
        "preferred": names[(dataset.train_labels + 1) % 3].astype(object),
        "looks_wrong": np.arange(60) < 5,
        "memorization": mem,
        "low": mem - 0.1,
        "high": mem + 0.1,
        "probability_out": np.linspace(0, 1, 60),
        "preferred_probability": np.linspace(1, 0.4, 60),
    }
    ids = np.array([f"P{row:03d}" for row in range(60)]) if rows else dataset.train_ids
    columns = [
        "weight of the whole animal",
        "kind",
        "z",
        "a column with a very long name that does not fit on a screen",
    ]
    sides = ([*inputs[:, :3].T, np.array([f"word {row}" for row in range(len(inputs))])]
             for inputs in (dataset.train_inputs, dataset.test_inputs)) if rows else ()  # fmt: skip
    own = Own(
        ids,
        dataset.test_ids,
        Table(columns, *sides) if rows else None,
        "5 of 60 labels look wrong.",
        np.arange(12),
        known,
    )
    arrays = dataset, store.as_estimates(estimates), store.as_pairs(pairs)
    write_report(path, draw_report(*arrays, {"seed": "3"}, [], checksums={"estimates.npz": "ab" * 32}, own=own))
    return path


@pytest.fixture(scope="module", params=[True, False], ids=["rows", "images"])
def kind(request, tmp_path_factory):
    return written(tmp_path_factory.mktemp("labels") / "report.html", request.param), request.param


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return written(tmp_path_factory.mktemp("labels") / "report.html", True)


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_screen_holds_the_answer_and_suspects_and_nothing_is_wider(visit, kind, width, scheme):
    path, rows = kind
    page = visit(path=path, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})

    assert page.locator(".answer").bounding_box()["y"] < 450
    first = page.locator(".suspect").first
    assert first.bounding_box()["y"] < 720
    assert ("P000" if rows else "1000") in first.inner_text()
    assert page.locator(".suspect").count() == 12
    assert (page.locator(".suspect canvas").count() == 0) == rows
    if rows:
        assert "weight of the whole animal" in first.inner_text()
        assert "higher than" in first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for view in ("examples", "pairs", "methods", "overview"):
        page.locator(f'nav a[href="#{view}"]').click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(f"#{view}").is_visible()


def test_decisions_by_mouse_and_keys_are_kept_and_saved(visit, table, tmp_path):
    page = visit(path=table)
    cards = page.locator(".suspect")

    cards.nth(0).get_by_role("button", name="relabel").click()
    cards.nth(0).locator("select").select_option("cow")
    cards.nth(1).focus()
    page.keyboard.press("d")  # and on to the next
    page.keyboard.press("k")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("u")
    assert "Decided: 4" in page.locator(".review").inner_text()

    page.reload()
    assert "Decided: 4" in page.locator(".review").inner_text()
    page.locator("#only-open").check()
    assert page.locator(".suspect").count() == 8

    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    download.value.save_as(tmp_path / "review.csv")
    with open(tmp_path / "review.csv", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [(row["id"], row["decision"], row["new_label"]) for row in found] == [
        ("P000", "relabel", "cow"), ("P001", "drop", ""), ("P002", "keep", ""), ("P004", "unsure", ""),
    ]  # fmt: skip
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    assert json.loads(download.value.path().read_text())["decisions"] == [
        row | {"new_label": row["new_label"] or None} for row in found
    ]

    lines = [f"P{row:03d},{row},{('cat', 'dog', 'cow')[row % 3]}" for row in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["name,x,kind", *lines]))
    options = [
        "--dataset",
        f"csv:{tmp_path / 't.csv'}",
        "--target",
        "kind",
        "--id",
        "name",
        "--out",
        str(tmp_path / "c.csv"),
    ]
    assert command.main(["apply", str(tmp_path / "review.csv"), *options]) == 0
    corrected = (tmp_path / "c.csv").read_text().splitlines()
    assert corrected[1] == "P000,0,cow"
    assert len(corrected) == 60


def test_the_same_decision_again_takes_it_back(visit, table):
    page = visit(path=table)
    button = page.locator(".suspect").nth(5).get_by_role("button", name="keep")

    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert button.get_attribute("aria-pressed") == "false"


def test_a_row_shows_all_its_columns_in_the_dialog_and_is_found_by_its_name(visit, table):
    page = visit(path=table)

    page.locator(".suspect a").first.click()
    dialog = page.locator("dialog.example")
    assert "a column with a very long name" in dialog.inner_text()
    assert "training example P000" in dialog.inner_text()
    page.keyboard.press("Escape")
    page.locator('nav a[href="#examples"]').click()
    page.locator("#search").fill("p017")
    assert page.locator(".gallery li").count() == 1
    assert "P017" in page.locator(".gallery li").inner_text()


def test_pairs_begin_with_the_significant_ones(visit, table):
    page = visit("#pairs", path=table)

    assert "2 pairs" in page.locator("#pairs .found").inner_text()
    page.locator("#significant").uncheck()
    assert not page.locator("#pairs .found").inner_text().startswith("2 pairs")


def test_a_review_can_be_saved_from_the_frame_of_a_notebook(visit, table, tmp_path):
    cell = tmp_path / "cell.html"
    cell.write_text(f"<!doctype html><title>cell</title>{ReportFile(table)._repr_html_()}")
    page = visit(path=cell)
    report = page.frame_locator("iframe")

    report.locator(".suspect").first.get_by_role("button", name="relabel").click()
    with page.expect_download() as saved:
        report.get_by_role("button", name="Save as CSV").click()

    assert "P000" in saved.value.path().read_text()
