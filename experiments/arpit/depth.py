"""With a fixed number of parameters, do deeper networks fit random labels sooner and generalise no worse?

After section 3 of Arpit et al. 2017, arXiv 1706.05394, which varies width and leaves depth.  MLPs of several depths
with nearly the same number of parameters: epochs to fit nine tenths of their examples with random labels; held-out
accuracy on real data.  Each depth has the learning rate that fits random labels soonest, or where none does the most of
them, in other networks on another draw of the data: with one rate for all, the rate decides which depth is the fastest.
Deeper networks also have skip connections: each hidden layer but the first adds to what it gets, which takes no
parameters.

A network that does not get there counts as if it had after the last epoch.  Such times are lower bounds, which cannot
show that it is faster than others, or that others are no slower.

    python -m experiments.arpit.depth --size quick    digits, depths 1, 2, 4
    python -m experiments.arpit.depth                 MNIST's 5,000 digits, 100 a class, depths 1 to 8
    python -m experiments.arpit.depth --optimizer sgd
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import numpy as np
import optax

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, contrast, mean_intervals, opened
from experiments.common.networks import NetworkSettings, over_networks, recorded
from experiments.common.plots import COLOURS, band, logarithmic, panels, plainly
from experiments.common.recipes import RECIPES
from experiments.common.settings import BETWEEN_DRAWS, Cost
from memjax import dynamics
from memjax.config.specs import TrainSpec
from memjax.models import MLP, from_nnx
from memjax.types import Curves

COST = Cost("44 s", "6 min 26 s")

SIZES = {  # depths, parameters, networks, of them to choose the rate, epochs, examples per class
    "smoke": ((1, 2), 1_000, 2, 2, 3, 10),
    "quick": ((1, 2, 4), 20_000, 16, 2, 60, 60),
    "full": ((1, 2, 4, 8), 100_000, 16, 2, 100, 100),
}
SHARE = 0.9


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Memorizing and generalising against depth."""

    learning_rates: tuple[float, ...] = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
    """Of Adam; SGD has ten times these.  Each depth has its own best one."""
    optimizer: Literal["", "sgd"] = ""
    """Default: Adam.  sgd: as in Arpit et al., without momentum, here in batches of 16."""

    default_data: ClassVar = {"full": "mnist5k"}

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates that are tried."""
        return tuple(float(f"{10 * rate:g}") for rate in self.learning_rates) if self.optimizer else self.learning_rates

    def with_rate(self) -> optax.GradientTransformation:
        """The optimiser, whose rate is given for each network."""
        sgd = optax.inject_hyperparams(optax.sgd)(learning_rate=0.0)
        return sgd if self.optimizer else optax.inject_hyperparams(optax.adam)(learning_rate=0.0, b2=0.95)


def width_for(parameters: int, depth: int, inputs: int, classes: int) -> int:
    """Units a layer, so that weights and biases of an MLP are as near as can be to a number."""
    widths = np.arange(1, parameters)
    sizes = widths * (inputs + 1) + (depth - 1) * widths * (widths + 1) + classes * (widths + 1)
    return int(widths[abs(sizes - parameters).argmin()])


class Form(NamedTuple):
    """A network: how many hidden layers, and whether they have skip connections."""

    depth: int
    skip: bool = False

    def __str__(self) -> str:
        return f"depth {self.depth}{' with skip connections' if self.skip else ''}"


class Skipping(MLP):
    """An MLP whose hidden layers but the first add to what they get."""

    def __call__(self, inputs):
        first, *others, head = self.layers
        hidden = jax.nn.relu(first(inputs.reshape(len(inputs), -1)))
        for layer in others:
            hidden = hidden + jax.nn.relu(layer(hidden))
        return head(hidden)


def curves_of(settings: Settings, kind: str, form: Form, rates: np.ndarray) -> Curves:
    """The training of networks of a form, a rate for each network, on real data or on random labels."""
    _, parameters, _, _, epochs, per_class = SIZES[settings.size]
    dataset = settings.loaded(kind, 1.0, per_class)
    shape, classes = dataset.input_shape, dataset.num_classes
    widths = (width_for(parameters, form.depth, int(np.prod(shape)), classes),) * form.depth
    network = Skipping if form.skip else MLP
    model = from_nnx(lambda rngs: network(shape, widths, classes, rngs=rngs))
    spec = replace(RECIPES.get(settings.optimizer, TrainSpec()), epochs=epochs)
    masks, keys = settings.masks(len(rates), dataset.num_train), settings.keys(len(rates))
    return recorded(model, dataset, spec, masks, keys, settings.with_rate(), vary={"learning_rate": rates})


def epochs_to_fit(curves: Curves) -> tuple[np.ndarray, float]:
    """Epochs until each network has nine tenths of its examples right; and how many networks get there.

    For one that does not, its last epoch.
    """
    found = dynamics.epochs_to_fit(curves.values["correct"], curves.masks, curves.epochs, SHARE)
    return np.where(np.isnan(found), curves.epochs[-1], found), float(np.isfinite(found).mean())


def best_rate(by_rate: dict[float, float], fitted: dict[float, float]) -> float:
    """The rate with the fewest epochs; of equal ones, as where no network converges, that which fits most."""
    return min(by_rate, key=lambda rate: (by_rate[rate], -fitted[rate], rate))


def chosen_rate(settings: Settings, form: Form) -> tuple[float, dict[float, float]]:
    """The best rate of a form, by other networks on another draw than those that judge; and the epochs by rate."""
    choosing, step = SIZES[settings.size][3], BETWEEN_DRAWS // 2
    elsewhere = replace(settings, seed=settings.seed + step, data_seed=settings.data_seed + step)
    rates = np.repeat(settings.rates, choosing)
    curves = curves_of(elsewhere, "random labels", form, rates)
    last = dynamics.over_examples(curves.values["correct"], curves.masks).inside[:, -1]
    tried, fitted = (
        dict(zip(settings.rates, values.reshape(-1, choosing).mean(1).tolist(), strict=True))
        for values in (epochs_to_fit(curves)[0], last)
    )
    return best_rate(tried, fitted), tried


def run(settings: Settings) -> Result:
    depths, parameters, models, *_ = SIZES[settings.size]
    forms = [*(Form(depth) for depth in depths), *(Form(depth, True) for depth in depths[1:])]
    rates, tried, needed, there, accuracy = {}, {}, {}, {}, {}
    for form in forms:
        rates[form], tried[form] = chosen_rate(settings, form)
        noise, real = (
            curves_of(settings, kind, form, np.full(models, rates[form])) for kind in ("random labels", "real")
        )
        needed[form], there[form] = epochs_to_fit(noise)
        accuracy[form] = dynamics.over_examples(real.values["correct"], real.masks).outside[:, -1]
    ends = min(settings.rates), max(settings.rates)
    found = {
        "parameters": parameters,
        **{str(form): {"rate": rates[form], "an_end_of_the_rates_tried": rates[form] in ends,
                       "epochs_by_rate_in_the_networks_that_choose": tried[form],
                       "epochs_on_random_labels": needed[form].mean(), "epochs_sd": needed[form].std(ddof=1),
                       "converged": there[form],
                       "held_out_accuracy": accuracy[form].mean(), "accuracy_sd": accuracy[form].std(ddof=1)}
           for form in forms},
    }  # fmt: skip
    figure = draw(parameters, SIZES[settings.size][4], tried, needed, accuracy, SIZES[settings.size][3])
    return Result(found, verdicts_of(needed, there, accuracy), figure)


def verdicts_of(
    needed: dict[Form, np.ndarray], there: dict[Form, float], accuracy: dict[Form, np.ndarray]
) -> list[Verdict]:
    """The verdicts, from the epochs to fit random labels and the held-out accuracy on real data, (networks,).

    Args:
      there: the share of the networks that fit random labels at all; times of other networks are lower bounds.
    """

    def sooner(form: Form, than: Form) -> Interval:
        effect = contrast(np.log(needed[than]), np.log(needed[form]))
        return opened(effect, there[form] < 1, there[than] < 1)

    deepest = max(form.depth for form in needed)
    shallow, plain, skip = Form(1), Form(deepest), Form(deepest, True)
    verdicts = []
    for form in (plain, skip):
        verdicts += [
            Verdict(f"{form} fits {SHARE:.0%} of random labels in fewer epochs than depth 1 (log of the ratio)",
                    sooner(form, shallow)),
            Verdict(f"on real data, {form} is no worse by more than a hundredth than depth 1 (held-out accuracy)",
                    contrast(accuracy[form], accuracy[shallow]), -0.01),
        ]  # fmt: skip
    text = f"skip connections let depth {deepest} fit {SHARE:.0%} of random labels in fewer epochs (log of the ratio)"
    return [*verdicts, Verdict(text, sooner(skip, plain))]


def draw(
    parameters: int, last: int, tried: dict[Form, dict[float, float]], needed: dict[Form, np.ndarray],
    accuracy: dict[Form, np.ndarray], choosing: int,
):  # fmt: skip
    """Epochs to fit random labels at the best rate; held-out accuracy on real data; the rates that were tried."""
    note = f"{over_networks(len(accuracy[Form(1)]))}; never counts as {last} epochs"
    figure, [axes] = panels(1, 3, 3.6, 3.8, note=note)
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.18), "ncols": 4}  # no room inside
    for axis, values, colour in ((axes[0], needed, "random labels"), (axes[1], accuracy, "real")):
        for skip, line in ((False, "-"), (True, "--")):
            forms = [form for form in values if form.skip == skip or form.depth == 1]
            text = "with skip connections" if skip else "without"
            means = mean_intervals(np.stack([values[form] for form in forms], 1))
            band(axis, [form.depth for form in forms], means, text, color=COLOURS[colour], linestyle=line)
        axis.set_xticks(sorted({form.depth for form in values}))
        axis.set(xlabel="hidden layers")
        axis.legend(fontsize=7, handlelength=4, **below | {"ncols": 2})
    axes[0].set(ylabel=f"epochs to fit {SHARE:.0%} of random labels", title=f"{parameters:,} parameters, best rate")
    axes[0].axhline(last, color="0.6", linestyle=":", linewidth=0.8)
    axes[1].set(ylabel="held-out accuracy", title="real data")
    for form, by_rate in tried.items():
        line = "--" if form.skip else "-"
        axes[2].plot(list(by_rate), list(by_rate.values()), "o", linestyle=line, color=f"C{form.depth.bit_length()}",
                     markersize=3, label=f"{form.depth}{', skip' if form.skip else ''}")  # fmt: skip
    logarithmic(axes[2], list(next(iter(tried.values()))))
    axes[2].set(xlabel="learning rate", ylabel=f"epochs to fit {SHARE:.0%} of random labels",
                title=f"the {choosing} networks that choose the rate")  # fmt: skip
    plainly(axes[2])
    axes[2].legend(fontsize=7, handlelength=3, title="hidden layers", title_fontsize=7, **below)
    return figure


if __name__ == "__main__":
    main(Settings, run)
