"""The page of two runs on a screen and on a phone."""

import numpy as np
import pytest
from acting import opened_at

from memjax.report.page.other_pages import comparison_page


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Sixty examples, of which six moved; one has a very long name, and one another label."""
    rng = np.random.default_rng(0)
    first, far = rng.random(60), np.arange(60) < 6
    ids = np.array(["a-name-without-any-space-" * 9, *(f"P{row:03d}" for row in range(1, 60))])
    columns = {
        "id": ids, "label_a": np.array(["cat <b>", "dog"] * 30),
        "label_b": np.array(["dog", "dog"] + ["cat <b>", "dog"] * 29),
        "memorization_a": first, "memorization_b": np.where(far, 1 - first, first), "difference": 1 - 2 * first,
        "stderr": np.full(60, 0.05), "q_value": np.where(far, 1e-9, 0.9), "moved": far,
    }  # fmt: skip
    about = [("run", "before", "after"), ("models", "400 models mlp:512,256", "30 models cnn")]
    rows = [("agreement", "Pearson 0.93 of 0.95 expected")]
    moved = {name: values[:6] for name, values in columns.items()}
    path = tmp_path_factory.mktemp("compared") / "page.html"
    path.write_text(comparison_page(about, "6 of 60 examples moved.", rows, columns, moved))
    return path


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_the_answer_what_moved_and_every_example(visit, compared, width, scheme):
    page = opened_at(visit, compared, width, scheme, "#moved")

    assert page.locator("#moved tbody tr").count() == 6
    assert page.locator("circle").count() == 60
    assert page.locator("circle.moved").count() == 6
