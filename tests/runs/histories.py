"""Histories of commands on one run folder: started, stopped before a file-system call, resumed, killed, in any order.

Each command runs in a thread of its own and stops before every call that Python reports to its audit hooks: open, link,
rename, remove, mkdir, listdir and scandir.  Then another command may go on, for as long as it likes, as if the first
had been suspended.  A killed command makes no call any more, not even to clean up.  Training is replaced by made-up
models, each of which depends on its number only; all else is what `memjax` does.

  python -m tests.runs.histories --count 2000
  python -m tests.runs.histories --count 25 --broken the-last-one-wins      a store that breaks a promise
"""

import argparse
import hashlib
import itertools
import logging
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec
from memjax.errors import InputError
from memjax.machine.workers import deal
from memjax.runs import open_folder, stages, train_blocks
from memjax.runs.progress import Silent
from memjax.runs.publish import export
from memjax.runs.result import Result
from memjax.runs.stages import carry_out
from memjax.store import files, result_sets
from memjax.store.sealed import seal
from tests.runs.stopped_process import LONG, Process

TRAIN, TEST, PACK, SIZES, SCORES = 12, 6, 2, (4, 8, 12), ("correct", "probability")


def made_up_blocks(run, missing, counts, advance, notify) -> None:
    """In place of training: the same models whoever makes them."""
    rng = np.random.default_rng(0)
    probability = {side: rng.random((20, size)).astype(np.float32) for side, size in (("train", TRAIN), ("test", TEST))}
    for number in deal(missing, train_blocks.worker_of(run), lambda number: store.is_finished(run.folder, number)):
        ids = np.arange(PACK * number, PACK * (number + 1))
        sides = [{"correct": values[ids] > 0.5, "probability": values[ids]} for values in probability.values()]
        block = store.Block(ids, run.design.masks(ids), np.ones(PACK, bool), *sides)
        store.write_block(run.folder, number, block, run.plan.fingerprint, {"made": "up"})


def checksums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


class World:
    """Where histories happen: the data, and what each request must end with, found by running it alone."""

    def __init__(self, place: Path):
        self.place, self._count, self._wanted = place, itertools.count(), {}
        sides = {"train": TRAIN, "test": TEST}
        inputs = {f"x_{side}": np.arange(count, dtype=np.float32)[:, None] for side, count in sides.items()}
        np.savez(place / "data.npz", **inputs, **{f"y_{side}": np.arange(count) % 3 for side, count in sides.items()})

    def config(self, folder: Path, num_models: int, score: str = "correct", worker: str | None = "0/1") -> RunConfig:
        return RunConfig(
            run=str(folder), num_models=num_models, data=DataSpec(f"npz:{self.place / 'data.npz'}"), pack_size=PACK,
            keep=SCORES, score=score, worker=worker,
        )  # fmt: skip

    def wanted(self, num_models: int, score: str) -> tuple[dict[str, str], dict[str, str]]:
        """Checksums of the blocks and of the results of a run that was left alone."""
        if (num_models, score) not in self._wanted:
            folder = self.folder()
            carry_out(open_folder.open_run(self.config(folder, num_models, score)), Silent())
            note = store.as_noted(folder)
            self._wanted[num_models, score] = checksums(folder / "blocks"), checksums(note.place(folder))
        return self._wanted[num_models, score]

    def folder(self) -> Path:
        return self.place / f"run-{next(self._count)}"


