"""How fast are the high-influence pairs of a large data set found, and in how much memory?

Predictions made up, with pairs planted in them: 2,000 models, 60,000 training and 10,000 test examples of 10 classes.
Wanted: pairs of one class whose influence is at least 0.15 and whose training example has a memorization of at least
0.25; memorization is given.  The sides:

    released     the estimator of Feldman and Zhang as its definition says, in NumPy: a float32 product for the models
                 that saw the training example and one for those that did not, each over max(count, 1e-10), then the
                 selection from the matrix of differences
    every_row    memjax, influence of every training example on every test example
    all_pairs    memjax, of the memorized training examples alone
    same_class   memjax, of these and only on test examples of their class

Each runs in a process of its own, in turn.  Seconds are those of finding the pairs, from boolean arrays in memory: not
of imports, of making the predictions, or of compilation (a first call of memjax).  All sides must find the same pairs,
and all those planted; pairs within 0.00001 of the threshold, which rounding decides, are left out of this.

    python -m benchmarks.influence_pairs            5 rounds
    python -m benchmarks.influence_pairs --curve    time of memjax by models, training and test examples, as a figure
"""

import hashlib
import json
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import tyro

from benchmarks.sides import Side, facts, markdown, module, peak_mib, run_side
from memjax.machine.environment import start_jax

SideName = Literal["released", "every_row", "all_pairs", "same_class"]
SIDES = get_args(SideName)
FIGURE = Path(__file__).parent / "figures" / "influence_cost.png"
INFL, MEM, DOUBT = 0.15, 0.25, 1e-5


@dataclass(frozen=True)
class Size:
    """How large the task is."""

    models: int = 2000
    train: int = 60_000
    test: int = 10_000
    classes: int = 10
    memorized: float = 0.2
    """Share of the training examples with a memorization of at least 0.25."""


@dataclass(frozen=True)
class Benchmark:
    """High-influence pairs: time and memory."""

    size: Size = Size()
    rounds: int = 5
    sides: tuple[SideName, ...] = SIDES
    one: SideName | None = None
    """Measure one side, once, in this process."""
    curve: bool = False
    """Time of memjax as the task grows, one measure at a time, from a quarter of the size up."""


class Predictions(NamedTuple):
    """What finished models leave, and the pairs planted in it."""

    masks: np.ndarray
    correct: np.ndarray
    mem: np.ndarray
    train_labels: np.ndarray
    test_labels: np.ndarray
    planted: set[tuple[int, int]]


def make_predictions(size: Size) -> Predictions:
    """Each model saw 7 of 10 examples; each test example has a rate of its own, up to 1 as in a long tail.

    Every tenth test example is got right by 9 of 10 models that saw a memorized example of its class and by 3 of 10 of
    the others.
    """
    rng = np.random.default_rng(0)
    train_labels, test_labels = np.arange(size.train) % size.classes, np.arange(size.test) % size.classes
    mem = rng.uniform(-0.05, 0.2, size.train).astype(np.float32)
    chosen = rng.permutation(size.train)[: int(size.memorized * size.train)]
    mem[chosen] = rng.uniform(0.3, 1, len(chosen))
    rates = rng.beta(5, 0.5, size.test).astype(np.float32)
    helped = np.arange(0, size.test, 10)
    memorized = [np.flatnonzero((mem >= MEM) & (train_labels == label)) for label in range(size.classes)]
    helpers = np.array([rng.choice(memorized[test_labels[column]]) for column in helped])
    masks, correct = np.empty((size.models, size.train), bool), np.empty((size.models, size.test), bool)
    for model in range(size.models):
        masks[model] = rng.random(size.train, np.float32) < 0.7
        given = rates.copy()
        given[helped] = np.where(masks[model, helpers], 0.9, 0.3)
        correct[model] = rng.random(size.test, np.float32) < given
    planted = set(zip(helpers.tolist(), helped.tolist(), strict=True))
    return Predictions(masks, correct, mem, train_labels, test_labels, planted)


