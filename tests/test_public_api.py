import importlib
import inspect
import re
from pathlib import Path

import pytest

import memjax

PUBLIC = ["memjax", *(f"memjax.{part}" for part in ("estimators", "dynamics", "exchange", "models", "report.plots"))]


def public_things(module: str) -> dict:
    """What a module exports, by name, without its submodules."""
    home = importlib.import_module(module)
    things = {name: getattr(home, name) for name in home.__all__ if name != "__version__"}
    return {name: thing for name, thing in things.items() if not inspect.ismodule(thing)}


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_there_and_documented(module):
    for name, thing in public_things(module).items():
        assert inspect.getdoc(thing), name


def test_the_list_for_type_checkers_is_the_list():
    assert {name for names in memjax._HOME.values() for name in names} | {"__version__"} == set(memjax.__all__)
    assert dir(memjax) == memjax.__all__


def test_estimators_have_an_example():
    for name in ("memorization", "influence"):
        assert ">>>" in inspect.getdoc(getattr(memjax, name))


def things_in_the_reference() -> list:
    """What the directives on the pages of docs/api name."""
    things = []
    for page in (Path(__file__).parent.parent / "docs" / "api").glob("*.md"):
        current = ""
        for kind, name in re.findall(r"\.\. (currentmodule|auto\w+):: (\S+)", page.read_text()):
            if kind == "currentmodule":
                current = name
            elif kind == "automodule":
                home = importlib.import_module(name)
                things += [getattr(home, each) for each in getattr(home, "__all__", dir(home))]
            else:
                home, _, last = (name if name.startswith("memjax.") else f"{current}.{name}").rpartition(".")
                things.append(getattr(importlib.import_module(home), last))
    return things


@pytest.mark.parametrize("module", PUBLIC)
def test_the_reference_has_every_public_name(module):
    listed = things_in_the_reference()

    missing = [name for name, thing in public_things(module).items() if not any(thing is each for each in listed)]
    assert not missing
