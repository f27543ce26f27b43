"""What the experiments after Arpit et al. have in common: their data, trainings that are recorded or watched, figures.

A repeat is a model: each has initial weights, an order of batches and a random 70 % of the examples of its own; the
others are its validation data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from experiments.claim import Interval, Options, mean_interval
from memjax import prng
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, SubsetSpec, TrainSpec
from memjax.data import load_dataset
from memjax.metrics import metrics_named
from memjax.models import make_model
from memjax.runs import open_folder, stages
from memjax.runs.progress import progress_bar
from memjax.training import Training, examples_of, make_optimizer, make_train, num_batches, train_many
from memjax.types import Curves, Dataset, Model, Tree

Kind = Literal["real", "random inputs", "random labels"]
KINDS: tuple[Kind, ...] = ("real", "random inputs", "random labels")
CORRUPTIONS: dict[str, str] = {"random inputs": "random-inputs", "random labels": "random-labels"}
COLOURS = {
    "real": "#0072b2",
    "random inputs": "#d55e00",
    "random labels": "#009e73",
}  # told apart without colour vision


@dataclass(frozen=True)
class ArpitOptions(Options):
    """How large, where, and on which data."""

    dataset: str = ""
    """Default: digits in the smoke and quick forms, fashion_mnist in the full one; cifar10 and svhn_cropped can be
    had as well."""

    def data(self, kind: str = "real", rate: float = 1.0, per_class: int | None = None, **changes: Any) -> DataSpec:
        """The data, so many of a class, of a kind: a share of the inputs or of the labels made random."""
        dataset = self.dataset or ("fashion_mnist" if self.preset == "full" else "digits")
        corrupt = () if kind == "real" or not rate else (f"{CORRUPTIONS[kind]}={rate:g}",)
        return DataSpec(dataset, per_class=per_class, test_per_class=20, corrupt=corrupt, **changes)


class Recorded(NamedTuple):
    """The models of one configuration, as they were recorded, and the data they saw."""

    curves: Curves
    dataset: Dataset

    @property
    def correct(self) -> np.ndarray:
        return self.curves.values["correct"]


def recorded(config: RunConfig, place: Path) -> Recorded:
    """Trains what is missing of a configuration, in a folder of its own below `place`, and reads what was recorded."""
    run = open_folder.open_run(replace(config, run=str(place / config.folder().name)))
    with progress_bar(run.plan.num_models, run.num_trained) as bar:
        return Recorded(stages.curves(run, bar.update, bar.write), run.dataset)


def request(data: DataSpec, model: str, epochs: int, num_models: int, **changes: Any) -> RunConfig:
    """Models with the default recipe, recorded after every epoch."""
    fields: dict[str, Any] = {"record": ("correct",), "keep": ("correct",)} | changes
    train = replace(fields.pop("train", TrainSpec()), epochs=epochs)
    return RunConfig(num_models=num_models, data=data, model=ModelSpec(model), train=train, **fields)


def single(model: Model, dataset: Dataset, size: int, spec: TrainSpec) -> Training:
    """The training of one model on subsets of a size, outside a run folder; correctness is kept of it."""
    steps = spec.epochs * num_batches(size, spec.batch_size)
    keep = metrics_named(("correct",))
    return make_train(model, make_optimizer(spec, steps), keep, size, spec.epochs, spec.batch_size)


def correctness(
    model: Model | str, dataset: Dataset, spec: TrainSpec, num_models: int, masks: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each of so many models has each training and each test example right in the end.

    Args:
      masks: (models, train), all of one size.
    """
    if isinstance(model, str):
        model = make_model(ModelSpec(model), dataset.input_shape, dataset.num_classes)
    devices = jax.local_devices()
    pack = -(-num_models // len(devices))
    training = single(model, dataset, int(masks[0].sum()), spec)
    packs = train_many(
        training,
        seed,
        lambda ids: masks[np.minimum(ids, num_models - 1)],
        examples_of(dataset),
        range(len(devices)),
        pack,
    )
    outputs = [pack.output for pack in packs]
    return tuple(
        np.concatenate([getattr(o, side)["correct"] for o in outputs])[:num_models] for side in ("train", "test")
    )


Look = Callable[[Tree, Tree, Any, Any], Tree]


def watched(
    dataset: Dataset,
    model: str,
    spec: TrainSpec,
    masks: np.ndarray,
    epochs: Sequence[int],
    look: Look,
    rows: np.ndarray,
) -> dict[int, Any]:
    """What `look(params, model_state, key, rows)` says of each model after some of the epochs, a row a model.

    For what needs the weights in mid-training, which no run folder keeps.  `rows` has a row for each model too.
    """
    network = make_model(ModelSpec(model), dataset.input_shape, dataset.num_classes)
    training, examples = single(network, dataset, int(masks[0].sum()), spec), examples_of(dataset)
    keys = jax.vmap(lambda number: jax.random.fold_in(prng.run_key(0), number))(np.arange(len(masks), dtype=np.uint32))
    advance = jax.jit(jax.vmap(training.advance, (0, 0, 0, None, None, None)))
    asked = jax.jit(jax.vmap(lambda state, key, rows: look(state.params, state.model_state, key, rows)))
    state, found, before = jax.vmap(training.start)(keys), {}, 0
    for epoch in epochs:
        state, before = advance(keys, masks, state, examples, before, epoch), epoch
        found[epoch] = jax.tree.map(np.asarray, asked(state, keys, rows))
    return found


def random_masks(num_models: int, num_train: int, share: float = 0.7) -> np.ndarray:
    """The subsets of a run with the default design."""
    from memjax.subsets import make_design

    return make_design(SubsetSpec(subset_fraction=share), num_train, 0).masks(np.arange(num_models))


def loaded(spec: DataSpec) -> Dataset:
    return load_dataset(spec)


def contrast(one: np.ndarray, other: np.ndarray) -> Interval:
    """Mean of `one` minus mean of `other`, values of independent models, with Welch's interval."""
    from scipy.stats import t

    one, other = (np.asarray(values, np.float64) for values in (one, other))
    value = float(one.mean() - other.mean())
    repeats = min(len(one), len(other))
    if repeats < 2 or not (one.std() or other.std()):
        return Interval(value, -np.inf, np.inf, repeats)
    # By hand: scipy's test warns where one side is constant, which is no trouble as long as the other is not.
    first, second = one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)
    freedom = (first + second) ** 2 / (first**2 / (len(one) - 1) + second**2 / (len(other) - 1))
    half = float(t.ppf(0.975, freedom) * np.sqrt(first + second))
    return Interval(value, value - half, value + half, repeats)


def paired(one: np.ndarray, other: np.ndarray) -> Interval:
    """The mean difference of values that belong together, model by model."""
    return mean_interval(np.asarray(one, np.float64) - np.asarray(other, np.float64))


def panels(count: int, height: float = 3.2, width: float = 3.4):
    """A figure with panels side by side, readable in print."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
    pyplot.rcParams.update(style)
    figure, axes = pyplot.subplots(1, count, figsize=(width * count, height), layout="constrained", squeeze=False)
    return figure, axes[0]


def logarithmic(axis, x: Sequence[float]) -> None:
    """A logarithmic axis with a mark at each of the points, in plain numbers."""
    axis.set_xscale("log")
    axis.set_xticks(x, [f"{value:g}" for value in x])
    axis.set_xticks([], minor=True)


def band(axis, x: Sequence[float], values: np.ndarray, label: str, **style: Any) -> None:
    """A line through the means of (models, points), with their standard deviation as a band."""
    mean, spread = np.nanmean(values, 0), np.nanstd(values, 0)
    (line,) = axis.plot(x, mean, marker="o", markersize=3, label=label, **style)
    axis.fill_between(x, mean - spread, mean + spread, color=line.get_color(), alpha=0.18, linewidth=0)
