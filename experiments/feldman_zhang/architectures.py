"""Claim: other architectures memorize much the same examples, but their high-influence pairs differ more.

Feldman and Zhang 2020, section 3.4 and figure 5: CIFAR-100, 2,000 models each, against ResNet-50.

    | Jaccard with ResNet-50          | ResNet-50 again | ResNet-18 | Inception | DenseNet-100 |
    |---------------------------------|-----------------|-----------|-----------|--------------|
    | examples, memorization >= .25   | .977            | .846      | .753      | .722         |
    | pairs, influence >= .15         | .68 to .70      | .45       | .28       | .25          |
    | mean difference of memorization | .015            | .095      | .152      | .167         |

    python -m experiments.architectures --preset quick    5 networks on 500 digits, 150 models each: about 2 minutes on
                                                          two quiet cores
    python -m experiments.architectures                   7 networks on all digits, 1,000 models each: about a day on
                                                          two cores, for the convolutions; --networks chooses
    python -m experiments.architectures --paper fz-cifar100 --networks resnet50 resnet18 inception densenet100

The first network is the reference; it is trained a second time with another seed, which says what agreement there could
be.  Intervals: examples, or test examples with all their pairs, drawn again.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import tyro

from experiments import agreement
from experiments.agreement import Rates
from experiments.claim import Interval, Result, Verdict, conclude
from experiments.consistency import INFL, MEM
from experiments.plots import band, panels
from experiments.setting import Setting, Size, fit_warning
from memjax.config.specs import DataSpec, ModelSpec
from memjax.machine import environment

SIZES = {
    "smoke": Size(DataSpec(per_class=12, test_per_class=10), 20, 24, 1),
    "quick": Size(DataSpec(per_class=50), 30, 150, 1),
    "full": Size(DataSpec(), 60, 1000, 1),
}
NETWORKS = {
    "smoke": ("mlp:128", "linear"),
    "quick": ("mlp:128", "mlp:256,128", "mlp:32", "linear", "cnn"),
    "full": ("mlp:128", "mlp:512,256", "mlp:32", "linear", "cnn", "inception:0.2", "resnet18:8"),
}
AGAIN = "again"


@dataclass(frozen=True)
class Experiment(Setting):
    """Architectures against each other."""

    networks: tuple[str, ...] = ()
    """The first is the reference.  Default: four fully connected networks and a small convolutional one; for full also
    a narrow Inception and a narrow ResNet-18."""

    def size(self) -> Size:
        return SIZES[self.preset]


class Side(NamedTuple):
    """What was estimated from one network's models."""

    own: Rates
    pairs: Rates
    accuracy: float
    fitted: float


def measured(experiment: Setting, model: str, seed: int) -> Side:
    """Memorization and influence by the models of one network."""
    config = experiment.config()
    found = experiment.estimated(replace(config, seed=config.seed + seed, model=ModelSpec(model)))
    outcomes, data = found.outcomes(), found.run.dataset
    accuracy, fitted = (float(found.estimates[name]) for name in ("test_accuracy", "in_sample_accuracy"))
    pairs = agreement.pair_rates(outcomes, data.train_labels, data.test_labels)
    return Side(agreement.own_rates(outcomes), pairs, accuracy, fitted)


def compare(reference: Side, other: Side) -> dict:
    """The rows of the paper's figure, of one network."""
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
        ),
        "mean_difference_mem": agreement.mean_difference(reference.own.value, other.own.value, either),
        "mean_difference_infl": agreement.mean_difference(
            reference.pairs.value, other.pairs.value, selected[0] | selected[1]
        ),
        "rank_correlation": agreement.rank_correlation(reference.own.value, other.own.value),
    }


def less(first: Interval, second: Interval) -> Interval:
    """A difference, its interval that of two independent estimates, which is on the safe side of paired ones."""
    value = first.value - second.value
    down = np.hypot(first.value - first.low, second.high - second.value)
    up = np.hypot(first.high - first.value, second.value - second.low)
    return Interval(value, value - float(down), value + float(up), min(first.repeats, second.repeats))


def main(experiment: Experiment) -> None:
    environment.start_jax()
    networks = experiment.networks or NETWORKS[experiment.preset]
    reference = measured(experiment, networks[0], 0)
    rows = {f"{networks[0]} {AGAIN}": compare(reference, measured(experiment, networks[0], 1))}
    rows |= {model: compare(reference, measured(experiment, model, 0)) for model in networks[1:]}
    again, others = rows[f"{networks[0]} {AGAIN}"], {model: rows[model] for model in networks[1:]}
    fitted = {name: fit_warning([row["in_sample_accuracy"]]) for name, row in rows.items()}
    numbers = {"models": experiment.config().num_models, "mem_thresholds": MEM, "infl_thresholds": INFL, "rows": rows,
               "warnings": {name: text for name, text in fitted.items() if text}}  # fmt: skip
    verdicts = []
    for model, row in others.items():
        verdicts += [
            Verdict(f"{model} memorizes much the same examples as {networks[0]} (Jaccard at .25; paper .72 to .85)",
                    row["jaccard_mem"][1], 0.5),
            Verdict(f"{model} ranks them much alike (Spearman)", row["rank_correlation"], 0.5),
            Verdict(f"{model} memorizes others than {networks[0]} again does (Jaccard at .25; paper .13 to .26)",
                    less(again["jaccard_mem"][1], row["jaccard_mem"][1])),
            Verdict(f"{model} agrees less on pairs than on examples (Jaccard; paper .40 to .47)",
                    less(row["jaccard_mem"][1], row["jaccard_pairs"][1])),
        ]  # fmt: skip
    conclude("architectures", experiment, Result(numbers, verdicts, draw(rows)))


def draw(rows: dict[str, dict]):
    """Jaccard with the reference by threshold."""
    figure, axes = panels(1, 2, 4.8, 3.6)
    for number, (name, row) in enumerate(rows.items()):
        label = f"{name} ({row['test_accuracy']:.3f})"
        band(axes[0, 0], MEM, row["jaccard_mem"], label, f"C{number}")
        band(axes[0, 1], INFL, row["jaccard_pairs"], label, f"C{number}")
    axes[0, 0].set(xlabel="threshold of memorization", ylabel="Jaccard", ylim=(0, 1.02))
    axes[0, 1].set(xlabel="threshold of influence", ylim=(0, 1.02))
    axes[0, 0].legend(fontsize=7, title="network (test accuracy)", title_fontsize=7)
    return figure


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
