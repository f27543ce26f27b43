import inspect

import memjax


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
