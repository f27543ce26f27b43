"""Every benchmark keeps one convention, the list has them all, and the page of results mentions each."""

import dataclasses
import importlib
import importlib.util
import re
import typing
from pathlib import Path

import pytest

from benchmarks import __main__ as listing

FOLDER = Path(listing.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("__"))


@pytest.mark.parametrize("name", NAMES)
def test_settings_run_and_main(name):
    module = importlib.import_module(f"benchmarks.{name}")
    types = typing.get_type_hints(module.run)

    assert dataclasses.is_dataclass(module.Settings)
    assert module.Settings.__dataclass_params__.frozen
    assert types["settings"] is module.Settings
    assert types["return"].__str__ not in (object.__str__, tuple.__str__)  # says itself what main prints
    assert types.keys() == {"settings", "return"}
    assert callable(module.main)
    module.Settings()  # every setting has a default


def test_the_list_has_every_benchmark_with_a_question_and_a_cost(capsys):
    listing.main()
    printed = capsys.readouterr().out

    assert [benchmark.name for benchmark in listing.all_benchmarks()] == NAMES
    for name, question, cost in listing.all_benchmarks():
        assert question.endswith("?"), name
        assert cost, name
        assert f"{name}\n    {question}\n    cost: {cost}\n" in printed


def test_the_pages_of_results_mention_every_benchmark_and_no_other():
    mentioned = set(
        re.findall(r"python -m benchmarks\.([a-z_]+)", "".join(page.read_text() for page in FOLDER.glob("*.md")))
    )

    assert mentioned == set(NAMES)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_file_is_short_and_opens_no_run_by_hand(path):
    text = path.read_text()

    assert len(text.splitlines()) <= 300
    assert not re.search(r"open_folder|stages", text)
    for module in re.findall(r"python -m (benchmarks\.[a-z_.]+)", text):
        assert importlib.util.find_spec(module), module
