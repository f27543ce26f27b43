"""Are the first-layer filters of networks smooth on real data and rough on random labels?

Arpit et al. 2017, arXiv 1706.05394, section 3.1 and figure 2, which shows filters of CIFAR-10 beside those of random
labels.  Here as a picture and as a number: for each hidden unit, what training added to its weights is an image, and

    smoothness = 1 - mean squared difference of neighbouring pixels / (2 * variance of the pixels)

which is 1 for one colour that changes slowly, and 0 for pixels that have nothing to do with their neighbours.  The
filters of a convolutional network (`--model cnn:8,16`) are images of 3 x 3 pixels, one for each unit and colour.

    python -m experiments.arpit.filters --size quick    digits, 4 draws
    python -m experiments.arpit.filters                 MNIST's 5,000 digits, 5 draws

Random labels leave the images as they are, so that both kinds of networks see the same smooth images.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import jax
import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import paired
from experiments.common.networks import watched
from experiments.common.plots import panels
from experiments.common.recipes import RECIPES, NetworkChoice
from experiments.common.settings import Cost
from memjax.config.specs import TrainSpec
from memjax.errors import InputError
from memjax.types import Tree

COST = Cost("22 s", "21 s")

SIZES = {  # network, examples per class, epochs, draws
    "smoke": ("mlp:8", 10, 3, 2),
    "quick": ("mlp:64", 100, 60, 4),
    "full": ("mlp:256,256", 100, 100, 5),
}
KINDS = ("real", "random labels")
SHOWN = 24


@dataclass(frozen=True)
class Settings(NetworkChoice):
    """First-layer filters on real and on random labels."""

    optimizer: Literal["", "adam"] = ""
    """Default: SGD as in Arpit et al., without momentum, in batches of 16.  adam: today's usual one.  Both have a
    constant rate."""
    learning_rate: float | None = None
    """Of the optimiser.  Default: .01 for SGD, .001 for adam."""

    default_data: ClassVar = {"full": "mnist5k"}

    @property
    def own_draws(self) -> int:
        """How many draws of the data the experiment makes itself."""
        return SIZES[self.size][-1]

    @property
    def recipe(self) -> TrainSpec:
        """The optimiser with its rate, schedule and batches."""
        usual = RECIPES[self.optimizer or "sgd"]
        return usual if self.learning_rate is None else replace(usual, learning_rate=self.learning_rate)


def smoothness(filters: np.ndarray) -> np.ndarray:
    """The smoothness of each image of (units, height, width); NaN for one that is constant."""
    across, down = np.diff(filters, axis=2) ** 2, np.diff(filters, axis=1) ** 2
    mean = (across.sum((1, 2)) + down.sum((1, 2))) / (across[0].size + down[0].size)
    variance = filters.var((1, 2))
    return 1 - mean / (2 * np.where(variance > 0, variance, np.nan))


def first_layer(params: Tree, input_shape: tuple[int, ...]) -> jax.Array:
    """The weights of the layer that sees the pixels as images, (units and colours, height, width).

    Raises:
      InputError: if the examples are no images, or no layer is dense or a convolution over all colours.
    """
    if len(input_shape) < 2:
        raise InputError(f"examples have shape {input_shape}, and only images have filters; give --dataset with images")
    height, width, colours = (*input_shape, 1)[:3]
    for leaf in jax.tree.leaves(params):
        if leaf.ndim == 2 and leaf.shape[0] == height * width * colours:
            return leaf.reshape(height, width, -1).transpose(2, 0, 1)
        if leaf.ndim == 4 and leaf.shape[2] == colours:
            return leaf.reshape(*leaf.shape[:2], -1).transpose(2, 0, 1)
    raise InputError("no layer of this network sees the pixels as images; choose --model mlp:WIDTHS or cnn:CHANNELS")


def filters_of(settings: Settings, kind: str) -> np.ndarray:
    """What training added to the first layer's weights, (units and colours, height, width)."""
    network, per_class, epochs, _ = SIZES[settings.size]
    dataset = settings.loaded(kind, per_class=per_class)
    spec = replace(settings.recipe, epochs=epochs)

    def look(params, model_state, key, rows):
        return first_layer(params, dataset.input_shape)

    rows = np.zeros((1, 1), int)  # no example is evaluated
    masks = settings.masks(1, dataset.num_train)
    found = watched(dataset, settings.model or network, spec, masks, settings.keys(1), (0, epochs), look, rows)
    return (found[epochs] - found[0])[0]


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
    shown = min(SHOWN, len(filters["real"][0]))
    title = f"{settings.data_name}, the first {shown} filters of the first of {len(smooth['real'])} draws"
    return Result({"smoothness": smooth}, verdicts_of(smooth), draw(filters, smooth, title))


def draw(filters: dict[str, list[np.ndarray]], smooth: dict[str, np.ndarray], title: str):
    """The filters of both kinds of labels, of the first draw; red adds to a unit, blue takes from it."""
    note = f"{title}; each over its largest weight, red adds and blue takes; smoothness: mean of all draws"
    figure, [axes] = panels(1, 2, 4.0, 3.3, note=note)
    for axis, (kind, of) in zip(axes, filters.items(), strict=True):
        tiles = [np.pad(each / np.abs(each).max(), 1, constant_values=np.nan) for each in of[0][:SHOWN]]
        columns = 6 if len(tiles) > 8 else 4
        tiles += [np.full_like(tiles[0], np.nan)] * (-len(tiles) % columns)
        rows = [np.concatenate(tiles[start : start + columns], 1) for start in range(0, len(tiles), columns)]
        axis.imshow(np.concatenate(rows), cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_axis_off()
        axis.set_title(f"{kind}: smoothness {smooth[kind].mean():.2f}")
    return figure


if __name__ == "__main__":
    main(Settings, run)
