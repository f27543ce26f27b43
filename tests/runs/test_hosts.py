"""The simulation of many hosts, small: the dealing of blocks and the store, with slow hosts and hosts taken away."""

import numpy as np
import pytest

from benchmarks.hosts import Simulation, World
from memjax.machine import workers

ALL = World(hosts=12, blocks_a_host=8, stragglers=0.2, life=6.0)


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_lost_or_wrong_whoever_is_taken_away(tmp_path, seed):
    outcome = Simulation(ALL, seed, tmp_path).run()

    assert (outcome.blocks, outcome.lost, outcome.wrong) == (96, 0, 0)
    assert outcome.taken_away > 3
    assert outcome.trained_twice < 0.5


def test_nobody_does_anothers_work_where_nobody_is_ever_done_first(tmp_path):
    outcome = Simulation(World(1, 8, stragglers=0.0, life=np.inf), 0, tmp_path).run()

    assert outcome == (8, 0, 0, 0, 0.0, 0.0, pytest.approx(1, abs=0.2))


def test_it_would_notice_a_dealing_that_forgets(tmp_path, monkeypatch):
    """Only one's own blocks: those of hosts that never come back are lost."""

    def own(missing, worker, finished):
        return (number for number in workers.deal(missing, worker, finished) if number % worker.count == worker.index)

    monkeypatch.setattr("benchmarks.hosts.deal", own)
    assert Simulation(ALL, 0, tmp_path).run().lost > 0
