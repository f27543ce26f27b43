import numpy as np
import pytest
import scipy.stats

from memjax.errors import InputError
from memjax.estimators import epsilon_from_one_model, epsilon_from_rates
from memjax.estimators.membership_curve import p_value_of_one_model


def randomized_response(rng, count, epsilon):
    """The score is the coin itself, or with probability 1 / (1 + e^epsilon) its opposite: exactly epsilon."""
    members = rng.random(count) < 0.5
    return np.where(rng.random(count) < 1 / (1 + np.exp(epsilon)), ~members, members).astype(float), members


def test_all_guesses_right_by_hand():
    """q^r = .05 for q = 1 / (1 + e^-epsilon): epsilon = -log(.05^(-1 / r) - 1)."""
    members = np.arange(20) % 2 == 0

    found = epsilon_from_one_model(np.where(members, 1.0, -1.0), members, guesses=20)

    assert found == pytest.approx(-np.log(0.05 ** (-1 / 20) - 1), abs=1e-6)


@pytest.mark.parametrize("delta", [0.0, 1e-4])
def test_the_p_value_is_that_of_a_loop(delta):
    examples, guesses, right, epsilon = 60, 30, 22, 0.7
    q = 1 / (1 + np.exp(-epsilon))
    pmf = scipy.stats.binom.pmf(np.arange(guesses + 1), guesses, q)
    worst = max(pmf[right - i : right].sum() / i for i in range(1, right + 1))

    found = p_value_of_one_model(examples, guesses, right, epsilon, delta)

    assert found == pytest.approx(pmf[right:].sum() + 2 * examples * delta * worst, rel=1e-9)


def test_a_delta_makes_the_bound_smaller():
    scores, members = randomized_response(np.random.default_rng(0), 400, 2.0)

    pure, approximate = (epsilon_from_one_model(scores, members, 400, delta) for delta in (0.0, 1e-4))

    assert 0 < approximate < pure


def test_the_rates_of_a_perfect_attack_by_hand():
    """Half of 400 scores choose; of the other 200 every score is right: both ends are (alpha / 2)^(1 / count)."""
    members = np.arange(400) % 2 == 0
    half = np.random.default_rng(0).permutation(400) % 2 == 0
    inside, outside = (members & ~half).sum(), (~members & ~half).sum()
    low, high = 0.025 ** (1 / inside), 1 - 0.025 ** (1 / outside)

    found = epsilon_from_rates(members.astype(float), members)

    assert found == pytest.approx(np.log(low / high), abs=1e-9) or found == pytest.approx(
        np.log((1 - high) / (1 - low)), abs=1e-9
    )


def test_scores_that_tell_nothing_bound_nothing():
    rng = np.random.default_rng(1)

    assert epsilon_from_rates(np.ones(100), rng.random(100) < 0.5) == 0
    assert epsilon_from_one_model(rng.random(100), np.arange(100) < 50, 50) == pytest.approx(0, abs=1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s, m: epsilon_from_rates(s, m, delta=1.0), "delta is 1.0"),
        (lambda s, m: epsilon_from_rates(s, m, level=95.0), "level 95.0"),
        (lambda s, m: epsilon_from_one_model(s, m, 11), "a number from 2 to 10"),
        (lambda s, m: epsilon_from_one_model(s, m[:4], 4), "expected the same"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call(np.arange(10.0), np.arange(10) < 5)
