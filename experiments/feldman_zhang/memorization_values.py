"""How many training examples are memorized, and are they atypical or mislabelled?

Feldman and Zhang 2020, section 3.1 and figure 1: of CIFAR-100's training examples 36 % have memorization of at least
.25.  The histogram falls from 0 and has a second peak at 1.  Examples near 0, .5 and 1 are typical, somewhat atypical,
and ambiguous or mislabelled.

    python -m experiments.feldman_zhang.memorization_values --size quick    512 models of 1,000 examples
    python -m experiments.feldman_zhang.memorization_values                 1,000 models of 6,000 examples
    python -m experiments.feldman_zhang.memorization_values --preset fz-cifar100

Verdicts: the share of memorized examples exceeds what noise alone would bring; the histogram has a second peak; a part
of the variance of memorization lies between classes.  Intervals draw examples again.  The images in the figure are to
be judged by looking.
"""

from dataclasses import dataclass

import numpy as np

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import bootstrap
from experiments.common.models import ModelSettings, fit_warning
from experiments.common.plots import counted, image_row, panels
from experiments.common.settings import Cost
from memjax.estimators import MEM_THRESHOLD
from memjax.types import Dataset

COST = Cost("51 s", "29 min")

BINS = 18  # as in the authors' histograms
SHOWN = 6
LETTERS = 17  # of a class name above an image
NAMED = 10  # classes at most whose names fit beside a figure


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Memorization of every training example."""


def by_noise(stderr: np.ndarray, threshold: float) -> float:
    """Expected share of examples at or above the threshold if none were memorized, from the standard errors."""
    from scipy.special import ndtr

    return float(ndtr(-threshold / stderr).mean())


def second_peak(mem: np.ndarray) -> float:
    """Share of examples in the last of 18 bins, minus the mean share in the bins of the middle third."""
    shares = np.histogram(np.clip(mem, 0, 1), BINS, (0, 1))[0] / len(mem)
    return float(shares[-1] - shares[BINS // 3 : 2 * BINS // 3].mean())


def between_classes(mem: np.ndarray, labels: np.ndarray) -> float:
    """Part of the variance that lies between classes, omega squared: 0 on average where classes do not differ."""
    groups = [mem[labels == label] for label in np.unique(labels)]
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    total = ((mem - mem.mean()) ** 2).sum()
    error = within / max(1, len(mem) - len(groups))
    return float((total - within - (len(groups) - 1) * error) / (total + error)) if total > 0 else 0.0


def measured(found: memjax.Result) -> tuple[dict, list[Verdict]]:
    """Numbers of the histogram and the verdicts."""
    estimates = found.estimates
    known = np.isfinite(estimates.mem) & np.isfinite(estimates.mem_stderr)
    mem, stderr = estimates.mem[known], estimates.mem_stderr[known]
    labels = estimates.train_labels[known]
    share, *others = verdicts_of(mem, stderr, labels)
    accuracy = estimates.in_sample_accuracy
    numbers = {
        "num_models": estimates.num_models,
        "num_train": len(mem),
        "in_sample_accuracy": accuracy,
        "held_out_accuracy": estimates.held_out_accuracy,
        "test_accuracy": estimates.test_accuracy,
        "warning": fit_warning([accuracy]),
        "share_memorized": share.effect.value,
        "share_by_noise": share.above,
        "significantly_memorized": float((mem > 1.645 * stderr).mean()),
        "mean_mem": float(mem.mean()),
        "largest_stderr": float(stderr.max()),
        "histogram": np.histogram(np.clip(mem, 0, 1), BINS, (0, 1))[0],
        "share_by_class": {
            name: float((mem[labels == number] >= MEM_THRESHOLD).mean())
            for number, name in enumerate(found.dataset.class_names)
        },
    }
    return numbers, [share, *others]


def verdicts_of(mem: np.ndarray, stderr: np.ndarray, labels: np.ndarray) -> list[Verdict]:
    """The verdicts, from estimates of memorization, their standard errors and the labels, each (examples,)."""
    share = bootstrap(len(mem), lambda rows: (mem[rows] >= MEM_THRESHOLD).mean())
    peak = bootstrap(len(mem), lambda rows: second_peak(mem[rows]))
    classes = bootstrap(len(mem), lambda rows: between_classes(mem[rows], labels[rows]), centred=True)
    chance = by_noise(stderr, MEM_THRESHOLD)
    return [
        Verdict("a tail of examples is memorized (share with mem >= .25; paper, CIFAR-100: .36)", share, chance),
        Verdict("the histogram has a second peak at 1 (last bin minus mean of the middle; CIFAR-100: .07)", peak),
        Verdict("classes differ (part of the variance of memorization between them)", classes),
    ]


def draw(dataset: Dataset, mem: np.ndarray, note: str):
    """Histogram, sorted values by class, and examples near 0, one half and 1."""
    figure, axes = panels(3, 2, 5.0, heights=(2.6, 1.2, 1.2), note=note)
    top = axes[0]
    top[0].hist(np.clip(mem, 0, 1), BINS, range=(0, 1), color="tab:blue")
    top[0].set(xlabel="memorization", ylabel="training examples")
    counted(top[0])
    width = 1 if dataset.num_classes <= NAMED else 0.5
    for number, name in enumerate(dataset.class_names):
        values = np.sort(mem[dataset.train_labels == number])[::-1]
        top[1].plot(np.linspace(0, 1, len(values)), values, label=name, linewidth=width)
    top[1].set(xlabel="share of the class's examples", ylabel="memorization")
    if dataset.num_classes <= NAMED:
        top[1].legend(fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5))
    else:
        top[1].set_title(f"a line for each of {dataset.num_classes} classes", fontsize=8)
    mixed = int(np.argmax([np.nanstd(mem[dataset.train_labels == k]) for k in range(dataset.num_classes)]))
    rows = [("near 0, all classes", 0.0, None), ("near .5, all classes", 0.5, None), ("near 1, all classes", 1.0, None),
            (f"0, .5, 1: {dataset.class_names[mixed]}", None, mixed)]  # fmt: skip
    for axis, (heading, target, label) in zip(axes[1:].ravel(), rows, strict=True):
        chosen = nearest(mem, dataset.train_labels, target, label)
        titles = [f"{short(dataset.class_names[dataset.train_labels[row]])}\n{mem[row]:.2f}" for row in chosen]
        image_row(axis, dataset.train_inputs[chosen], titles, heading)
    return figure


def short(name: str) -> str:
    """A name that has room above an image.

    >>> short("face-neutral-skeptical")
    'face-neutral-ske…'
    """
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def nearest(mem: np.ndarray, labels: np.ndarray, target: float | None, label: int | None) -> np.ndarray:
    """Examples whose memorization is nearest to a target, of different classes; or two each at 0, .5 and 1 of one."""
    if target is None:
        own = np.flatnonzero(labels == label)
        picked = [own[np.argsort(np.abs(mem[own] - value), kind="stable")[:2]] for value in (0, 0.5, 1)]
        return np.concatenate(picked)[:SHOWN]
    order = np.argsort(np.abs(mem - target), kind="stable")
    _, first = np.unique(labels[order], return_index=True)
    return order[np.sort(first)][:SHOWN]


def run(settings: Settings) -> Result:
    found = settings.fitted(settings.config())
    numbers, verdicts = measured(found)
    note = f"{found.dataset.num_train:,} training examples, {found.estimates.num_models:,} models"
    return Result(numbers, verdicts, draw(found.dataset, found.estimates.mem, note))


if __name__ == "__main__":
    main(Settings, run)
