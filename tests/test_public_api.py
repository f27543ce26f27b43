import inspect
import re
from pathlib import Path

import memjax
from memjax import estimators
from memjax.report import plots


def test_every_public_name_is_there_and_documented():
    for name in memjax.__all__:
        thing = getattr(memjax, name)
        if name != "__version__":
            assert inspect.getdoc(thing), name


def test_the_list_for_type_checkers_is_the_list():
    assert {name for names in memjax._HOME.values() for name in names} | {"__version__"} == set(memjax.__all__)
    assert dir(memjax) == memjax.__all__


def test_estimators_have_an_example():
    for name in ("memorization", "influence"):
        assert ">>>" in inspect.getdoc(getattr(memjax, name))


def test_the_reference_has_every_public_name():
    pages = (Path(__file__).parent.parent / "docs" / "api").glob("*.md")
    text = "\n".join(page.read_text() for page in pages)
    listed = {name.rpartition(".")[2] for name in re.findall(r"\.\. auto\w+:: (\S+)", text)}
    listed |= set(plots.__all__) if "automodule:: memjax.report.plots" in text else set()

    assert {*memjax.__all__, *estimators.__all__, *plots.__all__} - listed == {"__version__"}
