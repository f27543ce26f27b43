"""Everything that README, CONTRIBUTING, SECURITY, CHANGELOG and docs/ name exists."""

import importlib.util
import re
from pathlib import Path

import pytest

import memjax

ROOT = Path(__file__).parent.parent
PAGES = [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")), *sorted(ROOT.glob("docs/**/*.md"))]


def test_the_readme_is_short_and_has_the_commands_that_ci_runs():
    text = (ROOT / "README.md").read_text()

    assert len(text.splitlines()) <= 180
    for name in ("run", "test", "docs"):
        assert re.search(rf"<!-- command: {name} -->\n```sh\npython3 -m venv [^\n]*\n```\n", text), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_linked_files_exist(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)

    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'src(?:set)?="([^"]+)"', text)
    assert not [link for link in links if ":" not in link and not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_have_options_that_exist(page):
    fields = "\n".join(path.read_text() for part in ("config", "cli") for path in ROOT.glob(f"memjax/{part}/*.py"))
    known = {name.replace("_", "-") for name in re.findall(r"^ +(\w+): ", fields, re.MULTILINE)} | {
        "help",
        "preset",
        "for",
    }

    commands = re.findall(r"^ *(?:\S*/)?memjax (.+(?:\\\n.+)*)$", page.read_text(), re.MULTILINE)
    assert {name for command in commands for name in re.findall(r"--([a-z-]+)", command)} <= known


def test_the_map_in_contributing_names_every_unit_and_no_other():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = text[text.index("| in `memjax/` |") : text.index("## The path of a run")]
    units = {path.name for path in (ROOT / "memjax").iterdir() if path.suffix in ("", ".py") and path.name[0] != "_"}

    assert {name for name in units if f"`{name}/`" not in table and f"`{name}`" not in table} == set()
    below = [ROOT, *(ROOT / f"memjax/{part}" for part in ("", "data", "estimators", "report", "report/app"))]
    paths = re.findall(r"`([a-z_]+/[\w/]*(?:\.py)?)`", text)
    assert not [path for path in paths if not any((home / path).exists() for home in below)]


def test_new_paths_of_moved_modules_can_be_imported():
    text = (ROOT / "CHANGELOG.md").read_text()
    rows = re.findall(r"^\| `memjax\.[^|]*\| ([^|]*) \|$", text, re.MULTILINE)

    names = [name for row in rows for name in re.findall(r"`(memjax\.[a-z_.]+[a-z])`", row.partition(";")[0])]
    assert len(rows) > 20
    assert len(names) > 20
    assert not [name for name in names if importlib.util.find_spec(name) is None]


def test_the_citation_file_has_what_the_format_requires_and_the_version_of_the_package():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed; pip install pyyaml")

    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())

    assert str(found["cff-version"]) == "1.2.0"
    assert found.keys() >= {"message", "title", "authors", "license"}
    assert str(found["version"]) == memjax.__version__
    for work in (found, *found["references"]):
        assert work["type"] in ("software", "conference-paper")
        assert work["title"]
        assert all(author.keys() in ({"name"}, {"family-names", "given-names"}) for author in work["authors"])
