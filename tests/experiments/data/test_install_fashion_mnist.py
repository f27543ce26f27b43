"""The script that installs Fashion-MNIST, with programs in the place of apt-get."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

import experiments
from memjax.data.downloads import CATALOG

SCRIPT = Path(experiments.__file__).parent / "install_fashion_mnist.sh"
OFFLINE = "echo 'E: Failed to fetch http://deb.debian.org/x  Temporary failure resolving' >&2; exit 100"


@pytest.fixture
def installed(tmp_path):
    """Runs the script where Debian's folder is another one and `apt-get` does what is given; None: there is none."""

    def run(apt):
        script = tmp_path / "install.sh"
        script.write_text(SCRIPT.read_text().replace("/usr/share/datasets", str(tmp_path)))
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("sh", "tr", "cut", "tail"):
            (programs / name).symlink_to(Path("/bin", name) if Path("/bin", name).exists() else Path("/usr/bin", name))
        if apt is not None:
            (programs / "apt-get").write_text(f"#!/bin/sh\n{apt}\n")
            (programs / "apt-get").chmod(0o755)
        settings = {**os.environ, "PATH": str(programs), "TFDS_DATA_DIR": str(tmp_path / "data")}
        return subprocess.run(
            ["/bin/sh", script, sys.executable], env=settings, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.mark.parametrize(
    ("apt", "reason"),
    [
        (OFFLINE, "Temporary failure resolving"),
        (
            'case $* in *update) ;; *) echo "E: Unable to locate package" >&2; exit 100;; esac',
            "Unable to locate package",
        ),
        ("exit 0", "it installed nothing"),
        (None, "apt-get"),
    ],
    ids=["no network", "no such package", "nothing there after it", "not Debian"],
)
def test_what_cannot_be_fetched_is_said_in_one_line(installed, apt, reason, tmp_path):
    said = installed(apt)

    assert said.returncode == 1
    [line] = (said.stdout + said.stderr).splitlines()
    assert line.startswith("error: Debian's package dataset-fashion-mnist could not be installed: ")
    assert reason in line
    assert "-m memjax.run seed fashion_mnist FOLDER" in line
    assert not (tmp_path / "data").exists()


def test_files_that_are_not_fashion_mnist_are_not_used(installed, tmp_path):
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for file in CATALOG["fashion_mnist"].files:
        (folder / file).write_bytes(gzip.compress(b"cut off"))

    said = installed(None)

    assert said.returncode
    assert f"{folder}/train-images-idx3-ubyte.gz is not an IDX file" in said.stderr
    assert not list((tmp_path / "data").rglob("*.gz*"))
