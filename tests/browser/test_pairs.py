"""The promises of the report, in a browser: pairs, what was not recorded, and export."""

import csv
import io
import json

import numpy as np
from acting import set_slider

from memjax.report.page.figures import histogram


def pairs_expected(world, mem=0.25, infl=0.15, relation="same", hurts=False) -> set[tuple[int, int]]:
    dataset, pairs = world.dataset, world.pairs
    side = "hurt" if hurts else "helped"
    strong = zip(pairs["tr_idx"].tolist(), pairs["tt_idx"].tolist(), pairs["infl"].tolist(), strict=True)
    found = {} if hurts else {(row, column): value for row, column, value in strong}  # strong ones all help
    listed = np.round(pairs[f"{side}_infl"] * 10_000) / np.float32(10_000)  # as the page has them
    for row, (columns, values) in enumerate(zip(pairs[f"{side}_idx"], listed, strict=True)):
        for column, value in zip(columns.tolist(), values.tolist(), strict=True):
            found.setdefault((row, column), value)
    sign = -1 if hurts else 1
    return {
        (row, column)
        for (row, column), value in found.items()
        if world.estimates["tr_mem"][row] >= mem
        and sign * value >= infl
        and (relation == "all" or (dataset.train_labels[row] == dataset.test_labels[column]) == (relation == "same"))
    }


def saved(page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).click()
    with open(download.value.path(), "rb") as stream:
        return stream.read()


def test_5_sliders_change_the_pairs(visit, world):
    page = visit("#pairs")
    found = page.locator("#pairs .found strong")

    def count() -> int:
        return int(found.inner_text().split()[0].replace(",", ""))

    assert count() == len(pairs_expected(world))
    set_slider(page, "#mem-threshold", 0.6)
    assert count() == len(pairs_expected(world, mem=0.6)) < len(pairs_expected(world))
    set_slider(page, "#infl-threshold", 0.4)
    assert count() == len(pairs_expected(world, mem=0.6, infl=0.4))
    page.locator("#pairs-relation").select_option("other")
    assert count() == len(pairs_expected(world, mem=0.6, infl=0.4, relation="other"))
    page.locator("#pairs-direction").select_option("hurts")
    page.locator("#pairs-relation").select_option("all")
    assert count() == len(pairs_expected(world, mem=0.6, infl=0.4, relation="all", hurts=True))


def test_5_pairs_are_rows_sorted_by_value_or_by_z_score(visit, world):
    page = visit("#pairs")
    set_slider(page, "#infl-threshold", 0.5)
    pairs = world.pairs
    row = page.locator(".pair-row").first
    assert row.locator(".pair-train .id").inner_text() == f"training id {world.ids(pairs['tr_idx'][:1])[0]}"
    assert row.locator(".pair-tests .score").first.inner_text() == (
        f"{pairs['infl'][0]:.2f} ± {pairs['infl_stderr'][0]:.2f}"
    )

    page.locator("#pairs-sort").select_option("z")

    scores = [
        [float(link.get_attribute("data-infl")) for link in row.locator(".pair-tests a").all()]
        for row in page.locator(".pair-row").all()
    ]
    notes = page.locator(".pair-row .pair-tests a:first-child .soft").all_inner_texts()
    firsts = [float(text.split()[1].rstrip(",")) for text in notes if text.startswith("z")]
    assert len(firsts) > 3
    assert firsts == sorted(firsts, reverse=True)
    assert all(value >= 0.5 for row in scores for value in row)


def test_5_near_duplicates_can_be_hidden(visit, world):
    page = visit("#pairs")
    text = page.locator(".pair-row").first.inner_text()
    assert "near-duplicate" in text
    before = page.locator("#pairs .found strong").inner_text()

    page.get_by_label("hide near-duplicates").check()

    assert int(page.locator("#pairs .found strong").inner_text().split()[0]) == int(before.split()[0]) - 1
    assert "near-duplicate" not in page.locator(".pair-row").first.inner_text()


def test_6_what_was_not_recorded_is_not_offered(visit):
    page = visit()

    assert page.locator("nav a").all_inner_texts() == ["Overview", "Examples", "Pairs", "Methods"]
    assert page.get_by_text("learning speed").count() == 0


def test_7_export_holds_what_was_selected(visit, world):
    page = visit("#examples")
    page.locator(".chip", has_text="cow").click()
    set_slider(page, "#range-from", 10)
    _, edges = histogram(world.estimates["tr_mem"])
    mem, labels = world.estimates["tr_mem"], world.dataset.train_labels
    rows = [row for row in world.order if labels[row] == 2 and mem[row] >= edges[10]]

    table = list(csv.DictReader(io.StringIO(saved(page, "CSV").decode())))
    assert [int(line["id"]) for line in table] == world.ids(rows)
    assert [int(line["row"]) for line in table] == list(rows)
    assert {line["class_name"] for line in table} == {"cow"}
    np.testing.assert_allclose([float(line["mem"]) for line in table], mem[rows], rtol=1e-5)
    content = json.loads(saved(page, "JSON"))
    assert content["ids"] == world.ids(rows)
    assert content["sha256"] == world.checksums
    assert content["selected"]["classes"] == ["cow"]
    np.testing.assert_allclose(content["selected"]["memorization"], [edges[10], 1], rtol=1e-6)
    keep = np.load(io.BytesIO(saved(page, "Keep-mask")), allow_pickle=False)
    assert keep.dtype == bool
    np.testing.assert_array_equal(np.flatnonzero(~keep), np.sort(rows))


def test_7_marked_examples_can_be_exported(visit, world):
    page = visit("#examples")
    for place in (1, 4):
        page.locator(".gallery .card").nth(place).focus()
        page.keyboard.press("m")

    page.get_by_label("only marked (2)").check()

    assert json.loads(saved(page, "JSON"))["ids"] == world.ids(world.order[[1, 4]])
