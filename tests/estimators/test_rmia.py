import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators import loss_attack, population_attack, rmia


def odds(*probabilities):
    """Log odds."""
    p = np.array(probabilities)
    return np.log(p / (1 - p))


MASKS = np.array([[1], [1], [0], [0]], bool)
SHADOWS = odds([0.9], [0.7], [0.3], [0.1])  # .8 in, .2 out: P(label) is .5 online, (1.5 .2 + .5) / 2 = .4 offline
TARGET = odds([0.75])  # its ratio is 1.5 online and 1.875 offline
POPULATION = np.repeat(odds([0.5, 0.5, 0.5, 0.5]), 4, axis=0)
OF_TARGET = odds([0.4, 0.6, 0.7, 0.8])  # ratios .8, 1.2, 1.4, 1.6 online; a half becomes .625 offline


def test_by_hand():
    assert rmia(MASKS, SHADOWS, TARGET, POPULATION, OF_TARGET) == 3 / 4
    assert rmia(MASKS, SHADOWS, TARGET, POPULATION, OF_TARGET, gamma=1.2) == 2 / 4
    offline = rmia(MASKS, SHADOWS, TARGET, POPULATION, OF_TARGET, gamma=1.5, offline=0.5)
    assert offline == 3 / 4  # 1.875 against 1.5 times .64, .96, 1.12, 1.28


def test_the_baselines_by_hand():
    assert population_attack(TARGET, OF_TARGET) == 3 / 4
    np.testing.assert_allclose(loss_attack(TARGET), np.log(0.75))
    np.testing.assert_allclose(loss_attack(np.array([[-80.0]])), -80.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gamma": 0.0}, "gamma is 0.0"),
        ({"offline": 1.5}, "offline 1.5"),
        ({"population_target": OF_TARGET[:, :3]}, r"expected \(1, 4\)"),
        ({"population": POPULATION[:3]}, "a row for each of masks"),
        ({"population": POPULATION[:, :0], "population_target": OF_TARGET[:, :0]}, "at least one"),
        ({"target": TARGET[0]}, "do not fit"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    given = {"target": TARGET, "population": POPULATION, "population_target": OF_TARGET}

    with pytest.raises(InputError, match=words):
        rmia(MASKS, SHADOWS, **(given | change))
