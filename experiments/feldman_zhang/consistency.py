"""Claim: other models of the same kind find the same memorized examples and the same high-influence pairs.

Feldman and Zhang 2020, section 3.2 and figure 5: two times 2,000 ResNet-50 of CIFAR-100.  Jaccard of the examples with
memorization of at least .25: .977; of the pairs with influence of at least .15: .68 to .70, at .25 .84, at .4 .94.

    python -m experiments.consistency --preset quick    two halves of 512 models, those of memorization_values: seconds
    python -m experiments.consistency                   two halves of 1,000 models

A half of fewer models agrees less.  What 2,000 a half would give is foretold by binomial draws from the rates of all
models.  Rates that carry noise are spread wider than the truth, which makes the forecast too good where models are few;
the same forecast for the halves at hand, next to what they show, says how far to trust it.
"""

from dataclasses import dataclass

import numpy as np
import tyro

from experiments import agreement
from experiments.agreement import Rates
from experiments.claim import Interval, Result, Verdict, conclude
from experiments.plots import band, panels
from experiments.setting import Setting, part
from memjax.machine import environment

MEM = (0.1, 0.25, 0.5, 0.75, 0.9)
INFL = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
PAPER_MEM = (0.975, 0.977, 0.973, 0.963, 0.949)
PAPER_INFL = (0.52, 0.69, 0.77, 0.84, 0.87, 0.94, 0.92)
PAPER_MODELS = 2000


@dataclass(frozen=True)
class Experiment(Setting):
    """Two halves of the models against each other."""


Half = tuple[Rates, Rates]
Curves = tuple[list[Interval], list[Interval]]


def agree(first: Half, second: Half) -> Curves:
    """Jaccard of memorized examples and of pairs, by threshold."""
    (own, pairs), (other_own, other_pairs) = first, second
    return (
        agreement.curve(lambda t: agreement.memorized(own, t), lambda t: agreement.memorized(other_own, t), MEM),
        agreement.curve(
            lambda t: agreement.selected_pairs(pairs, own, t),
            lambda t: agreement.selected_pairs(other_pairs, other_own, t),
            INFL,
            pairs.test,
        ),
    )


def foretold(whole: Half, models: int, fraction: float, seed: int) -> Curves:
    """The same of two sets of so many models each, if the rates of all were the truth."""
    rng = np.random.default_rng(seed)
    counts = max(1, round(models * fraction)), max(1, round(models * (1 - fraction)))
    first, second = (tuple(agreement.foretold(rates, *counts, rng) for rates in whole) for _ in range(2))
    return agree(first, second)  # type: ignore[arg-type]


def main(experiment: Experiment) -> None:
    environment.start_jax()
    found = experiment.estimated()
    outcomes, data = found.outcomes(), found.run.dataset

    def rates(models: slice) -> Half:
        some = part(outcomes, models)
        return agreement.own_rates(some), agreement.pair_rates(some, data.train_labels, data.test_labels)

    num_models = len(outcomes.masks)
    sizes = [num_models // 2 // parts for parts in (4, 2, 1)]
    halves = {size: (rates(np.s_[:size]), rates(np.s_[size : 2 * size])) for size in sizes}
    measured = {size: agree(*pair) for size, pair in halves.items()}
    whole, fraction = rates(np.s_[:]), float(outcomes.masks.mean())
    forecast = {models: foretold(whole, models, fraction, experiment.seed) for models in (sizes[-1], PAPER_MODELS)}
    (own, pairs), (other_own, other_pairs) = halves[sizes[-1]]
    chosen = agreement.memorized(own, 0.25) | agreement.memorized(other_own, 0.25)
    chosen_pairs = agreement.selected_pairs(pairs, own, 0.15) | agreement.selected_pairs(other_pairs, other_own, 0.15)
    correlation = agreement.rank_correlation(own.value, other_own.value)
    last = measured[sizes[-1]]
    numbers = {
        "models_a_half": sizes[-1],
        "mem_thresholds": MEM,
        "infl_thresholds": INFL,
        "jaccard_mem": {size: curves[0] for size, curves in measured.items()},
        "jaccard_pairs": {size: curves[1] for size, curves in measured.items()},
        "foretold_mem": {size: curves[0] for size, curves in forecast.items()},
        "foretold_pairs": {size: curves[1] for size, curves in forecast.items()},
        "pairs_selected": [int(agreement.selected_pairs(p, o, 0.15).sum()) for o, p in halves[sizes[-1]]],
        "mean_difference_mem": agreement.mean_difference(own.value, other_own.value, chosen),
        "mean_difference_infl": agreement.mean_difference(pairs.value, other_pairs.value, chosen_pairs),
        "rank_correlation_mem": correlation,
    }
    half = f"{sizes[-1]} models a half"
    verdicts = [
        Verdict(f"the same examples are memorized (Jaccard at .25, {half}; paper .977)", last[0][1], 0.7),
        Verdict(f"the same pairs are selected (Jaccard at .15, {half}; paper .69)", last[1][1], 0.5),
        Verdict(f"the strong pairs are the same (Jaccard at .3, {half}; paper .87)", last[1][4], 0.5),
        Verdict(f"memorization ranks examples alike (Spearman, {half})", correlation, 0.9),
    ]
    conclude("consistency", experiment, Result(numbers, verdicts, draw(measured, forecast)))


def draw(measured: dict[int, Curves], forecast: dict[int, Curves]):
    """Jaccard by threshold, of examples at the left and of pairs at the right."""
    figure, axes = panels(1, 2, 5.0, 3.6)
    shades = ("lightskyblue", "tab:blue", "navy")
    for side, (axis, thresholds, paper) in enumerate(((axes[0, 0], MEM, PAPER_MEM), (axes[0, 1], INFL, PAPER_INFL))):
        for color, (size, curves) in zip(shades, measured.items(), strict=True):
            band(axis, thresholds, curves[side], f"{size} models a half", color)
        for style, (size, curves) in zip((":", "--"), forecast.items(), strict=True):
            axis.plot(
                thresholds, [item.value for item in curves[side]], style, color="tab:orange", label=f"foretold, {size}"
            )
        axis.plot(thresholds, paper, "k^", markersize=4, label="paper, CIFAR-100, 2,000")
        axis.set(ylim=(0, 1.02), ylabel="Jaccard", xlabel=f"threshold of {('memorization', 'influence')[side]}")
    figure.legend(*axes[0, 1].get_legend_handles_labels(), fontsize=8, ncols=3, loc="outside lower center")
    return figure


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
