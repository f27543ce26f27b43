"""Ray hands out the blocks of a run: what is asked of it, and a real cluster of two nodes, one of which is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from memjax import InputError, fit, store
from memjax.config.run_config import RunConfig
from memjax.runs import ray_engine
from memjax.runs.open_folder import reopen_run
from tests.runs.same_run import blocks, same

SMALL = ["--per-class", "8", "--test-per-class", "3", "--model", "mlp:16", "--pack-size", "3", "--influence", "all"]
SMALL += ["--num-models", "240", "--epochs", "240"]


def test_an_engine_is_no_setting_of_the_models():
    plain, on_ray = RunConfig(), RunConfig(engine="ray:10.0.0.7:6379")

    assert on_ray.settings() == plain.settings()
    assert on_ray.folder() == plain.folder()
    assert (plain.share, on_ray.share) == (None, "0/1")  # variables of a scheduler say nothing about the driver


def test_without_the_package_one_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(InputError, match=r"needs Ray .*; pip install 'memjax\[ray\]'"):
        fit("digits", run=tmp_path / "run", engine="ray")
    assert not list(tmp_path.iterdir())


def test_an_address_where_nobody_listens_is_refused_at_once(tmp_path):
    pytest.importorskip("ray")

    with pytest.raises(InputError, match=r"--engine is ray:127.0.0.1:1, and no cluster answers; check the address"):
        fit("digits", run=tmp_path / "run", engine="ray:127.0.0.1:1")


def nodes(*resources):
    return [{"Alive": True, "Resources": found} for found in resources] + [{"Alive": False, "Resources": {"GPU": 99.0}}]


# The classes of Ray that start a cluster leave files open.
of_ray = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

CPUS, GPUS = ({"CPU": 4.0}, {"CPU": 7.0, "memory": 1e9}), ({"CPU": 8.0}, {"CPU": 8.0, "GPU": 4.0}, {"GPU": 1.0})


@pytest.mark.parametrize(
    ("there", "asked", "planned", "room"),
    [
        (CPUS, None, None, ("CPU", 2, 5)),
        (CPUS, None, "one", ("CPU", 1, 11)),
        (CPUS, None, "several", ("CPU", 2, 5)),
        (CPUS, 4, None, ("CPU", 4, 2)),
        (({"CPU": 1.0},), None, None, ("CPU", 1, 1)),
        (GPUS, None, None, ("GPU", 1, 5)),
        (GPUS, 4, "one", ("GPU", 1, 5)),
        (GPUS, None, "several", ("GPU", 2, 2)),
    ],
)
def test_what_a_task_takes_of_its_node(there, asked, planned, room):
    plan = planned and store.Plan({}, {}, 4, 8, {"devices": planned})

    assert ray_engine._room(nodes(*there), RunConfig(engine="ray", cpu_devices=asked), plan) == room


@pytest.mark.parametrize(("there", "asked"), [(CPUS, 8), (({"memory": 1e9},), None)])
def test_a_cluster_without_room_for_a_task(there, asked):
    with pytest.raises(InputError, match=r"a task takes \d CPUs and no node has so many; add a node"):
        ray_engine._room(nodes(*there), RunConfig(engine="ray", cpu_devices=asked), None)


def test_a_node_that_sees_another_folder_is_told(small_run, tmp_path):
    run = reopen_run(small_run)

    assert ray_engine._opened(run.config, run.plan.fingerprint).plan == run.plan
    for folder, plan in ((tmp_path / "run", run.plan.fingerprint), (small_run, "another")):
        with pytest.raises(InputError, match="is not the same folder on all nodes of the cluster"):
            ray_engine._opened(RunConfig(run=str(folder)), plan)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same run by one process."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert end(start(folder, "--cpu-devices", "2"))[0] == 0
    return folder


@pytest.fixture
def cluster():
    """Two nodes of two CPUs."""
    pytest.importorskip("ray", reason="pip install 'memjax[ray]'")
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    found = Cluster(initialize_head=True, head_node_args=NODE)
    found.add_node(**NODE)
    yield found
    found.shutdown()


NODE = {"num_cpus": 2, "object_store_memory": 80 * 2**20}


def start(folder, *options):
    command = [sys.executable, "-m", "memjax.run", "--run", str(folder), *SMALL, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def on_ray(cluster, folder, *options):
    return start(folder, "--engine", f"ray:{cluster.address}", *options)


def end(process):
    said = process.communicate(timeout=400)[0]
    print(said)
    return process.returncode, said


def tasks_on(node) -> list[int]:
    """The processes of a node that carry out a task."""
    raylet = node.all_processes["raylet"][0].process.pid
    return [child for child in children(raylet) if b"ray::_task" in Path(f"/proc/{child}/cmdline").read_bytes()]


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


def wait_until(happens, process):
    deadline = time.monotonic() + 200
    while not happens():
        assert process.poll() is None, end(process)
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@of_ray
def test_a_node_is_killed_in_training_and_another_one_joins_late(cluster, whole, tmp_path):
    (lost,) = cluster.worker_nodes
    process = on_ray(cluster, tmp_path / "a")
    wait_until(lambda: len(store.finished_blocks(tmp_path / "a")) >= 2 and tasks_on(lost), process)
    working = tasks_on(lost)
    cluster.remove_node(lost, allow_graceful=False)
    before = store.finished_blocks(tmp_path / "a")
    late = cluster.add_node(**NODE)
    wait_until(lambda: tasks_on(late), process)

    assert end(process)[0] == 0
    assert working
    assert len(before) < 20
    same(tmp_path / "a", whole)
    again = on_ray(cluster, tmp_path / "a")
    code, said = end(again)
    assert code == 0
    assert "models trained" not in said
    same(tmp_path / "a", whole)


@pytest.mark.slow
@of_ray
def test_a_driver_is_stopped_its_tasks_end_and_the_next_one_goes_on(cluster, whole, tmp_path):
    process = on_ray(cluster, tmp_path / "a")
    everyone = [cluster.head_node, *cluster.worker_nodes]
    wait_until(lambda: store.finished_blocks(tmp_path / "a") and any(map(tasks_on, everyone)), process)
    process.send_signal(signal.SIGTERM)
    code, said = end(process)
    assert (code, said.count("interrupted; finished models are saved")) == (143, 1)
    deadline = time.monotonic() + 60
    while any(map(tasks_on, everyone)):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert end(on_ray(cluster, tmp_path / "a"))[0] == 0
    same(tmp_path / "a", whole)


@pytest.mark.slow
@of_ray
def test_what_is_wrong_in_a_task_is_one_line_of_the_driver(cluster, tmp_path):
    code, said = end(on_ray(cluster, tmp_path / "a", "--learning-rate", "1e30"))

    assert code == 2
    assert "diverged, more than --max-failed 0.05 allows" in said
    assert "Traceback" not in said


PROGRAM = """
import sys
import numpy as np
from flax import nnx
import memjax

