"""The promises of the report, in a browser: overview, histogram, gallery and one example."""

import numpy as np
import pytest
from acting import bar_centre, selected, settle, shown_ids, shows
from world import make_world

from memjax.dynamics import gini
from memjax.report import draw_report, write_report
from memjax.report.page.figures import histogram
from memjax.statistics.differences import difference_limits


def test_1_overview(visit, world):
    page = visit()

    text = page.locator("#overview").inner_text()
    estimates = world.estimates
    mem = estimates["tr_mem"][np.isfinite(estimates["tr_mem"])]
    for piece in (
        *("400", "120", "1,234", "5 diverged", "98.8", "76.5", "65.4"),
        f"{gini(mem.astype(float).clip(min=0)):.3f}",
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
    settle(page)
    assert dialog.is_hidden()
    assert page.url.endswith("#examples")


def test_4_a_click_opens_the_card_and_the_dialog_leads_on(visit, world):
    page = visit("#examples")
    first, second = world.ids(world.order[:2])

    page.locator(".gallery .card").first.click()

    dialog = page.get_by_role("dialog")
    shows(dialog, f"training example {first},")
    twin = world.ids([(world.order[0] + 1) % 400])[0]
    assert dialog.get_by_text(f"training id {twin}").is_visible()  # the near-duplicate
    dialog.get_by_role("button", name="Next example").click()
    shows(dialog, f"training example {second},")
    assert page.url.endswith(f"#train/{second}")
    dialog.locator(".strip-list a").first.click()
    shows(dialog, "test example")
    page.go_back()
    shows(dialog, f"training example {second},")


def test_4_the_id_can_be_copied(visit, world):
    number = world.ids(world.order[:1])[0]
    page = visit(f"#train/{number}", permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy id").click()

    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == str(number)


def test_intervals_of_correctness_come_from_counts(visit, tmp_path):
    """Those of `Estimate.interval`, of memorization and of influence; of 1.96 standard errors one in eight misses."""
    world, rng = make_world(), np.random.default_rng(4)
    row = int(world.order[0])
    num_in = int(world.estimates["tr_num_in"][row])
    sides = rng.integers(0, num_in + 1, 5), rng.integers(0, 101 - num_in, 5)  # right about the test examples it helps
    right_in, right_out = np.array([num_in, *sides[0]]), np.array([0, *sides[1]])
    value = right_in / num_in - right_out / (100 - num_in)
    shares = [world.estimates[f"tr_correct_{side}"] for side in ("in", "out")]
    for share, of, rate in zip(
        shares, (world.estimates["tr_num_in"], world.estimates["tr_num_out"]), (1, 0), strict=True
    ):
        share[:] = np.round(share * of) / of
        share[row] = rate
    world.estimates["tr_mem"] = shares[0] - shares[1]
    world.estimates["tr_num_right"] = np.rint(
        shares[0] * world.estimates["tr_num_in"] + shares[1] * world.estimates["tr_num_out"]
    )
    world.pairs["helped_infl"][row], columns = value[1:], world.pairs["helped_idx"][row]
    world.estimates["tt_correct"][columns] = (sides[0] + sides[1]) / 100
    path = tmp_path / "report.html"
    write_report(path, draw_report(*world.arrays, {}, []))
    ends = difference_limits(right_in, num_in, right_out, 100 - num_in, 0.05, exact=False)
    words = [
        f"95 % interval {low:.2f} to {high:.2f}".replace("-", "\N{MINUS SIGN}") for low, high in zip(*ends, strict=True)
    ]

    dialog = visit(f"#train/{world.ids([row])[0]}", path=path).get_by_role("dialog")

    shows(dialog, words[0])
    section = dialog.locator("section", has=dialog.page.get_by_role("heading", name="Helps most"))
    titles = [score.get_attribute("title") for score in section.locator(".score").all()]
    assert titles == [word for word, helps in zip(words[1:], value[1:] > 0, strict=True) if helps]


def test_scores_beyond_one_are_shown_as_they_are(visit, tmp_path):
    """Memorization and influence of margins, in logits: neither bins nor intervals nor the lists end at 1."""
    world = make_world()
    for key in ("tr_mem", "tr_mem_stderr"):
        world.estimates[key] *= 9
    world.estimates["score"] = np.array("margin")
    for key in ("infl", "infl_stderr", "mem", "helped_infl", "helped_stderr", "hurt_infl", "hurt_stderr"):
        world.pairs[key] = world.pairs[key] * 9
    row = int(world.order[0])
    value, error = world.estimates["tr_mem"][row], world.estimates["tr_mem_stderr"][row]
    path = tmp_path / "report.html"
    write_report(path, draw_report(*world.arrays, {}, []))

    page = visit("#examples", path=path)
    counts, edges = histogram(world.estimates["tr_mem"])
    assert edges[-1] == value > 3.3  # what 16 bits would hold of ten-thousandths
    assert [int(bar.get_attribute("data-count")) for bar in page.locator(".histogram .bar").all()] == counts.tolist()
    page.locator(".gallery .card").first.click()

    dialog = page.get_by_role("dialog")
    shows(dialog, f"95 % interval {value - 1.96 * error:.2f} to {value + 1.96 * error:.2f}")
    helped = world.pairs["helped_infl"][row], world.pairs["helped_stderr"][row]
    section = dialog.locator("section", has=page.get_by_role("heading", name="Helps most"))
    assert section.locator(".score").all_inner_texts() == [
        f"{value:.2f} ± {error:.2f}".replace("-", "\N{MINUS SIGN}") for value, error in zip(*helped, strict=True)
    ]
