"""Do networks that fit noise have boundaries nearer to held-out examples, and larger weights?

Arpit et al. 2017, arXiv 1706.05394, section 4, figures 7 to 9.  The critical sample ratio, found by Langevin
adversarial sample search, on held-out examples while networks train: on real data, on random inputs and on random
labels; and with 20 to 80 % of the labels random, with the accuracy curves.  A network that memorizes only when it has
to stays simple on real data, by this ratio and by the norm of its weights, though it could fit noise.

    python -m experiments.arpit.critical_samples --size quick    digits, 4 networks each
    python -m experiments.arpit.critical_samples                 Fashion-MNIST, 300 a class, 8 networks each

Random inputs are in all rows, so that held-out ones are random too.  There is a box of 0.3 on a scale from 0 to 255, as
in the paper, and one ten times as wide, since an MLP has few samples so near to a boundary; the verdicts are for the
wider one but for two, which say so.  `--radius`, `--step` and `--noise` are of the narrower box, on that scale; for the
wider one they are ten times as large.  What the paper leaves open is said in `memjax.dynamics.Search`.
"""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import optax

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import contrast, mean_intervals, paired
from experiments.common.networks import KINDS, over_networks, watched
from experiments.common.plots import COLOURS, band, logarithmic, panels
from experiments.common.recipes import NetworkChoice
from experiments.common.settings import Cost
from experiments.common.stopping import Stopped, stopped_early
from memjax import dynamics
from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import make_model
from memjax.training import examples_of

COST = Cost("23 s", "4 min 51 s")

SIZES = {  # width, networks, recorded epochs, shares of noise, held-out examples searched, examples per class
    "smoke": ("mlp:8x2", 2, (1, 2), (0.5,), 20, 10),
    "quick": ("mlp:64x2", 4, (1, 2, 4, 8, 16, 32, 64), (0.2, 0.8), 200, 100),
    "full": ("mlp:256x2", 8, (1, 2, 4, 8, 16, 32, 64, 128), (0.2, 0.4, 0.6, 0.8), 500, 300),
}
WIDER = 10  # times as wide as the narrower box


@dataclass(frozen=True)
class Settings(NetworkChoice):
    """Critical sample ratio over training."""

    search: dynamics.Search = field(default_factory=dynamics.Search)

    def check(self) -> None:
        """As of all experiments; the options of the search too."""
        super().check()
        for name, least in (("radius", "above 0"), ("step", "of 0 or more"), ("noise", "of 0 or more")):
            value = getattr(self.search, name)
            if not 0 <= value < float("inf") or (name == "radius" and not value):
                raise InputError(f"--{name} is {value}; give a number {least}, on a scale from 0 to 255")
        if self.search.steps < 1:
            raise InputError(f"--steps is {self.search.steps}; give 1 or more")

    @property
    def radii(self) -> tuple[float, float]:
        """Half the sides of both boxes, on a scale from 0 to 255."""
        return self.search.radius, WIDER * self.search.radius


USUAL = Settings().radii


def csr(radius: float) -> str:
    """The name of the critical sample ratio in a box."""
    return f"csr {radius:g}"


def curves_of(settings: Settings, kind: str, rate: float) -> tuple[dict[str, np.ndarray], Stopped]:
    """(models, epochs): CSR on held-out examples at each radius, accuracy on training and clean held-out examples.

    And what early stopping by the accuracy on clean held-out examples would do.
    """
    usual, num_models, epochs, _, searched, per_class = SIZES[settings.size]
    model = settings.model or usual
    dataset = settings.loaded(kind, rate, per_class)
    span = float(settings.loaded(per_class=per_class).train_inputs.max())  # of what noise replaces
    examples, masks = examples_of(dataset), settings.masks(num_models, dataset.num_train)
    held_out = some_held_out(masks, searched, settings.seed)
    network = make_model(ModelSpec(model), dataset.input_shape, dataset.num_classes)
    inputs = examples.train_inputs.astype(np.float32)

    def predict(params, model_state, inputs):  # inputs as stored: the box is in their units
        return network.apply(params, model_state, (inputs - examples.mean) * examples.scale, None, False)[0]

    def look(params, model_state, key, rows):
        asked = partial(predict, params, model_state)
        searches = [settings.search.scaled(span * times) for times in (1, WIDER)]
        ratios = [dynamics.critical_sample_ratio(asked, inputs[rows], key, search) for search in searches]
        return ratios, asked(inputs).argmax(-1) == examples.train_labels, optax.tree.norm(params)

    spec, keys = replace(settings.recipe, epochs=epochs[-1]), settings.keys(num_models)
    found = watched(dataset, model, spec, masks, keys, epochs, look, held_out)
    correct = np.stack([found[epoch][1] for epoch in epochs], 1)
    stopped = stopped_early(correct, masks, ~dataset.corrupted, settings.seed)
    return {
        **{
            csr(radius): np.stack([found[epoch][0][n] for epoch in epochs], 1)
            for n, radius in enumerate(settings.radii)
        },
        "norm": np.stack([found[epoch][2] for epoch in epochs], 1),
        "train": dynamics.over_examples(correct, masks).inside,
        "held out": dynamics.over_examples(correct, masks, ~dataset.corrupted).outside,
    }, stopped


