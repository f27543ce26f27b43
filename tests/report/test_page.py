import base64
import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memjax.errors import InputError
from memjax.report.page.render import SCRIPT
from memjax.types import Dataset
from tests.report.hostile_texts import HOSTILE
from tests.report.report_page import Page, dataset_of, estimates_of, images, numbers_of, pairs_of, read, render


@pytest.fixture
def pets() -> Dataset:
    return dataset_of(images(90), images(30))


def test_hostile_names_are_shown_as_text():
    dataset = dataset_of(images(90), images(30), names=HOSTILE, name="".join(HOSTILE))

    html = render(dataset, facts={text: text for text in HOSTILE}, warnings=HOSTILE)
    page = Page(html)

    shown = [" ".join(text.split()) for text in HOSTILE]
    whole = " ".join("".join(HOSTILE).split())
    assert page.texts("h1") == [f"Memorization in {whole}"]
    assert page.texts("title")[0] == f"Memorization in {whole}"
    table = next(e for e in page.find("table") if e["attrs"].get("aria-labelledby") == "configuration")
    assert page.texts("th", inside=table) == shown == page.texts("td", inside=table)
    assert page.texts("li", inside=page.find(kind="warnings")[0]) == shown
    assert set(page.texts("bdi")) == {*shown, whole}
    numbers = numbers_of(page)
    assert (numbers["classes"], numbers["name"]) == (HOSTILE, "".join(HOSTILE))


def test_hostile_names_add_no_element_and_no_attribute():
    def structure(names: list[str]) -> list[tuple]:
        dataset = dataset_of(images(90), images(30), names=names, name=names[0])
        page = Page(render(dataset, facts={name: name for name in names}, warnings=names))
        return [(element["tag"], sorted(element["attrs"])) for element in page.elements]

    assert structure(HOSTILE) == structure([f"name {number}" for number in range(len(HOSTILE))])


def test_nothing_is_fetched_and_only_our_own_script_runs(pets):
    html = render(pets, facts={"folder": "<script>alert(1)</script>"})
    page = Page(html)

    running = [element for element in page.find("script") if "type" not in element["attrs"]]
    assert [element["text"] for element in running] == [SCRIPT.read_text()]
    assert {element["attrs"].get("type") for element in page.find("script")} == {
        None, "application/json", "application/octet-stream",
    }  # fmt: skip
    for element in page.elements:
        assert not [key for key in element["attrs"] if key.startswith("on") or key == "style"]
        for key in ("src", "href", "xlink:href", "srcset", "action", "data"):
            value = element["attrs"].get(key, "#")
            assert value.startswith("#") or (element["tag"] == "img" and value.startswith("data:image/png;base64,"))
    assert not re.search(r"url\(|@import|https?://", html.replace(SCRIPT.read_text(), ""))


def test_policy_allows_this_style_and_this_script_and_nothing_else(pets):
    page = Page(render(pets))

    policy = next(e["attrs"]["content"] for e in page.find("meta") if "http-equiv" in e["attrs"])
    (style,) = page.find("style")
    (script,) = (element for element in page.find("script") if "type" not in element["attrs"])
    digests = [base64.b64encode(hashlib.sha256(e["text"].encode()).digest()).decode() for e in (style, script)]
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digests[0]}'",
        f"script-src 'sha256-{digests[1]}'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ]
    assert "color-scheme" in style["text"]


def test_links_lead_to_headings(pets):
    page = Page(render(pets))

    ids = [element["attrs"]["id"] for element in page.elements if "id" in element["attrs"]]
    assert len(set(ids)) == len(ids)
    assert {e["attrs"]["href"][1:] for e in page.find("a")} <= set(ids)
    assert {e["attrs"]["aria-labelledby"] for e in page.elements if "aria-labelledby" in e["attrs"]} <= set(ids)


