import pytest

from memjax.machine.workers import Worker, deal, in_shares, make_worker


@pytest.mark.parametrize(
    ("variables", "worker"),
    [
        ({}, (0, 1)),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "4"}, (3, 4)),
        ({"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_COUNT": "3"}, (2, 3)),
        (
            {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_COUNT": "2",
             "SLURM_PROCID": "1", "SLURM_NTASKS": "4"}, (5, 8),
        ),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, (1, 2)),
        ({"TPU_WORKER_ID": "2", "TPU_WORKER_HOSTNAMES": "a,b,c,d"}, (2, 4)),
        ({"SKYPILOT_NODE_RANK": "1", "SKYPILOT_NUM_NODES": "4"}, (1, 4)),
        ({"JOB_COMPLETION_INDEX": "5"}, (0, 1)),
        (
            {"JOB_COMPLETION_INDEX": "5", "JOB_COMPLETIONS": "8", "TPU_WORKER_ID": "0",
             "TPU_WORKER_HOSTNAMES": "localhost"}, (5, 8),
        ),
        ({"SLURM_PROCID": "x", "SLURM_NTASKS": "y"}, (0, 1)),
        ({"SLURM_PROCID": "9", "SLURM_NTASKS": "4"}, (0, 1)),
    ],
)  # fmt: skip
def test_a_worker_is_read_from_the_schedulers_variables(variables, worker):
    assert make_worker(None, variables) == worker
    assert make_worker("1/3", variables) == (1, 3)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_workers_begin_with_their_own_blocks_and_go_on_with_all_others(count):
    missing = [0, 1, 2, 5, 6, 7, 8, 11]
    orders = [list(deal(missing, Worker(index, count), lambda number: False)) for index in range(count)]

    for index, order in enumerate(orders):
        own = [number for number in missing if number % count == index]
        assert order[: len(own)] == own
        assert sorted(order) == missing


def test_workers_take_the_blocks_of_others_in_different_orders():
    """Of 64 workers that help with a thousand blocks, about two begin with the same block as another worker."""
    helped = [next(deal(range(64, 1064), Worker(index, 10**6), lambda number: False)) for index in range(64)]

    assert len(set(helped)) >= 56
    assert helped == [next(deal(range(64, 1064), Worker(index, 10**6), lambda number: False)) for index in range(64)]


def test_blocks_finished_by_others_are_skipped():
    finished = set()
    order = []
    for number in deal(range(6), Worker(0, 2), finished.__contains__):
        order.append(number)
        finished |= {number, 5, 3}

    assert order == [0, 2, 4, 1]  # of the other worker's blocks only 1 is unfinished


@pytest.mark.parametrize(
    ("missing", "tasks", "devices", "shares"),
    [
        ([], 2, 1, []),
        ([4], 2, 2, [[4]]),
        ([0, 1, 2, 5], 2, 1, [[0], [1], [2], [5]]),
        ([0, 1, 2, 5, 6], 1, 2, [[0, 1], [2, 5], [6]]),  # a block for each device of a task
        (list(range(11)), 1, 1, [[0, 1, 2, 3, 4], [5, 6, 7], [8], [9], [10]]),
    ],
)
def test_an_engine_hands_out_small_shares_in_the_end(missing, tasks, devices, shares):
    assert list(in_shares(missing, tasks, devices)) == shares


def test_a_share_stays_small_enough_for_nodes_that_join_late():
    shares = list(in_shares(range(10_000), 1, 2))

    assert max(map(len, shares)) == 16
    assert [number for share in shares for number in share] == list(range(10_000))