class Network(nnx.Module):
    def __init__(self, input_shape, num_classes, rngs):
        self.layer = nnx.Linear(input_shape[0], num_classes, rngs=rngs)

    def __call__(self, x):
        return self.layer(x)

rng = np.random.default_rng(0)
x, y = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
options = dict(num_models=24, epochs=4, pack_size=3, cpu_devices=2, model=Network, progress=False)
result = memjax.fit(x[:30], y[:30], x[30:], y[30:], run=sys.argv[1], engine=sys.argv[2] or None, **options)
np.savez(sys.argv[3], memorization=result.memorization.value, influence=result.influence.value)
print(result.trained)
"""


@pytest.mark.slow
@of_ray
def test_fit_with_arrays_and_a_network_that_only_its_program_has(cluster, tmp_path):
    """Run in a folder of its own, with a relative run folder."""
    found = []
    for name, engine in (("plain", ""), ("ray", f"ray:{cluster.address}")):
        command = [sys.executable, "-c", PROGRAM, name, engine, f"{name}.npz"]
        variables = os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", os.getcwd())}
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "24\n"
        found.append(np.load(tmp_path / f"{name}.npz"))

    for name in ("memorization", "influence"):
        np.testing.assert_array_equal(found[0][name], found[1][name])
    assert blocks(tmp_path / "ray") == blocks(tmp_path / "plain")
