"""How much memory and time do the estimates of a million training examples take, class by class?

Made-up models of a data set as large as ImageNet: 2,000 models, 1,281,167 training and 50,000 test examples of 1,000
classes.  One in ten training examples is memorized, and some of these help one test example of their class: the
planted pairs.  The models come 20 at a time, as from blocks on a disk, and are forgotten; then all files of estimates
are written.  The peak is the largest memory of the process less that before, with jax imported.  Expected:

    bits       which model was trained on what and right about what, (train + test) x models / 8 bytes
    sums       32 bytes a training example for all models and for either half
    estimates  some 100 bytes a training example
    part       20 models while they are counted, some 100 bytes a training example
    influence  within the largest class at once, 8 bytes per pair; all pairs, which are never made, would be
               4 x train x test bytes

    python -m benchmarks.million
    python -m benchmarks.million --train 10000 --test 500 --classes 10 --models 200 --planted 20
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from benchmarks.common.command import measure
from benchmarks.common.machine import peak_mib
from memjax.estimators import Tally
from memjax.machine.environment import start_jax
from memjax.runs.make_estimates import write_results
from memjax.types import Dataset, Outcomes

COST = "84 s beside other work, and the time to make up the models"
MIB, GIB = 2**20, 2**30
WRONG_UNSEEN = 0.9  # of memorized examples
HELP = 0.6  # how much more often a planted pair's test example is right


@dataclass(frozen=True)
class Settings:
    """How large the data set is, and how many models there are."""

    models: int = 2000
    train: int = 1_281_167
    test: int = 50_000
    classes: int = 1000
    planted: int = 2000
    """Pairs whose influence is .6."""
    part: int = 20
    """Models in memory at once."""


class World:
    """The data set and its made-up models."""

    def __init__(self, settings: Settings):
        self.size = settings
        self.rng = np.random.Generator(np.random.SFC64(0))
        classes, counts = settings.classes, {"train": settings.train, "test": settings.test}
        labels = {side: np.arange(count) % classes for side, count in counts.items()}
        self.dataset = Dataset(
            "made up",
            np.zeros((settings.train, 0), np.uint8), labels["train"],
            np.zeros((settings.test, 0), np.uint8), labels["test"],
            np.arange(settings.train), np.arange(settings.test),
            tuple(map(str, range(classes))), np.zeros(settings.train, bool),
        )  # fmt: skip
        memorized = self.rng.random(settings.train) < 0.1
        self.rows = self.rng.choice(np.flatnonzero(memorized), settings.planted, replace=False)
        self.columns = self._tests_of_their_classes()
        self.right = {  # of 256, by whether the model was trained on the example
            True: np.full(settings.train, 250, np.uint8),
            False: np.where(memorized, round(256 * (1 - WRONG_UNSEEN)), 240).astype(np.uint8),
        }

    def parts(self) -> Iterator[Outcomes]:
        """All models, each trained on 7 of 10 training examples."""
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


class Result(NamedTuple):
    """Seconds and MiB of the two steps, and which pairs were found.

    Attributes:
      counting_s, files_s: to count what the models got right, and to write the estimates and pairs.
      counting_mib, peak_mib: largest memory after either step, less that before.
      bits_mib, written_mib: of the bits in memory, and of the files.
      all_pairs_gib: what the matrix of all influences would take.
      planted, planted_found, others_found: numbers of pairs.
      expected_under_null: pairs that noise alone would give.
    """

    counting_s: float
    files_s: float
    counting_mib: float
    peak_mib: float
    bits_mib: float
    written_mib: float
    all_pairs_gib: float
    planted: int
    planted_found: int
    others_found: int
    expected_under_null: float

    def __str__(self) -> str:
        return "\n".join(f"{name:20}{value:,.0f}" for name, value in self._asdict().items())


def count(world: World) -> tuple[Tally, float]:
    """What the estimates are made of, and the seconds that counting took; making up the models does not count."""
    tally, seconds = Tally(world.size.models, world.size.train, world.size.test), 0.0
    for part in world.parts():
        started = time.perf_counter()
        tally.add(part)
        seconds += time.perf_counter() - started
    return tally, seconds


def run(settings: Settings) -> Result:
    start_jax()
    jax.numpy.zeros(1).block_until_ready()
    world, before = World(settings), peak_mib()
    tally, counting_s = count(world)
    counting_mib = peak_mib() - before
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        write_results(Path(scratch), world.dataset, tally, all_pairs=False)
        files_s = time.perf_counter() - started
        written = sum(path.stat().st_size for path in Path(scratch).iterdir())
        with np.load(Path(scratch) / "pairs.npz") as pairs:
            found = set(zip(pairs["tr_idx"].tolist(), pairs["tt_idx"].tolist(), strict=True))
            expected = float(pairs["expected_by_chance"])
    planted = set(zip(world.rows.tolist(), world.columns.tolist(), strict=True))
    bits, all_pairs = sum(words.nbytes for words in tally.bits), 4 * settings.train * settings.test
    return Result(
        counting_s, files_s, counting_mib, peak_mib() - before, bits / MIB, written / MIB, all_pairs / GIB,
        len(planted), len(planted & found), len(found - planted), expected,
    )  # fmt: skip


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
