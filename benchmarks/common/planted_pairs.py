"""Made-up predictions with strong pairs planted in them, and the time that one side takes to find them.

Wanted are pairs of one class whose influence is at least 0.15 and whose training example has a memorization of at least
0.25; memorization is given.  The sides:

    released     the estimator of Feldman and Zhang in NumPy, `benchmarks.peers.released_pairs`
    every_row    memjax, influence of every training example on every test example
    all_pairs    memjax, of the memorized training examples alone
    same_class   memjax, of these and only on test examples of their class
"""

import hashlib
import time
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from benchmarks.common.machine import peak_mib
from benchmarks.common.sides import Side, must_run, one_call
from benchmarks.peers.released_pairs import released_pairs
from memjax.machine.environment import start_jax

SideName = Literal["released", "every_row", "all_pairs", "same_class"]
SIDES: tuple[SideName, ...] = get_args(SideName)
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


class Predictions(NamedTuple):
    """What finished models leave, and the pairs planted in it."""

    masks: np.ndarray
    correct: np.ndarray
    mem: np.ndarray
    train_labels: np.ndarray
    test_labels: np.ndarray
    planted: set[tuple[int, int]]


class Measured(NamedTuple):
    """What one side took and found, in a process of its own.

    Attributes:
      seconds: to find the pairs; imports, compilation and making the predictions do not count.
      peak_mib, before_mib: largest memory of the process, and that before the pairs were looked for.
      pairs: how many were found.
      planted_missed: how many of those planted were not.
      digest: of the pairs found, without those that rounding decides.
    """

    seconds: float
    peak_mib: float
    before_mib: float
    pairs: int
    planted_missed: int
    digest: str


def measured(side: SideName, size: Size) -> Measured:
    """One side in a process of its own."""
    command = one_call("benchmarks.common.planted_pairs:measure_here", side=side, size=asdict(size))
    return Measured(**must_run(Side("", side, command)))


def measure_here(side: SideName, size: dict) -> dict[str, object]:
    """One side in this process."""
    if side != "released":
        start_jax()
        import memjax.estimators  # noqa: F401  the memory of the import does not count either
    given = make_predictions(Size(**size))
    find = _released if side == "released" else _memjax
    before = peak_mib()
    if side != "released":
        find(given, side)  # compiles
    started = time.monotonic()
    row, column, influence = find(given, side)
    seconds = time.monotonic() - started
    wanted = (given.mem[row] >= MEM) & (given.train_labels[row] == given.test_labels[column])
    clear = wanted & (np.abs(influence - INFL) > DOUBT)
    found = sorted(zip(row[clear].tolist(), column[clear].tolist(), strict=True))
    digest = hashlib.sha256(str(found).encode()).hexdigest()[:16]
    missed = len(given.planted.difference(found))
    return Measured(seconds, peak_mib(), before, int(wanted.sum()), missed, digest)._asdict()


def make_predictions(size: Size) -> Predictions:
    """Each model is trained on 7 of 10 examples; each test example has a rate of its own, up to 1 as in a long tail.

    Every tenth test example is got right by 9 of 10 models that were trained on a memorized example of its class and by
    3 of 10 other models.
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


def _released(given: Predictions, side: SideName) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    same_class = given.test_labels[:, None] == given.train_labels
    return released_pairs(given.masks, given.correct, given.mem, same_class, MEM, INFL)


def _memjax(given: Predictions, side: SideName) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from memjax.estimators import strong_pairs

    labels = (given.train_labels, given.test_labels) if side == "same_class" else (None, None)
    least = -np.inf if side == "every_row" else MEM
    pairs = strong_pairs(given.masks, given.correct, given.mem, *labels, mem_threshold=least, infl_threshold=INFL)
    return pairs.tr_idx, pairs.tt_idx, pairs.infl
