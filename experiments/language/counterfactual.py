"""Are random strings memorized more than sentences, and sentences more than those that have a copy?

After Zhang et al., Counterfactual Memorization in Neural Language Models, 2021, arXiv 2112.12938, section 3: the
accuracy of the tokens of a sentence in models that trained on it, minus that in models that did not; and section 5, the
same for the influence on another sentence.

    python -m experiments.language.counterfactual --size quick   120 lines, 64 models
    python -m experiments.language.counterfactual                200 lines, 256 models

Half of the lines are sentences of the Brown corpus.  Planted are canaries (random letters), sentences that are there
twice, and pairs of sentences that differ in one word.  The test lines are new sentences, and sentences of the training
set with another word in a place: their twins.  Transformers of two layers, which predict letters, are trained on halves
of the lines.  Intervals are over lines.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, bootstrap, contrast, ends, mean_interval
from experiments.common.plots import panels
from experiments.common.settings import BaseSettings, Cost
from experiments.data.brown import sentences

COST = Cost("95 s, --models 20", "8 min 44 s")
SHORTEST, LONGEST = 24, 40  # letters of a sentence
SENTENCE = frozenset("abcdefghijklmnopqrstuvwxyz .,'")
KINDS = ("canaries", "sentences", "near duplicates", "duplicates")
RELIABLE = 0.95


class Size(NamedTuple):
    """How much of everything one size has."""

    lines: int
    models: int
    epochs: int


class Lines(NamedTuple):
    """The lines to train and to test on."""

    train: list[str]
    kinds: np.ndarray  # of each training line, a number of `KINDS`
    test: list[str]
    twins: np.ndarray  # the training line that each of the first test lines is the twin of


@dataclass(frozen=True)
class Settings(BaseSettings):
    """Sentences of the Brown corpus with planted canaries and duplicates."""

    sizes: ClassVar = {"smoke": Size(40, 12, 4), "quick": Size(120, 64, 40), "full": Size(200, 256, 40)}
    dataset: str = "brown"
    """The corpus; there is one."""
    models: int | None = None
    """Another number of models."""


def plant(corpus: list[str], count: int, seed: int) -> Lines:
    """Training lines, of which half are plain sentences, a tenth canaries, a fifth near duplicates and a fifth
    duplicates, in pairs one after the other; and test lines, a tenth as many twins and new sentences each."""
    rng, tenth = np.random.default_rng(seed), count // 10
    fit = sorted({line.lower() for line in corpus if SHORTEST <= len(line) <= LONGEST and {*line.lower()} <= SENTENCE})
    drawn = [fit[number] for number in rng.permutation(len(fit))]
    words = sorted({word for line in drawn for word in line.split() if word.isalpha()})

    def changed(line: str) -> str:
        parts = line.split(" ")
        place = int(rng.choice([number for number, part in enumerate(parts) if part.isalpha()]))
        others = [word for word in words if word != parts[place]]
        alike = [word for word in others if len(word) == len(parts[place])] or others
        return " ".join([*parts[:place], str(rng.choice(alike)), *parts[place + 1 :]])

    canaries = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 32)) for _ in range(tenth)]
    plain, pairs, new = (drawn[start : start + size] for start, size in ((0, 5 * tenth), (5 * tenth, 2 * tenth),
                                                                        (7 * tenth, tenth)))  # fmt: skip
    near = [each for line in pairs[:tenth] for each in (line, changed(line))]
    same = [each for line in pairs[tenth:] for each in (line, line)]
    kinds = np.repeat(np.arange(4), [len(part) for part in (canaries, plain, near, same)])
    twins = len(canaries) + np.arange(tenth)
    train = [*canaries, *plain, *near, *same]
    return Lines(train, kinds, [*(changed(train[row]) for row in twins), *new], twins)


def run(settings: Settings) -> Result:
    size = settings.sizes[settings.size]
    lines = plant(sentences(), size.lines, settings.data_seed)
    folder = settings.folder / "data" / f"brown-{size.lines}-{settings.data_seed}"
    for side, texts in (("train", lines.train), ("test", lines.test)):
        write(folder / f"{side}.txt", texts)
    result = settings.fitted(
        memjax.RunConfig(
            num_models=settings.models or size.models,
            seed=settings.seed,
            data=memjax.DataSpec(f"text:{folder}"),
            subset=memjax.SubsetSpec("balanced", 0.5),
            model=memjax.ModelSpec("transformer:64x2"),
            train=memjax.TrainSpec(epochs=size.epochs, batch_size=16, learning_rate=0.006),
        )
    )
    value, scores = np.asarray(result.memorization.value), result.estimates.scores["token_accuracy"]
    of_kind = [value[lines.kinds == kind] for kind in range(len(KINDS))]
    influence = np.asarray(result.influence.value)
    tests = np.arange(len(lines.twins))
    of_twin = influence[lines.twins, tests]
    others = np.delete(influence[:, tests].T.reshape(-1), tests * len(lines.train) + lines.twins)
    masks, right = result.outcomes.masks, result.outcomes.train["token_accuracy"]
    r = split_half(masks, right, lines.kinds)
    numbers = {
        "memorization": {kind: mean_interval(part) for kind, part in zip(KINDS, as_cases(of_kind), strict=True)},
        "accuracy_in": {kind: float(scores.mean_in[lines.kinds == of].mean()) for of, kind in enumerate(KINDS)},
        "accuracy_out": {kind: float(scores.mean_out[lines.kinds == of].mean()) for of, kind in enumerate(KINDS)},
        "influence_of_twin": float(of_twin.mean()),
        "largest_is_the_twin": float((influence[:, tests].argmax(0) == lines.twins).mean()),
        "split_half_correlation": r,
        "models": len(masks),
        "examples": most(lines, value, scores),
    }
    verdicts = verdicts_of(of_kind, of_twin, others, r)
    return Result(numbers, verdicts, draw(of_kind, of_twin, others, len(masks)))


def verdicts_of(of_kind: list[np.ndarray], of_twin: np.ndarray, others: np.ndarray, r: Interval) -> list[Verdict]:
    """Of the memorization of each kind of lines, and of influence by the twin and by others."""
    pairs = in_pairs(np.concatenate(of_kind[2:]))
    return [
        Verdict("canaries are memorized more than sentences", contrast(of_kind[0], of_kind[1])),
        Verdict("sentences are memorized more than those with a duplicate or near duplicate",
                contrast(of_kind[1], pairs)),
        Verdict("a sentence influences its twin more than others do", contrast(of_twin, others)),
        Verdict("two halves of the models agree on memorization within kinds of lines (Pearson)", r, RELIABLE),
    ]  # fmt: skip


def as_cases(of_kind: list[np.ndarray]) -> list[np.ndarray]:
    """The values of each kind, of which the last two have lines in pairs."""
    return [*of_kind[:2], *map(in_pairs, of_kind[2:])]


def in_pairs(values: np.ndarray) -> np.ndarray:
    """The means of lines in pairs: two lines of a pair are one case."""
    return values.reshape(-1, 2).mean(1)


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def split_half(masks: np.ndarray, scores: np.ndarray, kinds: np.ndarray) -> Interval:
    """Pearson's correlation over lines of the memorization by models of even and of odd number, within kinds of lines.

    The mean of each kind is subtracted: kinds were made to differ.
    """
    halves = [np.asarray(memjax.memorization(masks[part::2], scores[part::2]).value) for part in range(2)]
    known = np.isfinite(halves).all(0)
    both, own = np.stack(halves)[:, known], np.unique(kinds[known], return_inverse=True)[1]
    means = np.stack([np.bincount(own, half) for half in both]) / np.bincount(own)
    both = both - means[:, own]
    return bootstrap(both.shape[1], lambda rows: float(np.corrcoef(both[:, rows])[0, 1]))


def most(lines: Lines, value: np.ndarray, scores: Any) -> list[dict[str, object]]:
    """The most memorized sentences, and the least, with their accuracy in and out."""
    rows = np.flatnonzero(lines.kinds == KINDS.index("sentences"))
    order = rows[np.argsort(-value[rows])]
    return [
        {"line": lines.train[row], "memorization": value[row], "in": scores.mean_in[row], "out": scores.mean_out[row]}
        for row in [*order[:5], *order[-5:]]
    ]


def draw(of_kind: list[np.ndarray], of_twin: np.ndarray, others: np.ndarray, models: int):
    """Memorization of each line by its kind, and the influence of twins and of other lines on a test line."""
    note = f"{models} models; a point is a line; bars: 95 % intervals of the mean, over pairs where lines are in pairs"
    figure, axes = panels(1, 2, 4.4, 3.2, note=note)
    rng = np.random.default_rng(0)
    for place, (values, cases) in enumerate(zip(of_kind, as_cases(of_kind), strict=True)):
        axes[0, 0].plot(place + rng.uniform(-0.3, 0.3, len(values)), values, ".", markersize=3)
        mean = mean_interval(cases)
        axes[0, 0].errorbar([place], [mean.value], ends([mean]), fmt="_k", markersize=25, capsize=4, zorder=3)
    names = [f"{kind}\n({len(values)})".replace(" ", "\n") for kind, values in zip(KINDS, of_kind, strict=True)]
    axes[0, 0].set_xticks(range(len(KINDS)), names)
    axes[0, 0].set(ylabel="memorization (accuracy of tokens)")
    bins = np.linspace(min(others.min(), of_twin.min()), of_twin.max(), 40)
    for values, label in ((others, "other lines"), (of_twin, "its twin")):
        axes[0, 1].hist(values, bins, density=True, alpha=0.6, label=f"{label} ({len(values):,} pairs)")
    axes[0, 1].set(xlabel="influence on a test line", ylabel="density")
    axes[0, 1].legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
