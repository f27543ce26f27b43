"""How many models does `--until` train, and how many did a goal take when standard errors were too large?

Each goal is a run of its own that stops by itself.  Beside it stands what a run took by the former typical error, the
root mean square of the adjusted standard errors: the same models, counted until it is small enough.  The error that was
really reached is measured against many other models, whose noise is taken off.

    python -m benchmarks.models_until                                                    digits
    python -m benchmarks.models_until --data fashion --per-class 100 --most 600
    python -m benchmarks.models_until --seeds 1 --truth 200 --most 100 --per-class 20    (a small form)
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.recall import part_of
from benchmarks.common.tables import markdown
from benchmarks.models_to_error import DATA, variance_of
from memjax.config.goals import as_goal
from memjax.estimators import memorization, tally_of
from memjax.results import Estimates
from memjax.runs.decisions import undecided
from memjax.types import Dataset, Outcomes

COST = "digits: about 12,000 models"
STATED = 0.03
STEP = 4  # models between two looks by the former rule


@dataclass(frozen=True)
class Settings:
    """What is trained, and when a run ends at the latest."""

    data: Literal["digits", "fashion"] = "digits"
    per_class: int = 200
    """Training examples of each class, at most."""
    goals: tuple[str, ...] = (f"stderr={STATED}", "ranking=50", "ranking=50:0.1", "threshold=0.25")
    most: int = 2000
    """Models after which a run ends, whatever is open."""
    truth: int = 2000
    seeds: int = 3
    folder: Path = Path("runs/models_until")


class Row(NamedTuple):
    """One run: how many models it took, the decisions that are open, and the true error of memorization."""

    rule: str
    seed: int
    models: int
    open: int
    error: float


class Result(NamedTuple):
    """All runs."""

    rows: list[Row]

    def __str__(self) -> str:
        cells = [["until", "models", "decisions open", "true error of memorization"]]
        for rule in dict.fromkeys(row.rule for row in self.rows):
            own = [row for row in self.rows if row.rule == rule]
            columns = [
                [str(row.models) for row in own],
                [str(row.open) for row in own],
                [f"{row.error:.4f}" for row in own],
            ]
            cells.append([rule, *(", ".join(column) for column in columns)])
        return f"{markdown(cells)}\n\nOne number for each of {len({row.seed for row in self.rows})} seeds."


def trained(settings: Settings, seed: int, **options: Any) -> memjax.Result:
    name = "-".join(f"{name}={value}" for name, value in options.items()).replace(":", "-")
    return memjax.fit(
        run=settings.folder / f"{settings.data}-{settings.per_class}-{seed}-{name}", seed=seed,
        per_class=settings.per_class, keep=("correct",), **DATA[settings.data], **options,
    )  # fmt: skip


def former(outcomes: Outcomes) -> int:
    """Models until the root mean square of the adjusted standard errors is the stated one; -1 if there are too few."""
    for size in range(STEP, len(outcomes.masks) + 1, STEP):
        masks, right = outcomes.masks[:size], outcomes.train["correct"][:size].astype(bool)
        num_in, right_in = masks.sum(0), (masks & right).sum(0)
        known, variance = (num_in > 1) & (size - num_in > 1), 0.0
        for won, of in ((right_in[known], num_in[known]), ((right.sum(0) - right_in)[known], size - num_in[known])):
            rate = (won + 1) / (of + 2)
            variance = variance + rate * (1 - rate) / (of - 1)
        if known.any() and np.sqrt(np.mean(variance)) <= STATED:
            return size
    return -1


def true_error(value: np.ndarray, truth: Outcomes) -> float:
    """Root mean square, without the noise of the truth."""
    masks, right = truth.masks, truth.train["correct"].astype(float)
    apart = (value - np.asarray(memorization(masks, right).value)) ** 2 - variance_of(masks, right)
    return float(np.sqrt(max(np.nanmean(apart), 0)))


def run(settings: Settings) -> Result:
    truth, rows = trained(settings, 1000, num_models=settings.truth, estimate=False).outcomes, list[Row]()
    for seed in range(settings.seeds):
        many = trained(settings, seed, num_models=max(4 * 136, settings.most // 4), estimate=False)
        size = former(many.outcomes)
        value = np.asarray(memorization(many.outcomes.masks[:size], many.outcomes.train["correct"][:size]).value)
        rows.append(Row(f"stderr={STATED}, former typical error", seed, size, 0, true_error(value, truth)))
        for goal in settings.goals:
            rows.append(_until(trained(settings, seed, until=goal, max_models=settings.most), goal, seed, truth))
            log(**rows[-1]._asdict())
    return Result(rows)


def _until(found: memjax.Result, goal: str, seed: int, truth: Outcomes) -> Row:
    estimates: Estimates = found.estimates
    dataset: Dataset = found.dataset
    asked, left = as_goal(goal), 0
    if asked.decides:
        left, _ = undecided(asked, tally_of(part_of(found.outcomes, 0, estimates.num_models)), dataset)
    return Row(goal, seed, estimates.num_models, left, true_error(estimates.mem, truth))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
