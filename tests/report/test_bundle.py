"""The script of the page is the one that its sources make, and small."""

import gzip
import hashlib
import re
from pathlib import Path

import memjax.report
from memjax.report.page.render import SCRIPT

APP = Path(memjax.report.__file__).parent / "app"


def test_bundle_is_of_these_sources():
    names = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"]
    names += sorted(f"src/{path.name}" for path in (APP / "src").iterdir())
    sources = hashlib.sha256(b"".join(f"{name}\n".encode() + (APP / name).read_bytes() for name in names)).hexdigest()

    assert f"sources {sources};" in SCRIPT.read_text().splitlines()[0], "build it again: memjax/report/app/build.sh"


def test_bundle_is_small_and_cannot_end_its_element():
    code = SCRIPT.read_bytes()

    assert len(gzip.compress(code)) < 150 * 1024
    assert not re.search(rb"</script|<!--", code, re.IGNORECASE)
    assert code.isascii()


def test_licences_of_all_that_is_in_it_are_shipped():
    lock = (APP / "package-lock.json").read_text()
    licences = (SCRIPT.parent / "LICENSES.txt").read_text()

    for name in ("preact", "@preact/signals", "@preact/signals-core", "d3-brush", "d3-scale", "d3-selection"):
        assert f'"node_modules/{name}"' in lock
        assert re.search(rf"^{name} [\d.]+ \((MIT|ISC)\)$", licences, re.MULTILINE)


def test_own_sources_write_text_only_as_text():
    for path in (APP / "src").iterdir():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(", path.read_text()
        )
