"""Do groups show the memorization of writers and of duplicates that the scores of single examples miss?

After Feldman and Zhang 2020, section 2: an example is memorized if its label is known only from itself.  Copies of one
image, and the images of one writer, tell each other's labels, so that none of them is memorized alone.

    python -m experiments.feldman_zhang.groups --size quick    digits, 40 a class, twice 300 models
    python -m experiments.feldman_zhang.groups                 digits, 80 a class, twice 1,000 models

Planted among the digits: images with a wrong label and four exact copies each, and writers with six images each, whose
mark of bright pixels is the only thing that tells their label.  All other images are a group of their own.  Models are
trained on half of the examples, and other models on half of the groups.  Intervals are over planted groups.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import mean_interval, paired
from experiments.common.models import ModelSettings, Size, fit_warning
from experiments.common.plots import panels
from experiments.common.settings import Cost
from experiments.data.draws import loaded
from memjax.config.specs import DataSpec, SubsetSpec
from memjax.estimators import MEM_THRESHOLD
from memjax.types import Dataset

COST = Cost("16 s", "61 s")

SIZES = {
    "smoke": Size(DataSpec(per_class=10, test_per_class=5), 20, 48, 1),
    "quick": Size(DataSpec(per_class=40), 80, 300, 1),
    "full": Size(DataSpec(per_class=80), 80, 1000, 1),
}
KINDS = ("duplicates", "writers")
PLANTED, COPIES, IMAGES, MARK = {"smoke": 6, "quick": 20, "full": 40}, 5, 6, 6


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Planted writers and duplicates, by example and by group."""

    sizes: ClassVar = SIZES
    changes_data: ClassVar = True


class Planted(NamedTuple):
    """Training images with what was planted among them."""

    inputs: np.ndarray
    labels: np.ndarray
    groups: np.ndarray  # writers and images that have copies have the first numbers
    kinds: np.ndarray  # of each of these groups: 0 duplicates, 1 writers


def plant(dataset: Dataset, count: int, seed: int) -> Planted:
    """Replaces so many images by copies with a wrong label, and adds so many writers."""
    rng, number = np.random.default_rng(seed), dataset.num_classes
    order = rng.permutation(dataset.num_train)  # the first are replaced: else one image would have two labels
    inputs, labels = [dataset.train_inputs[order[count:]]], [dataset.train_labels[order[count:]]]
    groups = [2 * count + np.arange(dataset.num_train - count)]
    for group in range(2 * count):
        size = COPIES if group < count else IMAGES
        rows = order[[group]] if group < count else rng.integers(dataset.num_train, size=size)
        images, true = np.resize(dataset.train_inputs[rows], (size, *dataset.input_shape)), dataset.train_labels[rows]
        if group >= count:
            images.reshape(size, -1)[:, rng.permutation(images[0].size)[:MARK]] = dataset.train_inputs.max()
        wrong = (true[0] + rng.integers(1, number)) % number
        inputs, labels = [*inputs, images], [*labels, np.full(size, wrong)]
        groups.append(np.full(size, group))
    return Planted(*map(np.concatenate, (inputs, labels, groups)), np.repeat([0, 1], count))


def run(settings: Settings) -> Result:
    config, count = settings.config(), PLANTED[settings.size]
    dataset = loaded(config.data)
    planted = plant(dataset, count, settings.data_seed)
    config = replace(config, data=DataSpec(), subset=SubsetSpec(subset_fraction=0.5))
    folder = settings.folder / "models" / f"groups-{settings.size}-{settings.seed}-{settings.data_seed}"
    results = [
        settings.fit(planted.inputs, planted.labels, dataset.test_inputs, dataset.test_labels, groups=groups,
                     config=config, run=Path(f"{folder}-{name}"))
        for name, groups in (("examples", None), ("groups", planted.groups))
    ]  # fmt: skip
    alone = np.asarray(results[0].memorization.value)
    single = np.array([alone[planted.groups == group].mean() for group in range(2 * count)])
    table = results[1].groups
    whole, low = (table[name].to_numpy()[: 2 * count] for name in ("memorization", "low"))
    fitted = [result.estimates.in_sample_accuracy for result in results]
    numbers = {
        "planted_groups": 2 * count,
        "in_sample_accuracy": fitted,
        "warning": fit_warning(fitted),
        "interval_above_0": {kind: float((low[planted.kinds == of] > 0).mean()) for of, kind in enumerate(KINDS)},
    }
    for of, kind in enumerate(KINDS):
        mine = planted.kinds == of
        numbers[kind] = {"single": float(single[mine].mean()), "group": float(whole[mine].mean())}
    return Result(
        numbers, verdicts_of(single, whole, planted.kinds), draw(single, whole, planted.kinds, config.num_models)
    )


def verdicts_of(single: np.ndarray, whole: np.ndarray, kinds: np.ndarray) -> list[Verdict]:
    """The verdicts, from memorization of each planted group, alone and as a group.

    Args:
      single: (groups,) the mean of its examples, each on its own.
      whole: (groups,) of the group.
      kinds: (groups,) the place in `KINDS`.
    """
    verdicts = []
    for mine, kind in zip(np.arange(len(KINDS))[:, None] == kinds, KINDS, strict=True):
        verdicts += [
            Verdict(
                f"{kind}: groups are memorized, at {MEM_THRESHOLD:g} or more", mean_interval(whole[mine]), MEM_THRESHOLD
            ),
            Verdict(f"{kind}: more than their examples by single scores", paired(whole[mine], single[mine])),
        ]
    return verdicts


def draw(single: np.ndarray, whole: np.ndarray, kinds: np.ndarray, models: int):
    """Memorization of each planted group against the mean single score of its examples."""
    note = f"{len(kinds) // 2} planted groups of each kind; each axis from {models:,} models; line: both are equal"
    figure, axes = panels(1, 1, 4.4, 3.7, note=note)
    for of, kind in enumerate(KINDS):
        axes[0, 0].plot(single[kinds == of], whole[kinds == of], "os"[of], markersize=4, label=kind)
    axes[0, 0].plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes[0, 0].set(xlabel="mean memorization of its examples", ylabel="memorization of the group")
    axes[0, 0].legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
