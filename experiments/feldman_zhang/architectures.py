"""Do other architectures memorize the same examples, and have the same high-influence pairs?

Feldman and Zhang 2020, section 3.4 and figure 5: CIFAR-100, 2,000 models each, against ResNet-50.

    | Jaccard index with ResNet-50    | ResNet-50 again | ResNet-18 | Inception | DenseNet-100 |
    |---------------------------------|-----------------|-----------|-----------|--------------|
    | examples, memorization >= .25   | .977            | .846      | .753      | .722         |
    | pairs, influence >= .15         | .68 to .70      | .45       | .28       | .25          |
    | mean difference of memorization | .015            | .095      | .152      | .167         |

    python -m experiments.feldman_zhang.architectures --size quick    5 networks on 500 digits, 150 models each
    python -m experiments.feldman_zhang.architectures                 5 networks on all digits, 1,000 models each
    python -m experiments.feldman_zhang.architectures --preset fz-cifar100 --networks resnet50 resnet18 inception

Narrow forms of the paper's networks take about a minute a model on all digits, on two cores; a tenth of that in the
quick form: --size quick --networks mlp:128 inception:0.2 resnet18:8 --models 48

The first network is the reference.  It is trained a second time with another seed, which says what agreement is
possible.  Intervals draw examples again, or test examples with all their pairs.

Pairs are known less exactly than the memorization of examples, so that the reference itself agrees less on pairs when
it is trained again.  So a network agrees less on pairs than on examples only where

    its Jaccard of examples / that of the reference again - its Jaccard of pairs / that of the reference again

is above 0; in the paper it is .21 (ResNet-18) to .38 (DenseNet-100).
"""

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from experiments.common import agreement
from experiments.common.agreement import Rates
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import difference, quotient
from experiments.common.models import ModelSettings, Size, fit_warning
from experiments.common.plots import band, panels, shares
from experiments.common.settings import Cost
from experiments.feldman_zhang.consistency import INFL, MEM
from memjax.config.specs import DataSpec, ModelSpec

COST = Cost("41 s", "22 min")

SIZES = {
    "smoke": Size(DataSpec(per_class=12, test_per_class=10), 20, 24, 1),
    "quick": Size(DataSpec(per_class=50), 30, 150, 1),
    "full": Size(DataSpec(), 60, 1000, 1),
}
NETWORKS = {
    "smoke": ("mlp:128", "linear"),
    "quick": ("mlp:128", "mlp:256,128", "mlp:32", "linear", "cnn"),
    "full": ("mlp:128", "mlp:512,256", "mlp:32", "linear", "cnn"),
}
AGAIN = "again"


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Architectures against each other."""

    networks: tuple[str, ...] = ()
    """The first is the reference.  Default: four fully connected networks and a small convolutional one."""

    sizes: ClassVar = SIZES


class Side(NamedTuple):
    """What was estimated from one network's models."""

    own: Rates
    pairs: Rates
    accuracy: float
    fitted: float


def measured(settings: Settings, model: str, seed: int) -> Side:
    """Memorization and influence by the models of one network."""
    config = settings.config()
    found = settings.fitted(replace(config, seed=config.seed + seed, model=ModelSpec(model)))
    outcomes, data = found.outcomes, found.dataset
    pairs = agreement.pair_rates(outcomes, data.train_labels, data.test_labels)
    estimates = found.estimates
    return Side(agreement.own_rates(outcomes), pairs, estimates.test_accuracy, estimates.in_sample_accuracy)


