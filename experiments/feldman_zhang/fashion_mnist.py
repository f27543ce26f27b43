"""Claim: the most memorized images of Fashion-MNIST are atypical or mislabelled.

600 training images of each class, all 10,000 test images, 200 MLPs with the default recipe; the ten training images
with the highest memorization, drawn into experiments/figures/fashion_mnist.png.  To be judged by looking.

    sh experiments/install_fashion_mnist.sh
    python -m experiments.fashion_mnist                   about 4 minutes on two cores
    python -m experiments.fashion_mnist --preset quick    60 images a class, 32 models: about 15 seconds

Resumes where it stopped.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import tyro
from PIL import Image, ImageDraw, ImageFont

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec
from memjax.machine import environment
from memjax.runs import open_folder, outputs, stages
from memjax.runs.progress import progress_bar

PRESETS = {
    "quick": RunConfig(num_models=32, data=DataSpec("fashion_mnist", per_class=60, test_per_class=20)),
    "full": RunConfig(num_models=200, data=DataSpec("fashion_mnist", per_class=600)),
}
CELL, SCALE, SHOWN = 150, 4, 10


@dataclass(frozen=True)
class Experiment:
    """The most memorized images of Fashion-MNIST."""

    preset: Literal["quick", "full"] = "full"
    folder: Path = Path("runs/fashion_mnist")
    figure: Path = Path("experiments/figures/fashion_mnist.png")


def draw(dataset, estimates: dict[str, np.ndarray], rows: np.ndarray) -> Image.Image:
    """The images in two rows, each with its given label and its score."""
    page = Image.new("L", (CELL * SHOWN // 2, (CELL + 16) * 2), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for place, row in enumerate(rows):
        left, top = CELL * (place % (SHOWN // 2)) + 19, (CELL + 16) * (place // (SHOWN // 2)) + 6
        image = Image.fromarray(dataset.train_inputs[row])
        page.paste(image.resize((28 * SCALE, 28 * SCALE), Image.Resampling.NEAREST), (left, top))
        score = f"{estimates['tr_mem'][row]:.2f} ± {estimates['tr_mem_stderr'][row]:.2f}"
        pen.text((left, top + 28 * SCALE + 3), dataset.class_names[dataset.train_labels[row]], 0, font)
        pen.text((left, top + 28 * SCALE + 18), score, 90, font)
    return page


def main(experiment: Experiment) -> None:
    environment.start_jax()
    config = PRESETS[experiment.preset]
    run = open_folder.open_run(replace(config, run=str(experiment.folder / experiment.preset)))
    with progress_bar(run.plan.num_models, run.num_trained) as bar:
        stages.estimate(run, bar.update, bar.write)
    estimates = store.read_results(run.folder, "estimates.npz")
    pairs = store.read_results(run.folder, "pairs.npz")
    assert estimates is not None
    assert pairs is not None
    rows = np.lexsort((estimates["tr_mem_stderr"], -estimates["tr_mem"]))[:SHOWN]
    experiment.figure.parent.mkdir(parents=True, exist_ok=True)
    draw(run.dataset, estimates, rows).save(experiment.figure, optimize=True)
    found = {
        "num_models": int(estimates["num_models"]),
        "in_sample_accuracy": round(float(estimates["in_sample_accuracy"]), 4),
        "held_out_accuracy": round(float(estimates["held_out_accuracy"]), 4),
        "share_memorized": round(float(np.mean(estimates["tr_mem"] >= 0.25)), 4),
        "pairs": len(pairs["infl"]),
        "most_memorized": run.dataset.train_ids[rows].tolist(),
    }
    print(json.dumps(found))
    print(f"report {outputs.report(run)}; picture {experiment.figure}; judge by looking; {run.plan.environment}")


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
