"""Trees of control groups as the kernel shows them, made by hand."""

import os

import pytest

from memjax.machine import environment
from memjax.machine.environment import core_limit, memory_limit

GIB = 2**30


@pytest.fixture
def groups(tmp_path):
    """Writes the file that names the groups of a process, and files of limits; returns the arguments of the readers."""

    def write(own: str, **files: str):
        (tmp_path / "own").write_text(own)
        for name, content in files.items():
            path = tmp_path / "all" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
        return tmp_path / "own", tmp_path / "all"

    return write


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/\n", {"memory.max": "max"}, None),
        ("0::/\n", {"memory.max": str(GIB)}, GIB),
        ("0::/a/b\n", {"a/b/memory.max": str(3 * GIB), "a/memory.max": str(GIB), "memory.max": "max"}, GIB),
        ("0::/a/b\n", {"a/b/memory.max": str(2 * GIB), "a/memory.max": str(5 * GIB)}, 2 * GIB),
        ("0::/a/b\n", {"a/memory.max": str(GIB)}, GIB),
        ("0::/a\n", {"b/memory.max": str(GIB)}, None),
        ("0::/of/the/host\n", {"memory.max": str(GIB)}, GIB),
        (
            "4:memory:/job/step\n1:cpu:/\n0::/\n",
            {
                "memory/job/step/memory.limit_in_bytes": str(2**63 - 4096),
                "memory/job/memory.limit_in_bytes": str(GIB),
                "memory/memory.limit_in_bytes": str(2**63 - 4096),
            },
            GIB,
        ),
        ("", {}, None),
        ("nonsense\n", {"memory.max": "nonsense"}, None),
    ],
)
def test_the_smallest_limit_of_memory_on_the_way_up_holds(groups, own, files, limit):
    assert memory_limit(*groups(own, **files)) == limit


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/\n", {"cpu.max": "max 100000"}, None),
        ("0::/\n", {"cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000", "a/cpu.max": "50000 50000"}, 1.0),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2.0),
        (
            "1:cpu,cpuacct:/job\n0::/\n",
            {"cpu/job/cpu.cfs_quota_us": "50000", "cpu/job/cpu.cfs_period_us": "100000", "cpu/cpu.cfs_quota_us": "-1"},
            0.5,
        ),
        ("0::/\n", {"cpu.max": "100000 0"}, None),
    ],
)
def test_the_smallest_limit_of_cores_on_the_way_up_holds(groups, own, files, limit):
    assert core_limit(*groups(own, **files)) == limit


@pytest.mark.parametrize(("limit", "cores"), [(0.5, 1), (1.0, 1), (1e9, None), (None, None)])
def test_the_number_of_cores_follows_the_limit(monkeypatch, limit, cores):
    monkeypatch.setattr(environment, "core_limit", lambda: limit)

    assert environment.usable_cores() == (cores or len(os.sched_getaffinity(0)))


def test_the_memory_follows_the_limit(monkeypatch):
    machine = environment.memory()
    monkeypatch.setattr(environment, "memory_limit", lambda: GIB // 2)

    assert environment.memory() == min(GIB // 2, machine)
