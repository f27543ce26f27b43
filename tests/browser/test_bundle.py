import shutil
import subprocess

import pytest

from memjax.report.page.render import SCRIPT

APP = SCRIPT.parents[1]


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not here")
def test_building_again_gives_the_same_bundle(tmp_path):
    copy = tmp_path / "app"
    shutil.copytree(APP, copy, ignore=shutil.ignore_patterns("node_modules", "bundle"))

    subprocess.run(["sh", "build.sh"], cwd=copy, check=True, capture_output=True, timeout=300)

    for name in ("report.js", "LICENSES.txt"):
        assert (copy / "bundle" / name).read_bytes() == (SCRIPT.parent / name).read_bytes()