class History:
    """One folder, and what may happen to it."""

    def __init__(self, world: World, seed: int):
        self.world, self.rng, self.folder = world, random.Random(seed), world.folder()
        self.running: list[Process] = []
        self.asked, self.settled, self.most, self.flipped = 0, 0, 0, False

    def happen(self, events: int) -> None:
        if self.rng.random() < 0.5:
            self.suspend()
        actions = [self.start] * 3 + [self.go_on] * 8 + [self.kill] + [self.flip]
        for _ in range(events):
            self.rng.choice(actions)()
            self.look()
        for process in self.rng.sample(self.running, len(self.running)):
            process.step(LONG)
            self.look()
        self.end()

    def suspend(self) -> None:
        """One command is suspended, another one that asks for more begins and ends, and the first goes on."""
        if self.rng.random() < 0.7:
            carry_out(open_folder.open_run(self.world.config(self.folder, 4)), Silent())
        sizes = self.rng.choice([(4, 8), (4, 12), (8, 12), (8, 8)])
        moment = self.rng.randrange(self.rng.choice([15, 15, 200]))
        for size, calls in zip(sizes, (moment, LONG), strict=True):
            self.running.append(Process(self.folder, self.run(size)))
            self.running[-1].step(calls)
            self.look()
        self.running[0].step(LONG)
        self.look()
        for process in [*self.running]:
            self.ended(process)

    def start(self) -> None:
        if len(self.running) < 3:
            act = self.rng.choice([self.run, self.run, self.run, self.run, self.verify, self.repair, self.export])
            self.running.append(Process(self.folder, act()))
            self.go_on()

    def go_on(self) -> None:
        if self.running:
            process = self.rng.choice(self.running)
            process.step(self.rng.choice([1, 3, 10, 30, 100, LONG]))
            self.ended(process)

    def kill(self) -> None:
        if self.running:
            process = self.rng.choice(self.running)
            process.kill()
            self.ended(process)

    def ended(self, process: Process) -> None:
        if process.ended:
            self.running.remove(process)
            if process.problem:
                raise process.problem

    def flip(self) -> None:
        """A bit of a block, a record, a result in force or the index changes.

        What is written but not yet sealed is left alone: its checksum is not yet taken.
        """
        note = store.as_noted(self.folder) if (self.folder / "results").exists() else None
        files_in_force = note.place(self.folder).glob("*") if note else ()
        path = self.rng.choice(
            [*sorted(self.folder.glob("blocks/[0-9]*")), *sorted(files_in_force), self.folder / "index.npz"]
        )
        if path.exists():
            content = bytearray(path.read_bytes())
            content[self.rng.randrange(len(content))] ^= 1 << self.rng.randrange(8)
            path.write_bytes(content)
            self.flipped |= "results" in path.parts

    def run(self, num_models: int = 0) -> Callable[[], object]:
        num_models, score = num_models or self.rng.choice(SIZES), self.rng.choice(SCORES)
        config = self.world.config(self.folder, num_models, score, self.rng.choice(["0/1", "0/2", "1/2"]))
        self.asked = max(self.asked, num_models)

        def act() -> None:
            run = open_folder.open_run(config)
            self.settled = max(self.settled, num_models)
            carry_out(run, Silent())

        return act

    def verify(self) -> Callable[[], object]:
        return lambda: self.forgiving(lambda: list(store.verify(self.folder)))

    def repair(self) -> Callable[[], object]:
        def act() -> None:
            damaged = [finding.block for finding in store.verify(self.folder) if finding.block is not None]
            stages.repair(self.folder, damaged, Silent())

        return lambda: self.forgiving(act)

    def export(self) -> Callable[[], object]:
        out = self.folder.with_suffix(".out")
        return lambda: self.forgiving(
            lambda: export(Result(open_folder.reopen_run(self.folder)), out, self.rng.choice(["arrays", "csv"]))
        )

    def forgiving(self, act: Callable[[], object]) -> None:
        """A command on a folder that has no run yet, or has damaged files, may say so."""
        with suppress(InputError):
            act()

    def look(self) -> None:
        """At any moment: the results in force are of one set, whole, and never of fewer models than before."""
        note = store.as_noted(self.folder) if (self.folder / "results").exists() else None
        if note is None:
            assert not self.most, "the results are gone"
            return
        assert note.num_models >= self.most, f"results of {note.num_models} models replaced those of {self.most}"
        self.most = note.num_models
        wanted = self.world.wanted(note.num_models, note.score)[1]
        found = {name: sha256 for name, (sha256, _) in note.files.items()}
        assert found == wanted, f"{dict(found.items() - wanted.items())} are not of {note.num_models} {note.score}"
        there = checksums(note.place(self.folder))
        assert self.flipped or there == wanted, "files of the results were changed"

    def end(self) -> None:
        """A last command with the smallest request makes everything whole, and of the largest that was asked for."""
        score = self.rng.choice(SCORES)
        for _ in range(self.rng.randrange(3)):
            self.flip()
        run, *_ = carry_out(open_folder.open_run(self.world.config(self.folder, min(SIZES), score)), Silent())
        assert self.settled <= run.plan.num_models <= max(self.asked, min(SIZES)), "the plan is not the largest"
        problems = [finding.text for finding in store.verify(self.folder) if finding.kind == "problem"]
        assert not problems, problems
        blocks, found_alone = self.world.wanted(run.plan.num_models, score)
        found = checksums(self.folder / "blocks")
        assert blocks.items() <= found.items(), "blocks were lost"
        note = store.read_note(self.folder, checked=True)
        assert note, "the results are not whole"
        assert checksums(note.place(self.folder)) == found_alone, "the results are others"
        shown = checksums(self.folder)
        assert found_alone.items() <= shown.items(), "the names in the run folder lead to other results"
        notes = [path.name for path in (self.folder / "results").iterdir() if path.suffix == ".json"]
        assert len(notes) == 1, "older notes are left"


