import json
import subprocess

from experiments.results.judged import has_history, judged, versions, with_judged


def result(commit="run1", seconds=5.0, value=0.3, word="supported", **more):
    verdict = {"claim": "it is", "word": word, "value": value, "low": 0.2, "high": 0.4, "p": 0.01}
    return {"experiment": "arpit.depth", "commit": commit, "seconds": seconds, "verdicts": [verdict], **more}


def test_the_run_wrote_its_verdicts():
    now = result()

    assert judged(now, [("c2", result(data="named later")), ("c1", result())]) is None
    assert judged(now, [("c3", now), ("c2", result("run0", value=0.1)), ("c1", result("run0"))]) is None


def test_verdicts_that_were_made_again_are_of_the_commit_that_changed_them():
    now = result(word="undecided")

    assert judged(now, [("c4", now), ("c3", now), ("c2", result()), ("c1", result())]) == "c3"


def test_verdicts_that_are_in_no_commit_yet_have_none():
    assert judged(result(word="undecided"), [("c1", result())]) is None
    assert judged(result(), []) is None


def test_commits_of_another_branch_may_stand_between():
    now = result(word="undecided")

    assert judged(now, [("merge", now), ("other", result()), ("changed", now), ("c1", result())]) == "changed"


def test_it_stands_behind_the_commit_of_the_run_and_is_taken_back():
    marked = with_judged(result(), "c3")

    assert list(marked)[:3] == ["experiment", "commit", "judged"]
    assert with_judged(marked, "c4")["judged"] == "c4"
    assert with_judged(marked, None) == result()


def test_versions_are_those_of_the_history(tmp_path):
    def git(*words):
        asked = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(asked, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert not has_history(tmp_path)
    git("init", "-q")
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / "a.json"
    for word in ("supported", "undecided"):
        path.write_text(json.dumps(result(word=word)))
        git("add", ".")
        git("commit", "-qm", word)

    found = versions(path)
    assert [each["verdicts"][0]["word"] for _, each in found] == ["undecided", "supported"]
    assert judged(json.loads(path.read_text()), found) == git("log", "-1", "--format=%h").strip()
    git("rm", "-q", "deep/a.json")
    git("commit", "-qm", "removed")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result(word="NaN")))
    git("add", ".")
    git("commit", "-qm", "another result of this name")

    assert [each["verdicts"][0]["word"] for _, each in versions(path)] == ["NaN"]
    assert has_history(tmp_path)
    git("clone", "-q", "--depth", "1", f"file://{tmp_path}", "shallow")
    assert not has_history(tmp_path / "shallow")
