"""What the tests do with a page and read from it."""


def shown_ids(page) -> list[int]:
    """Ids of the cards that are there, in their order."""
    settle(page)
    return [int(text.removeprefix("id ")) for text in page.locator(".gallery .card .id").all_inner_texts()]


def selected(page) -> int:
    settle(page)
    return int(page.locator(".export strong").inner_text().replace(",", ""))


def bar_centre(page, number: int) -> tuple[float, float]:
    box = page.locator(".histogram .ghost").nth(number).bounding_box()
    frame = page.locator(".histogram .overlay").bounding_box()
    return box["x"] + box["width"] / 2, frame["y"] + frame["height"] / 2


def set_slider(page, name: str, value: float) -> None:
    page.locator(name).evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", value
    )
    settle(page)


def settle(page) -> None:
    """Waits until what has been asked for is drawn: the page draws in the frame after, and a test may read before."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def shows(place, text: str) -> None:
    """Waits until the place shows the text, and fails when it never does."""
    from playwright.sync_api import expect

    expect(place).to_contain_text(text)


def opened_at(visit, path, width: int, scheme: str, table: str):
    """A page of one table at a width: nothing is wider than the screen; the answer and the table begin on it."""
    page = visit(path=path, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".answer").bounding_box()["y"] < 300
    assert page.locator(f"{table} tbody tr").first.bounding_box()["y"] < 700
    assert "cat <b>" in page.locator(table).inner_text()
    for chart in page.locator("svg.chart").all():
        inside = chart.bounding_box()
        assert inside["x"] >= 0
        assert inside["x"] + inside["width"] <= width
    return page
