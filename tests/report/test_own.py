"""The user's own words on the page, and the labels to look at."""

import numpy as np
import pytest

from memjax.data.in_memory import Table
from memjax.report import Own
from memjax.report.page.own import UNKNOWN, features_of, standing
from tests.report.hostile_texts import HOSTILE
from tests.report.report_page import Page, dataset_of, numbers_of, render


def own_of(dataset, names=None, columns=("size", "kind")) -> Own:
    """Names for all rows, a table of a number and a text, and the rows 4, 2 and 7 as suspects."""
    count = dataset.num_train
    ids = np.array(names or [f"N{row}" for row in range(count)])
    known = {
        "label": np.array(dataset.class_names)[dataset.train_labels],
        "preferred": np.array(dataset.class_names)[(dataset.train_labels + 1) % dataset.num_classes].astype(object),
        "looks_wrong": np.arange(count) < 5,
        "memorization": np.linspace(0, 1, count), "low": np.zeros(count), "high": np.ones(count),
        "probability_out": np.linspace(0, 0.5, count), "preferred_probability": np.linspace(1, 0.5, count),
    }  # fmt: skip
    table = Table(
        list(columns),
        [dataset.train_inputs[:, 0], ids[::-1]],
        [dataset.test_inputs[:, 0], np.repeat("x", dataset.num_test)],
    )
    return Own(ids, dataset.test_ids, table, "2 of 30 labels look wrong.", np.array([4, 2, 7]), known)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return dataset_of(rng.normal(size=(30, 3)).astype(np.float32), rng.normal(size=(12, 3)).astype(np.float32))


def test_a_value_stands_where_half_of_its_ties_and_all_lower_ones_are_below():
    values = np.array([1.0, 2.0, 2.0, 4.0, 100.0, np.nan])
    labels = np.array([0, 0, 0, 0, 1, 0])

    # Of class 0: 1, 2, 2, 4, nan (last in order).  1: half of itself, 1/2 of 5; the 2s: 1 + 1 of 5; 4: 3 + 1/2.
    assert standing(values, labels).tolist() == [10, 40, 40, 70, 50, UNKNOWN]


def test_the_answer_comes_before_the_numbers_and_the_suspects_in_their_order(rows):
    page = Page(render(rows, own=own_of(rows)))

    assert page.texts("p", "answer") == ["2 of 30 labels look wrong."]
    table = next(element for element in page.find("table") if element["attrs"].get("id") == "suspects-table")
    assert page.texts("th", inside=table)[-3:] == ["N4", "N2", "N7"]
    first = " ".join(page.texts("td", inside=table)[:5])
    assert "dog" in first
    assert "cow" in first
    assert "size" in first
    order = [element["text"].strip() for element in page.elements if element["tag"] in ("h2", "h3")]
    assert (
        order.index("Labels to look at") < order.index("About this run") < order.index("Distribution of memorization")
    )


def test_the_script_gets_names_cells_and_suspects_in_the_order_of_the_page(rows):
    own = own_of(rows)
    page = Page(render(rows, own=own))
    numbers = numbers_of(page)
    order = np.argsort([int(name[1:]) for name in numbers["names"]["train"]])

    assert sorted(numbers["names"]["train"]) == sorted(own.ids.tolist())
    assert numbers["cells"]["names"] == ["size", "kind"]
    size, kind = numbers["cells"]["columns"]
    np.testing.assert_allclose(size["train"][order], rows.train_inputs[:, 0])
    assert [kind["texts"][at] for at in kind["train"][order]] == own.ids[::-1].tolist()
    assert [numbers["names"]["train"][at] for at in numbers["suspects"]["place"]] == ["N4", "N2", "N7"]


def test_without_examples_no_cell_is_in_the_page(rows):
    html = render(rows, own=own_of(rows, columns=("secret-size", "secret-kind")), examples=False)

    assert "secret" not in html
    assert numbers_of(Page(html))["cells"] is None


def test_inputs_without_names_get_numbered_columns_and_images_none(rows):
    assert features_of(rows).names == ["feature 0", "feature 1", "feature 2"]
    assert features_of(dataset_of(np.zeros((4, 5, 5)), np.zeros((2, 5, 5)))) is None
    assert len(features_of(dataset_of(np.zeros((4, 2, 3, 4, 5)), np.zeros((2, 2, 3, 4, 5)))).names) == 120


def test_hostile_names_of_rows_and_columns_add_no_element(rows):
    plain = Page(render(rows, own=own_of(rows)))
    hostile = Page(render(rows, own=own_of(rows, (HOSTILE * 2)[:30], HOSTILE[:2])))

    def shape(page):
        return [(element["tag"], sorted(element["attrs"])) for element in page.elements]

    assert shape(plain) == shape(hostile)
