"""Are the most memorized images of Fashion-MNIST atypical or mislabelled?

The ten training images with the highest memorization are drawn, to be judged by looking.

    sh experiments/install_fashion_mnist.sh
    python -m experiments.feldman_zhang.fashion_mnist --size quick    60 images a class, 32 models
    python -m experiments.feldman_zhang.fashion_mnist                 600 images a class, 200 models

The full form uses all 10,000 test images, MLPs of the default recipe.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import memjax
from experiments.common.claim import Result, main
from experiments.common.models import ModelSettings, Size
from experiments.common.plots import image_row, panels
from experiments.common.settings import Cost
from memjax.config.specs import DataSpec
from memjax.estimators import MEM_THRESHOLD

COST = Cost("18 s", "4 min 37 s")

SIZES = {
    "smoke": Size(DataSpec(per_class=12, test_per_class=10), 20, 16, 0),
    "quick": Size(DataSpec("fashion_mnist", per_class=60, test_per_class=20), 60, 32, 0),
    "full": Size(DataSpec("fashion_mnist", per_class=600), 60, 200, 0),
}
ROWS, COLUMNS = 2, 5


@dataclass(frozen=True)
class Settings(ModelSettings):
    """The most memorized images of Fashion-MNIST."""

    sizes: ClassVar = SIZES


def draw(found: memjax.Result, rows: np.ndarray):
    """The images in two rows, each with its given label, its memorization and the 95 % interval of that."""
    note = f"{found.estimates.num_models} models; under each label: memorization and its 95 % interval"
    figure, axes = panels(ROWS, 1, 7.0, 1.7, note=note)
    data, value = found.dataset, found.memorization.value
    low, high = found.memorization.interval()
    for axis, some in zip(axes[:, 0], np.array_split(rows, ROWS), strict=True):
        names = [data.class_names[data.train_labels[row]] for row in some]
        scores = [f"{value[row]:.2f} [{low[row]:.2f}, {high[row]:.2f}]" for row in some]
        titles = [f"{name}\n{score}" for name, score in zip(names, scores, strict=True)]
        image_row(axis, data.train_inputs[some], titles)
    return figure


def run(settings: Settings) -> Result:
    result = settings.fitted(settings.config())
    estimates = result.estimates
    rows = estimates.most_memorized(ROWS * COLUMNS)
    found = {
        "num_models": estimates.num_models,
        "in_sample_accuracy": estimates.in_sample_accuracy,
        "held_out_accuracy": estimates.held_out_accuracy,
        "share_memorized": float(np.mean(estimates.mem >= MEM_THRESHOLD)),
        "pairs": len(result.pairs),
        "most_memorized": result.dataset.train_ids[rows],
        "report": str(result.report().path),
    }
    return Result(found, [], draw(result, rows))


if __name__ == "__main__":
    main(Settings, run)
