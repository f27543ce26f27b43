"""Are memorized examples still worth more than random ones under the critics' controls?

"Is Memorization (Actually) Necessary for Generalization?" (three versions, 2024 to 2026) objects to Feldman and Zhang
2020: their models had no weight decay; test examples have near-duplicates in the training set; removal takes whole
sub-populations away; at m/n = .7 memorization is overestimated; the difference of rates calls too many examples
memorized, a fractional score does not; .25 is arbitrary and should come from a null of random labels.  With all of this
the removal of memorized examples should not hurt, and may help.

    python -m experiments.feldman_zhang.critics --size quick    640 models on subsets, some 200 retrainings
    python -m experiments.feldman_zhang.critics                 1,250 models on subsets, some 560 retrainings

Each control is applied by itself to the paper's protocol, on all test examples and on those without a near-duplicate in
the training set; near-duplicates are copies where copies are known.  Three controls decide nothing where they have no
effect: half of each cluster stays, if the paper removes no more; the null, if its models do not fit the wrong labels;
no near-duplicates, if hardly any test example has one.  Effect: accuracy without as many random examples minus accuracy
without the memorized ones, paired by initial weights; above 0 the paper's claim holds.  Sub-populations are clusters
within a class, see `common/subpopulations.py`.  Where a control keeps classes or clusters, as many random examples of
each are removed as memorized ones.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.duplicates import known_copies, near_duplicates
from experiments.common.intervals import Interval, ends, mean_interval, paired
from experiments.common.models import ModelSettings, fit_warning, in_sample
from experiments.common.plots import panels
from experiments.common.removal import accuracies, at_random, at_random_in_groups, no_more_than, without
from experiments.common.settings import Cost
from experiments.common.subpopulations import clusters
from memjax.config.run_config import RunConfig
from memjax.config.specs import SubsetSpec
from memjax.estimators import MEM_THRESHOLD, q_values
from memjax.results import Estimates

COST = Cost("5 min 27 s", "26 min*, --retrainings 12")

NOISE = 0.1  # of the labels, for the null of random labels
LEVEL = 0.05  # false discoveries, and memorized wrong labels that the threshold from the null may miss
LEAST = 0.1
FITTED = 0.95  # of the wrong labels that the models of the null see, so that they are known by heart
SAME = 0.95  # overlap with what the paper removes, from which a control is none
FEW = 0.05  # of the test examples; a control that leaves out fewer is none
NULL, STAYS = "threshold of the null", "half of each cluster stays"
NO_DUPLICATES = "without near-duplicates"
HIGH_RATE = {"smoke": 0.9, "quick": 0.9, "full": 0.95}
PAPER = "as in the paper"
SAME_REMOVED = "control keeps"  # other random examples are drawn; the memorized ones are those of the paper


@dataclass(frozen=True)
class Settings(ModelSettings):
    """The critics' controls."""

    weight_decay: float = 0.5
    """Strength for the models with weight decay; by adamw, unless the setting has another optimiser than adam."""
    null_epochs: int | None = None
    """Epochs of the models on random labels.  Default: those of all other models, in which hard labels may not be
    fitted, so that nothing is decided by the threshold of the null."""


class Control(NamedTuple):
    """The examples that are removed, and the groups within which random ones are drawn instead (None: anywhere)."""

    removed: np.ndarray
    groups: np.ndarray | None = None


def fractional(rate_in: np.ndarray, rate_out: np.ndarray) -> np.ndarray:
    """(P_in - P_out) / (P_in + P_out); 0 where both are 0, that is where no model ever gives the label."""
    total = rate_in + rate_out
    return np.where(total > 0, (rate_in - rate_out) / np.where(total > 0, total, 1), 0)


