"""The defaults fit every label of digits, wrong ones included, and find the wrong ones.

A small form of `experiments.label_errors.label_noise`, which has 400 models and five draws of the wrong labels.
"""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec
from memjax.runs import open_folder, stages

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def estimates(tmp_path_factory):
    config = RunConfig(
        run=str(tmp_path_factory.mktemp("runs") / "noise"), num_models=96, data=DataSpec(label_noise=0.03)
    )
    run = open_folder.open_run(config)
    stages.estimate(run, lambda count: None, lambda text: None)
    return store.read_results(run.folder, "estimates.npz")


def test_it_interpolates(estimates):
    changed = estimates["tr_mislabelled"]

    assert changed.sum() == 43
    assert estimates["in_sample_accuracy"] > 0.999
    assert estimates["tr_correct_in"][changed].mean() > 0.99


def test_wrong_labels_stand_out(estimates):
    """Thresholds well under the means of five draws, by more than four of their standard deviations."""
    changed = estimates["tr_mislabelled"]

    assert average_precision_score(changed, 1 - estimates["tr_probability_out"]) > 0.93
    assert average_precision_score(changed, estimates["tr_mem"]) > 0.75


def test_held_in_is_better_than_held_out(estimates):
    assert estimates["in_sample_accuracy"] > estimates["held_out_accuracy"]
    assert np.nanmean(estimates["tr_mem"]) > 0
