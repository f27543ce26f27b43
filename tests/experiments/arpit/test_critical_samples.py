"""Which held-out examples are searched, and in which boxes."""

import numpy as np
import pytest

from experiments.arpit.critical_samples import Settings, curves_of, some_held_out
from memjax import dynamics


def test_of_data_sorted_by_class_all_classes_are_searched():
    labels = np.repeat(np.arange(10), 100)
    masks = np.random.default_rng(0).random((3, 1000)) < 0.7

    rows = some_held_out(masks, 150, seed=0)

    for mask, own in zip(masks, rows, strict=True):
        assert not mask[own].any()
        assert len(set(own)) == 150
        assert set(labels[own]) == set(range(10))


@pytest.mark.parametrize(("given", "radii"), [({}, (0.3, 3)), ({"radius": 6.0, "step": 5.0}, (6, 60))])
def test_the_boxes_are_those_of_the_options(given, radii, monkeypatch):
    asked = []

    def ratio(predict, inputs, key, search):
        asked.append(search)
        return 0.0

    monkeypatch.setattr(dynamics, "critical_sample_ratio", ratio)
    settings = Settings(size="smoke", search=dynamics.Search(**given))
    curves, _ = curves_of(settings, "real", 1.0)

    span = 16 / 255  # of digits
    assert [search.radius for search in asked] == pytest.approx([span * radius for radius in radii])
    assert [search.step for search in asked] == pytest.approx([span * settings.search.step * n for n in (1, 10)])
    assert {f"csr {radius:g}" for radius in radii} < curves.keys()