def significant(mem: np.ndarray, stderr: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Examples memorized at a false discovery rate: Benjamini and Hochberg, one-sided normal tests of mem = 0."""
    from scipy.stats import norm

    return q_values(np.nan_to_num(norm.sf(mem / stderr), nan=1.0), len(mem)) <= level


def threshold_of_null(mem: np.ndarray, wrong: np.ndarray, level: float = LEVEL) -> float:
    """The memorization that all but a share of the wrong labels reach, which are known only by heart.

    At least .1: lower values are noise where models are few.
    """
    return max(LEAST, float(np.nanquantile(mem[wrong], level)))


def decaying(config: RunConfig, weight_decay: float) -> RunConfig:
    """The same training with weight decay, decoupled where the optimiser is adam."""
    optimizer = "adamw" if config.train.optimizer == "adam" else config.train.optimizer
    return replace(config, train=replace(config.train, optimizer=optimizer, weight_decay=weight_decay))


def run(settings: Settings) -> Result:
    config = settings.config()
    base = settings.fitted(config)
    data, estimates = base.dataset, base.estimates
    fewer = max(2, config.num_models // 2)
    rate = HIGH_RATE[settings.size]
    high = settings.fitted(replace(config, num_models=fewer, subset=SubsetSpec("balanced", rate)))
    noisy = replace(
        config, num_models=max(2, config.num_models // 4), data=replace(config.data, label_noise=NOISE),
        train=replace(config.train, epochs=settings.null_epochs or config.train.epochs),
    )  # fmt: skip
    null = settings.fitted(noisy).estimates
    decay = decaying(config, settings.weight_decay)
    decayed = settings.fitted(replace(decay, num_models=fewer))

    memorized, threshold = estimates.mem >= MEM_THRESHOLD, threshold_of_null(null.mem, null.mislabelled)
    groups = clusters(np.asarray(data.train_inputs), data.train_labels, settings.seed)
    controls = controls_of(estimates, {f"m/n = {rate}": high.estimates.mem}, threshold, groups)
    with_decay = {"weight decay": Control(decayed.estimates.mem >= MEM_THRESHOLD)}
    clean = ~near_duplicates(data, copies=known_copies(config.data.dataset, data))
    rows, fitted = compare(settings, controls, config, clean)
    more_rows, more_fitted = compare(settings, with_decay, decay, clean)
    rows |= more_rows
    fitted = [estimates.in_sample_accuracy, decayed.estimates.in_sample_accuracy, *fitted, *more_fitted]
    overlap = {
        name: float((control.removed & memorized).sum() / max(1, (control.removed | memorized).sum()))
        for name, control in (controls | with_decay).items()
    }
    null_fitted = float(null.correct.mean_in[null.mislabelled].mean())
    numbers = {
        "num_models": estimates.num_models,
        "rows": rows,
        "threshold_of_the_null": threshold,
        "wrong_labels_fitted_by_the_null": null_fitted,
        "unplanted_above_it": float((null.mem >= threshold)[~null.mislabelled].mean()),
        "overlap_with_paper": overlap,
        "test_without_near_duplicates": int(clean.sum()),
        "clusters": len(np.unique(groups)),
        "in_sample_accuracy": fitted,
        "warning": fit_warning(fitted),
    }
    verdicts = verdicts_of(rows, without_effect(overlap, null_fitted, float(clean.mean())))
    return Result(
        numbers, verdicts, draw(numbers, f"{settings.num_retrainings} retrainings"),
        lambda several, count: draw(several, f"{count} draws, {settings.num_retrainings} retrainings in each"),
    )  # fmt: skip


def without_effect(overlap: dict[str, float], null_fitted: float, clean: float) -> set[str]:
    """The controls that have no effect here, so that nothing follows from them.

    Half of each cluster stays in what the paper removes too; or the null is of wrong labels that its models do not know
    by heart; or there are next to no near-duplicates.

    Args:
      overlap: of what a control removes with what the paper removes, by control.
      null_fitted: share of the wrong labels that the models of the null fit, where they see them.
      clean: share of the test examples without a near-duplicate.
    """
    same = {STAYS} if overlap.get(STAYS, 0) > SAME else set()
    unfitted = {NULL} if not null_fitted >= FITTED else set()
    return same | unfitted | ({NO_DUPLICATES} if clean > 1 - FEW else set())


def verdicts_of(rows: dict[str, dict], idle: Collection[str] = ()) -> list[Verdict]:
    """The verdicts, from what `row_of` gives for each control.

    Args:
      idle: controls without effect; their verdicts are undecided.
    """

    def judged(claim: str, control: str, effect: Interval) -> Verdict:
        return Verdict(claim, Interval(effect.value, -math.inf, math.inf, 0) if control in idle else effect)

    return [
        *(judged(f"memorized are worth more than random ones; {name}", name, row["all"]) for name, row in rows.items()),
        judged("... without near-duplicates in the test set", NO_DUPLICATES, rows[PAPER][NO_DUPLICATES]),
        *(
            judged(f"removal of the memorized hurts; {name}", name, row["lost"])
            for name, row in rows.items()
            if not name.startswith(SAME_REMOVED)
        ),
    ]


def controls_of(
    estimates: Estimates, others: dict[str, np.ndarray], threshold: float, groups: np.ndarray
) -> dict[str, Control]:
    """The controls that train as the paper does.

    Args:
      others: memorization estimated in other ways, by the name of the control.
      threshold: of memorization, from the null of random labels.
      groups: (train,) the cluster of each example.
    """
    mem, labels = estimates.mem, estimates.train_labels
    memorized = mem >= MEM_THRESHOLD
    score = fractional(estimates.correct.mean_in, estimates.correct.mean_out)
    return {
        PAPER: Control(memorized),
        **{name: Control(values >= MEM_THRESHOLD) for name, values in others.items()},
        "fractional score": Control(score >= MEM_THRESHOLD),
        NULL: Control(mem >= threshold),
        "significant at FDR 5 %": Control(significant(mem, estimates.mem_stderr)),
        f"{SAME_REMOVED} classes": Control(memorized, labels),
        f"{SAME_REMOVED} clusters": Control(memorized, groups),
        STAYS: Control(no_more_than(memorized, mem, groups, 0.5)),
    }


def compare(
    settings: Settings, controls: dict[str, Control], config: RunConfig, clean: np.ndarray
) -> tuple[dict[str, dict], list[float]]:
    """Retrains with nothing removed and on both sides of every control; the effects, and all in-sample accuracies."""
    rng, times = np.random.default_rng(settings.seed), settings.num_retrainings
    count = len(next(iter(controls.values())).removed)
    everything = settings.retrained(np.ones((times, count), bool), config)
    rows, fitted = {}, [in_sample(everything)]
    for name, control in controls.items():
        away = [control.removed] * times
        instead = [random_control(rng, control) for _ in range(times)]
        memorized, random = (settings.retrained(without(sets), config) for sets in (away, instead))
        correct = [side.test["correct"] for side in (everything, memorized, random)]
        rows[name] = {"removed": float(control.removed.mean()), **row_of(*correct, clean)}
        fitted += [in_sample(memorized), in_sample(random)]
    return rows, fitted


def row_of(everything: np.ndarray, memorized: np.ndarray, random: np.ndarray, clean: np.ndarray) -> dict[str, Interval]:
    """The effects of one control.

    Args:
      everything, memorized, random: (retrainings, test) which test examples are right if nothing, the memorized, or as
        many random examples are removed.
      clean: (test,) those without a near-duplicate in the training set.
    """
    full, less, other = (accuracies(correct) for correct in (everything, memorized, random))
    return {
        "without_memorized": mean_interval(less),
        "without_random": mean_interval(other),
        "all": paired(other, less),
        NO_DUPLICATES: paired(accuracies(random, clean), accuracies(memorized, clean)),
        "lost": paired(full, less),
    }


def random_control(rng: np.random.Generator, control: Control) -> np.ndarray:
    """As many random examples as are removed, of each group or of all."""
    if control.groups is None:
        return at_random(rng, control.removed)
    return at_random_in_groups(rng, control.removed, control.groups)


def draw(found: dict, cases: str):
    """The effect under each control, on all test examples and on those without near-duplicates.

    Args:
      found: the numbers of `run`, or their means over draws.
    """
    rows, clean = found["rows"], found["test_without_near_duplicates"]
    note = f"memorization from {found['num_models']:,.0f} models; error bars: 95 % intervals of the mean over {cases}; "
    note += f"m/n: share of the examples that a model trains on; {clean:,.0f} test examples without near-duplicates"
    figure, axes = panels(1, 1, 7.0, 4.2, note=note)
    places = np.arange(len(rows))
    for shift, key, color in (
        (-0.25, "all", "tab:blue"),
        (0.0, NO_DUPLICATES, "tab:green"),
        (0.25, "lost", "tab:red"),
    ):
        intervals: list[Interval] = [row[key] for row in rows.values()]
        label = {"all": "without random minus without memorized", "lost": "with all minus without memorized"}.get(
            key, f"the same as blue, test examples {key}"
        )
        values = [item.value for item in intervals]
        style = {"fmt": "o", "color": color, "label": label, "capsize": 2, "markersize": 4}
        axes[0, 0].errorbar(values, places + shift, xerr=ends(intervals), **style)
    axes[0, 0].axvline(0, color="black", linewidth=0.6)
    names = [f"{name}\n({row['removed']:.0%} removed)" for name, row in rows.items()]
    axes[0, 0].set_yticks(places, names, fontsize=7)
    axes[0, 0].invert_yaxis()
    axes[0, 0].set(xlabel="difference of test accuracy")
    figure.legend(fontsize=7, loc="outside upper center", ncols=1)
    return figure


if __name__ == "__main__":
    main(Settings, run)
