"""Hosts that get their number from jax.distributed.  The hosts are processes on this machine."""

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
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.machine import host_rank
from memjax.machine.host_rank import Meeting, call_roll, make_meeting
from memjax.machine.workers import Worker

SMALL = ["--num-models", "48", "--per-class", "8", "--test-per-class", "3", "--epochs", "8", "--model", "mlp:16"]
SMALL += ["--pack-size", "3", "--influence", "all"]
FILES = ("estimates.npz", "pairs.npz", "influence.npy", "results.json")


def free_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def start(folder, *options, program=("-m", "memjax.run")):
    command = [sys.executable, *program, "--run", str(folder), *SMALL, *options]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": "2"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def start_all(folder, count, way, *options):
    """Starts hosts that get their number from jax.distributed, or from --worker."""
    address = free_address()
    texts = [f"{address},{count},{index}" if way == "--distributed" else f"{index}/{count}" for index in range(count)]
    return [start(folder, way, text, *options) for text in texts]


def exit_codes(processes):
    """Waits for the processes; pytest shows their output if the test fails."""
    with ThreadPoolExecutor(len(processes)) as pool:
        outputs = list(pool.map(lambda process: process.communicate(timeout=300), processes))
    print(*outputs, sep="\n")
    return [process.returncode for process in processes]


def blocks(folder):
    """The bytes of all blocks, without half-written files of killed processes."""
    return {path.name: path.read_bytes() for path in sorted((folder / "blocks").glob("[0-9]*"))}


def assert_same(folder, other):
    """All blocks and all files of estimates are the same bits."""
    assert blocks(folder) == blocks(other)
    for name in FILES:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    assert (folder / "report.html").exists()


def wait_for_blocks(folder, count, process):
    while process.poll() is None and len(store.finished_blocks(folder)) < count:
        time.sleep(0.02)
    assert process.poll() is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert exit_codes([start(folder)]) == [0]
    return folder


@pytest.mark.parametrize("text", ["", "autos", "a:1", "a:1,2", "a,2,0", "a:1,2,2", "a:1,2,-1", "a:1,2,0\n", "a:,2,1"])
def test_a_wrong_meeting_is_refused(text):
    with pytest.raises(InputError, match=r"give auto \(on a TPU slice or under SLURM\) or HOST:PORT,N,I"):
        make_meeting(text)


def test_a_meeting_is_auto_or_an_address_and_two_numbers():
    assert make_meeting("auto") is None
    assert make_meeting("10.0.0.1:8476,16,3") == Meeting("10.0.0.1:8476", 16, 3)
    with pytest.raises(InputError, match="say the same twice"):
        RunConfig(worker="0/2", distributed="a:1,2,0")


def test_two_processes_find_each_other():
    address = free_address()
    with ThreadPoolExecutor(2) as pool:
        hosts = pool.map(lambda index: call_roll(f"{address},2,{index}", Worker(0, 1), print), (0, 1))

    assert list(hosts) == [(0, 2), (1, 2)]


def answer(monkeypatch, code, output=""):
    """Replaces the process that asks jax.distributed."""
    monkeypatch.setattr(host_rank, "_asked", lambda text: (code, output))


def test_a_host_without_an_answer_keeps_the_number_that_it_was_given(monkeypatch):
    notices = []
    answer(monkeypatch, -signal.SIGABRT)
    assert call_roll("a:1,16,3", Worker(0, 1), notices.append) == (3, 16)
    assert call_roll("auto", Worker(2, 4), notices.append) == (2, 4)
    assert notices == [f"no other host answered; continuing as worker {worker}" for worker in ("3/16", "2/4")]


def test_a_scheduler_with_more_workers_decides(monkeypatch):
    """In an array of jobs of two hosts each, jax.distributed finds only the hosts of one job."""
    answer(monkeypatch, 0, "host 1 of 2\n")
    assert call_roll("auto", Worker(5, 8), print) == (5, 8)
    assert call_roll("auto", Worker(0, 1), print) == (1, 2)
    assert call_roll("a:1,2,1", Worker(5, 8), print) == (1, 2)


def test_auto_without_a_cluster_is_refused(monkeypatch):
    answer(monkeypatch, 3)
    with pytest.raises(InputError, match="jax finds no cluster"):
        call_roll("auto", Worker(0, 1), print)


@pytest.mark.slow
def test_a_host_that_stops_while_it_waits_for_the_others_closes_its_port(tmp_path):
    address = free_address()
    process = start(tmp_path / "a", "--distributed", f"{address},2,0")
    while process.poll() is None and not listens(address):
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)

    assert exit_codes([process]) == [75]
    end = time.monotonic() + 30
    while listens(address) and time.monotonic() < end:
        time.sleep(0.1)
    assert not listens(address)


def listens(address):
    host, port = address.split(":")
    with socket.socket() as caller:
        return caller.connect_ex((host, int(port))) == 0


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--distributed", "--worker"])
@pytest.mark.parametrize("count", [2, 4])
def test_several_hosts_give_the_same_bits_as_one(whole, tmp_path, way, count):
    assert exit_codes(start_all(tmp_path / "a", count, way)) == [0] * count

    assert_same(tmp_path / "a", whole)


@pytest.mark.slow
@pytest.mark.parametrize(("way", "victim"), [("--distributed", 0), ("--distributed", 1), ("--worker", 1)])
@pytest.mark.parametrize("again", [True, False])
def test_a_killed_host_does_not_disturb_the_others(whole, tmp_path, way, victim, again):
    """The killed host is host 0, whose address all hosts have, or another one.  It may be restarted."""
    processes = start_all(tmp_path / "a", 2, way)
    wait_for_blocks(tmp_path / "a", 2, processes[victim])
    processes[victim].kill()
    arguments = processes[victim].args[1:]
    restarted = [subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)] if again else []
    codes = exit_codes(processes + restarted)

    assert codes[victim] == -signal.SIGKILL
    assert [code for index, code in enumerate(codes) if index != victim] == [0] * (len(codes) - 1)
    assert_same(tmp_path / "a", whole)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--distributed", "--worker"])
def test_nothing_is_lost_if_one_host_is_asked_to_stop(whole, tmp_path, way):
    processes = start_all(tmp_path / "a", 2, way, "--checkpoint-minutes", "0.001")
    wait_for_blocks(tmp_path / "a", 2, processes[1])
    processes[1].send_signal(signal.SIGTERM)

    assert exit_codes(processes) == [0, 75]
    assert_same(tmp_path / "a", whole)
    assert exit_codes([start(tmp_path / "a")]) == [0]
    assert_same(tmp_path / "a", whole)


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
def test_connected_processes_train_on_their_own_devices_and_save_checkpoints_independently(whole, tmp_path):
    """By default Orbax waits for all processes at every checkpoint."""
    address, folder = free_address(), tmp_path / "a"
    programs = [("-c", CONNECTED, f"{address},2,{index}") for index in range(2)]
    processes = [start(folder, "--checkpoint-minutes", "0.001", program=program) for program in programs]

    assert exit_codes(processes) == [0, 0]
    np.testing.assert_array_equal(*(np.load(path / "influence.npy") for path in (folder, whole)))
    assert {name: data for name, data in blocks(folder).items() if name.endswith("npz")} == {
        name: data for name, data in blocks(whole).items() if name.endswith("npz")
    }