def replaced(module, name: str, by: Callable) -> None:
    """A function in place of another: a name that the module no longer has would break nothing, and prove nothing."""
    assert hasattr(module, name), f"{module.__name__} has no {name}"
    setattr(module, name, by)


def one_place_for_all_sets() -> None:
    def new_set(folder: Path) -> Path:
        place = folder / "results" / ("0" * 16)
        place.mkdir(parents=True, exist_ok=True)
        return place

    replaced(store, "new_set", new_set)


def the_last_one_wins() -> None:
    replaced(result_sets, "_has_more", lambda *_: False)


def the_plan_is_written_over() -> None:
    def extend(folder: Path, plan: store.Plan, num_models: int) -> store.Plan:
        plan = replace(plan, num_models=max(plan.num_models, num_models))
        store.write_atomically(folder / "plan.json", lambda stream: stream.write(seal(asdict(plan))))
        return plan

    replaced(store, "extend_plan", extend)


def changed_blocks_are_believed() -> None:
    replaced(store, "changed_blocks", lambda *_: iter(()))


def half_written_files_have_one_name() -> None:
    replaced(files, "aside_of", lambda path: path.with_name(f".{path.name}.tmp"))


BROKEN = {
    function.__name__.replace("_", "-"): function
    for function in (
        one_place_for_all_sets, the_last_one_wins, the_plan_is_written_over, changed_blocks_are_believed,
        half_written_files_have_one_name,
    )
}  # fmt: skip


def histories(count: int, seed: int, events: int, tell: Callable[[str], object] = print) -> int:
    """Carries out histories; tells of each that ends badly and returns how many did."""
    bad, rng = 0, random.Random()
    made, train_blocks._train_blocks = train_blocks._train_blocks, made_up_blocks
    token, secrets.token_hex = secrets.token_hex, lambda size: rng.randbytes(size).hex()  # the same in each repetition
    try:
        with tempfile.TemporaryDirectory() as place:
            world = World(Path(place))
            for number in range(seed, seed + count):
                rng.seed(number)
                history = History(world, number)
                try:
                    history.happen(events)
                except Exception as problem:
                    bad += 1
                    tell(f"history {number}: {type(problem).__name__}: {problem}")
                for process in history.running:
                    process.kill()
    finally:
        train_blocks._train_blocks, secrets.token_hex = made, token
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--events", type=int, default=40, help="in each history")
    parser.add_argument("--broken", default="", help=f"one of: {', '.join(BROKEN)}")
    options = parser.parse_args()
    logging.getLogger("memjax").setLevel(logging.ERROR)
    if options.broken:
        BROKEN[options.broken]()
    started = time.monotonic()
    bad = histories(options.count, options.seed, options.events)
    print(f"{options.count} histories of {options.events} events, {bad} bad, {time.monotonic() - started:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