def test_cards_show_the_highest_scores_in_descending_order_with_their_own_numbers(pets):
    estimates = estimates_of(pets) | {"tr_probability_out": np.linspace(0, 1, 90, dtype=np.float32)}
    order = np.argsort(-estimates["tr_mem"])[:20]

    page = Page(render(pets, estimates))

    cards = page.find("li", "card")
    assert len(cards) == 20
    for card, row in zip(cards, order, strict=True):
        assert page.texts(kind="name", inside=card) == [pets.class_names[pets.train_labels[row]]]
        assert page.texts(kind="id", inside=card) == [f"id {pets.train_ids[row]}"]
        mem, stderr = page.texts(kind="score", inside=card)[0].split(" ± ")
        assert read(mem) == pytest.approx(estimates["tr_mem"][row], abs=5.1e-4)
        assert read(stderr) == pytest.approx(estimates["tr_mem_stderr"][row], abs=5.1e-4)
        assert page.texts("dd", inside=card) == [
            f"{estimates['tr_correct_in'][row]:.1%} of {estimates['tr_num_in'][row]}".replace("%", " %"),
            f"{estimates['tr_correct_out'][row]:.1%} of {estimates['tr_num_out'][row]}".replace("%", " %"),
            f"{estimates['tr_probability_out'][row]:.3f}",
        ]
        assert bool(page.find(kind="changed", inside=card)) == pets.mislabelled[row]


def test_cards_show_the_image_of_their_example(pets):
    estimates = estimates_of(pets)
    order = np.argsort(-estimates["tr_mem"])[:20]

    page = Page(render(pets, estimates))

    for card, row in zip(page.find("li", "card"), order, strict=True):
        (image,) = page.find("img", inside=card)
        png = base64.b64decode(image["attrs"]["src"].removeprefix("data:image/png;base64,"))
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), pets.train_inputs[row])
        assert str(pets.train_ids[row]) in image["attrs"]["alt"]


def test_every_image_has_a_text(pets):
    assert all(image["attrs"]["alt"].strip() for image in Page(render(pets)).find("img"))


def test_overview_by_hand():
    dataset = dataset_of(images(6), images(2))
    estimates = estimates_of(dataset) | {
        "tr_mem": np.array([0.0, 0.25, 0.5, 1.0, np.nan, -0.25], np.float32),
        "tr_mem_stderr": np.array([0.3, 0.4, np.nan, np.nan, np.nan, np.nan], np.float32),
    }

    page = Page(render(dataset, estimates, pairs_of([], [], estimates["tr_mem"])))

    (tiles,) = page.find("dl", "tiles")
    values = dict(zip(page.texts("dt", inside=tiles), page.texts("dd", "value", inside=tiles), strict=True))
    assert values == {
        "Training examples": "6",
        "Test examples": "2",
        "Classes": "3",
        "Models": "1,234",
        "Subset fraction": f"{estimates['tr_num_in'].mean():.1f} %",
        "In-sample accuracy": "98.8 %",
        "Held-out accuracy": "76.5 %",
        "Test accuracy": "65.4 %",
        "Memorization at least 0.25": "60.0 %",
        "Sum of memorization": "1.5",
        "Gini coefficient": "0.571",
        "Typical standard error": "0.354",
    }
    notes = page.texts(kind="note", inside=tiles)
    assert "3 of 5 examples; 95 % interval 0.0 % to 100.0 %" in notes
    assert "of a score, root mean square; 0.400 at most" in notes
    assert "5 diverged models (excluded)" in notes


def test_classes_are_counted_and_the_most_memorized_comes_first(pets):
    limits = np.array([[0.1, 0.2, np.nan], [0.5, 0.7, np.nan]])
    estimates = estimates_of(pets) | {"tr_mem_class_intervals": limits}
    page = Page(render(pets, estimates))

    table = next(e for e in page.find("table") if e["attrs"].get("aria-labelledby") == "by-class")
    names = page.texts("th", inside=table)[-3:]
    cells = [cell for cell in page.texts("td", inside=table) if cell]
    means = []
    for place, name in enumerate(names):
        scores = estimates["tr_mem"][pets.train_labels == pets.class_names.index(name)]
        examples, mean, interval, large = cells[4 * place : 4 * place + 4]
        assert (int(examples), int(large)) == (len(scores), (scores >= 0.25).sum())
        assert read(mean) == pytest.approx(scores.mean(), abs=5.1e-4)
        assert interval == ["0.100 to 0.500", "0.200 to 0.700", "undefined"][pets.class_names.index(name)]
        means.append(scores.mean())
    assert means == sorted(means, reverse=True)


def test_histogram_counts_every_example(pets):
    page = Page(render(pets))

    cells = page.texts("td", inside=next(e for e in page.find("table") if e["attrs"].get("id") == "histogram-table"))
    assert len(cells) == 3 * 18
    assert sum(int(cell) for cell in cells[2::3]) == 90


