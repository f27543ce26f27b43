"""Are the first-layer filters of networks smooth on real data and rough on random labels?

Arpit et al. 2017, arXiv 1706.05394, section 3.1 and figure 2, which shows filters of CIFAR-10 beside those of random
labels.  Here as a picture and as a number: for each hidden unit, what training added to its weights is an image, and

    smoothness = 1 - mean squared difference of neighbouring pixels / (2 * variance of the pixels)

which is 1 for one colour that changes slowly, and 0 for pixels that have nothing to do with their neighbours.

    python -m experiments.arpit.filters --size quick    digits, 4 draws
    python -m experiments.arpit.filters                 MNIST's 5,000 digits, 5 draws

Random labels leave the images as they are, so that both kinds of networks see the same smooth images.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import paired
from experiments.common.networks import NetworkSettings, watched
from experiments.common.plots import panels
from experiments.common.settings import Cost
from memjax.config.specs import TrainSpec

COST = Cost("22 s", "21 s")

SIZES = {  # network, examples per class, epochs, draws
    "smoke": ("mlp:8", 10, 3, 2),
    "quick": ("mlp:64", 100, 60, 4),
    "full": ("mlp:256,256", 100, 100, 5),
}
KINDS = ("real", "random labels")
SHOWN = 24


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """First-layer filters on real and on random labels."""

    learning_rate: float = 0.01
    """Of SGD without momentum, in batches of 16."""

    default_data: ClassVar = {"full": "mnist5k"}

    @property
    def own_draws(self) -> int:
        """How many draws of the data the experiment makes itself."""
        return SIZES[self.size][-1]


def smoothness(filters: np.ndarray) -> np.ndarray:
    """The smoothness of each image of (units, height, width); NaN for one that is constant."""
    across, down = np.diff(filters, axis=2) ** 2, np.diff(filters, axis=1) ** 2
    mean = (across.sum((1, 2)) + down.sum((1, 2))) / (across[0].size + down[0].size)
    variance = filters.var((1, 2))
    return 1 - mean / (2 * np.where(variance > 0, variance, np.nan))


def filters_of(settings: Settings, kind: str) -> np.ndarray:
    """What training added to the first layer's weights, (units, height, width)."""
    model, per_class, epochs, _ = SIZES[settings.size]
    dataset = settings.loaded(kind, per_class=per_class)
    spec = TrainSpec(epochs=epochs, optimizer="sgd", optimizer_options=(), learning_rate=settings.learning_rate,
                     batch_size=16, schedule="constant", warmup=0.0)  # fmt: skip
    inputs = int(np.prod(dataset.input_shape))

    def first_layer(params, model_state, key, rows):
        return next(leaf for leaf in jax.tree.leaves(params) if leaf.ndim == 2 and leaf.shape[0] == inputs)

    rows = np.zeros((1, 1), int)  # no example is evaluated
    masks = settings.masks(1, dataset.num_train)
    found = watched(dataset, model, spec, masks, settings.keys(1), (0, epochs), first_layer, rows)
    return (found[epochs] - found[0])[0].T.reshape(-1, *dataset.input_shape[:2])


def verdicts_of(smooth: dict[str, np.ndarray]) -> list[Verdict]:
    """The verdict, from the mean smoothness of the filters of each draw."""
    return [Verdict("filters of real labels are smoother than those of random labels (difference of smoothness)",
                    paired(smooth["real"], smooth["random labels"]))]  # fmt: skip


def run(settings: Settings) -> Result:
    filters: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for drawn in settings.each_draw():
        for kind in KINDS:
            filters[kind].append(filters_of(drawn, kind))
    smooth = {kind: np.array([np.nanmean(smoothness(each)) for each in of]) for kind, of in filters.items()}
    title = f"{settings.data_name}, the first {SHOWN} units of the first of {len(smooth['real'])} draws"
    return Result({"smoothness": smooth}, verdicts_of(smooth), draw(filters, smooth, title))


def draw(filters: dict[str, list[np.ndarray]], smooth: dict[str, np.ndarray], title: str):
    """The filters of both kinds of labels, of the first draw; red adds to a unit, blue takes from it."""
    note = f"{title}; each over its largest weight, red adds and blue takes; smoothness: mean of all draws"
    figure, [axes] = panels(1, 2, 4.0, 3.3, note=note)
    for axis, (kind, of) in zip(axes, filters.items(), strict=True):
        shown = of[0][:SHOWN]
        tiles = [np.pad(each / np.abs(each).max(), 1, constant_values=np.nan) for each in shown]
        rows = [np.concatenate(tiles[start : start + 6], 1) for start in range(0, len(tiles) - 5, 6)]
        axis.imshow(np.concatenate(rows or [tiles[0]]), cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_axis_off()
        axis.set_title(f"{kind}: smoothness {smooth[kind].mean():.2f}")
    return figure


if __name__ == "__main__":
    main(Settings, run)
