"""The launcher of the documentation under a real SLURM: arrays, requeues, cancelled jobs; always the same bits."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memjax import store

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parents[2] / "docs" / "howto" / "launchers" / "slurm.sh"
QUICK = ["--per-class", "20", "--test-per-class", "5", "--epochs", "30", "--model", "mlp:32", "--pack-size", "4"]
MODELS = ["--num-models", "48"]


def blocks(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "blocks").glob("*.npz"))}


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The same run by one process."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    command = [sys.executable, "-m", "memjax.run", "--run", str(folder), *QUICK, *MODELS, "--cpu-devices", "1"]
    subprocess.run(command, check=True, capture_output=True)
    return blocks(folder)


@pytest.fixture
def submit(cluster, tmp_path):
    """Submits the launcher as the documentation says; `python` is the one of the tests."""

    def submitted(*options: str, models=MODELS) -> tuple[str, Path]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        variables = {"MEMJAX_RUN": str(tmp_path / "run"), "PATH": path, "JAX_NUM_CPU_DEVICES": "1"}
        variables |= {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        job = cluster.submit(SCRIPT, *options, variables=variables, arguments=[*QUICK, *models])
        return job, tmp_path / "run"

    return submitted


def done(states: list[str]) -> bool:
    return bool(states) and set(states) == {"COMPLETED"}


@pytest.mark.parametrize("array", ["0-1", "0,3", "2-6:4"])
def test_arrays_with_and_without_gaps_train_each_block_and_the_same_bits(cluster, submit, whole, array):
    job, folder = submit(f"--array={array}")

    cluster.wait(job, done)

    assert blocks(folder) == whole
    said = [line.partition("; worker ")[2] for line in cluster.logs(job).splitlines() if "; worker " in line]
    assert len(said) == len(set(said)) == 2  # no two jobs are the same worker


def test_a_job_whose_time_is_nearly_up_is_put_back_and_goes_on(cluster, submit, whole):
    job, folder = submit("--array=0-0", models=["--num-models", "100000"])
    cluster.wait(job, lambda states: states == ["RUNNING"])
    wait_for_blocks(folder, 2)

    cluster("scancel", "--batch", "--signal=USR1", job)

    cluster.wait(job, lambda states: states != ["RUNNING"])
    before = store.finished_blocks(folder)
    cluster("scontrol", "release", job, check=False)
    cluster.wait(job, lambda states: states == ["RUNNING"])
    wait_for_blocks(folder, len(before) + 1)
    cluster("scancel", job)
    cluster.wait(job, lambda states: not states or set(states) <= {"CANCELLED", "FAILED"})
    assert {name: content for name, content in blocks(folder).items() if name in whole} == {
        name: content for name, content in whole.items() if name in blocks(folder)
    }


def test_a_job_that_finishes_no_model_in_its_time_is_put_back_once_and_then_says_so(cluster, submit):
    job, folder = submit("--array=0-0", models=["--num-models", "100000", "--epochs", "1000000"])
    for starts in (1, 2):
        cluster.wait(job, lambda states: states == ["RUNNING"])
        deadline = time.monotonic() + 180
        while cluster.logs(job).count("; run folder ") < starts:
            assert time.monotonic() < deadline, cluster.logs(job)
            time.sleep(0.2)
        for _ in range(2):  # the models under way take longer than the job has
            time.sleep(1)
            cluster("scancel", "--batch", "--signal=USR1", job, check=False)
        cluster.wait(job, lambda states: states != ["RUNNING"])
        cluster("scontrol", "release", job, check=False)

    cluster.wait(job, lambda states: states == ["FAILED"])
    assert "no model was finished again" in cluster.logs(job)
    assert store.finished_blocks(folder) == set()


def test_a_cancelled_job_stays_away(cluster, submit):
    job, folder = submit("--array=0-0", models=["--num-models", "100000"])
    cluster.wait(job, lambda states: states == ["RUNNING"])
    wait_for_blocks(folder, 1)

    cluster("scancel", job)

    cluster.wait(job, lambda states: not states or set(states) == {"CANCELLED"})
    time.sleep(5)
    assert set(cluster.states(job)) <= {"CANCELLED"}
    assert cluster("squeue", "-h", "-j", job, check=False) == ""


def test_two_tasks_of_one_job_share_the_work(cluster, submit, whole):
    job, folder = submit("--array=0-0", "--ntasks=2")

    cluster.wait(job, done)

    assert blocks(folder) == whole


def test_a_task_that_is_killed_leaves_its_blocks_to_the_next(cluster, submit, whole):
    job, folder = submit("--array=0-0")
    cluster.wait(job, lambda states: states == ["RUNNING"])
    wait_for_blocks(folder, 1)
    subprocess.run(["pkill", "-9", "-f", f"memjax.run --run {folder}"], check=True)
    cluster.wait(job, lambda states: bool(states) and not set(states) & {"RUNNING", "PENDING", "COMPLETING"})

    job, _ = submit("--array=0-0")
    cluster.wait(job, done)

    assert blocks(folder) == whole


def wait_for_blocks(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 180
    while len(store.finished_blocks(folder)) < count:
        assert time.monotonic() < deadline, f"{folder} has {len(store.finished_blocks(folder))} blocks"
        time.sleep(0.2)
