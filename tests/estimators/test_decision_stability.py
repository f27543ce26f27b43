import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators import decision_stability

MASKS = np.random.default_rng(0).random((16, 40)) < 0.5
MEMBERS = np.arange(120).reshape(3, 40) % 2 == 0


def test_an_attack_without_shadow_models_always_decides_alike():
    target = np.random.default_rng(1).normal(size=(3, 40))

    found = decision_stability(MASKS, MASKS * 1.0, target, MEMBERS, attack=lambda masks, log_odds, target: target)

    assert (found == 1).all()


def test_decisions_by_a_coin_agree_as_coins_do():
    """The threshold lets half of the non-members pass, so that scores which are noise agree half of the time."""
    rng = np.random.default_rng(2)
    coin = lambda *_: rng.random((3, 40))  # noqa: E731

    found = decision_stability(MASKS, MASKS * 1.0, np.zeros((3, 40)), MEMBERS, coin, false_positives=0.5, draws=200)

    assert abs(found.mean() - 0.5) < 4 * 0.5 / np.sqrt(200 * 120)


def test_each_half_has_half_of_the_shadow_models():
    sizes = []

    def attack(masks, log_odds, target):
        sizes.append(len(masks))
        return target

    decision_stability(MASKS, MASKS * 1.0, np.zeros((3, 40)), MEMBERS, attack, draws=3)

    assert sizes == [16, 8, 8, 8]


@pytest.mark.parametrize(
    "change", [{"members": MEMBERS[:2]}, {"false_positives": 1.0}, {"draws": 0}], ids=["members", "rate", "draws"]
)
def test_what_does_not_fit_is_refused(change):
    with pytest.raises(InputError, match="expected shape"):
        decision_stability(**({"masks": MASKS, "log_odds": MASKS * 1.0, "target": np.zeros((3, 40)), "members": MEMBERS}
                              | change))  # fmt: skip
