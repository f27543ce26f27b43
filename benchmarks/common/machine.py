"""What every number is published with: versions, processor, commit and command; and the memory of this process."""

import os
import platform
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from memjax.machine.environment import usable_cores, versions

ROOT = Path(__file__).resolve().parents[2]
STATUS = Path("/proc/self/status")


def facts() -> str:
    """Versions, machine, commit and command, in three lines."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    machine = f"{usable_cores()} cores, {processor()}; load at the end {os.getloadavg()[0]:.1f}"
    return f"{packages}\n{machine}\ncommit {_commit()}, python -m {_program()}"


def peak_mib() -> float:
    """The largest memory that this process has had so far, in MiB."""
    if STATUS.exists():  # on Linux getrusage also counts what the parent process had when it started this one
        peak = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def processor() -> str:
    """The processor's name and its vector extensions, such as avx512f."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    features = {word for line in lines if line.startswith("flags") for word in line.split()}
    wide = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in features]
    return " ".join([names[0] if names else platform.machine(), *wide])


def _commit() -> str:
    """Short name of the commit, with a + if files have changed since."""
    git = shutil.which("git")
    if not git:
        return "unknown"

    def ask(*words: str) -> str:
        return subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    return ask("rev-parse", "--short", "HEAD") + ("+" if ask("status", "--porcelain") else "")


def _program() -> str:
    path = Path(sys.argv[0]).resolve()
    name = path.relative_to(ROOT).with_suffix("") if path.is_relative_to(ROOT) else path
    return shlex.join([str(name).replace("/", "."), *sys.argv[1:]])
