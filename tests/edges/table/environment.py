"""The environment: variables that JAX reads, closed streams, small machines.  Each row is a process of its own."""

from pathlib import Path

from memjax.machine.environment import core_limit, memory_limit
from tests.edges.edge import Edge, gives, says
from tests.edges.inputs import write

FEW = "--num-models 4 --per-class 2 --test-per-class 1 --epochs 1 --model linear --run out"
DEBUG = "JAX_DEBUG_NANS=1 JAX_DISABLE_JIT=1 JAX_NUMPY_RANK_PROMOTION=raise"


def groups(own="0::/job/step", **files):
    write({"own": own} | {f"all/{name}": text for name, text in files.items()})
    return Path("own"), Path("all")


def process(variables, right, shell=""):
    return Edge(15, variables or shell, "process", lambda: f"{variables} {{memjax}} {FEW} {shell}", right)


# fmt: off
ROWS = [
    process("JAX_PLATFORMS=cuda", "JAX finds no device: ... JAX_PLATFORMS=cuda; set JAX_PLATFORMS=cpu, or unset it"),
    process("JAX_PLATFORMS=nonsense", "JAX finds no device: ... 'nonsense' ... set JAX_PLATFORMS=cpu, or unset it"),
    process("JAX_NUM_CPU_DEVICES=0", "JAX_NUM_CPU_DEVICES is 0; give 1 or more, or unset it"),
    process("JAX_NUM_CPU_DEVICES=two", 'JAX cannot be imported: ... "two" ... correct this environment variable'),
    process("JAX_ENABLE_X64=maybe", "JAX cannot be imported: ... 'maybe' ... correct this environment variable, or unset it"),
    process(DEBUG, says("switched off while memjax computes: JAX_DEBUG_NANS, JAX_DISABLE_JIT")),
    process("", says(""), ">&- 2>&-"),
    Edge(15, "memory of a control group", "call", lambda: memory_limit(*groups(**{"job/memory.max": "1073741824", "job/step/memory.max": "max"})), gives(2**30)),
    Edge(15, "memory of a control group", "call", lambda: memory_limit(*groups("4:memory:/job", **{"memory/job/memory.limit_in_bytes": "4096", "memory/memory.limit_in_bytes": "8192"})), gives(4096)),
    Edge(15, "cores of a control group", "call", lambda: core_limit(*groups(**{"job/cpu.max": "150000 100000", "cpu.max": "400000 100000"})), gives(1.5)),
    Edge(15, "cores of a control group", "call", lambda: core_limit(*groups("2:cpu,cpuacct:/job", **{"cpu/job/cpu.cfs_quota_us": "50000", "cpu/job/cpu.cfs_period_us": "100000"})), gives(0.5)),
]
