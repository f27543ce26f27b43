"""How much do hundreds of hosts, some slow and some taken away, train twice, and is anything lost?

The real dealing of blocks and the real store, on a virtual clock: training is replaced by the time that it would take.
Hosts differ in speed by a few percent, some are many times slower, and each may be taken away at any time.  The block
that it was training is then lost, and the host comes back after a while, or never.  As in a real run, a host asks for
its next block while it trains the one before, and takes over unfinished blocks when its own share is done.

    python -m benchmarks.hosts
    python -m benchmarks.hosts --hosts 16 --blocks-a-host 32 --runs 1

Trained twice: finished trainings of a block that another host had finished by then, as a share of all finished
trainings.  Cut short: time of trainings that ended with their host, as a share of all time spent on training.  Time:
until the last block is there, in units of what the same hosts would take if none were ever taken away and nothing were
trained twice.
"""

import heapq
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown, spread
from memjax import store
from memjax.machine.workers import Worker, deal

COST = "not measured"
PLAN = "0" * 64


@dataclass(frozen=True)
class World:
    """Hosts, and what befalls them; times are in trainings of a block on a usual host."""

    hosts: int = 256
    blocks_a_host: int = 16
    stragglers: float = 0.05
    """Share of hosts that are slow."""
    slowness: float = 5.0
    """How many times longer they take."""
    life: float = 20.0
    """Mean time until a host is taken away."""
    absence: float = 3.0
    """Mean time until it is back."""
    never: float = 0.2
    """Share of absences that last for ever; host 0's do not, or there might be nobody left."""


class Outcome(NamedTuple):
    """What came of one simulation; shares and times as above."""

    blocks: int
    lost: int
    wrong: int
    taken_away: int
    trained_twice: float
    cut_short: float
    time: float


@dataclass
class Host:
    """A host: what it trains and since when, what it has asked for next, and how often it was taken away."""

    worker: Worker
    pace: float
    blocks: Iterator[int] = field(default_factory=lambda: iter(()))
    now: int | None = None
    following: int | None = None
    began: float = 0.0
    life: int = 0


class Simulation:
    """All hosts on one empty run folder, until every block is there and every host has left."""

    def __init__(self, world: World, seed: int, folder: Path):
        self.world, self.folder, self.rng = world, folder, np.random.default_rng(seed)
        slow = self.rng.random(world.hosts) < world.stragglers
        paces = np.where(slow, world.slowness, 1.0) * self.rng.lognormal(0, 0.05, world.hosts)
        self.hosts = [Host(Worker(index, world.hosts), pace) for index, pace in enumerate(paces)]
        self.events = [(0.0, index, 0, "starts") for index in range(world.hosts)]
        self.left = set(range(world.hosts * world.blocks_a_host))
        self.trained = self.twice = self.taken_away = 0
        self.spent = self.cut = self.end = 0.0

    def run(self) -> Outcome:
        blocks = len(self.left)
        while self.events:
            time, index, life, what = heapq.heappop(self.events)
            host = self.hosts[index]
            if life == host.life:  # else it was taken away meanwhile
                {"starts": self._starts, "finishes": self._finishes, "goes": self._goes}[what](host, time)
        there = store.finished_blocks(self.folder)
        wrong = sum(not _equal(store.read_block(self.folder, number), block_of(number)) for number in there)
        ideal = blocks / sum(1 / host.pace for host in self.hosts)
        return Outcome(
            blocks, blocks - len(there), wrong, self.taken_away, self.twice / self.trained, self.cut / self.spent,
            self.end / ideal,
        )  # fmt: skip

    def _starts(self, host: Host, time: float) -> None:
        finished = store.finished_blocks(self.folder)
        missing = [number for number in range(self.world.hosts * self.world.blocks_a_host) if number not in finished]
        host.blocks = deal(missing, host.worker, self._is_finished)
        host.following = next(host.blocks, None)
        self._later(host, time, self.world.life, "goes")
        self._begins(host, time)

    def _begins(self, host: Host, time: float) -> None:
        host.now, host.began = host.following, time
        if host.now is not None:
            host.following = next(host.blocks, None)
            heapq.heappush(
                self.events,
                (time + host.pace * self.rng.lognormal(0, 0.1), host.worker.index, host.life, "finishes"),
            )

    def _finishes(self, host: Host, time: float) -> None:
        assert host.now is not None
        self.trained, self.spent = self.trained + 1, self.spent + time - host.began
        self.twice += store.is_finished(self.folder, host.now)
        store.write_block(self.folder, host.now, block_of(host.now), PLAN, {})
        if host.now in self.left:
            self.left.remove(host.now)
            self.end = time
        self._begins(host, time)

    def _goes(self, host: Host, time: float) -> None:
        if host.now is None:
            return  # it has nothing more to do and has left
        self.taken_away, self.cut, self.spent = (
            self.taken_away + 1, self.cut + time - host.began, self.spent + time - host.began,
        )  # fmt: skip
        host.life += 1
        if host.worker.index == 0 or self.rng.random() >= self.world.never:
            self._later(host, time, self.world.absence, "starts")

    def _is_finished(self, number: int) -> bool:
        """Asks the store only where a block may be missing: a finished block stays."""
        return number not in self.left or store.is_finished(self.folder, number)

    def _later(self, host: Host, time: float, mean: float, what: str) -> None:
        heapq.heappush(self.events, (time + self.rng.exponential(mean), host.worker.index, host.life, what))


def block_of(number: int) -> store.Block:
    """A small block whose content follows from its number."""
    bits = np.random.default_rng(number).random((4, 24)) < 0.5
    return store.Block(4 * number + np.arange(4), bits, np.ones(4, bool), {"correct": bits}, {"correct": bits[:, :8]})


def _equal(one: store.Block, other: store.Block) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in (
            (one.model_ids, other.model_ids), (one.masks, other.masks), (one.train["correct"], other.train["correct"]),
            (one.test["correct"], other.test["correct"]),
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """The hosts, and how often they are simulated."""

    world: World = field(default_factory=World)
    runs: int = 5
    folder: Path | None = None
    """Where the run folders are made; they are removed again.  Each block is flushed: memory is faster than a disk."""


class Result(NamedTuple):
    """The outcome of each simulation, by kind of hosts."""

    outcomes: dict[str, list[Outcome]]

    def __str__(self) -> str:
        rows = [["hosts", "n", "blocks", "lost", "wrong", "taken away", "trained twice", "cut short", "time"]]
        for name, outcomes in self.outcomes.items():
            totals = map(str, np.sum([outcome[:4] for outcome in outcomes], axis=0))
            shares = [spread([outcome[place] for outcome in outcomes]) for place in range(4, 7)]
            rows.append([name, str(len(outcomes)), *totals, *shares])
        return markdown(rows)


def run(settings: Settings) -> Result:
    calm = replace(settings.world, stragglers=0.0, life=np.inf)
    worlds = {"alike": calm, "some slow": replace(settings.world, life=np.inf), "and taken away": settings.world}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in worlds}
    for name, world in worlds.items():
        for seed in range(settings.runs):
            with tempfile.TemporaryDirectory(dir=settings.folder) as folder:
                outcomes[name].append(Simulation(world, seed, Path(folder)).run())
            log(hosts=name, seed=seed, **outcomes[name][-1]._asdict())
    return Result(outcomes)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
