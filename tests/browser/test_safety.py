"""What a stranger's data could do to the reader: nothing."""

import numpy as np
import pytest
from acting import settle
from world import make_world

import memjax.report
from memjax.report import draw_report, write_report
from tests.report.hostile_texts import HOSTILE

STRANGE = "[document.scripts.length, document.querySelectorAll('iframe, base, svg style, a[href^=j]').length]"


def found_by_axe(page) -> list[tuple[str, list[str]]]:
    """What axe-core calls serious or critical, each with some of the elements."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
        for one in Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_hostile_texts_show_as_text_everywhere(visit, tmp_path):
    world = make_world(names=HOSTILE)
    facts = {text: text for text in HOSTILE}
    dataset = world.dataset
    object.__setattr__(dataset, "name", "".join(HOSTILE))
    path = tmp_path / "report.html"
    write_report(path, draw_report(*world.arrays, facts, HOSTILE, checksums={text: text for text in HOSTILE}))

    page = visit(path=path)
    structure = page.evaluate(STRANGE)
    shown = page.locator("#overview").evaluate("section => section.textContent")
    assert all(text in shown for text in HOSTILE)
    assert page.locator("h1").evaluate("h => h.textContent") == "Memorization in " + "".join(HOSTILE)

    page.goto(f"{path.as_uri()}#examples")
    chips = page.locator(".chip bdi").evaluate_all("chips => chips.map(chip => chip.textContent)")
    assert chips == HOSTILE
    for text in HOSTILE[:6]:
        page.get_by_role("searchbox").fill(text)
        settle(page)
        assert page.locator(".gallery .name").first.evaluate("name => name.textContent") == text
    page.get_by_role("searchbox").fill("")
    page.locator(".gallery .card").first.click()
    label = HOSTILE[dataset.train_labels[world.order[0]]]
    assert page.locator("#example-title").evaluate("title => title.textContent") == label
    page.keyboard.press("Escape")
    settle(page)
    page.goto(f"{path.as_uri()}#pairs")
    settle(page)
    names = page.locator(".pair-row .name").evaluate_all("names => names.map(name => name.textContent)")
    assert len(names) > 5
    assert set(names) <= set(HOSTILE)
    for text in HOSTILE:
        page.evaluate("text => { location.hash = text }", f"train/{text}")
        page.evaluate("text => { location.hash = text }", text)
    assert not page.get_by_role("dialog").is_visible()
    assert structure == page.evaluate(STRANGE)
    assert page.title().startswith("Memorization in <script>alert(1)</script></script><script>")


def test_a_formula_in_a_class_name_is_text_in_a_spreadsheet(visit, tmp_path):
    world = make_world(names=('=HYPERLINK("http://x.invalid")', "+1", "plain"))
    path = tmp_path / "report.html"
    write_report(path, draw_report(*world.arrays, {}, []))
    page = visit("#examples", path=path)

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()

    text = download.value.path().read_text()
    assert '"\'=HYPERLINK(""http://x.invalid"")"' in text
    assert ",'+1," in text
    assert ",plain," in text


def test_a_script_put_into_the_page_does_not_run(visit, report, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report.read_text().replace("<main>", "<main><script>document.title = 'pwned'</script>"))

    complaints = []
    page = visit(path=report)
    page.on("console", lambda message: complaints.append(message.text))
    other = page.context.browser.new_page()
    other.on("console", lambda message: complaints.append(message.text))
    other.goto(path.as_uri())

    assert other.title() == "Memorization in pets"
    assert any("Content Security Policy" in text for text in complaints)
    other.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["", "#examples", "#pairs", "#methods", "#train/1021", "#test/5003"])
def test_axe_finds_nothing_serious(visit, scheme, place):
    page = visit(place, color_scheme=scheme)

    assert found_by_axe(page) == []


def test_axe_on_a_phone(visit):
    page = visit("#examples")
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_text("Filter, sort and export").click()

    assert found_by_axe(page) == []


def test_nothing_is_wider_than_a_phone(visit):
    for place in ("", "#examples", "#pairs", "#methods", "#train/1021"):
        page = visit(place)
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, place


def test_images_beside_the_page_are_shown(visit, world, tmp_path, monkeypatch):
    monkeypatch.setattr(memjax.report, "IMAGES_MOST", 100)
    path = tmp_path / "my report #1.html"
    write_report(path, draw_report(*world.arrays, {}, []))

    page = visit("#examples", path=path)

    picture = page.locator(".gallery canvas").first
    page.wait_for_timeout(500)
    assert page.locator("canvas.missing").count() == 0
    assert len(set(picture.screenshot())) > 50


@pytest.mark.parametrize("shape", [(6, 6, 3), (90, 70, 3)])
def test_colours_and_photos_are_drawn(visit, tmp_path, shape):
    rng = np.random.default_rng(0)
    world = make_world(inputs=rng.integers(0, 256, (400, *shape), np.uint8), tests=rng.random((120, *shape)))
    path = tmp_path / "report.html"
    write_report(path, draw_report(*world.arrays, {}, []))

    page = visit("#examples", path=path)

    page.wait_for_timeout(300)
    drawn = "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return new Set(d).size }"
    assert page.locator(".gallery canvas").first.evaluate(drawn) > 4


def test_examples_without_inputs_are_named_only(visit, tmp_path):
    world = make_world(inputs=np.zeros((400, 0), np.uint8), tests=np.zeros((120, 0), np.uint8))
    path = tmp_path / "report.html"
    write_report(path, draw_report(*world.arrays, {}, []))

    page = visit("#examples", path=path)

    assert page.locator(".gallery .card").count() > 10
    assert page.locator("canvas").count() == 0
