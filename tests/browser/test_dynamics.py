"""The promises of the report, in a browser: what was recorded while the models trained."""

import json

import numpy as np
import pytest
from acting import selected, set_slider, settle, shown_ids, shows
from test_safety import found_by_axe

from memjax.report import draw_report, write_report
from memjax.report.page.figures import histogram
from tests.report.report_page import recorded_of


@pytest.fixture(scope="module")
def dynamics(world):
    return recorded_of(world.dataset)


@pytest.fixture(scope="module")
def recorded(world, dynamics, tmp_path_factory):
    path = tmp_path_factory.mktemp("recorded") / "report.html"
    write_report(path, draw_report(*world.arrays, world.facts, world.warnings, dynamics=dynamics))
    return path


UNCOVERED = """link => {
  const path = link.lastElementChild, box = path.ownerSVGElement.getBoundingClientRect();
  for (let length = 0; length < path.getTotalLength(); length += 3) {
    const { x, y } = path.getPointAtLength(length);
    if (link.contains(document.elementFromPoint(box.x + x, box.y + y))) return [box.x + x, box.y + y];
  }
}"""  # a point of a line over which no other one runs


def drag(page, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Over the plane, from one place to another, in shares of its width and height from the upper left."""
    box = page.locator(".scatter .overlay").bounding_box()
    for move, (across, down) in ((page.mouse.down, start), (page.mouse.up, stop)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=4)
        move()


def count_of(page) -> int:
    settle(page)
    return int(page.locator("#dynamics .found strong").inner_text().split()[0].replace(",", ""))


def chosen_by(page, world, dynamics, prefix: str = "scatter") -> set[int]:
    """Ids of the examples in the steps and bins that the sliders show."""
    first, last, low, high = (
        int(page.locator(f"#{prefix}-{name}").input_value())
        for name in ("speed-from", "speed-to", "range-from", "range-to")
    )
    speed, mem = np.log1p(dynamics["tr_learned_in"].astype(float)), world.estimates["tr_mem"]
    edges = np.linspace(np.nanmin(speed), np.nanmax(speed), 41)
    _, bins = histogram(mem)
    timed = (speed >= edges[first]) & (speed <= edges[last]) | ((first, last) == (0, 40))  # undefined ones as well
    ranged = (mem >= bins[low]) & (mem <= bins[high]) | ((low, high) == (0, 18))
    return set(world.ids(np.flatnonzero(timed & ranged)))


def test_6_there_is_no_view_where_nothing_was_recorded(visit, recorded):
    assert visit("#dynamics").locator('nav a[href="#dynamics"], #dynamics').count() == 0
    assert visit().locator("#sort option[value=speed]").count() == 0
    page = visit(path=recorded)
    page.get_by_role("link", name="Dynamics").click()
    assert page.locator("#dynamics .scatter canvas").is_visible()
    assert page.locator("#dynamics .lines").is_visible()


def test_6_brushing_the_plane_filters_the_gallery_and_goes_with_its_other_filters(visit, recorded, world, dynamics):
    page = visit("#dynamics", path=recorded)

    drag(page, (0.3, 0.1), (0.8, 0.6))

    expected = chosen_by(page, world, dynamics)
    assert 5 < len(expected) < 200
    assert count_of(page) == len(expected)
    page.get_by_role("link", name="in the gallery").click()
    assert selected(page) == len(expected)
    assert set(shown_ids(page)) <= expected
    assert page.locator("#speed-from").input_value() != "0"
    page.locator(".chip", has_text="dog").click()
    dogs = expected & set(world.ids(np.flatnonzero(world.dataset.train_labels == 1)))
    assert selected(page) == len(dogs)
    page.get_by_role("button", name="Whole range").click()  # of memorization; the speeds stay
    assert len(dogs) < selected(page) < (world.dataset.train_labels == 1).sum()
    page.get_by_role("button", name="All speeds").click()
    assert selected(page) == (world.dataset.train_labels == 1).sum()


def test_6_the_histogram_and_the_plane_are_one_choice(visit, recorded, world, dynamics):
    page = visit("#examples", path=recorded)
    set_slider(page, "#range-from", 9)
    page.get_by_role("link", name="Dynamics").click()
    settle(page)

    assert page.locator("#scatter-range-from").input_value() == "9"
    assert page.locator(".scatter .selection").is_visible()
    set_slider(page, "#scatter-speed-to", 20)
    assert count_of(page) == len(chosen_by(page, world, dynamics))
    page.get_by_role("button", name="Whole plot").click()
    settle(page)
    assert count_of(page) == 400
    assert page.locator(".scatter .selection").is_hidden()


def test_6_a_trajectory_opens_its_example(visit, recorded, world, dynamics):
    page = visit("#dynamics", path=recorded)
    order = np.argsort(dynamics["tr_loss_out"].mean(1), kind="stable")
    ids = page.locator("#dynamics .few").nth(1).locator(".id").all_inner_texts()
    assert ids == [f"id {number}" for number in world.ids(order[::-1][:10])]
    links = page.locator(".lines a")
    assert links.count() == 20

    hardest = page.locator(f'.lines a.hard[href="#train/{world.ids(order[-1:])[0]}"]')
    page.locator(".lines").scroll_into_view_if_needed()
    page.mouse.click(*hardest.evaluate(UNCOVERED))
    shows(page.get_by_role("dialog"), f"training example {world.ids(order[-1:])[0]},")
    page.keyboard.press("Escape")
    page.wait_for_url("**/report.html#dynamics")

    page.locator("#trajectories-side").select_option("in")
    mean = dynamics["tr_loss_in"].mean(1)
    easiest = np.argsort(mean, kind="stable")[:10]
    assert page.locator("#dynamics .few").nth(2).locator(".id").all_inner_texts() == [
        f"id {number}" for number in world.ids(easiest)
    ]


def test_4_an_example_has_its_curve_seen_and_unseen(visit, recorded, world, dynamics):
    row = int(world.order[3])
    page = visit(f"#train/{world.ids([row])[0]}", path=recorded)

    part = page.locator(".recorded")
    for kind in ("path.in", "path.out", "path.band.in", "path.band.out"):
        assert part.locator(f".curve {kind}").first.get_attribute("d").startswith("M")
    text = part.inner_text()
    for side in ("in", "out"):
        assert (
            f"{dynamics[f'tr_learned_{side}'][row]:.2f} ± {dynamics[f'tr_learned_{side}_stderr'][row]:.2f} epochs"
            in text
        )
    part.get_by_text("The numbers as a table").click()
    cells = part.locator("tbody td").all_inner_texts()
    shown = np.array([float(cell.split(" ± ")[0]) for cell in cells]).reshape(6, 2)
    for column, side in enumerate(("in", "out")):
        expected, top = dynamics[f"tr_loss_{side}"][row], np.nanmax(dynamics["tr_loss_out"])
        np.testing.assert_allclose(shown[:, column], expected, atol=0.006 + np.sqrt(expected.max() * top) / 254)


def test_4_an_example_that_no_model_trained_on_has_half_a_curve(visit, recorded, world):
    page = visit(f"#train/{world.ids([11])[0]}", path=recorded)

    part = page.locator(".recorded")
    assert part.locator(".curve path.out").last.get_attribute("d")
    assert not part.locator(".curve path.in").last.get_attribute("d")
    assert "no model" in part.inner_text()


def test_3_gallery_is_sorted_by_learning_speed(visit, recorded, world, dynamics):
    page = visit("#examples", path=recorded)
    by_id = dict(zip(world.dataset.train_ids.tolist(), dynamics["tr_learned_in"].tolist(), strict=True))

    page.locator("#sort").select_option("speed")

    found = [by_id[number] for number in shown_ids(page)]
    assert found == sorted(found, reverse=True)
    assert found[0] == np.nanmax(dynamics["tr_learned_in"])
    page.get_by_role("button", name="slowest first").click()
    assert by_id[shown_ids(page)[0]] == np.nanmin(dynamics["tr_learned_in"])
    assert (
        f"learned: {np.nanmin(dynamics['tr_learned_in']):.1f} epochs"
        in page.locator(".gallery .card").first.inner_text()
    )


def test_7_learning_speed_is_exported(visit, recorded, world, dynamics):
    page = visit("#examples", path=recorded)
    set_slider(page, "#speed-from", 30)

    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()

    content = json.loads(download.value.path().read_text())
    assert len(content["examples"]) == selected(page) < 200
    rows = [example["row"] for example in content["examples"]]
    for side in ("in", "out"):
        found = [example[f"learned_{side}"] for example in content["examples"]]
        np.testing.assert_allclose(found, dynamics[f"tr_learned_{side}"][rows], rtol=1e-5)
    low, high = content["selected"]["learned_in"]
    assert all(low <= example["learned_in"] <= high + 1e-4 for example in content["examples"])


def test_9_keyboard_reaches_the_brush_and_the_lists(visit, recorded, world, dynamics):
    page = visit("#dynamics", path=recorded)
    reached = []
    for _ in range(45):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href')"))
        if reached[-1] == "scatter-speed-from":
            page.keyboard.press("PageUp")
            assert 0 < count_of(page) < 400
            assert count_of(page) == len(chosen_by(page, world, dynamics))
    hardest = world.ids([int(np.nanargmax(dynamics["tr_loss_out"].mean(1)))])[0]
    for name in ("scatter-speed-from", "scatter-speed-to", "scatter-range-from", "scatter-range-to", "#examples",
                 "trajectories-side", f"#train/{hardest}"):  # fmt: skip
        assert name in reached, (name, reached)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["#dynamics", "#examples", "#train/1021"])
def test_9_axe_finds_nothing_serious_in_dynamics(visit, recorded, scheme, place):
    page = visit(place, path=recorded, color_scheme=scheme)
    for table in page.locator("summary:visible").all():
        table.click()

    assert found_by_axe(page) == []


def test_9_dynamics_on_a_phone_in_print_and_without_javascript(visit, recorded):
    page = visit("#dynamics", path=recorded)
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".scatter svg").bounding_box()["width"] <= 360
    page.emulate_media(media="print")
    assert page.locator("#dynamics-app").is_hidden()
    assert page.locator("#dynamics .static svg").count() == 3

    plain = visit("#dynamics", path=recorded, java_script_enabled=False)
    assert plain.locator("#dynamics .static svg").first.is_visible()
    assert plain.locator("#hardest img").count() == 10
