"""The options of the experiments: their ranges, and which draws of the data the repeats have."""

import pytest

from experiments.arpit import (
    capacity,
    critical_samples,
    datasets,
    depth,
    filters,
    loss_sensitivity,
    optimizers,
    patterns_first,
    regularizers,
    speed,
)
from experiments.common.claim import repeated
from experiments.common.settings import BaseSettings
from experiments.feldman_zhang import conflict, critics, leave_one_out, trained_trunk, twins
from experiments.label_errors import methods, ranking, regression
from experiments.language import grokking
from memjax.dynamics import Search
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
        (grokking.Settings(share=1), "--share is 1; give a number between 0 and 1"),
        (loss_sensitivity.Settings(batch_size=-1), "--batch-size is -1; give 1 or more"),
        (patterns_first.Settings(noise=1.5), "--noise is 1.5; give a share from 0 to 1"),
        (capacity.Settings(noise=(0.5, 2)), "--noise is 2; give a share from 0 to 1"),
        (capacity.Settings(widths=(8, 0)), "--widths is 0; give 1 or more"),
        (depth.Settings(learning_rates=(0.1, -1)), "--learning-rates is -1; give a number above 0"),
        (critics.Settings(null_epochs=0), "--null-epochs is 0; give 1 or more"),
        (regularizers.Settings(learning_rate=0), "--learning-rate is 0; give a number above 0"),
        (regularizers.Settings(radius=-0.1), "--radius is -0.1; give a number above 0"),
        (depth.Settings(learning_rates=()), "--learning-rates has no value; give one or more"),
        (datasets.Settings(datasets=()), "--datasets has no value; give one or more"),
        (datasets.Settings(datasets=("digits",)), "--datasets names digits alone; give two or more"),
        (critical_samples.Settings(search=Search(radius=0)), "--radius is 0; give a number above 0"),
        (critical_samples.Settings(search=Search(step=-1)), "--step is -1; give a number of 0 or more"),
        (critical_samples.Settings(search=Search(noise=NAN)), "--noise is nan; give a number of 0 or more"),
        (critical_samples.Settings(search=Search(steps=0)), "--steps is 0; give 1 or more"),
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


@pytest.mark.parametrize("experiment", [filters, optimizers, speed, conflict, depth])
def test_no_draw_of_the_data_is_in_two_repeats(experiment):
    settings = experiment.Settings(size="quick", seed=3, data_seed=4)

    draws = [(draw.seed, draw.data_seed) for number in range(5) for draw in settings.repeat(number).each_draw()]

    assert draws[0] == (3, 4)
    assert len(draws) == 5 * settings.own_draws
    assert len({seed for seed, _ in draws}) == len({data_seed for _, data_seed in draws}) == len(draws)


@pytest.mark.parametrize(("experiment", "draws"), [(filters, 4), (optimizers, 3), (speed, 4), (conflict, 4)])
def test_experiments_that_make_draws_themselves_say_how_many(experiment, draws):
    assert experiment.Settings(size="quick").own_draws == draws


@pytest.mark.parametrize("below", [".", "a/b"])
def test_a_file_is_no_folder(below, tmp_path):
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(InputError, match=r"--folder is .*, but .*/file is a file; give a folder, or a new name"):
        BaseSettings(folder=file / below).check()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (twins.Settings(size="smoke"), "emoji is not in .* fetches and writes it"),
        (twins.Settings(size="smoke", dataset="digits"), "the twins of digits are not known"),
        (conflict.Settings(), "emoji is not in .* fetches and writes it"),
    ],
)
def test_data_that_an_experiment_needs_are_asked_for_before_it_trains(settings, said, monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    with pytest.raises(InputError, match=said):
        repeated(pytest.fail, settings)
