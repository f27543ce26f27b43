"""The ranges of the experiments' options: a value outside is refused before anything runs."""

import pytest

from experiments.arpit import capacity, datasets, depth, filters, loss_sensitivity, patterns_first
from experiments.common.claim import repeated
from experiments.common.settings import BaseSettings
from experiments.feldman_zhang import critics, leave_one_out, trained_trunk
from experiments.label_errors import methods, ranking, regression
from memjax.errors import InputError

NAN = float("nan")


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        (BaseSettings(repeats=0), "--repeats is 0; give 1 or more"),
        (leave_one_out.Settings(sample=0), "--sample is 0; give 1 or more"),
        (leave_one_out.Settings(retrainings=-2), "--retrainings is -2; give 1 or more"),
        (leave_one_out.Settings(models=0), "--models is 0; give 2 or more"),
        (leave_one_out.Settings(epochs=0), "--epochs is 0; give 1 or more"),
        (leave_one_out.Settings(per_class=0), "--per-class is 0; give 1 or more"),
        (critics.Settings(weight_decay=-1), "--weight-decay is -1; give 0 or more"),
        (trained_trunk.Settings(models=1), "--models is 1; give 2 or more"),
        (methods.Settings(draws=-1), "--draws is -1; give 1 or more"),
        (ranking.Settings(rate=0), "--rate is 0; give a number between 0 and 1"),
        (regression.Settings(rate=NAN), "--rate is nan; give a number between 0 and 1"),
        (loss_sensitivity.Settings(batch_size=-1), "--batch-size is -1; give 1 or more"),
        (patterns_first.Settings(noise=1.5), "--noise is 1.5; give a share from 0 to 1"),
        (capacity.Settings(noise=(0.5, 2)), "--noise is 2; give a share from 0 to 1"),
        (capacity.Settings(widths=(8, 0)), "--widths is 0; give 1 or more"),
        (depth.Settings(learning_rates=(0.1, -1)), "--learning-rates is -1; give a number above 0"),
        (depth.Settings(learning_rates=()), "--learning-rates has no value; give one or more"),
        (datasets.Settings(datasets=()), "--datasets has no value; give one or more"),
        (filters.Settings(learning_rate=NAN), "--learning-rate is nan; give a number above 0"),
    ],
)
def test_a_value_outside_its_range_is_refused(settings, option):
    with pytest.raises(InputError) as problem:
        repeated(pytest.fail, settings)

    assert str(problem.value).startswith(option)


@pytest.mark.parametrize(
    "settings",
    [leave_one_out.Settings(sample=1, models=2, retrainings=1), critics.Settings(weight_decay=0),
     capacity.Settings(widths=(1,), noise=(0, 1)), capacity.Settings(), loss_sensitivity.Settings(batch_size=1)],
)  # fmt: skip
def test_the_ends_of_a_range_are_in_it(settings):
    settings.check()
