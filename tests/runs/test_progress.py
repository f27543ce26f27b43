"""What a run shows: in a terminal, in a log, to a program, and to somebody who wants to hear nothing."""

import json
import os
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memjax import run
from memjax.cli import output
from memjax.cli.output import Output, two_columns
from memjax.config.specs import OutputSpec
from memjax.runs import progress
from memjax.runs.progress import progress_bar

SMALL = ["--per-class", "6", "--test-per-class", "2", "--epochs", "2", "--model", "linear", "--pack-size", "2"]
COMMAND = [sys.executable, "-m", "memjax.run"]
LINE = r"training \d+ %, \d+ of \d+ models, (\d+\.\d models/(s|min), \d+:\d\d left|\d+:\d\d so far)"


def environment(**more):
    return {**os.environ, "JAX_NUM_CPU_DEVICES": "2", "PYTHONPATH": str(Path(run.__file__).parent.parent), **more}


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A run whose output goes to one file, as a scheduler has it; its folder and the text of that file."""
    folder = tmp_path_factory.mktemp("logged")
    with open(folder / "log", "wb") as log:
        options = ["--run", str(folder / "run"), "--num-models", "6", "--worker", "1/2", *SMALL]
        assert subprocess.run([*COMMAND, *options], stdout=log, stderr=log, env=environment()).returncode == 0
    return folder / "run", (folder / "log").read_bytes().decode()


def in_terminal(arguments, columns):
    """What a terminal of so many columns is sent by a process."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(arguments, stdout=theirs, stderr=theirs, env=environment(TERM="xterm")) as process:
        os.close(theirs)
        sent = b""
        while True:
            try:
                sent += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    assert process.returncode == 0
    return sent.decode()


def test_a_log_has_whole_lines_and_a_table_at_its_end(logged):
    folder, log = logged

    assert "\r" not in log
    assert "\x1b" not in log
    assert re.search(r"^memjax 1/2: trained 6 models in \d+:\d\d, \d+\.\d models/(s|min)$", log, re.MULTILINE)
    assert re.search(rf"^report +{re.escape(str(folder / 'report.html'))}$", log, re.MULTILINE)
    for name in ("models", "memorization", "standard error", "pairs", "time"):
        assert re.search(rf"^{name:<16}\S", log, re.MULTILINE), name


@pytest.mark.parametrize("columns", [70, 0])
def test_a_terminal_has_a_bar_that_fits_into_it(columns):
    code = (
        "from memjax.runs.progress import progress_bar\n"
        "with progress_bar(9, 3) as bar: bar.write('a notice'); bar.update(6)"
    )

    sent = in_terminal([sys.executable, "-c", code], columns)

    bars = re.findall(r"training +\d+%\|[^\r\n]*", sent)
    assert any("3/9 models" in bar for bar in bars)
    assert "9/9 models" in bars[-1]
    assert all(len(bar) <= (columns or 80) for bar in bars)
    assert "\rmemjax: a notice\r\n" in sent  # on a line of its own


def test_json_is_one_object_a_line_from_start_to_summary(logged, capfd):
    folder, _ = logged

    assert run.main(["--run", str(folder), "--json"]) == 0

    out, err = capfd.readouterr()
    start, summary = map(json.loads, out.splitlines())
    assert err == ""
    assert (start["event"], start["num_models"], start["num_train"]) == ("start", 6, 60)
    assert (summary["event"], summary["num_models"], summary["trained"]) == ("summary", 6, 0)
    assert Path(summary["report"]).exists()
    assert 0 <= summary["accuracy"]["in_sample"] <= 1
    assert len(summary["most_memorized"]) == 10
    assert any("Only 6 models" in text for text in summary["warnings"])


def test_json_tells_of_progress_and_of_notices(monkeypatch, capsys):
    monkeypatch.setattr(output, "EVERY_EVENT", 0.01)

    with Output(OutputSpec(json=True)).progress(4, 1) as told:
        while not capsys.readouterr().out:
            time.sleep(0.01)
        told.write("a block is trained again")
        told.update(3)

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"event": "notice", "text": "a block is trained again"} in events
    last = events[-1]
    assert (last["event"], last["models"], last["of"], last["seconds_left"]) == ("progress", 4, 4, 0)
    assert last["models_per_second"] == pytest.approx(3 / last["seconds"], rel=0.2)


