import subprocess
import sys
from typing import get_args

import jax.numpy as jnp
import numpy as np
import pytest

from memjax import metrics
from memjax.config import run_config
from memjax.errors import InputError

LOGITS = jnp.array([[2.0, 0.0, 1.0], [0.0, 0.0, 5.0]])
LABELS = jnp.array([0, 1])


def test_metrics_by_hand():
    p = np.exp([2, 0, 1]) / np.exp([2, 0, 1]).sum()

    assert metrics.correct(LOGITS, LABELS).tolist() == [True, False]
    np.testing.assert_allclose(metrics.probability(LOGITS, LABELS)[0], p[0], rtol=1e-6)
    np.testing.assert_allclose(metrics.margin(LOGITS, LABELS), [1, -5])
    np.testing.assert_allclose(metrics.log_odds(LOGITS, LABELS)[0], np.log(p[0] / (1 - p[0])), rtol=1e-5)


def test_log_odds_do_not_saturate():
    """The probability is 1 in float32, so it cannot tell such logits apart."""
    logits = jnp.array([[100.0, 0.0, 0.0]])

    assert metrics.probability(logits, LABELS[:1])[0] == 1
    np.testing.assert_allclose(metrics.log_odds(logits, LABELS[:1]), 100 - np.log(2), rtol=1e-6)


def test_log_odds_are_below_the_margin_by_at_most_the_log_of_the_other_classes():
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(100, 5)), jnp.float32)
    labels = jnp.zeros(100, int)

    gap = np.asarray(metrics.margin(logits, labels) - metrics.log_odds(logits, labels))
    assert gap.min() >= -1e-5
    assert gap.max() <= np.log(4) + 1e-5


@pytest.mark.parametrize(
    ("option", "offered"),
    [("keep", run_config.Kept), ("score", run_config.Score), ("record", run_config.Recorded)],
)
def test_an_option_offers_the_metrics_that_the_table_allows_it(option, offered):
    words = {word for part in get_args(offered) for word in get_args(part)}
    rows = [row for task in metrics.BUILT_IN for row in metrics.task_named(task).scores]
    assert words == {row.name for row in rows if option in row.options}


@pytest.mark.parametrize("row", metrics.CLASSIFICATION.scores, ids=lambda row: row.name)
def test_range_and_direction_of_a_metric_are_those_of_the_table(row):
    """A larger logit of the given label is a better prediction of this label."""
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(100, 5)) * 3, jnp.float32)
    ascending = logits.at[:, 0].set(jnp.linspace(-20, 20, 100)).at[:, 1:].set(logits[0, 1:])

    values = np.asarray(row.function(logits, jnp.zeros(100, int)), float)
    moves = np.diff(np.asarray(row.function(ascending, jnp.zeros(100, int)), float).reshape(100, -1)[:, 0])

    assert row.range[0] <= values.min()
    assert values.max() <= row.range[1]
    assert (moves if row.higher_is_better else -moves).min() >= -1e-6


@pytest.mark.parametrize("name", metrics.LEARNED)
def test_an_example_counts_as_learned_only_where_the_model_is_right(name):
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(1000, 3)) * 3, jnp.float32)
    labels = jnp.zeros(1000, int)

    learned = metrics.LEARNED[name](np.asarray(metrics.METRICS[name].function(logits, labels)))

    assert learned.any()
    assert not (learned & ~np.asarray(metrics.correct(logits, labels))).any()


def test_bytes_per_value_on_disk():
    assert {row.name: row.num_bytes(10) for row in metrics.CLASSIFICATION.scores} == {
        "correct": 1 / 8, "margin": 2, "loss": 2, "probability": 2, "log_odds": 2, "logits": 20, "error_norm": 2
    }  # fmt: skip


def test_the_table_can_be_read_without_jax():
    code = "import sys, memjax.metrics; assert 'jax' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="accuracy"):
        metrics.CLASSIFICATION.functions(("accuracy",))
