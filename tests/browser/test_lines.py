"""The promises of the report, in a browser: one test a promise, in the order of their worth."""

import csv
import io
import json
import re

import numpy as np
import pytest

from memjax.report import write_report
from memjax.report.figures import histogram
from memjax.report.overview import gini


def shown_ids(page) -> list[int]:
    """Ids of the cards that are there, in their order."""
    return [int(text.removeprefix("id ")) for text in page.locator(".gallery .card .id").all_inner_texts()]


def selected(page) -> int:
    return int(page.locator(".export strong").inner_text().replace(",", ""))


def bar_centre(page, number: int) -> tuple[float, float]:
    box = page.locator(".histogram .ghost").nth(number).bounding_box()
    frame = page.locator(".histogram .overlay").bounding_box()
    return box["x"] + box["width"] / 2, frame["y"] + frame["height"] / 2


def set_slider(page, name: str, value: float) -> None:
    page.locator(name).evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", value
    )


def test_1_overview(visit, world):
    page = visit()

    text = page.locator("#overview").inner_text()
    estimates = world.estimates
    mem = estimates["tr_mem"][np.isfinite(estimates["tr_mem"])]
    for piece in (
        *("400", "120", "1,234", "5 failed", "98.8", "76.5", "65.4"),
        f"{gini(mem.astype(float)):.3f}",
        f"{np.sqrt(np.nanmean(estimates['tr_mem_stderr'].astype(float) ** 2)):.3f}",
        f"{(mem >= 0.25).sum()} of 398 examples; 95 % interval",
        "Only 37 models",
        "memjax 9.9, device cpu: cpu",
        "ab" * 32,
    ):
        assert piece in text.replace("\N{NO-BREAK SPACE}", " ")
    assert page.locator("#examples").is_hidden()


def test_2_brushing_the_histogram_filters_the_gallery(visit, world):
    page = visit("#examples")
    mem = world.estimates["tr_mem"]
    counts, edges = histogram(mem)
    assert [int(bar.get_attribute("data-count")) for bar in page.locator(".histogram .bar").all()] == counts.tolist()

    page.mouse.move(*bar_centre(page, 9))
    page.mouse.down()
    page.mouse.move(*bar_centre(page, 12), steps=5)
    page.mouse.up()

    assert page.locator("#range-from").input_value() in ("9", "10")
    first, last = int(page.locator("#range-from").input_value()), int(page.locator("#range-to").input_value())
    assert last > first
    assert selected(page) == counts[first:last].sum()
    by_id = dict(zip(world.dataset.train_ids.tolist(), mem.tolist(), strict=True))
    scores = [by_id[number] for number in shown_ids(page)]
    assert scores == sorted(scores, reverse=True)
    assert all(edges[first] <= score <= edges[last] for score in scores)
    page.get_by_role("button", name="Whole range").click()
    assert selected(page) == 400


def test_2_log_toggle_changes_the_bars(visit):
    page = visit("#examples")
    heights = "bars => bars.map(bar => +bar.getAttribute('height'))"
    logarithmic = page.locator(".histogram .bar").evaluate_all(heights)

    page.get_by_label("log counts").uncheck()

    linear = page.locator(".histogram .bar").evaluate_all(heights)
    counts = [int(bar.get_attribute("data-count")) for bar in page.locator(".histogram .bar").all()]
    np.testing.assert_allclose(linear, np.array(counts) / max(counts) * max(linear), atol=0.01)
    assert max(abs(np.array(linear) - logarithmic)) > 1


def test_2_classes_by_name_with_counts_and_search_by_id_and_label(visit, world):
    page = visit("#examples")
    labels = world.dataset.train_labels
    chip = page.locator(".chip", has_text="dog")
    assert chip.inner_text().split() == ["dog", str((labels == 1).sum())]

    chip.click()
    assert selected(page) == (labels == 1).sum()
    assert set(page.locator(".gallery .name").all_inner_texts()) == {"dog"}
    chip.click()

    page.get_by_role("searchbox").fill("1021, 1070")
    assert sorted(shown_ids(page)) == [1021, 1070]
    page.get_by_role("searchbox").fill("CO")
    assert selected(page) == (labels == 2).sum()
    page.get_by_role("searchbox").fill("no such thing")
    page.get_by_role("button", name="Show all").click()
    assert selected(page) == 400


