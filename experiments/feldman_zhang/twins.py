"""Do high-influence pairs find the known twins, and are examples with more copies memorized less?

After Feldman and Zhang 2020, section 3.2 (pairs above .4 are nearly all near-duplicates) and section 1 (an example is
memorized where the training set has nothing like it).  The emoji say what the paper judges by looking: a drawing of the
same emoji by the other vendor, or in another colour of skin, is a copy.

    python -m experiments.feldman_zhang.twins --size quick    emoji, 160 models
    python -m experiments.feldman_zhang.twins                 emoji, 1,000 models

Precision: the share of pairs that are two drawings of one emoji.  Recall: of the test drawings with exactly one
training drawing of the same emoji, the share for which that pair is selected.  Intervals draw emoji again, each with
all its drawings.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, bootstrap, ends, for_few
from experiments.common.models import ModelSettings, Size, fit_warning
from experiments.common.plots import panels
from experiments.common.settings import Cost
from experiments.data.draws import emoji_of, twins_of
from memjax.config.specs import DataSpec
from memjax.estimators import MEM_THRESHOLD
from memjax.results import PairTable

COST = Cost("7 min 4 s", "8 min 52 s")

SIZES = {
    "smoke": Size(DataSpec("emoji", per_class=20, test_per_class=10), 10, 24, 1),
    "quick": Size(DataSpec("emoji"), 30, 160, 1),
    "full": Size(DataSpec("emoji"), 30, 1000, 1),
}
THRESHOLDS = (0.15, 0.2, 0.3, 0.4, 0.5)
STRONG = 0.4
COPIES = ((1, 1), (2, 2), (3, 6), (7, 12))
FEW, MANY = 2, 7


@dataclass(frozen=True)
class Settings(ModelSettings):
    """High-influence pairs and memorization against known copies."""

    sizes: ClassVar = SIZES

    def check(self) -> None:
        """As of all experiments; also that the twins are known, before models are trained."""
        super().check()
        twins_of(self.config().data.dataset)


def over_emoji(values: np.ndarray, emoji: np.ndarray) -> Interval:
    """The mean of values; the interval draws emoji again, each with all its values."""
    if not len(values):
        return Interval(float("nan"), -np.inf, np.inf, 0)
    number = np.unique(emoji, return_inverse=True)[1]
    total, count = np.bincount(number, values), np.bincount(number)
    return for_few(bootstrap(len(count), lambda rows: float(total[rows].sum() / count[rows].sum())))


def difference(one: np.ndarray, other: np.ndarray, emoji: tuple[np.ndarray, np.ndarray]) -> Interval:
    """The mean of `one` minus the mean of `other`; the interval draws the emoji of both again."""
    names, number = np.unique(np.concatenate(emoji), return_inverse=True)
    first = np.arange(len(number)) < len(one)
    values = np.concatenate([one, other])
    parts = [(np.bincount(number[side], values[side], len(names)), np.bincount(number[side], minlength=len(names)))
             for side in (first, ~first)]  # fmt: skip

    def statistic(rows: np.ndarray) -> float:
        (a, n), (b, m) = ((total[rows].sum(), count[rows].sum()) for total, count in parts)
        return float(a / n - b / m) if n and m else float("nan")

    return for_few(bootstrap(len(names), statistic))


def candidates(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Test drawings with exactly one training drawing of the same emoji, and the row of that one."""
    names, first, count = np.unique(train, return_index=True, return_counts=True)
    place = np.minimum(np.searchsorted(names, test), len(names) - 1)
    rows = np.flatnonzero((names[place] == test) & (count[place] == 1))
    return rows, first[place[rows]]


def selected(pairs: PairTable, train_rows: np.ndarray, test_rows: np.ndarray) -> np.ndarray:
    """Which of the given pairs are among those with high influence."""
    known = set(zip(pairs.train_rows.tolist(), pairs.test_rows.tolist(), strict=True))
    return np.array([pair in known for pair in zip(train_rows.tolist(), test_rows.tolist(), strict=True)], bool)


def copies_of(emoji: np.ndarray) -> np.ndarray:
    """How many training drawings of the same emoji there are, itself included; (train,)."""
    _, number, count = np.unique(emoji, return_inverse=True, return_counts=True)
    return count[number]


def verdicts_of(
    strong: np.ndarray, strong_emoji: np.ndarray, found: np.ndarray, found_emoji: np.ndarray, others: float,
    mem: np.ndarray, emoji: np.ndarray,
) -> list[Verdict]:  # fmt: skip
    """The verdicts.

    Args:
      strong, strong_emoji: whether each strong pair is of one emoji, and the emoji of its test drawing.
      found, found_emoji: whether the pair of each candidate is selected, and its emoji.
      others: the share of all pairs within a class that are selected.
      mem, emoji: memorization of each training drawing, and its emoji.
    """
    count, known = copies_of(emoji), np.isfinite(mem)
    few, many = known & (count <= FEW), known & (count >= MANY)
    return [
        Verdict(f"pairs of influence {STRONG} or more mostly are two drawings of one emoji",
                over_emoji(strong.astype(float), strong_emoji), 0.5),
        Verdict("where one training drawing shows the same emoji, their pair is selected more often than other pairs",
                over_emoji(found.astype(float), found_emoji), others),
        Verdict(f"drawings of emoji with at most {FEW} training drawings are memorized more than with {MANY} or more",
                difference(mem[few], mem[many], (emoji[few], emoji[many]))),
    ]  # fmt: skip