def test_pairs_of_one_training_example_share_a_row(pets):
    estimates = estimates_of(pets)
    pairs = pairs_of([3, 8, 3, 20], [1, 2, 4, 1], estimates["tr_mem"])

    page = Page(render(pets, estimates, pairs))

    rows = page.find("li", "row")
    shown = [page.texts(kind="id", inside=row) for row in rows]
    assert [[text for text in row if "id" in text] for row in shown] == [
        ["training id 1021", "test id 5003", "test id 5012"],
        ["training id 1056", "test id 5006"],
        ["training id 1140", "test id 5003"],
    ]
    assert page.texts(kind="score", inside=rows[0])[1:] == ["0.800 ± 0.010", "0.400 ± 0.017"]
    accuracy = f"accuracy {estimates['tt_correct'][1]:.1%}".replace("%", " %")
    assert accuracy in shown[0]


def test_only_the_strongest_pairs_are_shown(pets):
    pairs = pairs_of(list(range(60)), [0] * 60, estimates_of(pets)["tr_mem"])

    page = Page(render(pets, pairs=pairs))

    assert len(page.find("li", "row")) == 20
    assert "60 of 900 train-test pairs of the same class" in " ".join(page.texts("main")[0].split())


def test_no_pair_is_said_in_words(pets):
    page = Page(render(pets, pairs=pairs_of([], [], estimates_of(pets)["tr_mem"])))

    assert not page.find("li", "row")
    assert any(text.startswith("No pair passes") for text in page.texts("p"))


def test_everything_undefined(pets):
    estimates = {
        key: np.full_like(value, np.nan) if value.dtype.kind == "f" else value
        for key, value in estimates_of(pets).items()
    }

    page = Page(render(pets, estimates))

    assert not page.find("li", "card")
    assert any("90 of 90 examples" in text for text in page.texts("p"))
    assert not re.search(r"\b(nan|inf)\b", page.texts("body")[0], re.IGNORECASE)


def test_undefined_scores_are_not_taken_for_high_ones(pets):
    estimates = estimates_of(pets)
    estimates["tr_mem"][:80] = np.nan

    page = Page(render(pets, estimates))

    cards = page.find("li", "card")
    assert len(cards) == 10
    assert not any("undefined" in text for card in cards for text in page.texts(kind="score", inside=card))


def test_examples_for_contrast_are_nearest_and_not_all_of_one_class():
    dataset = dataset_of(images(300), images(30))
    dataset.train_labels.sort()
    mem = np.zeros(300, np.float32)
    mem[:40] = np.linspace(0.3, 0.7, 40)

    estimates = estimates_of(dataset) | {"tr_mem": mem}
    page = Page(render(dataset, estimates))

    typical, between = page.find("ul", "smalls")
    assert page.texts(kind="score", inside=typical) == ["0.000"] * 20
    assert len(set(page.texts("bdi", inside=typical))) == 3
    assert all(0.39 < read(text) < 0.61 for text in page.texts(kind="score", inside=between))


@pytest.mark.parametrize("shape", [(7,), (3000,), (6, 6, 1), (6, 6, 3), (400, 300, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64, bool])
def test_any_kind_of_input(shape, dtype):
    rng = np.random.default_rng(0)
    inputs = (rng.random((4, *shape)) * 3).astype(dtype)

    page = Page(render(dataset_of(inputs, inputs), pairs=pairs_of([0], [1], np.zeros(4, np.float32))))

    drawn = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
    assert len(page.find("img")) == (4 + 2 * 4 + 2 if drawn else 0)
    assert (numbers_of(page)["cells"] is None) == drawn


def test_same_input_same_page(pets):
    assert render(pets) == render(pets)


def test_text_that_is_not_valid_unicode_does_not_cost_the_report(pets):
    assert "run-?" in render(pets, facts={"folder": "run-\udcff"}).encode("utf-8").decode()


def test_estimates_of_other_data_are_refused(pets):
    other = dataset_of(images(90), images(30), names=("cat", "dog"))

    with pytest.raises(InputError, match="not of the data set 'pets'"):
        render(pets, estimates_of(other))


@pytest.mark.parametrize(("train", "test"), [([90], [0]), ([-1], [0]), ([0], [30])])
def test_pairs_outside_the_data_are_refused(pets, train, test):
    pairs = pairs_of([0], [0], np.zeros(1, np.float32)) | {"tr_idx": np.array(train), "tt_idx": np.array(test)}

    with pytest.raises(InputError, match="outside 0"):
        render(pets, pairs=pairs)


def test_importing_the_report_imports_nothing_heavy():
    code = "import sys, memjax.report; print({'jax', 'PIL', 'jinja2'} & set(sys.modules))"

    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
