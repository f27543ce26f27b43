"""The page of judged scores on a screen and on a phone."""

import numpy as np
import pytest
from acting import opened_at

from memjax.report.page.other_pages import verdict_page
from memjax.runs.verdict import Measure


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Measures of all kinds: a long name, a negative one, one without ceiling, one undefined."""
    best = "a perfect score"
    measures = [
        Measure("LDS", 0.382, 0.349, 0.414, 0.0, 0.549, best, "50 test examples"),
        Measure("left out", -0.1, -0.2, 0.0, 0.0, np.nan, best, "20 examples left out, 420 models"),
        Measure("strong pairs", 0.449, 0.355, 0.552, 0.214, 0.421, "the influence from the twin", "107 pairs"),
    ]
    classes = [
        Measure("cat <b>", 0.4, 0.3, 0.5, 0.0, 0.6, best, "5 test examples"),
        Measure("a-class-without-any-space-" * 5, np.nan, np.nan, np.nan, 0.0, np.nan, best, "1 test example"),
    ]
    understood = [("scores", "scores.npy: 100 training x 50 test examples, (train, test)"), ("sign", "positive: helps")]
    path = tmp_path_factory.mktemp("judged") / "page.html"
    path.write_text(verdict_page("LDS 0.382, 69% of the ceiling.", understood, measures, classes, ["A notice."]))
    return path


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_the_answer_and_every_measure(visit, judged, width, scheme):
    page = opened_at(visit, judged, width, scheme, "#measures")

    assert page.locator("#measures tbody tr").count() == 5
    assert page.locator("svg").count() == 2
    assert page.locator("circle.value").count() == 4  # the undefined one has no point
    assert page.locator("line.ceiling").count() == 3
