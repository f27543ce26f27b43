"""Does noise take longer to fit than real data, the more so with less capacity and with more data?

Arpit et al. 2017, arXiv 1706.05394, section 3.4 and figure 6.  Epochs until a network has 90, 99 and 100 % of its
training examples right, against its width and against the number of examples; with real data, and with random inputs
in place of half of them and of all.

    python -m experiments.arpit.time_to_convergence --size quick    digits, up to 60 a class, 6 networks each
    python -m experiments.arpit.time_to_convergence                 MNIST's 5,000 digits, up to 100 a class, 6 each
    python -m experiments.arpit.time_to_convergence --optimizer adam

The paper has SGD at rate .01; with Adam, today's usual choice, wide networks need a few epochs for everything.  A
network that has not converged after the last epoch counts as if it had then: such times are lower bounds, which cannot
show that others take longer, or that these do not; the shares that did converge are in the result.  Each width is
compared with the largest.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, contrast, mean_intervals, opened
from experiments.common.networks import over_networks
from experiments.common.plots import COLOURS, band, logarithmic, panels, plainly
from experiments.common.recipes import RecipeSettings
from experiments.common.settings import Cost
from memjax import dynamics

COST = Cost("37 s", "2 min 58 s")

SIZES = {  # widths, examples per class, networks, epochs
    "smoke": ((8, 16), (10, 20), 2, 4),
    "quick": ((16, 64, 256), (15, 30, 60), 6, 200),
    "full": ((32, 64, 256), (20, 50, 100), 6, 300),
}
LEVELS = {"real": 0.0, "inputs half random": 0.5, "random inputs": 1.0}  # share of the inputs that is random
SHARES = (0.9, 0.99, 1.0)


@dataclass(frozen=True)
class Settings(RecipeSettings):
    """Epochs to fit everything, by width and by size of the data."""

    optimizer: Literal["sgd", "adam"] = "sgd"
    """sgd: rate .01, no momentum, batches of 16.  adam: rate .001."""

    default_data: ClassVar = {"full": "mnist5k"}


def epochs_needed(settings: Settings, level: str, width: int, per_class: int) -> np.ndarray:
    """Epochs until each network has each share of its training examples right, (shares, networks); NaN: never."""
    *_, models, epochs = SIZES[settings.size]
    data = settings.data("random inputs", LEVELS[level], per_class)
    curves = settings.fitted(settings.config(data, f"mlp:{width}x2", epochs, models, train=settings.recipe)).curves
    correct, masks = curves.values["correct"], curves.masks
    return np.stack([dynamics.epochs_to_fit(correct, masks, curves.epochs, share) for share in SHARES])


def run(settings: Settings) -> Result:
    widths, sizes, _, epochs = SIZES[settings.size]
    by_width, by_size = (  # (shares, networks, points)
        {level: np.stack([epochs_needed(settings, level, *point) for point in points], -1) for level in LEVELS}
        for points in ([(width, sizes[-1]) for width in widths], [(widths[-1], size) for size in sizes])
    )
    axes = ("width", widths, by_width), ("examples_a_class", sizes, by_size)
    found, verdicts = {}, []
    for place, share in enumerate(SHARES):
        times = [{level: values[place] for level, values in by.items()} for _, _, by in axes]
        filled = [{level: np.where(np.isnan(t), epochs, t) for level, t in by.items()} for by in times]
        verdicts += verdicts_of(*times, epochs, widths, sizes, share)
        found[f"to {share:.0%}"] = {
            name: {level: {"x": x, "epochs": full[level].mean(0), "sd": full[level].std(0, ddof=1),
                           "converged": np.isfinite(raw[level]).mean(0)} for level in LEVELS}
            for (name, x, _), full, raw in zip(axes, filled, times, strict=True)
        }  # fmt: skip
    labels = "units in each hidden layer", "training examples per class"
    return Result(found, verdicts, draw([(label, *axis[1:]) for label, axis in zip(labels, axes, strict=True)], epochs))


def compared(noise: np.ndarray, real: np.ndarray, last: int) -> Interval:
    """How much larger the logarithm of the epochs is with noise than on real data.

    Args:
      noise, real: epochs of each network, (networks, points); of two points, the first is divided by the second.  NaN:
        more than `last`, so that the effect may be higher or lower than measured.
    """
    logs = [np.log(np.where(np.isnan(times), last, times)) for times in (noise, real)]
    effect = contrast(*(times[:, 0] - times[:, 1:].sum(1) for times in logs))
    up, down = (np.isnan(np.column_stack([one[:, 0], other[:, 1:]])) for one, other in ((noise, real), (real, noise)))
    return opened(effect, down.any(), up.any())


def verdicts_of(
    wide: dict[str, np.ndarray], large: dict[str, np.ndarray], last: int, widths: tuple[int, ...],
    sizes: tuple[int, ...], share: float,
) -> list[Verdict]:  # fmt: skip
    """The verdicts for one share of the training examples.

    Args:
      wide, large: epochs of each network by width and by size of the data, (networks, points), by level of noise;
        NaN: more than `last`.
    """

    def slower(of: dict[str, np.ndarray], *points: int) -> Interval:
        return compared(*(of[kind][:, points] for kind in ("random inputs", "real")), last)

    return [
        Verdict(
            f"{level} take longer to fit than real data, to {share:.0%} (log of the ratio of epochs, largest width)",
            compared(wide[level][:, -1:], wide["real"][:, -1:], last),
        )
        for level in list(LEVELS)[1:]
    ] + [
        Verdict(
            f"random inputs slow down more from width {widths[-1]} to {width}, to {share:.0%} (log of ratio)",
            slower(wide, place, -1),
        )
        for place, width in enumerate(widths[:-1])
    ] + [
        Verdict(
            f"... more from {sizes[0]} to {sizes[-1]} examples a class, to {share:.0%} (log of ratio)",
            slower(large, -1, 0),
        )
    ]  # fmt: skip


def draw(parts: list[tuple[str, tuple[int, ...], dict[str, np.ndarray]]], last: int):
    """Epochs to each share; a row each of: label, points, and (shares, networks, points) by level of noise."""
    networks = parts[0][2]["real"].shape[1]
    figure, axes = panels(2, 3, 3.2, 2.9, note=over_networks(networks) + f"; never counts as {last} epochs")
    colours = {**COLOURS, "inputs half random": "#e69f00"}
    for row, (label, x, times) in zip(axes, parts, strict=True):
        for place, (axis, share) in enumerate(zip(row, SHARES, strict=True)):
            for level in LEVELS:
                values = np.nan_to_num(times[level][place], nan=last)
                band(axis, x, mean_intervals(values), level, color=colours[level])
            logarithmic(axis, x)
            axis.set(xlabel=label, ylabel=f"epochs to fit {share:.0%}")
            plainly(axis)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=3, loc="outside upper center")
    return figure


if __name__ == "__main__":
    main(Settings, run)
