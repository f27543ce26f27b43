"""The help, the version, the completion and the reference: what tells a user which commands and options there are."""

import inspect
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import memjax
from memjax import run
from memjax.cli import COMMANDS
from memjax.cli.options import grouped, options_of
from memjax.config.from_keywords import PURPOSES
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig


def printed(arguments, capsys) -> str:
    with pytest.raises(SystemExit) as leave:
        run.main(arguments)
    assert leave.value.code == 0
    return capsys.readouterr().out


def test_help_fits_one_screen_and_names_only_what_there_is(capsys):
    out = printed(["--help"], capsys)

    assert len(out.splitlines()) <= 40
    assert max(map(len, out.splitlines())) <= 100
    options = {option.name for _, group in grouped() for option in group} | {"--help", "--help-all", "--preset"}
    options |= {"--arrays", "--repair", "--out", "--for"}  # of `estimate`, `verify` and `truth`; decides defaults
    assert set(re.findall(r"--[a-z-]+", out)) <= options
    for name in list(COMMANDS)[1:]:
        assert f"{name} " in out


def test_all_options_are_explained_in_groups(capsys):
    out = printed(["--help-all"], capsys)

    assert max(map(len, out.splitlines())) <= 100
    assert "default: )" not in out
    assert not re.search(r"\(default: [^)]*\)\n(?:      .*\n)*?      .*Default:", out)
    for option in (option for _, group in grouped() for option in group):
        assert f"  {option.name} " in out or f"  {option.name}\n" in out
        assert len(option.about) > 15
    for name in (*PRESETS, *PURPOSES):
        assert f"  {name}\n" in out


def test_no_option_is_without_a_group():
    listed = [option.name for _, group in grouped() for option in group]
    sections = {part.name: getattr(RunConfig(), part.name) for part in fields(RunConfig)}
    expected = {name for name, value in sections.items() if not is_dataclass(value)}
    expected |= {part.name for value in sections.values() if is_dataclass(value) for part in fields(value)}

    assert len(listed) == len(set(listed))
    assert {name.removeprefix("--no-").removeprefix("--").replace("-", "_") for name in listed} == expected


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "run"])
def test_each_command_has_help(command, capsys):
    out = printed([command, "--help"], capsys)

    assert out.startswith(f"usage: memjax {command}")
    assert max(map(len, out.splitlines())) <= 100
    assert "default: )" not in out
    for option in options_of(COMMANDS[command]):
        assert f"\n  {option.name}" in out


def test_the_version_and_a_mistyped_command(capsys):
    assert run.main(["--version"]) == 0
    assert run.main(["staus", "DIR"]) == 2

    out, err = capsys.readouterr()
    assert out == f"memjax {memjax.__version__}\n"
    assert "command 'staus' is not known; did you mean status?" in err


def test_a_data_set_in_the_place_of_a_command_is_told_how_to_give_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "birds" / "owl").mkdir(parents=True)

    for given, meant in (("mine.csv", "csv:mine.csv"), ("birds", "folder:birds")):
        assert run.main([given]) == 2
        assert f"{given!r} is a data set, not a command; did you mean --dataset {meant}?" in capsys.readouterr().err


def test_bash_completes_commands_and_options(tmp_path):
    script = tmp_path / "memjax.bash"
    code = "import sys; from memjax import run; sys.exit(run.main(['completion', 'bash']))"
    with script.open("w") as stream:
        subprocess.run([sys.executable, "-c", code], stdout=stream, check=True)
    ask = (
        f"source {script}; COMP_WORDS=(memjax {{}}); COMP_CWORD=$(({{}})); COMP_LINE=x; "
        "$(complete -p memjax | sed -E 's/.*-F ([^ ]+).*/\\1/'); printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )

    def completed(words: str, count: int) -> list[str]:
        command = ask.format(words, count)
        return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout.split()

    assert completed("sta", 1) == ["status"]
    assert "--num-models" in completed("run --num", 2)


def test_the_reference_lists_every_command_and_option_from_the_same_source():
    page = (Path(memjax.__file__).parents[1] / "docs" / "api" / "commands.md").read_text()

    assert ".. memjax-commands::" in page
    for name, command in COMMANDS.items():
        documented = {option.name for option in options_of(command)}
        nested = {"output", "config", "fleet", "data", "table", "subset", "model", "train", "ahead"}
        for part in set(inspect.signature(command).parameters) - nested:
            flags = {part.upper(), f"--{part.replace('_', '-')}", f"--no-{part.replace('_', '-')}"}
            flags |= {"DIR"} if (part, name) == ("run", "export") or part == "folder" else set()
            assert documented & flags, f"{part} of {name} has no docstring"
