"""What do the estimates of a million training examples take, class by class, in memory and time?

Made-up models of a data set as large as ImageNet: 2,000 models, 1,281,167 training and 50,000 test examples of 1,000
classes.  One in ten training examples is memorized, and some of these help one test example of their class: the
planted pairs.  The models come 20 at a time, as from blocks on a disk, and are forgotten; then all files of estimates
are written.  On paper:

    bits       who saw what and was right about what, (train + test) x models / 8 bytes
    sums       32 bytes a training example for all models and for either half
    estimates  some 100 bytes a training example
    part       what is looked at of 20 models, some 100 bytes a training example
    influence  within the largest class at once, 8 bytes a pair; all pairs, which are never there, would be 4 x train x
               test bytes

    python -m benchmarks.million
    python -m benchmarks.million --train 128000 --test 5000 --classes 100

Peak: the largest resident memory of the process less that before, with jax there.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
import tyro

from benchmarks.sides import facts, markdown, peak_mib
from memjax.estimators import Tally
from memjax.machine.environment import start_jax
from memjax.runs.estimate_files import write_results
from memjax.types import Dataset, Outcomes

MIB, GIB = 2**20, 2**30
WRONG_UNSEEN = 0.9  # of memorized examples
HELP = 0.6  # how much more often a planted pair's test example is right


@dataclass(frozen=True)
class Benchmark:
    """Estimates of a million training examples."""

    models: int = 2000
    train: int = 1_281_167
    test: int = 50_000
    classes: int = 1000
    planted: int = 2000
    """Pairs whose influence is .6."""
    part: int = 20
    """Models at once."""


class World:
    """The data set, and models of it."""

    def __init__(self, benchmark: Benchmark):
        self.size = benchmark
        self.rng = np.random.Generator(np.random.SFC64(0))
        classes, counts = benchmark.classes, {"train": benchmark.train, "test": benchmark.test}
        labels = {side: np.arange(count) % classes for side, count in counts.items()}
        self.dataset = Dataset(
            "made up",
            np.zeros((benchmark.train, 0), np.uint8), labels["train"],
            np.zeros((benchmark.test, 0), np.uint8), labels["test"],
            np.arange(benchmark.train), np.arange(benchmark.test),
            tuple(map(str, range(classes))), np.zeros(benchmark.train, bool),
        )  # fmt: skip
        memorized = self.rng.random(benchmark.train) < 0.1
        self.rows = self.rng.choice(np.flatnonzero(memorized), benchmark.planted, replace=False)
        self.columns = self._tests_of_their_classes()
        self.right = {  # of 256, by whether the example was seen
            True: np.full(benchmark.train, 250, np.uint8),
            False: np.where(memorized, round(256 * (1 - WRONG_UNSEEN)), 240).astype(np.uint8),
        }

    def parts(self) -> Iterator[Outcomes]:
        """All models, each of which saw 7 of 10 training examples."""
        size = self.size
        for start in range(0, size.models, size.part):
            ids = np.arange(start, min(start + size.part, size.models))
            masks = self._below(179, len(ids), size.train)
            correct = self._draw(len(ids), size.train) < np.where(masks, self.right[True], self.right[False])
            on_test = self._below(200, len(ids), size.test)
            on_test[:, self.columns] = self.rng.random((len(ids), len(self.columns))) < np.where(
                masks[:, self.rows], 0.2 + HELP, 0.2
            )
            yield Outcomes(ids, masks, {"correct": correct}, {"correct": on_test})

    def _tests_of_their_classes(self) -> np.ndarray:
        """A test example for each planted training example, no two the same."""
        used, columns = np.zeros(self.size.classes, np.int64), []
        for label in self.rows % self.size.classes:
            columns.append(label + self.size.classes * used[label])
            used[label] += 1
        columns = np.array(columns)
        there = columns < self.size.test
        self.rows = self.rows[there]
        return columns[there]

    def _draw(self, *shape: int) -> np.ndarray:
        return self.rng.integers(0, 256, shape, np.uint8)

    def _below(self, limit: int, *shape: int) -> np.ndarray:
        return self._draw(*shape) < limit


def main(benchmark: Benchmark) -> None:
    start_jax()
    jax.numpy.zeros(1).block_until_ready()
    world, before = World(benchmark), peak_mib()
    seconds = {"making up": 0.0, "counting": 0.0}
    tally = Tally(benchmark.models, benchmark.train, benchmark.test)
    last = time.perf_counter()
    for part in world.parts():
        seconds["making up"] += (now := time.perf_counter()) - last
        tally.add(part)
        seconds["counting"] += (last := time.perf_counter()) - now
    counted = peak_mib()
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        write_results(Path(scratch), world.dataset, tally, all_pairs=False)
        seconds["estimates and pairs"] = time.perf_counter() - start
        written = sum(path.stat().st_size for path in Path(scratch).iterdir())
        with np.load(Path(scratch) / "pairs.npz") as pairs:
            found = set(zip(pairs["tr_idx"].tolist(), pairs["tt_idx"].tolist(), strict=True))
            by_chance = float(pairs["expected_by_chance"])
    planted = set(zip(world.rows.tolist(), world.columns.tolist(), strict=True))
    line = {
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "peak_mib": {"counting": round(counted - before), "with the files": round(peak_mib() - before)},
        "bits_mib": round(sum(words.nbytes for words in tally.bits) / MIB),
        "written_mib": round(written / MIB),
        "planted": len(planted),
        "planted_found": len(planted & found),
        "others_found": len(found - planted),
        "by_chance": round(by_chance, 1),
    }
    print(json.dumps(line))
    all_pairs = 4 * benchmark.train * benchmark.test / GIB
    rows = [
        ["seconds of counting", "of estimates and pairs", "peak, MiB", "bits, MiB", "planted pairs found", "others"]
    ]
    rows += [
        [
            f"{seconds['counting']:.0f}", f"{seconds['estimates and pairs']:.0f}",
            f"{line['peak_mib']['with the files']:,}", str(line["bits_mib"]),
            f"{line['planted_found']:,} of {line['planted']:,}", f"{line['others_found']:,}",
        ]
    ]  # fmt: skip
    print(markdown(rows))
    print(f"the matrix of all influences would be {all_pairs:,.0f} GiB")
    print(facts())


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
