"""What a run says of itself."""

from dataclasses import replace

import numpy as np

from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec, TrainSpec
from memjax.runs import summary
from memjax.store import Plan, as_estimates, as_pairs
from tests.report.report_page import dataset_of, estimates_of, images, pairs_of

ESTIMATES = as_estimates(estimates_of(dataset_of(images(3), images(3))))


def facts(config):
    data = {"name": "x", "num_train": 10, "num_test": 5, "sha256": "ab"}
    return summary.facts(Plan(config.settings(), data, 2, 10, {"jax": "1"}), ESTIMATES)


def test_settings_that_are_as_usual_are_not_told():
    found = facts(RunConfig())

    assert found["model"] == "mlp:128"
    assert found["training"].endswith("cosine schedule, warm-up 0.1")


def test_settings_that_are_not_are():
    train = TrainSpec(
        weight_decay=1e-4, label_smoothing=0.1, input_noise=0.5, crop=4, flip=True, scaling="unit", precision="bfloat16"
    )
    found = facts(replace(RunConfig(), model=ModelSpec("cnn", norm="group", dropout=0.5), train=train))

    assert found["model"] == "cnn, group normalisation, dropout 0.5"
    assert found["training"].endswith(
        "weight decay 0.0001, label smoothing 0.1, input noise 0.5, random crops by 4 pixels, random flips, "
        "inputs from 0 to 1, bfloat16"
    )


def test_a_folder_of_an_older_version_lacks_some():
    config = RunConfig()
    settings = config.settings()
    del settings["train"]["weight_decay"], settings["model"]["norm"]
    plan = Plan(settings, {"name": "x", "num_train": 10, "num_test": 5, "sha256": "ab"}, 2, 10, {"jax": "1"})

    assert summary.facts(plan, ESTIMATES)["model"] == "mlp:128"


def test_scores_without_errors_are_told():
    data = dataset_of(images(3), images(3))
    arrays = estimates_of(data) | {"tr_mem_stderr": np.full(3, np.nan)}

    found = summary.findings(data, as_estimates(arrays), as_pairs(pairs_of([0], [1], arrays["tr_mem"])))

    assert dict(summary.rows(found))["standard error"] == "undefined"
    assert any("No score has a standard error" in words for words in found["warnings"])
    assert not any("nan" in words for words in found["warnings"])