def compare(reference: Side, other: Side) -> dict:
    """What the paper compares: one network with the reference."""
    selected = [agreement.selected_pairs(side.pairs, side.own, 0.15) for side in (reference, other)]
    either = agreement.memorized(reference.own, 0.25) | agreement.memorized(other.own, 0.25)
    return {
        "test_accuracy": other.accuracy,
        "in_sample_accuracy": other.fitted,
        "memorized": int(agreement.memorized(other.own, 0.25).sum()),
        "pairs": int(selected[1].sum()),
        "jaccard_mem": agreement.curve(
            lambda t: agreement.memorized(reference.own, t), lambda t: agreement.memorized(other.own, t), MEM
        ),
        "jaccard_pairs": agreement.curve(
            lambda t: agreement.selected_pairs(reference.pairs, reference.own, t),
            lambda t: agreement.selected_pairs(other.pairs, other.own, t),
            INFL,
            reference.pairs.test,
            reference.pairs.train,
        ),
        "mean_difference_mem": agreement.mean_difference(reference.own.value, other.own.value, either),
        "mean_difference_infl": agreement.mean_difference(
            reference.pairs.value, other.pairs.value, selected[0] | selected[1]
        ),
        "rank_correlation": agreement.rank_correlation(reference.own.value, other.own.value),
    }


def run(settings: Settings) -> Result:
    networks = settings.networks or NETWORKS[settings.size]
    reference = measured(settings, networks[0], 1)  # trained on other subsets than all that are compared with it
    rows = {f"{networks[0]} {AGAIN}": compare(reference, measured(settings, networks[0], 0))}
    rows |= {model: compare(reference, measured(settings, model, 0)) for model in networks[1:]}
    again, others = rows[f"{networks[0]} {AGAIN}"], {model: rows[model] for model in networks[1:]}
    fitted = {name: fit_warning([row["in_sample_accuracy"]]) for name, row in rows.items()}
    numbers = {"models": settings.config().num_models, "mem_thresholds": MEM, "infl_thresholds": INFL, "rows": rows,
               "warnings": {name: text for name, text in fitted.items() if text}}  # fmt: skip
    verdicts = [verdict for model, row in others.items() for verdict in verdicts_of(model, row, networks[0], again)]
    of = f"{numbers['models']:,} models each, compared with {networks[0]}; bands: 95 % intervals"
    return Result(
        numbers, verdicts, draw(rows, f"{of}, examples or test examples drawn again"),
        lambda several, count: draw(several["rows"], f"{of} over {count} draws"),
    )  # fmt: skip


def verdicts_of(model: str, row: dict, reference: str, again: dict) -> list[Verdict]:
    """The verdicts on one network, from what `compare` says of it and of the reference that was trained again."""
    examples, pairs = row["jaccard_mem"][1], row["jaccard_pairs"][1]
    return [
        Verdict(f"{model} memorizes much the same examples as {reference} (Jaccard at .25; paper .72 to .85)",
                examples, 0.5),
        Verdict(f"{model} ranks them much alike (Spearman)", row["rank_correlation"], 0.5),
        Verdict(f"{model} memorizes others than {reference} again does (Jaccard at .25; paper .13 to .26)",
                difference(again["jaccard_mem"][1], examples)),
        Verdict(f"{model} agrees less on pairs than on examples, both as shares of the agreement of {reference} again "
                "(Jaccard; paper .21 to .38)",
                difference(quotient(examples, again["jaccard_mem"][1]), quotient(pairs, again["jaccard_pairs"][1]))),
    ]  # fmt: skip


def draw(rows: dict[str, dict], note: str):
    """Jaccard with the reference by threshold."""
    figure, axes = panels(1, 2, 4.8, 3.7, note=note)
    for number, (name, row) in enumerate(rows.items()):
        label = f"{name} ({row['test_accuracy']:.3f})"
        band(axes[0, 0], MEM, row["jaccard_mem"], label, color=f"C{number}")
        band(axes[0, 1], INFL, row["jaccard_pairs"], label, color=f"C{number}")
    axes[0, 0].set(xlabel="threshold of memorization", ylabel="Jaccard index with the reference")
    axes[0, 1].set(xlabel="threshold of influence", ylabel="Jaccard index with the reference")
    for axis in axes[0]:
        shares(axis)
    lines = axes[0, 0].get_legend_handles_labels()
    figure.legend(*lines, fontsize=8, ncols=3, title="network (test accuracy)", loc="outside upper center")
    return figure


if __name__ == "__main__":
    main(Settings, run)
