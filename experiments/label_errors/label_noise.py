"""Claim: wrong labels are found by memorization, and better still by the held-out probability of the given label.

Digits, 3 % of the training labels replaced by a random wrong one; the default recipe; average precision of finding
the wrong ones, as the mean over draws of them.  The recipe must fit the wrong labels too (in-sample accuracy above
0.999), or memorization would mean little.

    python -m experiments.label_noise                   5 draws, 400 models each: about 2 minutes on two cores
    python -m experiments.label_noise --preset quick    2 draws, 100 models each: about 20 seconds

Expected: average precision above .85 by memorization and above .97 by held-out probability.  Resumes where it stopped.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import tyro

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.machine import environment
from memjax.runs import open_folder, stages
from memjax.runs.progress import progress_bar

SIZES = {"quick": (2, 100), "full": (5, 400)}


@dataclass(frozen=True)
class Experiment:
    """Wrong labels found by memorization."""

    preset: Literal["quick", "full"] = "full"
    folder: Path = Path("runs/label_noise")
    rate: float = 0.03
    model: ModelSpec = field(default_factory=ModelSpec)
    train: TrainSpec = field(default_factory=TrainSpec)


def one_draw(experiment: Experiment, draw: int, num_models: int) -> dict[str, float]:
    """Trains the models of one draw of wrong labels and measures how well these are found."""
    from sklearn.metrics import average_precision_score

    data = DataSpec(label_noise=experiment.rate, data_seed=draw)
    config = RunConfig(num_models=num_models, data=data, model=experiment.model, train=experiment.train)
    run = open_folder.open_run(replace(config, run=str(experiment.folder / config.folder().name)))
    with progress_bar(num_models, run.num_trained) as bar:
        stages.estimate(run, bar.update, bar.write)
    estimates = store.read_results(run.folder, "estimates.npz")
    assert estimates is not None
    wrong = estimates["tr_mislabelled"]
    scores = {
        "memorization": estimates["tr_mem"],
        "held_out_probability": -estimates["tr_probability_out"],
        "held_out_accuracy": -estimates["tr_correct_out"],
        "memorization_of_probability": estimates["tr_probability_in"] - estimates["tr_probability_out"],
    }
    return {
        "draw": draw,
        **{f"{name}_ap": float(average_precision_score(wrong, score)) for name, score in scores.items()},
        "in_sample_accuracy": float(estimates["in_sample_accuracy"]),
        "in_sample_accuracy_wrong": float(estimates["tr_correct_in"][wrong].mean()),
        "test_accuracy": float(estimates["test_accuracy"]),
    }


def main(experiment: Experiment) -> None:
    environment.start_jax()
    draws, num_models = SIZES[experiment.preset]
    rows = [one_draw(experiment, draw, num_models) for draw in range(draws)]
    for row in rows:
        print(json.dumps({name: round(value, 5) for name, value in row.items()}))
    mean = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
    spread = {name: np.std([row[name] for row in rows], ddof=1) for name in rows[0]}
    for name in list(mean)[1:]:
        print(f"{name:<30} {mean[name]:.4f} ± {spread[name]:.4f} (sd over {draws} draws, {num_models} models each)")
    supported = (
        mean["memorization_ap"] > 0.85 and mean["held_out_probability_ap"] > 0.97 and mean["in_sample_accuracy"] > 0.999
    )
    print(f"verdict: {'supported' if supported else 'not supported'}; {environment.versions()}")


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
