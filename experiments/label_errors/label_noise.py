"""Are wrong labels found by memorization, and better still by the held-out probability of the given label?

3 % of the training labels of digits are replaced by a random wrong one; models use the default recipe; the measure is
the average precision of finding the wrong ones.  The recipe must fit the wrong labels too (in-sample accuracy above
.999), or memorization would mean little.  Each of the five repeats draws the wrong labels anew.

    python -m experiments.label_errors.label_noise --size quick    5 draws, 100 models each
    python -m experiments.label_errors.label_noise                 5 draws, 400 models each
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, mean_interval
from experiments.common.models import ModelSettings, Size
from experiments.common.settings import Cost
from memjax.config.specs import DataSpec

COST = Cost("57 s", "1 min 57 s")

SIZES = {
    "smoke": Size(DataSpec(per_class=20), 50, 24, 0),
    "quick": Size(DataSpec(), 60, 100, 0),
    "full": Size(DataSpec(), 60, 400, 0),
}


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Wrong labels found by memorization."""

    rate: float = 0.03
    """Share of the training labels that are replaced by a wrong one."""
    repeats: int = 5

    sizes: ClassVar = SIZES
    changes_data: ClassVar = True


def run(settings: Settings) -> Result:
    from sklearn.metrics import average_precision_score

    config = settings.config()
    estimates = settings.fitted(replace(config, data=replace(config.data, label_noise=settings.rate))).estimates
    correct, probability = estimates.scores["correct"], estimates.scores["probability"]
    scores = {
        "memorization": estimates.mem,
        "held_out_probability": -probability.mean_out,
        "held_out_accuracy": -correct.mean_out,
        "memorization_of_probability": probability.mean_in - probability.mean_out,
    }
    precision = {name: float(average_precision_score(estimates.mislabelled, score)) for name, score in scores.items()}
    fitted = float(estimates.in_sample_accuracy)
    found = {
        "average_precision": precision,
        "in_sample_accuracy": fitted,
        "in_sample_accuracy_wrong": float(correct.mean_in[estimates.mislabelled].mean()),
        "test_accuracy": estimates.test_accuracy,
    }
    return Result(found, verdicts_of(precision, fitted))


def verdicts_of(precision: dict[str, float], fitted: float) -> list[Verdict]:
    """The verdicts of a single draw, from the average precision of each score and the in-sample accuracy."""
    memorization, held_out = precision["memorization"], precision["held_out_probability"]
    return [
        Verdict("memorization finds wrong labels (average precision)", one(memorization), 0.85),
        Verdict("held-out probability finds them (average precision)", one(held_out), 0.97),
        Verdict("held-out probability finds them better than memorization (difference)", one(held_out - memorization)),
        Verdict("the models fit the labels that they see (in-sample accuracy)", one(fitted), 0.999),
    ]


def one(value: float) -> Interval:
    """The value of a single draw, which has no interval; that comes from `--repeats`."""
    return mean_interval([value])


if __name__ == "__main__":
    main(Settings, run)