@pytest.mark.parametrize("key", ["mem", "stderr", "influence", "probability", "id"])
def test_3_gallery_is_sorted_as_asked(visit, world, key):
    page = visit("#examples")
    estimates, dataset = world.estimates, world.dataset
    values = {
        "mem": estimates["tr_mem"],
        "stderr": estimates["tr_mem_stderr"],
        "influence": np.round(world.pairs["helped_infl"][:, 0], 4),
        "probability": estimates["tr_probability_out"],
        "id": dataset.train_ids,
    }[key]

    page.locator("#sort").select_option(key)

    by_id = dict(zip(dataset.train_ids.tolist(), values.tolist(), strict=True))
    assert by_id[shown_ids(page)[0]] == np.nanmax(values)
    found = [by_id[number] for number in shown_ids(page)]
    assert found == sorted(found, reverse=True)
    page.get_by_role("button", name="highest first").click()
    assert by_id[shown_ids(page)[0]] == np.nanmin(values)


def test_3_gallery_holds_only_what_is_looked_at_and_cards_their_own_numbers(visit, world):
    page = visit("#examples")
    cards = page.locator(".gallery .card")
    assert 10 < cards.count() < 120
    assert shown_ids(page)[:8] == world.ids(world.order[:8])

    row = world.order[0]
    text = cards.first.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    estimates = world.estimates
    assert f"{estimates['tr_mem'][row]:.3f} ± {estimates['tr_mem_stderr'][row]:.3f}" in text
    assert f"of {estimates['tr_num_in'][row]}" in text
    assert f"of {estimates['tr_num_out'][row]}" in text

    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator(f'.card[href="#train/{world.ids(world.order[-1:])[0]}"]').wait_for()
    assert cards.count() < 120


def test_4_permalink_opens_its_example(visit, world):
    row = int(world.order[3])
    number = world.ids([row])[0]

    page = visit(f"#train/{number}")

    dialog = page.get_by_role("dialog")
    text = dialog.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert f"training example {number}, row {row}" in text
    assert f"{world.estimates['tr_correct_in'][row]:.1%}".replace("%", " %") in text
    assert "95 % interval" in text
    for side, title in (("helped", "Helps most"), ("hurt", "Hurts most")):
        section = dialog.locator("section", has=page.get_by_role("heading", name=title))
        columns = world.pairs[f"{side}_idx"][row]
        assert section.locator(".id").all_inner_texts() == [
            f"test id {identity}" for identity in world.dataset.test_ids[columns]
        ]
        expected = [
            f"{value:.2f} ± {error:.2f}".replace("-", "\N{MINUS SIGN}")
            for value, error in zip(world.pairs[f"{side}_infl"][row], world.pairs[f"{side}_stderr"][row], strict=True)
        ]
        assert section.locator(".score").all_inner_texts() == expected
    page.keyboard.press("Escape")
    assert dialog.is_hidden()
    assert page.url.endswith("#examples")


def test_4_a_click_opens_the_card_and_the_dialog_leads_on(visit, world):
    page = visit("#examples")
    first, second = world.ids(world.order[:2])

    page.locator(".gallery .card").first.click()

    dialog = page.get_by_role("dialog")
    assert f"training example {first}," in dialog.inner_text()
    twin = world.ids([(world.order[0] + 1) % 400])[0]
    assert dialog.get_by_text(f"training id {twin}").is_visible()  # the near-duplicate
    dialog.get_by_role("button", name="Next example").click()
    assert f"training example {second}," in dialog.inner_text()
    assert page.url.endswith(f"#train/{second}")
    dialog.locator(".strip-list a").first.click()
    assert "test example" in dialog.inner_text()
    page.go_back()
    assert f"training example {second}," in dialog.inner_text()