def released(given: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training example, test example and influence of the pairs, from the whole matrix (test, train)."""
    seen, correct = given.masks.astype(np.float32), given.correct.astype(np.float32)

    def mean_over(mask: np.ndarray) -> np.ndarray:
        return correct.T @ mask / np.maximum(mask.sum(0), 1e-10)

    infl = (mean_over(seen) - mean_over(1 - seen)).astype(np.float32)
    same_class = given.test_labels[:, None] == given.train_labels
    column, row = np.nonzero((infl >= INFL) & (given.mem >= MEM) & same_class)
    return row, column, infl[column, row]


def ours(given: Predictions, side: SideName) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from memjax.estimators import strong_pairs

    labels = (given.train_labels, given.test_labels) if side == "same_class" else (None, None)
    least = -np.inf if side == "every_row" else MEM
    pairs = strong_pairs(given.masks, given.correct, given.mem, *labels, mem_threshold=least, infl_threshold=INFL)
    return pairs.tr_idx, pairs.tt_idx, pairs.infl


def measure(side: SideName, size: Size) -> dict[str, object]:
    """One side in this process: seconds, memory, and what it found."""
    if side != "released":
        start_jax()
        import memjax.estimators  # noqa: F401  what the import takes is no part of the memory either
    given = make_predictions(size)
    before = peak_mib()
    if side != "released":
        ours(given, side)
    started = time.monotonic()
    row, column, infl = released(given) if side == "released" else ours(given, side)
    seconds = time.monotonic() - started
    wanted = (given.mem[row] >= MEM) & (given.train_labels[row] == given.test_labels[column])
    clear = wanted & (np.abs(infl - INFL) > DOUBT)
    found = sorted(zip(row[clear].tolist(), column[clear].tolist(), strict=True))
    return {
        "seconds": seconds,
        "peak_mib": peak_mib(),
        "before_mib": before,
        "returned": len(row),
        "pairs": int(wanted.sum()),
        "planted_missed": len(given.planted.difference(found)),
        "digest": hashlib.sha256(str(found).encode()).hexdigest()[:16],
    }


def compare(benchmark: Benchmark) -> None:
    """All sides in turn; a table of medians, and ratios to the released estimator within the same round."""
    sizes = [part for name, value in vars(benchmark.size).items() for part in (f"--size.{name}", value)]
    found: dict[str, list[dict]] = {side: [] for side in benchmark.sides}
    for number in range(benchmark.rounds):
        for side in benchmark.sides:
            result = run_side(Side("", side, module("benchmarks.influence_pairs", "--one", side, *sizes)))
            print(json.dumps({"round": number, "side": side} | result), flush=True)
            if "failed" in result:
                raise SystemExit(f"{side}: {result['failed']}")
            found[side].append(result)
    rows = [["side", "n", "s: median", "min to max", "peak MiB", "of it the work", "times faster", "memory"]]
    first = found[benchmark.sides[0]]
    for side, results in found.items():
        seconds = [result["seconds"] for result in results]
        ratios = [theirs["seconds"] / mine for theirs, mine in zip(first, seconds, strict=True)]
        peak, work = _memory(results)
        rows.append(
            [
                side,
                str(len(results)),
                f"{statistics.median(seconds):.3g}",
                f"{min(seconds):.3g} to {max(seconds):.3g}",
                f"{peak:.0f}",
                f"{work:.0f}",
                f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})",
                f"1/{_memory(first)[0] / peak:.1f}",
            ]
        )
    everything = [result for results in found.values() for result in results]
    same = len({(result["digest"], result["planted_missed"]) for result in everything}) == 1
    missed = max(result["planted_missed"] for result in everything)
    print(f"\n{markdown(rows)}\n\n{benchmark.size}\n{facts()}")
    print(f"same pairs by every side: {same}; pairs {everything[0]['pairs']}, planted ones missed {missed}")
    if not same or missed:
        raise SystemExit(1)


def _memory(results: list[dict]) -> tuple[float, float]:
    """Peak of the process, and what of it came after imports and predictions; medians."""
    return (
        statistics.median(result["peak_mib"] for result in results),
        statistics.median(result["peak_mib"] - result["before_mib"] for result in results),
    )


def curve(benchmark: Benchmark) -> None:
    """Seconds of every_row and same_class as models, training or test examples grow; the others stay at half."""
    half = replace(benchmark.size, **{name: getattr(benchmark.size, name) // 2 for name in ("models", "train", "test")})
    points = []
    for name in ("models", "train", "test"):
        for factor in (0.5, 1, 2, 4):
            size = replace(half, **{name: int(getattr(half, name) * factor)})
            for side in ("every_row", "same_class"):
                sizes = [part for key, value in vars(size).items() for part in (f"--size.{key}", value)]
                command = module("benchmarks.influence_pairs", "--one", side, *sizes)
                results = [run_side(Side("", side, command)) for _ in range(benchmark.rounds)]
                times = [result["seconds"] for result in results]
                middle = statistics.median(times)
                points.append({"what": name, "value": getattr(size, name), "side": side, "seconds": middle})
                points[-1] |= {"min": min(times), "max": max(times), "peak_mib": _memory(results)[0], "n": len(times)}
                print(json.dumps(points[-1]), flush=True)
    print(facts())
    draw(points)


def draw(points: list[dict]) -> None:
    """Seconds by each measure, on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, name in zip(panels, ("models", "train", "test"), strict=True):
        for side in ("every_row", "same_class"):
            own = [point for point in points if point["what"] == name and point["side"] == side]
            axes.loglog([point["value"] for point in own], [point["seconds"] for point in own], "o-", label=side)
        values = sorted({point["value"] for point in points if point["what"] == name})
        axes.set_xticks(values, [f"{value:,}" for value in values], rotation=30)
        axes.minorticks_off()
        axes.set_xlabel("models" if name == "models" else f"{name} examples")
    panels[0].set_ylabel("seconds")
    panels[0].legend()
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=120)


def main(benchmark: Benchmark) -> None:
    if benchmark.one:
        print(json.dumps(measure(benchmark.one, benchmark.size)))
    elif benchmark.curve:
        curve(benchmark)
    else:
        compare(benchmark)


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