def some_held_out(masks: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(models, count) rows that each model does not train on, drawn at random: data sets may be sorted by class."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(np.flatnonzero(~mask))[:count] for mask in masks])


def run(settings: Settings) -> Result:
    _, _, epochs, rates, *_ = SIZES[settings.size]
    whole = {kind: curves_of(settings, kind, 1.0)[0] for kind in KINDS}
    noisy = {rate: curves_of(settings, "random labels", rate) for rate in rates}
    mixed, stopped = {rate: curves for rate, (curves, _) in noisy.items()}, noisy[rates[-1]][1]
    found = {
        "epochs": epochs,
        **{kind: {key: values.mean(0) for key, values in curves.items()} for kind, curves in whole.items()},
        **{
            f"{rate:.0%} random labels": {key: values.mean(0) for key, values in curves.items()}
            for rate, curves in mixed.items()
        },
    }
    verdicts = verdicts_of(whole, mixed[rates[-1]], stopped, rates[-1], settings.radii)
    return Result(found, verdicts, draw(whole, mixed, epochs, settings.radii))


def verdicts_of(
    whole: dict[str, dict[str, np.ndarray]], worst: dict[str, np.ndarray], stopped: Stopped, rate: float,
    radii: tuple[float, float] = USUAL,
) -> list[Verdict]:  # fmt: skip
    """The verdicts, from the curves of each kind of data and of the largest share of random labels; see `curves_of`."""
    narrow, wide = radii
    last = {kind: {what: values[:, -1] for what, values in curves.items()} for kind, curves in whole.items()}
    return [
        *(
            Verdict(f"networks trained on {kind} have more critical held-out samples than on real data (CSR"
                    f"{f', box of {narrow:g} of 255'.replace(' 0.', ' .') if radius == narrow else ''})",
                    contrast(last[kind][csr(radius)], last["real"][csr(radius)]))
            for radius in (wide, narrow)
            for kind in KINDS[1:]
        ),
        *(
            Verdict(f"networks trained on {kind} have larger weights than on real data (log of the ratio of norms)",
                    contrast(np.log(last[kind]["norm"]), np.log(last["real"]["norm"])))
            for kind in KINDS[1:]
        ),
        Verdict(f"the more random labels, the more critical samples: {rate:.0%} against none",
                contrast(worst[csr(wide)][:, -1], last["real"][csr(wide)])),
        Verdict(f"... and the larger the weights: {rate:.0%} against none (log of the ratio of norms)",
                contrast(np.log(worst["norm"][:, -1]), np.log(last["real"]["norm"]))),
        Verdict(f"with {rate:.0%} random labels, held-out accuracy on clean examples is best before the end",
                paired(stopped.gain, 0)),
        Verdict(f"and the critical sample ratio goes up after that ({rate:.0%}; the end minus the best epoch)",
                paired(worst[csr(wide)][1::2, -1], stopped.at(worst[csr(wide)]))),
    ]  # fmt: skip


def draw(
    whole: dict[str, dict[str, np.ndarray]], mixed: dict[float, dict[str, np.ndarray]], epochs: tuple[int, ...],
    radii: tuple[float, float] = USUAL,
):  # fmt: skip
    """Critical sample ratio by epoch, kind of data and share of random labels; accuracy by epoch and that share."""
    wide = csr(radii[-1])
    note = f"{over_networks(len(whole['real'][wide]))}; box: to each side, of 255; where not said, {radii[-1]:g}"
    figure, [axes] = panels(1, 3, 3.4, 3.9, note=note)
    for kind, curves in whole.items():
        for radius, line in zip(radii, (":", "-"), strict=True):
            text, means = f"{kind}, box of {radius:g}", mean_intervals(curves[csr(radius)])
            band(axes[0], epochs, means, text, color=COLOURS[kind], linestyle=line)
    shades = {rate: (0.15 + 0.8 * rate, 0.3, 0.3) for rate in mixed}
    for rate, curves in mixed.items():
        band(axes[1], epochs, mean_intervals(curves[wide]), f"{rate:.0%} random labels", color=shades[rate])
        trained = mean_intervals(curves["train"])
        band(axes[2], epochs, trained, f"{rate:.0%}, training", color=shades[rate], linestyle="--")
        band(axes[2], epochs, mean_intervals(curves["held out"]), f"{rate:.0%}, held out", color=shades[rate])
    ratio, accuracy = "critical sample ratio", "accuracy (held out: of clean examples)"
    for axis, label in zip(axes, (ratio, ratio, accuracy), strict=True):
        logarithmic(axis, epochs)
        axis.set(xlabel="epochs", ylabel=label)
        axis.legend(  # there is no room inside; on the right handles are long enough to show dashes
            fontsize=7, loc="upper left", bbox_to_anchor=(-0.1, -0.18), ncols=2, columnspacing=1,
            handlelength=4 if axis is axes[2] else 2,
        )  # fmt: skip
    return figure


if __name__ == "__main__":
    main(Settings, run)