def run(settings: Settings) -> Result:
    config = settings.config()
    result = settings.fitted(config)
    data, pairs, estimates = result.dataset, result.pairs, result.estimates
    known = twins_of(config.data.dataset)
    codes = known["codepoint_train"][data.train_ids], known["codepoint_test"][data.test_ids]
    train, test = map(emoji_of, codes)
    one = train[pairs.train_rows] == test[pairs.test_rows]
    twin = codes[0][pairs.train_rows] == codes[1][pairs.test_rows]
    rows, partners = candidates(train, test)
    hit = selected(pairs, partners, rows)
    counts = [np.bincount(labels, minlength=data.num_classes) for labels in (data.train_labels, data.test_labels)]
    others, strong = len(pairs) / float(counts[0] @ counts[1]), pairs.influence >= STRONG
    precision = precision_of(pairs.influence, one, twin, test[pairs.test_rows])
    by_copies = memorization_by_copies(estimates.mem, train)
    numbers = {
        "num_models": estimates.num_models,
        "pairs": len(pairs),
        "precision": precision,
        "recall": {
            "test drawings with one training drawing of the emoji": len(rows),
            "their pair is selected": float(hit.mean()),
            "... where the training drawing is memorized": float(hit[estimates.mem[partners] >= MEM_THRESHOLD].mean()),
            "all pairs of a class that are selected": others,
        },
        "memorization_by_copies": by_copies,
        "in_sample_accuracy": estimates.in_sample_accuracy,
        "warning": fit_warning([estimates.in_sample_accuracy]),
    }
    verdicts = verdicts_of(
        one[strong], test[pairs.test_rows[strong]], hit, test[rows], others, estimates.mem, train
    )  # fmt: skip
    title = f"{estimates.num_models:,} models"
    return Result(
        numbers, verdicts, draw(precision, by_copies, f"{title}; 95 % intervals (blue): emoji drawn again"),
        lambda several, count: draw(several["precision"], several["memorization_by_copies"],
                                    f"{title}; 95 % intervals (blue): over {count} draws"),
    )  # fmt: skip


def precision_of(influence: np.ndarray, one: np.ndarray, twin: np.ndarray, emoji: np.ndarray) -> dict[str, dict]:
    """By threshold of influence: the pairs, and the shares of them that are one emoji and one code point."""
    found = {}
    for threshold in THRESHOLDS:
        chosen = influence >= threshold
        found[f"{threshold:g}"] = {
            "pairs": int(chosen.sum()),
            "one emoji": over_emoji(one[chosen].astype(float), emoji[chosen]),
            "the other vendor's drawing": float(twin[chosen].mean()) if chosen.any() else float("nan"),
        }
    return found


def memorization_by_copies(mem: np.ndarray, emoji: np.ndarray) -> dict[str, Interval]:
    """Mean memorization by the number of training drawings of an emoji."""
    count, found = copies_of(emoji), {}
    for low, high in COPIES:
        chosen = (count >= low) & (count <= high) & np.isfinite(mem)
        if chosen.any():
            found[f"{low}" if low == high else f"{low} to {high}"] = over_emoji(mem[chosen], emoji[chosen])
    return found


def draw(precision: dict[str, dict], by_copies: dict[str, Interval], title: str):
    """Precision by threshold, and memorization by the number of training drawings of the emoji."""
    figure, [axes] = panels(1, 2, 3.8, 3.4, note=title)
    shares = [row["one emoji"] for row in precision.values()]
    style = {"fmt": "o-", "capsize": 2}
    axes[0].errorbar(THRESHOLDS, [s.value for s in shares], ends(shares), label="one emoji", **style)
    vendor = [row["the other vendor's drawing"] for row in precision.values()]
    axes[0].plot(THRESHOLDS, vendor, "s--", markersize=3, label="one emoji, the other vendor's drawing")
    axes[0].set(xlabel="influence, at least", ylabel="share of the pairs", ylim=(0, 1.02))
    blue, orange = reversed(axes[0].get_legend_handles_labels()[0])
    axes[0].legend(handles=[blue, orange], loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=7, ncols=2)
    values = list(by_copies.values())
    axes[1].errorbar(np.arange(len(values)), [v.value for v in values], ends(values), **style)
    axes[1].set_xticks(np.arange(len(values)), list(by_copies))
    axes[1].set(xlabel="training drawings of the emoji", ylabel="mean memorization", ylim=(-0.02, 1))
    return figure


if __name__ == "__main__":
    main(Settings, run)
