"""Writes into each kept result the commit that has its verdicts, where these were made again after the run.

python -m experiments.results.judged            reads the history of the results, a minute, and writes `judged`
python -m experiments.results.judged --check    says which results lack it or name another commit

A rule of verdict that is mended changes stored verdicts without a run; `commit` stays that of the run.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.results.tables import FOLDER, options_of

SAID = ("claim", "word", "value", "low", "high")  # of a verdict
Version = tuple[str, dict[str, Any]]  # a commit, and the result as it was then


def versions(path: Path) -> list[Version]:
    """What a result was in each commit that changed it, the newest first."""
    hashes = _git("log", "--format=%h", "--", path.name, folder=path.parent).split()
    found = []
    for commit in hashes:
        text = _git("show", f"{commit}:./{path.name}", folder=path.parent)
        if not text:  # the commit removed it, and what was before is another result
            break
        found.append((commit, json.loads(text)))
    return found


def judged(now: dict[str, Any], history: Sequence[Version]) -> str | None:
    """The first commit of this run in which the verdicts are as they are; None where the run wrote them.

    Commits of other branches may stand between; None too where the verdicts are in no commit yet.
    """
    run = [(commit, before) for commit, before in history if _run_of(before) == _run_of(now)]
    same = [commit for commit, before in run if _said(before) == _said(now)]
    return same[-1] if same and same[-1] != run[-1][0] else None


def _run_of(result: dict[str, Any]) -> tuple[str, float]:
    return result["commit"], result["seconds"]


def _said(result: dict[str, Any]) -> list[list[Any]]:
    return [[verdict[key] for key in SAID] for verdict in result["verdicts"]]


def with_judged(result: dict[str, Any], commit: str | None) -> dict[str, Any]:
    """The result with this commit, after that of its run."""
    plain = [(key, value) for key, value in result.items() if key != "judged"]
    if commit is not None:
        plain.insert(1 + [key for key, _ in plain].index("commit"), ("judged", commit))
    return dict(plain)


def has_history(folder: Path) -> bool:
    """Whether the folder is in a repository with all its commits."""
    return _git("rev-parse", "--is-shallow-repository", folder=folder).strip() == "false"


def _git(*words: str, folder: Path) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True).stdout  # noqa: S607


def main(arguments: list[str]) -> None:
    """Writes the commits, or compares them."""
    parser = options_of("results.judged", __doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check = parser.parse_args(arguments).check
    if not has_history(FOLDER):
        sys.exit("error: the history of the results is not here; run this in a clone with all commits")
    stale = []
    for path in sorted(FOLDER.glob("*.json")):
        result = json.loads(path.read_text())
        wanted = with_judged(result, judged(result, versions(path)))
        if wanted != result:
            stale.append(path.name)
            if not check:
                path.write_text(json.dumps(wanted, indent=1))
                print(f"written: {path}")
    if stale and check:
        sys.exit(
            f"{', '.join(stale)}: without the commit that has their verdicts, or with another one; commit the results, "
            "then run python -m experiments.results.judged"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
