"""What the programs on results say of their options, and that they write nothing for words that they do not know."""

import importlib

import pytest

PROGRAMS = {"__main__": "results", "judged": "results.judged", "rerun": "results.rerun"}


@pytest.fixture(params=PROGRAMS)
def program(request, monkeypatch):
    """A program whose work fails the test."""
    module = importlib.import_module(f"experiments.results.{request.param}")
    for work in {"pages", "judged", "kept", "versions"} & vars(module).keys():
        monkeypatch.setattr(module, work, pytest.fail)
    return module, PROGRAMS[request.param]


def test_help_is_the_docstring(program, capsys):
    module, name = program
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])

    said = capsys.readouterr().out
    assert not ended.value.code
    assert said.startswith(f"usage: python -m experiments.{name} ")
    assert module.__doc__.strip() in said


@pytest.mark.parametrize("word", ["--chek", "--ru"])
def test_a_mistyped_word_is_refused(program, word, capsys):
    with pytest.raises(SystemExit) as ended:
        program[0].main([word])

    assert ended.value.code == 2
    assert f"unrecognized arguments: {word}" in capsys.readouterr().err
