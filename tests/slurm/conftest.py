"""A real SLURM on this machine: one node of two CPUs and, as SLURM believes, two GPUs."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
CONFIG = """
ClusterName=memjax
SlurmctldHost={host}
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
GresTypes=gpu
MpiDefault=none
KillWait=5
SlurmctldTimeout=30
InactiveLimit=0
MinJobAge=300
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={host} CPUs=2 RealMemory=2000 Gres=gpu:2 State=UNKNOWN
PartitionName=plain Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=first Nodes={host} MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("", 0))
        return listener.getsockname()[1]


class Cluster:
    """The commands of the cluster."""

    def __init__(self, place: Path):
        self.place = place
        self.environment = os.environ | {"SLURM_CONF": str(place / "slurm.conf")}

    def __call__(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def submit(self, script: Path, *options: str, variables: dict[str, str], arguments: list[str]) -> str:
        """The number of the job."""
        exported = ",".join(["ALL", *(f"{name}={value}" for name, value in variables.items())])
        output = f"--output={self.place}/%A_%a.out"
        return self("sbatch", "--parsable", output, f"--export={exported}", *options, str(script), *arguments)

    def states(self, job: str) -> list[str]:
        """The state of each of its tasks, waiting or done."""
        lines = self("scontrol", "show", "job", job, check=False).split()
        return [word.partition("=")[2] for word in lines if word.startswith("JobState=")]

    def wait(self, job: str, wanted: Callable[[list[str]], bool], seconds: float = 300) -> list[str]:
        """The states when they are as wanted."""
        deadline = time.monotonic() + seconds
        while not wanted(states := self.states(job)):
            assert time.monotonic() < deadline, f"job {job} is {states}; {self.logs(job)[-4000:]}"
            time.sleep(0.3)
        return states

    def logs(self, job: str = "*") -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.place.glob(f"{job}_*.out")))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    if missing := [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]:
        pytest.skip(f"{', '.join(missing)} missing; tests/slurm/install.sh installs SLURM")
    place = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (place / name).mkdir()
    host = socket.gethostname().partition(".")[0]
    ports = {"controller": free_port(), "daemon": free_port()}
    (place / "slurm.conf").write_text(CONFIG.format(host=host, place=place, **ports))
    (place / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")
    (place / "munge.key").write_bytes(os.urandom(1024))
    (place / "munge.key").chmod(0o400)
    place.chmod(0o755)
    found = Cluster(place)
    own = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munge.pid", "log-file": "munge.log",
           "seed-file": "munge.seed"}  # fmt: skip
    munge = ["munged", "--foreground", "--force", *(f"--{option}={place}/{name}" for option, name in own.items())]
    paths = found.environment | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    found.environment = paths
    daemons = []
    try:
        for command in (munge, ["slurmctld", "-D", "-i", "-c"], ["slurmd", "-D", "-N", host]):
            daemons.append(subprocess.Popen(command, env=paths, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(1)
        deadline = time.monotonic() + 60
        while "idle" not in found("sinfo", "-h", "-o", "%T", check=False):
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text()[-1500:] for path in place.glob("*.log"))
                pytest.fail(f"SLURM does not start: {found('sinfo', check=False)}\n{logs}")
            time.sleep(0.5)
        yield found
    finally:
        found("scancel", "--user=root", check=False)
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)
