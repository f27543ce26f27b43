"""The files that start memjax on many machines, as far as one can tell here: the machines' own programs are fakes."""

import os
import re
import signal
import subprocess
import time
import warnings
from pathlib import Path

import pytest
import tyro
import yaml

from memjax.cli import beginning
from memjax.config.run_config import RunConfig
from memjax.machine.workers import make_worker

LAUNCHERS = Path(__file__).parents[2] / "docs" / "howto" / "launchers"

SRUN = """#!/bin/bash
trap 'echo asked >> "$LOG"; sleep 0.2; exit 75' USR1
echo "$@" >> "$LOG"
for _ in $(seq "$TENTHS"); do sleep 0.1; done
exit "$CODE"
"""


@pytest.fixture
def fakes(tmp_path, monkeypatch):
    """Programs of a cluster that note how they were called; what they noted."""
    log = tmp_path / "log"
    log.touch()
    note = '#!/bin/sh\necho "${0##*/} $@" >> "$LOG"\n'
    for name, text in {"srun": SRUN, "scontrol": note, "gcloud": '#!/bin/sh\nprintf "%s\\n" "$@" >> "$LOG"\n'}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(log))
    return log


def slurm(monkeypatch, tenths, code, *options, array=True):
    variables = {"TENTHS": str(tenths), "CODE": str(code), "SLURM_JOB_ID": "41"}
    if array:
        variables |= {"SLURM_ARRAY_JOB_ID": "40", "SLURM_ARRAY_TASK_ID": "3"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return subprocess.Popen(["bash", LAUNCHERS / "slurm.sh", *options])


def test_slurm_done(fakes, monkeypatch):
    assert slurm(monkeypatch, 1, 0, "--num-models", "2000").wait(30) == 0

    assert fakes.read_text() == "python -m memjax.run --run /shared/runs/memjax --num-models 2000\n"


@pytest.mark.parametrize(("array", "job"), [(True, "40_3"), (False, "41")])
def test_slurm_asked_to_stop_before_its_time_is_up(fakes, monkeypatch, array, job):
    process = slurm(monkeypatch, 100, 0, array=array)
    while not fakes.read_text():
        time.sleep(0.02)
    process.send_signal(signal.SIGUSR1)

    assert process.wait(30) == 75
    assert fakes.read_text().splitlines()[1:] == ["asked", f"scontrol requeue {job}"]


def test_slurm_does_not_try_again_what_is_wrong(fakes, monkeypatch):
    assert slurm(monkeypatch, 0, 2).wait(30) == 2

    assert "requeue" not in fakes.read_text()


def test_slurm_says_who_is_who():
    options = dict(re.findall(r"^#SBATCH --([\w-]+)(?:=(.*))?$", (LAUNCHERS / "slurm.sh").read_text(), re.MULTILINE))
    assert options["signal"] == "B:USR1@120"
    assert {"requeue", "array", "open-mode"} < options.keys()
    first, last = map(int, options["array"].split("-"))
    variables = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": str(first), "SLURM_PROCID": "0"}
    variables |= {"SLURM_ARRAY_TASK_COUNT": str(last - first + 1), "SLURM_NTASKS": "1"}
    assert make_worker(None, variables) == (7, 16)


@pytest.mark.parametrize("place", ["gs://bucket/my run", None])
def test_tpu(fakes, monkeypatch, tmp_path, place):
    for name, value in {"PROJECT": "mine", "ZONE": "here", "RUN": place}.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    place = place or "/mnt/shared/runs/memjax"
    subprocess.run(["bash", LAUNCHERS / "tpu.sh", "slice", "--dataset", "npz:my data.npz"], check=True)

    called = fakes.read_text()
    assert called.startswith("compute\ntpus\ntpu-vm\nssh\nslice\n--project=mine\n--zone=here\n--worker=all\n--command=")
    assert on_a_tpu_host(called.split("--command=")[1], tmp_path) == [
        "-m", "memjax.run", "--run", place, "--worker", "2/4", "--dataset", "npz:my data.npz",
        f"compiled {place}-compiled",
    ]  # fmt: skip


METADATA = """#!/bin/sh
for last in "$@"; do :; done
case "$last" in
  http://metadata.google.internal/computeMetadata/v1/instance/attributes/agent-worker-number) printf 2 ;;
  */attributes/worker-network-endpoints) printf "a:0:10.0.0.1,b:1:10.0.0.2,c:2:10.0.0.3,d:3:10.0.0.4" ;;
  *) exit 22 ;;
esac
"""


def on_a_tpu_host(command, folder):
    """What Python is called with on the third of four hosts, with a metadata server that is a fake."""
    programs = {
        folder / "curl": METADATA,
        folder / "memjax/.venv/bin/python": '#!/bin/sh\nprintf "%s\\n" "$@" "compiled $JAX_COMPILATION_CACHE_DIR"\n',
    }
    for path, text in programs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    variables = os.environ | {"HOME": str(folder)}
    return subprocess.run(
        ["bash", "-c", command], env=variables, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def test_kubernetes():
    job = yaml.safe_load((LAUNCHERS / "kubernetes.yaml").read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]} | {"JOB_COMPLETION_INDEX": "5"}

    assert job["completionMode"] == "Indexed"
    assert make_worker(None, variables) == (5, job["completions"])
    assert container["command"][:3] == ["python", "-m", "memjax.run"]
    understood(container["command"][3:] + container["args"])


def test_skypilot():
    task = yaml.safe_load((LAUNCHERS / "skypilot.yaml").read_text())
    variables = {"SKYPILOT_NODE_RANK": "1", "SKYPILOT_NUM_NODES": str(task["num_nodes"])}

    assert make_worker(None, variables) == (1, 4)
    understood(task["run"].split("memjax.run")[1].split())


@pytest.mark.parametrize("version", ["1.29", "1.32", "1.36"])
def test_kubernetes_itself_takes_the_job(version):
    schemas = pytest.importorskip("kubernetes_validate", reason="pip install 'memjax[launchers]'")
    job = yaml.safe_load((LAUNCHERS / "kubernetes.yaml").read_text())
    schemas.validate(job, version, strict=True)

    for name, wrong in (("completionModes", "Indexed"), ("completions", "16"), ("podFailurePolicy", {"rules": [{}]})):
        with pytest.raises(schemas.ValidationError):
            schemas.validate(job | {"spec": job["spec"] | {name: wrong}}, version, strict=True)


@pytest.mark.slow  # SkyPilot takes seconds to be imported
def test_skypilot_itself_takes_the_task():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schemas = pytest.importorskip("sky.utils.schemas", reason="pip install 'memjax[launchers]'")
    jsonschema = pytest.importorskip("jsonschema")
    task = yaml.safe_load((LAUNCHERS / "skypilot.yaml").read_text())
    jsonschema.validate(task, schemas.get_task_schema())
    jsonschema.validate(task["resources"], schemas.get_resources_schema())

    for schema, wrong in (
        (schemas.get_task_schema(), task | {"num_node": 4}),
        (schemas.get_task_schema(), task | {"num_nodes": "4"}),
        (schemas.get_resources_schema(), task["resources"] | {"use_spots": True}),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def understood(arguments):
    begin, rest = beginning(arguments)
    config = tyro.cli(RunConfig, args=rest, default=begin, config=(tyro.conf.OmitArgPrefixes,))
    assert config.num_models == 2000
    assert config.data.dataset == "cifar100"
    assert config.run.startswith("/shared/")
