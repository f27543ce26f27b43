"""Which score finds wrong labels best, and does pruning what it finds help?

Wrong labels are planted at several rates.  Compared by average precision: memorization and held-out probability
(`memjax.estimators.label_errors`) from models on random 70 %; cleanlab's label quality from five-fold
cross-validation, as it usually is used (from the subset models' held-out predictions it is the held-out probability);
the loss of models that saw everything for a few epochs (early loss); and, from models that saw everything and were
recorded after every epoch, the area under the margin and the number of times an example was forgotten.  Memorization
can only show wrong labels that are fitted: the table has the accuracy on wrong labels of the models that saw them.

    pip install -e ".[experiments]"
    python -m experiments.label_errors.methods --size quick    digits; 4 rates, 5 draws, 100 models each
    python -m experiments.label_errors.methods                 Fashion-MNIST, 300 a class; 3 rates, 3 draws, 200 models

Then a growing share of the training examples, those that a method ranks first, is pruned, and models are trained on the
rest.  Intervals are over draws (precision, mean of all rates) and over retrainings (pruning).  The scores of training
are means over eight models, so that one unlucky order of batches does not decide; an example never learned counts as
forgotten the largest possible number of times.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, mean_interval, mean_intervals, paired
from experiments.common.models import ModelSettings, Size
from experiments.common.plots import band, panels
from experiments.common.removal import accuracies, by_condition, without
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, SubsetSpec
from memjax.errors import InputError
from memjax.estimators import c_score, memorization, out_of_bag
from memjax.types import Dataset, Outcomes

COST = Cost("3 min 15 s", "41 min")

SIZES = {
    "smoke": Size(DataSpec(per_class=20, test_per_class=10), 30, 48, 5),
    "quick": Size(DataSpec(), 60, 100, 5),
    "full": Size(DataSpec("fashion_mnist", per_class=300, test_per_class=200), 60, 200, 5),
}
DRAWS = {"smoke": 2, "quick": 5, "full": 3}
RATES = {"smoke": (0.1,), "quick": (0.01, 0.03, 0.1, 0.2), "full": (0.03, 0.1, 0.2)}
FOLDS, EARLY_EPOCHS, SEEING_ALL = 5, 3, 8
PRUNED_RATE, PRUNED = 0.1, (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
MEMORIZATION, HELD_OUT, CLEANLAB = "memorization", "held-out probability", "cleanlab, five folds"
EARLY, MARGIN, FORGETTING = "early loss", "area under the margin", "forgetting events"


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Planted label errors, found and pruned."""

    draws: int | None = None
    """Draws of the wrong labels at each rate."""

    sizes: ClassVar = SIZES
    changes_data: ClassVar = True


