"""How much do a head on a trained trunk, fine-tuning and training from scratch memorize?

A trunk is trained on the first five classes of a data set; models are then trained on few examples of the other five,
a tenth of them with a wrong label.  No image of a trunk's training set is in the models' data.  Three ways are compared
on the same subsets: only the last layer is trained, on the features of the trunk; all layers are, beginning with the
trunk; or all layers are, from random weights.  All have one recipe.

    python -m experiments.feldman_zhang.trained_trunk --size quick    digits; 3 trunks and draws, 48 models each way
    python -m experiments.feldman_zhang.trained_trunk                 Fashion-MNIST; 5 trunks and draws, 100 models each

Intervals are over draws, each with a trunk, examples, wrong labels and subsets of its own.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, ends, mean_interval, paired
from experiments.common.plots import NO_BAR, panels
from experiments.common.settings import BaseSettings, Cost
from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, SubsetSpec, TrainSpec
from memjax.estimators import MEM_THRESHOLD

COST = Cost("2 min", "10 min")
WAYS = ("head", "fine-tuning", "from scratch")
WRONG = 0.1  # share of wrong labels


class Size(NamedTuple):
    """Data set, training and test examples of a class, those of a trunk, network, epochs, models and draws."""

    dataset: str
    per_class: int
    test_per_class: int
    of_trunk: int
    model: str
    epochs: int
    models: int
    draws: int


SIZES = {
    "smoke": Size("digits", 12, 10, 20, "mlp:16,16", 10, 16, 2),
    "quick": Size("digits", 40, 30, 140, "mlp:64,64", 60, 48, 3),
    "full": Size("fashion_mnist", 60, 200, 1000, "mlp:256,128", 60, 100, 5),
}


@dataclass(frozen=True)
class Settings(BaseSettings):
    """Three ways to train a network, of which two begin with a trunk."""

    models: int | None = None
    """Models of each way and draw.  Default: as many as the size says."""

    @property
    def data_name(self) -> str:
        return SIZES[self.size].dataset


def run(settings: Settings) -> Result:
    rows = [measured(settings, draw) for draw in range(SIZES[settings.size].draws)]
    found = {
        way: {name: mean_interval([row[way][name] for row in rows]) for name in rows[0][way]} for way in WAYS
    }  # fmt: skip
    each = {name: {way: [row[way][name] for row in rows] for way in WAYS} for name in rows[0][WAYS[0]]}
    return Result(found, verdicts_of(each), draw_figure(found))


def measured(settings: Settings, draw: int) -> dict[str, dict[str, float]]:
    """What each way gives in one draw: accuracies, and the shares of examples that are memorized."""
    size = SIZES[settings.size]
    data = DataSpec(
        size.dataset, classes=(5, 6, 7, 8, 9), per_class=size.per_class, test_per_class=size.test_per_class,
        label_noise=WRONG, data_seed=settings.data_seed + draw,
    )  # fmt: skip
    config = RunConfig(
        data=data, model=ModelSpec(size.model), train=TrainSpec(epochs=size.epochs), seed=settings.seed + draw,
        num_models=settings.models or size.models, influence="same-class",
    )  # fmt: skip
    begun = replace(config, model=replace(config.model, init=str(trunk(settings, draw))))
    ways = (replace(begun, train=replace(begun.train, train=("head",))), begun, config)
    return {way: summary(settings.fitted(each)) for way, each in zip(WAYS, ways, strict=True)}


def trunk(settings: Settings, draw: int) -> Path:
    """The file with a network that was trained on the other classes, without its last layer."""
    size = SIZES[settings.size]
    data = DataSpec(size.dataset, classes=(0, 1, 2, 3, 4), per_class=size.of_trunk, data_seed=settings.data_seed + draw)
    found = settings.fitted(
        RunConfig(
            num_models=2, data=data, model=ModelSpec(size.model), train=TrainSpec(epochs=size.epochs // 2),
            subset=SubsetSpec("everything"), keep=("correct", "probability", "parameters"), seed=settings.seed + draw,
        )
    )  # fmt: skip
    arrays = found.models[0].arrays
    last = max(name.split("/")[2] for name in arrays)
    arrays = {name: array for name, array in arrays.items() if name.split("/")[2] != last}
    path = settings.folder / "trunks" / f"{Path(found.run.folder).name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write_atomically(path, lambda stream: np.savez(stream, **arrays))
    return path


def summary(found: Any) -> dict[str, float]:
    """Accuracies, and the share memorized of the examples with right and with wrong labels."""
    estimates, wrong = found.estimates, found.dataset.mislabelled
    memorized = estimates.mem >= MEM_THRESHOLD
    return {
        "test accuracy": estimates.test_accuracy,
        "in-sample accuracy": estimates.in_sample_accuracy,
        "memorized, right labels": float(memorized[~wrong].mean()),
        "memorized, wrong labels": float(memorized[wrong].mean()),
    }


def verdicts_of(each: dict[str, dict[str, list[float]]]) -> list[Verdict]:
    """The verdicts, from the values of each quantity by way, one a draw."""
    right, wrong, test = (
        each[name] for name in ("memorized, right labels", "memorized, wrong labels", "test accuracy")
    )
    head, tuned, scratch = WAYS
    return [
        Verdict("a head memorizes fewer rightly labelled examples than training from scratch (difference of shares)",
                paired(right[scratch], right[head])),
        Verdict("... and fewer of the wrong labels", paired(wrong[scratch], wrong[head])),
        Verdict("fine-tuning memorizes fewer rightly labelled examples than training from scratch",
                paired(right[scratch], right[tuned])),
        Verdict("... but not fewer of the wrong labels, by .05 or more (.05 minus the difference of shares)",
                mean_interval(0.05 - (np.array(wrong[scratch]) - wrong[tuned]))),
        Verdict("fine-tuning is more accurate on test examples than training from scratch",
                paired(test[tuned], test[scratch])),
        Verdict("a head is more accurate on test examples than training from scratch",
                paired(test[head], test[scratch])),
    ]  # fmt: skip


def draw_figure(found: dict[str, dict[str, Interval]]) -> Any:
    """Accuracies and shares of each way."""
    draws = found[WAYS[0]]["test accuracy"].repeats
    figure, axes = panels(1, 2, 4.4, 3.2, note=f"error bars: 95 % intervals over {draws} draws; {NO_BAR}")
    parts = (("test accuracy", "in-sample accuracy"), ("memorized, right labels", "memorized, wrong labels"))
    for axis, names, what in zip(axes[0], parts, ("accuracy", "share of the examples"), strict=True):
        colours = ("#0072b2", "#d55e00") if names is parts[0] else ("#56b4e9", "#e69f00")
        for shift, name, colour in zip((-0.2, 0.2), names, colours, strict=True):
            values = [found[way][name] for way in WAYS]
            errors = [np.nan_to_num(side, posinf=0) for side in ends(values)]
            axis.bar(np.arange(3) + shift, [item.value for item in values], 0.36, yerr=errors, label=name, color=colour)
        axis.set_xticks(range(3), WAYS)
        axis.set(ylabel=what, ylim=(min(0, axis.get_ylim()[0]), 1.05))
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=7)
    return figure


if __name__ == "__main__":
    main(Settings, run)
