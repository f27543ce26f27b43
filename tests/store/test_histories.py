"""After any sequence of writes, crashes, damage and reads, the store agrees with a dictionary."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memjax import store
from memjax.store import files
from memjax.store.blocks import block_path
from memjax.store.records import record_path
from tests.faults.folder import begin, make_block, make_plan, same, write

NUMBERS = st.integers(0, 4)


class Crash(BaseException):
    """The process ends here, without cleaning up."""


class Store(RuleBasedStateMachine):
    """`whole` has every committed block: True while its files are as they were written."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp()) / "run"
        self.whole: dict[int, bool] = {}
        begin(self.folder, 5)

    def teardown(self):
        shutil.rmtree(self.folder.parent)

    @rule(number=NUMBERS)
    def commits(self, number):
        already = number in self.whole
        assert write(self.folder, number) or not self.whole[number]
        if not already:
            self.whole[number] = True

    @rule(number=NUMBERS, calls=st.integers(0, 3))
    def crashes_while_it_commits(self, number, calls):
        """The process crashes when it has linked files and flushed folders `calls` times."""
        left = [calls]
        link, flush = files.os.link, files._flush_folder

        def counted(function):
            def call(*arguments):
                if not left[0]:
                    raise Crash
                left[0] -= 1
                return function(*arguments)

            return call

        files.os.link, files._flush_folder = counted(link), counted(flush)
        try:
            write(self.folder, number)
        except Crash:
            pass
        finally:
            files.os.link, files._flush_folder = link, flush
        if number not in self.whole and store.is_finished(self.folder, number):
            self.whole[number] = True

    @rule(number=NUMBERS, which=st.sampled_from([block_path, record_path]), at=st.integers(0, 10**6))
    def a_byte_changes(self, number, which, at):
        path = which(self.folder, number)
        if path.exists():
            content = bytearray(path.read_bytes())
            content[at % len(content)] ^= 1
            path.write_bytes(content)
            if number in self.whole:
                self.whole[number] = False

    @rule()
    def begins_again_and_reads_all(self):
        begin(self.folder, 5)
        for number in store.finished_blocks(self.folder):
            try:
                store.read_block(self.folder, number)
            except store.CorruptBlock:
                store.set_aside(self.folder, number)
        good = {number for number, good in self.whole.items() if good}
        self.whole = dict.fromkeys(store.finished_blocks(self.folder), True)  # also those written again after damage
        assert good <= self.whole.keys()

    @rule(number=NUMBERS)
    def is_set_aside(self, number):
        before = {path.read_bytes() for path in (self.folder / "blocks").iterdir()}
        store.set_aside(self.folder, number)
        self.whole.pop(number, None)
        assert {path.read_bytes() for path in (self.folder / "blocks").iterdir()} == before

    @invariant()
    def undamaged_blocks_are_read_and_damaged_ones_are_refused(self):
        for number, good in self.whole.items():
            try:
                block = store.read_block(self.folder, number)
            except store.CorruptBlock:
                assert not good or not store.is_finished(self.folder, number)
                continue
            assert same(block, make_block(number))
        assert {number for number, good in self.whole.items() if good} <= store.finished_blocks(self.folder)
        assert store.read_plan(self.folder) == make_plan(5)


TestStore = Store.TestCase
TestStore.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStore.pytestmark = [pytest.mark.ci]
