import pytest

from experiments.common.intervals import Interval
from experiments.feldman_zhang.architectures import difference


def test_a_difference_of_intervals():
    found = difference(Interval(0.9, 0.87, 0.93, 50), Interval(0.5, 0.46, 0.54, 40))

    assert found == pytest.approx((0.4, 0.35, 0.45, 40))