def test_quiet_says_where_the_report_is_and_nothing_else(logged, capfd):
    folder, _ = logged

    assert run.main(["--run", str(folder), "--quiet"]) == 0
    assert capfd.readouterr() == (f"{folder / 'report.html'}\n", "")
    assert run.main(["verify", str(folder), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_status_and_verify_for_programs(logged, capsys):
    folder, _ = logged

    assert run.main(["status", str(folder), "--json"]) == 0
    (status,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert run.main(["verify", str(folder), "--json"]) == 0
    *findings, summary = map(json.loads, capsys.readouterr().out.splitlines())

    assert (status["models"], status["pack_size"], status["model"]) == (status["of"], 2, "linear")
    assert {finding["kind"] for finding in findings} == {"ok"}
    assert summary == {"event": "summary", "problems": 0, "notes": 0}


def test_the_events_have_the_keys_that_the_documentation_lists(logged, capsys):
    folder, _ = logged
    page = (Path(__file__).parents[2] / "docs" / "howto" / "programs.md").read_text()
    listed = {
        event: set(re.findall(r"\w+", re.sub(r"\([^)]*\)|`", "", keys)))
        for event, keys in re.findall(r"^\| `(\w+)` \|.*\| (`.*) \|$", page, re.MULTILINE)
    }

    for arguments in (["--run"], ["status"], ["verify"]):
        assert run.main([*arguments, str(folder), "--json"]) == 0
        for event in map(json.loads, capsys.readouterr().out.splitlines()):
            if (arguments, event["event"]) != (["verify"], "summary"):
                assert event.keys() - {"event"} == listed[event["event"]]
    assert run.main(["status", str(folder / "nothing"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out).keys() - {"event"} == listed["error"]


def test_an_error_is_an_event_as_well(tmp_path, capsys):
    assert run.main(["status", str(tmp_path), "--json"]) == 2

    out, err = capsys.readouterr()
    error = json.loads(out)
    assert (error["event"], error["exit_code"]) == ("error", 2)
    assert err == f"memjax: {error['text']}\n"
    assert run.main(["--quiet", "--json"]) == 2
    assert "--quiet and --json" in capsys.readouterr().err


def test_a_reader_who_leaves_early_is_no_traceback(logged):
    folder, _ = logged
    pipe, end = os.pipe()
    os.close(pipe)

    left = subprocess.run(
        [*COMMAND, "status", str(folder)], stdout=end, stderr=subprocess.PIPE, text=True, env=environment()
    )

    os.close(end)
    assert (left.returncode, left.stderr) == (0, "")


def test_a_log_gets_a_line_now_and_then_also_before_the_first_model(monkeypatch, capsys):
    monkeypatch.setattr(progress, "EVERY_LINE", 0.01)

    with progress_bar(4, 0, who="memjax 0/3") as bar:
        while not (first := capsys.readouterr().err):
            time.sleep(0.01)
        bar.update(1)
        while not (later := capsys.readouterr().err) or " 0 of" in later:
            time.sleep(0.01)
        bar.write("a notice")
        bar.update(3)

    assert re.fullmatch(rf"(memjax 0/3: {LINE}\n)+", first)
    assert re.fullmatch(rf"(memjax 0/3: {LINE}\n)+", later)
    assert "1 of 4 models" in later
    *_, last = (rest := capsys.readouterr().err).splitlines()
    assert "memjax 0/3: a notice\n" in rest
    assert last.startswith("memjax 0/3: trained 4 models in 0:0")


def test_what_others_train_is_counted_and_what_comes_after_training_is_not_its_time(monkeypatch):
    shown = []
    with progress.Progress(9, 2, shown.append, 60.0, print, recount=lambda: 7) as bar:
        bar.update(1)
        assert bar.standing()[:3] == (7, 9, 2)
        bar.update(6)
        time.sleep(0.2)

    (last,) = shown
    assert last.done == 9
    assert last.seconds < 0.2


@pytest.mark.parametrize("spec", [OutputSpec(), OutputSpec(json=True), OutputSpec(quiet=True)])
def test_nothing_is_shown_where_all_is_done(spec, capsys):
    with Output(spec).progress(5, 5) as bar:
        assert bar.standing().done == 5

    assert capsys.readouterr() == ("", "")


def test_what_is_no_number_is_null(capsys):
    Output(OutputSpec(json=True)).say("x", "", value=float("nan"), more=[float("inf"), 1.5], path=Path("a"))

    assert json.loads(capsys.readouterr().out) == {"event": "x", "value": None, "more": [None, 1.5], "path": "a"}


def test_a_long_text_goes_on_below_itself(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    first, second = two_columns([("name", "word " * 14)]).splitlines()

    assert first.startswith("name  word")
    assert second.startswith("      word")
    assert max(len(first), len(second)) <= 60
