"""Every experiment has one form, and `python -m experiments` lists it."""

import dataclasses
import typing
from pathlib import Path

import pytest

import experiments
from experiments.__main__ import FOLDERS, found, listing, question
from experiments.common import claim
from experiments.common.settings import BaseSettings, Cost

ROOT = Path(experiments.__file__).parent
MODULES = dict(found())


def test_each_file_of_the_papers_is_an_experiment():
    files = {f"{path.parent.name}.{path.stem}" for path in ROOT.glob("*/*.py") if path.stem != "__init__"}

    assert {name for name in files if not name.startswith(("common.", "data.", "results."))} == MODULES.keys()
    assert {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} == {
        "common",
        "data",
        "results",
        *FOLDERS,
    }


@pytest.mark.parametrize("name", MODULES)
def test_the_convention(name):
    module = MODULES[name]

    assert question(module).endswith("?")
    assert len(question(module)) <= 120
    assert f"python -m experiments.{name}" in module.__doc__
    assert isinstance(module.COST, Cost)
    assert issubclass(module.Settings, BaseSettings)
    assert module.Settings.__dataclass_params__.frozen
    fields = {field.name for field in dataclasses.fields(module.Settings)}
    assert {"size", "seed", "data_seed", "repeats", "folder"} <= fields
    hints = typing.get_type_hints(module.run)
    assert hints == {"settings": module.Settings, "return": claim.Result}
    assert module.main is claim.main


def test_each_is_listed_with_its_question_and_its_cost():
    lines = listing().splitlines()[1:]

    assert len(lines) == len(MODULES)
    for line, (name, module) in zip(lines, MODULES.items(), strict=True):
        assert line.startswith(name)
        assert line.endswith(question(module))
        assert all(cost in line for cost in module.COST)