def quality() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Cleanlab's score of labels by predicted probabilities: the lower, the more likely wrong.

    Raises:
      InputError: cleanlab is not installed.
    """
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        raise InputError('this compares with cleanlab; install it with: pip install -e ".[experiments]"') from None
    return get_label_quality_scores


def suspicion(settings: Settings, config: RunConfig) -> tuple[Dataset, dict[str, np.ndarray], float]:
    """How much each method suspects each label, and the accuracy on wrong labels of the models that saw them."""
    score = quality()
    config = replace(config, keep=("correct", "probability"))
    found = settings.fitted(config)
    outcomes, data = found.outcomes, found.dataset
    labels = data.train_labels.astype(np.int64)
    subset = SubsetSpec("leave-group-out", num_groups=FOLDS)
    folds = replace(config, keep=(*config.keep, "logits"), num_models=FOLDS, subset=subset, max_failed=0.0)
    everything = np.ones((SEEING_ALL, data.num_train), bool)
    early = settings.retrained(everything, replace(config, train=replace(config.train, epochs=EARLY_EPOCHS)))
    curves = settings.fitted_on(everything, replace(config, record=("correct", "margin"))).curves
    forgotten = np.minimum(dynamics.forgetting_events(curves.values["correct"], curves.epochs), len(curves.epochs))
    found_by = {
        MEMORIZATION: np.asarray(memorization(outcomes.masks, outcomes.train["correct"]).value),
        HELD_OUT: -np.asarray(c_score(outcomes.masks, outcomes.train["probability"].astype(np.float32)).value),
        CLEANLAB: -score(labels, held_out(settings.fitted(folds).outcomes)),
        EARLY: -np.log(np.maximum(early.train["probability"].astype(np.float64), 1e-7)).mean(0),
        MARGIN: -dynamics.area_under_margin(curves.values["margin"]).mean(0),
        FORGETTING: forgotten.mean(0),
    }
    return data, found_by, float(found.estimates.correct.mean_in[data.mislabelled].mean())


def held_out(outcomes: Outcomes) -> np.ndarray:
    """Mean predicted probabilities by the models that did not see an example; rows sum to 1 in float64."""
    probabilities = np.asarray(out_of_bag(outcomes.masks, outcomes.train["logits"]), np.float64)
    return probabilities / probabilities.sum(1, keepdims=True)


def pruned(suspicions: dict[str, np.ndarray], shares: tuple[float, ...], rng: np.random.Generator, draws: int) -> dict:
    """The examples that are removed, by method and share, `draws` times each: the most suspected, or random ones."""
    count = len(next(iter(suspicions.values())))
    removed = {name: [] for name in (*suspicions, "at random")}
    for name, sets in removed.items():
        for share in shares:
            for _ in range(draws):
                score = suspicions[name] if name in suspicions else rng.random(count)
                marks = np.zeros(count, bool)
                marks[np.argsort(-score, kind="stable")[: round(share * count)]] = True
                sets.append(marks)
    return removed


def average_precisions(settings: Settings) -> tuple[list[dict], dict]:
    """How well each method finds wrong labels, a row for each rate and draw; and what pruning starts from."""
    from sklearn.metrics import average_precision_score

    base, rows, at_rate = settings.config(), [], {}
    for rate in RATES[settings.size]:
        for draw_number in range(settings.draws or DRAWS[settings.size]):
            data = replace(base.data, label_noise=rate, data_seed=settings.data_seed + draw_number)
            config = replace(base, data=data, seed=base.seed + draw_number)
            data, suspicions, fitted = suspicion(settings, config)
            precision = {
                name: float(average_precision_score(data.mislabelled, value)) for name, value in suspicions.items()
            }
            rows.append({"rate": rate, "draw": draw_number, "wrong_labels_fitted": fitted, **precision})
            if rate == PRUNED_RATE and draw_number == 0:
                at_rate = {"config": config, "suspicions": suspicions}
    return rows, at_rate


def by_draw(rows: list[dict], name: str) -> list[float]:
    """The mean of a method over all rates, for each draw: rates of one draw share wrong labels."""
    draws = sorted({row["draw"] for row in rows})
    return [float(np.mean([row[name] for row in rows if row["draw"] == number])) for number in draws]


def run(settings: Settings) -> Result:
    rows, at_rate = average_precisions(settings)
    mean = {name: mean_interval(by_draw(rows, name)) for name in at_rate["suspicions"]}
    curves = pruning_curves(settings, at_rate)
    pruning = {name: mean_intervals(curve.T) for name, curve in curves.items()}
    numbers = {"rows": rows, "mean_average_precision": mean, "pruning_shares": PRUNED, "pruning": pruning}
    return Result(numbers, verdicts_of(rows, curves[HELD_OUT]), draw(rows, pruning))


def verdicts_of(rows: list[dict], curve: np.ndarray) -> list[Verdict]:
    """The verdicts, from the average precision of each method and from the pruning curve of held-out probability.

    Args:
      rows: one for each rate and draw, by method.
      curve: (shares, retrainings) test accuracy.
    """

    def gain(first: str, second: str) -> Interval:
        return paired(by_draw(rows, first), by_draw(rows, second))

    return [
        Verdict(
            "held-out probability finds wrong labels better than cleanlab with five folds", gain(HELD_OUT, CLEANLAB)
        ),
        Verdict("memorization finds them better than cleanlab with five folds", gain(MEMORIZATION, CLEANLAB)),
        Verdict("held-out probability finds them better than memorization", gain(HELD_OUT, MEMORIZATION)),
        *(Verdict(f"... than {other}", gain(HELD_OUT, other)) for other in (EARLY, MARGIN, FORGETTING)),
        Verdict(
            f"pruning the {PRUNED_RATE:.0%} it ranks first raises test accuracy ({PRUNED_RATE:.0%} are wrong)",
            paired(curve[PRUNED.index(PRUNED_RATE)], curve[0]),
        ),
    ]


def pruning_curves(settings: Settings, at_rate: dict) -> dict[str, np.ndarray]:
    """Test accuracy by method, (shares, retrainings)."""
    rng = np.random.default_rng(settings.seed)
    removed = pruned(at_rate["suspicions"], PRUNED, rng, settings.num_retrainings)
    config = replace(at_rate["config"], keep=("correct",))
    return {
        name: by_condition(accuracies(settings.retrained(without(sets), config).test["correct"]), len(PRUNED))
        for name, sets in removed.items()
    }


def draw(rows: list[dict], pruning: dict[str, list[Interval]]):
    """Average precision by rate at the left, pruning curves at the right."""
    rates, retrainings = sorted({row["rate"] for row in rows}), next(iter(pruning.values()))[0].repeats
    note = f"dots: {len(rows) // len(rates)} draws for each rate; bands: 95 % intervals over {retrainings} retrainings"
    figure, axes = panels(1, 2, 5.0, 3.7, note=note)
    for number, name in enumerate(pruning):
        color = f"C{number}"
        if name in rows[0]:
            means = [np.mean([row[name] for row in rows if row["rate"] == rate]) for rate in rates]
            axes[0, 0].plot(rates, means, "o-", markersize=3, color=color, label=name)
            for row in rows:
                axes[0, 0].plot(row["rate"], row[name], ".", markersize=2, color=color)
        band(axes[0, 1], PRUNED, pruning[name], name, color=color)
    axes[0, 0].set(xlabel="rate of wrong labels", ylabel="average precision")
    axes[0, 0].set_xticks(rates, [f"{rate:g}" for rate in rates], fontsize=7)
    axes[0, 1].set(xlabel="share pruned", ylabel="test accuracy")
    axes[0, 1].set(title=f"{100 * PRUNED_RATE:g} % of the labels are wrong")
    axes[0, 1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


if __name__ == "__main__":
    main(Settings, run)
