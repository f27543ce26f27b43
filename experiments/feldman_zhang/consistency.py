"""Do other models of the same kind find the same memorized examples and the same high-influence pairs?

Feldman and Zhang 2020, section 3.2 and figure 5: two times 2,000 ResNet-50 of CIFAR-100.  Jaccard index of the examples
with memorization of at least .25: .977; of the pairs with influence of at least .15: .68 to .70, at .25 .84, at .4 .94.

    python -m experiments.feldman_zhang.consistency --size quick    two halves of the 512 models of memorization_values
    python -m experiments.feldman_zhang.consistency                 two halves of the 1,000 models

Two halves of fewer models agree less.  What 2,000 a half would give is predicted by binomial draws from the rates of
all models.  Noisy rates are spread wider than the true ones, which makes the prediction too good where models are few;
the same prediction for the halves at hand, next to what they show, says how far to trust it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.common import agreement
from experiments.common.agreement import Rates
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval
from experiments.common.models import ModelSettings, part
from experiments.common.plots import band, panels, shares
from experiments.common.settings import Cost

COST = Cost("6 s*", "13 s*")

MEM = (0.1, 0.25, 0.5, 0.75, 0.9)
INFL = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
PAPER_MEM = (0.975, 0.977, 0.973, 0.963, 0.949)
PAPER_INFL = (0.52, 0.69, 0.77, 0.84, 0.87, 0.94, 0.92)
PAPER_MODELS = 2000


@dataclass(frozen=True)
class Settings(ModelSettings):
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
            pairs.train,
        ),
    )


def expected(whole: Half, models: int, fraction: float, seed: int) -> Curves:
    """The expected curves of two sets of so many models each, if the rates of all models were the truth."""
    rng = np.random.default_rng(seed)
    counts = max(1, round(models * fraction)), max(1, round(models * (1 - fraction)))
    first, second = (tuple(agreement.expected(rates, *counts, rng) for rates in whole) for _ in range(2))
    return agree(first, second)  # type: ignore[arg-type]


def run(settings: Settings) -> Result:
    found = settings.fitted(settings.config())
    outcomes, data = found.outcomes, found.dataset

    def rates(models: slice) -> Half:
        some = part(outcomes, models)
        return agreement.own_rates(some), agreement.pair_rates(some, data.train_labels, data.test_labels)

    num_models = len(outcomes.masks)
    sizes = [num_models // 2 // parts for parts in (4, 2, 1)]
    halves = {size: (rates(np.s_[:size]), rates(np.s_[size : 2 * size])) for size in sizes}
    measured = {size: agree(*pair) for size, pair in halves.items()}
    whole, fraction = rates(np.s_[:]), float(outcomes.masks.mean())
    forecast = {models: expected(whole, models, fraction, settings.seed) for models in (sizes[-1], PAPER_MODELS)}
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
        "expected_mem": {size: curves[0] for size, curves in forecast.items()},
        "expected_pairs": {size: curves[1] for size, curves in forecast.items()},
        "pairs_selected": [int(agreement.selected_pairs(p, o, 0.15).sum()) for o, p in halves[sizes[-1]]],
        "mean_difference_mem": agreement.mean_difference(own.value, other_own.value, chosen),
        "mean_difference_infl": agreement.mean_difference(pairs.value, other_pairs.value, chosen_pairs),
        "rank_correlation_mem": correlation,
    }
    of = f"{data.num_train:,} training and {data.num_test:,} test examples; expected: by the rates of all models"
    again = "over training examples, at the right the wider of those over training and over test examples"
    return Result(
        numbers, verdicts_of(last, correlation, sizes[-1]), draw(numbers, f"{of}; bands: 95 % intervals, {again}"),
        lambda several, count: draw(several, f"{of}; bands: 95 % intervals over {count} draws"),
    )  # fmt: skip


def verdicts_of(curves: Curves, correlation: Interval, models: int) -> list[Verdict]:
    """The verdicts, from the agreement of two halves of so many models each."""
    (examples, pairs), half = curves, f"{models} models per half"
    return [
        Verdict(f"the same examples are memorized (Jaccard at .25, {half}; paper .977)", examples[1], 0.7),
        Verdict(f"the same pairs are selected (Jaccard at .15, {half}; paper .69)", pairs[1], 0.5),
        Verdict(f"the strong pairs are the same (Jaccard at .3, {half}; paper .87)", pairs[4], 0.5),
        Verdict(f"memorization ranks examples alike (Spearman, {half})", correlation, 0.9),
    ]


def draw(numbers: dict[str, Any], note: str):
    """Jaccard by threshold, of examples at the left and of pairs at the right, from the numbers that `run` finds."""
    figure, axes = panels(1, 2, 5.0, 3.9, note=note)
    shades = ("lightskyblue", "tab:blue", "navy")
    sides = (("mem", axes[0, 0], MEM, PAPER_MEM), ("pairs", axes[0, 1], INFL, PAPER_INFL))
    for side, axis, thresholds, paper in sides:
        for color, (size, curve) in zip(shades, numbers[f"jaccard_{side}"].items(), strict=True):
            band(axis, thresholds, curve, f"{size:,} models per half", color=color)
        for style, (size, curve) in zip((":", "--"), numbers[f"expected_{side}"].items(), strict=True):
            values = [item.value for item in curve]
            axis.plot(thresholds, values, style, color="tab:orange", label=f"expected, {size:,}")
        axis.plot(thresholds, paper, "k^", markersize=4, label="paper, CIFAR-100, 2,000")
        shares(axis)
        axis.set(
            ylabel="Jaccard index of two halves",
            xlabel=f"threshold of {'memorization' if side == 'mem' else 'influence'}",
        )
    figure.legend(*axes[0, 1].get_legend_handles_labels(), fontsize=8, ncols=3, loc="outside upper center")
    return figure


if __name__ == "__main__":
    main(Settings, run)
