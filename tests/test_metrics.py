from typing import get_args

import jax.numpy as jnp
import numpy as np
import pytest

from memjax import metrics
from memjax.config import run_config
from memjax.errors import InputError

LOGITS = jnp.array([[2.0, 0.0, 1.0], [0.0, 0.0, 5.0]])
LABELS = jnp.array([0, 1])


def test_by_hand():
    p = np.exp([2, 0, 1]) / np.exp([2, 0, 1]).sum()

    assert metrics.correct(LOGITS, LABELS).tolist() == [True, False]
    np.testing.assert_allclose(metrics.probability(LOGITS, LABELS)[0], p[0], rtol=1e-6)
    np.testing.assert_allclose(metrics.margin(LOGITS, LABELS), [1, -5])
    np.testing.assert_allclose(metrics.log_odds(LOGITS, LABELS)[0], np.log(p[0] / (1 - p[0])), rtol=1e-5)


def test_log_odds_do_not_saturate():
    """From the probability, which is 1 in float32, nothing could be told."""
    logits = jnp.array([[100.0, 0.0, 0.0]])

    assert metrics.probability(logits, LABELS[:1])[0] == 1
    np.testing.assert_allclose(metrics.log_odds(logits, LABELS[:1]), 100 - np.log(2), rtol=1e-6)


def test_log_odds_are_below_the_margin_by_at_most_the_log_of_the_other_classes():
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(100, 5)), jnp.float32)
    labels = jnp.zeros(100, int)

    gap = np.asarray(metrics.margin(logits, labels) - metrics.log_odds(logits, labels))
    assert gap.min() >= -1e-5
    assert gap.max() <= np.log(4) + 1e-5


def test_the_command_line_offers_every_metric():
    assert {*get_args(run_config.Metric), *get_args(run_config.Recorded)} == set(metrics.METRICS)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="accuracy"):
        metrics.metrics_named(("accuracy",))
