"""The promises of the report, in a browser: methods, keyboard, other ways to read it, privacy."""

import re

from acting import selected, settle, shown_ids, shows

from memjax.report import draw_report, write_report
from memjax.report.page.figures import histogram


def test_8_methods_say_what_every_score_means(visit):
    page = visit("#methods")

    text = page.locator("#methods").inner_text()
    for heading in ("Memorization", "Influence", "Standard error", "Accuracy", "Probability of the label", "z-score",
                    "Near-duplicates", "Gini"):  # fmt: skip
        part = page.locator("#methods .score-meaning", has=page.get_by_role("heading", name=re.compile(f"^{heading}")))
        assert part.locator(".formula").first.is_visible(), heading
        assert "Range" in part.inner_text() or "0 or more" in part.inner_text(), heading
    assert "arXiv 2008.03703" in text


def test_9_keyboard_reaches_all(visit, world):
    from playwright.sync_api import expect

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

    focused = page.locator(".card:focus .id")
    ids = world.ids(world.order)
    expect(focused).to_have_text(f"id {ids[0]}")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_text(f"id {ids[1]}")
    page.keyboard.press("ArrowDown")
    expect(focused).not_to_have_text(f"id {ids[1]}")
    page.keyboard.press("End")
    expect(focused).to_have_text(f"id {ids[-1]}")
    page.keyboard.press("Home")
    expect(focused).to_have_text(f"id {ids[0]}")
    page.keyboard.press("Enter")
    shows(page.get_by_role("dialog"), f"training example {ids[0]},")
    page.keyboard.press("ArrowRight")
    shows(page.get_by_role("dialog"), f"training example {ids[1]},")
    page.keyboard.press("Escape")
    settle(page)
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
    write_report(path, draw_report(*world.arrays, world.facts, world.warnings, examples=False))

    page = visit("#examples", path=path)

    assert page.locator("canvas, img").count() == 0
    assert page.locator("footer").inner_text().startswith("Before you share this page: it was written without images")
    assert shown_ids(page)[:3] == world.ids(world.order[:3])
    page.locator(".gallery .card").first.click()
    assert page.get_by_role("dialog").is_visible()
    assert "Near-duplicates" not in page.get_by_role("dialog").inner_text()


def test_10_the_page_says_that_it_shows_sensitive_examples(visit):
    page = visit("#examples")

    assert "most memorized examples are often the most sensitive" in page.locator("#examples .lead").inner_text()
    assert "--no-examples" in page.locator("footer").inner_text()