def test_4_the_id_can_be_copied(visit, world):
    number = world.ids(world.order[:1])[0]
    page = visit(f"#train/{number}", permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy id").click()

    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == str(number)


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


def saved(page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).click()
    with open(download.value.path(), "rb") as stream:
        return stream.read()


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


def test_8_methods_say_what_every_score_means(visit):
    page = visit("#methods")

    text = page.locator("#methods").inner_text()
    for heading in ("Memorization", "Influence", "Standard error", "Accuracy", "Chance of the label", "z-score",
                    "Near-duplicates", "Gini"):  # fmt: skip
        part = page.locator("#methods .score-meaning", has=page.get_by_role("heading", name=re.compile(f"^{heading}")))
        assert part.locator(".formula").first.is_visible(), heading
        assert "Range" in part.inner_text() or "0 or more" in part.inner_text(), heading
    assert "arXiv 2008.03703" in text


def test_9_keyboard_reaches_all(visit, world):
    page = visit("#examples")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        if page.evaluate("document.activeElement.matches('.card')"):
            break
    for name in ("range-from", "range-to", "cat 1", "sort", "\u2193 highest first", "CSV", "JSON", "Keep-mask"):
        assert any(text.startswith(name) for text in reached), (name, reached)

    focused = "document.activeElement.querySelector('.id').textContent"
    ids = world.ids(world.order)
    assert page.evaluate(focused) == f"id {ids[0]}"
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{focused} === 'id {ids[1]}'")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"{focused} !== 'id {ids[1]}'")
    page.keyboard.press("End")
    page.wait_for_function(f"{focused} === 'id {ids[-1]}'")
    page.keyboard.press("Home")
    page.wait_for_function(f"{focused} === 'id {ids[0]}'")
    page.keyboard.press("Enter")
    assert f"training example {ids[0]}," in page.get_by_role("dialog").inner_text()
    page.keyboard.press("ArrowRight")
    assert f"training example {ids[1]}," in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").is_hidden()
    assert page.evaluate("document.activeElement.matches('.card')")


def test_9_keyboard_moves_sliders_and_filters(visit, world):
    page = visit("#examples")
    counts, _ = histogram(world.estimates["tr_mem"])
    page.locator("#range-from").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert selected(page) == counts[3:].sum()
    page.goto(page.url.replace("#examples", "#pairs"))
    page.locator("#infl-threshold").focus()
    page.keyboard.press("End")
    assert page.locator("#pairs .found strong").inner_text() == "0 pairs"


def test_9_without_javascript_there_are_tables_and_figures(visit, world):
    page = visit(java_script_enabled=False)

    assert page.locator("#overview").is_visible()
    assert page.locator("svg.chart").is_visible()
    cards = page.locator(".static .card")
    assert cards.count() == 20
    assert all(card.is_visible() for card in cards.all())
    assert page.locator(".static .row").first.is_visible()
    assert page.locator("#methods").is_visible()
    assert f"id {world.ids(world.order[:1])[0]}" in cards.first.inner_text()


def test_9_dark_mode_and_print(visit):
    def brightness(page) -> float:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(", "))) / 765

    assert brightness(visit(color_scheme="light")) > 0.9
    dark = visit("#examples", color_scheme="dark")
    assert brightness(dark) < 0.2
    dark.emulate_media(media="print")
    assert brightness(dark) == 1
    assert dark.locator(".static .card").first.is_visible()
    assert dark.locator("#methods").is_visible()
    assert dark.locator("#examples-app").is_hidden()


def test_9_every_picture_has_a_text(visit):
    page = visit("#examples")

    labels = page.locator(".gallery canvas").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert len(labels) > 10
    assert all(label.startswith("Training example ") for label in labels)


def test_10_privacy(visit, world, tmp_path):
    path = tmp_path / "report.html"
    write_report(path, *world.arrays, world.facts, world.warnings, examples=False)

    page = visit("#examples", path=path)

    assert page.locator("canvas, img").count() == 0
    assert page.locator("footer").inner_text().startswith("Before you share this page: it was written without images")
    assert shown_ids(page)[:3] == world.ids(world.order[:3])
    page.locator(".gallery .card").first.click()
    assert page.get_by_role("dialog").is_visible()
    assert "Near-duplicates" not in page.get_by_role("dialog").inner_text()


def test_10_the_page_says_that_it_shows_sensitive_examples(visit):
    page = visit("#examples")

    assert "the most sensitive examples by construction" in page.locator("#examples .lead").inner_text()
    assert "--no-examples" in page.locator("footer").inner_text()
