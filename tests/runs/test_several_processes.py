"""Several processes on one run folder: workers, some killed or asked to stop, and programs that JAX connects."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from memjax import store
from tests.runs.same_run import blocks, same

SMALL = ["--num-models", "48", "--per-class", "8", "--test-per-class", "3", "--epochs", "8", "--model", "mlp:16"]
SMALL += ["--pack-size", "3", "--influence", "all"]


def free_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def start(folder, *options, program=("-m", "memjax.run")):
    command = [sys.executable, *program, "--run", str(folder), *SMALL, *options]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": "2"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def start_all(folder, count, *options):
    return [start(folder, "--worker", f"{index}/{count}", *options) for index in range(count)]


def ends(processes):
    """Exit codes; what they had to say is shown where a test fails."""
    with ThreadPoolExecutor(len(processes)) as pool:
        said = list(pool.map(lambda process: process.communicate(timeout=300), processes))
    print(*said, sep="\n")
    return [process.returncode for process in processes]


def wait_for_blocks(folder, count, process):
    while process.poll() is None and len(store.finished_blocks(folder)) < count:
        time.sleep(0.02)
    assert process.poll() is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert ends([start(folder)]) == [0]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_several_workers_give_the_bits_of_one(whole, tmp_path, count):
    assert ends(start_all(tmp_path / "a", count)) == [0] * count

    same(tmp_path / "a", whole)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
@pytest.mark.parametrize("again", [True, False])
def test_a_worker_is_killed_and_the_other_does_its_share(whole, tmp_path, victim, again):
    """The killed worker is started again, or never."""
    processes = start_all(tmp_path / "a", 2)
    wait_for_blocks(tmp_path / "a", 2, processes[victim])
    processes[victim].kill()
    arguments = processes[victim].args[1:]
    restarted = [subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)] if again else []
    codes = ends(processes + restarted)

    assert codes[victim] == -signal.SIGKILL
    assert [code for index, code in enumerate(codes) if index != victim] == [0] * (len(codes) - 1)
    same(tmp_path / "a", whole)


@pytest.mark.slow
def test_a_worker_is_asked_to_stop_and_nothing_is_lost(whole, tmp_path):
    processes = start_all(tmp_path / "a", 2, "--checkpoint-minutes", "0.001")
    wait_for_blocks(tmp_path / "a", 2, processes[1])
    processes[1].send_signal(signal.SIGTERM)

    assert ends(processes) == [0, 143]
    same(tmp_path / "a", whole)
    assert ends([start(tmp_path / "a")]) == [0]
    same(tmp_path / "a", whole)


CONNECTED = """
import sys, jax
from memjax import run
address, count, index = sys.argv.pop(1).split(",")
jax.config.update("jax_num_cpu_devices", 2)
jax.distributed.initialize(address, int(count), int(index))
code = run.main(sys.argv[1:])
print("counted", jax.process_index(), jax.process_count(), len(jax.local_devices()))
sys.exit(code)
"""


@pytest.mark.slow
def test_a_program_that_stays_connected_trains_on_its_own_devices_and_saves_by_itself(whole, tmp_path):
    """Orbax would otherwise wait for all processes at every checkpoint."""
    address, folder = free_address(), tmp_path / "a"
    programs = [("-c", CONNECTED, f"{address},2,{index}") for index in range(2)]
    processes = [start(folder, "--checkpoint-minutes", "0.001", program=program) for program in programs]

    assert ends(processes) == [0, 0]
    np.testing.assert_array_equal(*(np.load(path / "influence.npy") for path in (folder, whole)))
    assert {name: data for name, data in blocks(folder).items() if name.endswith("npz")} == {
        name: data for name, data in blocks(whole).items() if name.endswith("npz")
    }
