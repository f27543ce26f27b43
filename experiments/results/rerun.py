"""Runs everything again whose result is kept, and says first how long it took, and the least that a GPU takes.

python -m experiments.results.rerun                      the commands, and the hours they took
python -m experiments.results.rerun --run                runs them; each resumes where it stopped
python -m experiments.results.rerun --run feldman_zhang  those whose names begin so
"""

import shlex
import subprocess
import sys
from typing import Any

from experiments.common.gpu import GPU
from experiments.results.tables import kept, options_of
from memjax.errors import one_of

FIRST = "memorization_values"  # it trains the models that most of the first paper's experiments share


def chosen(results: dict[str, dict[str, Any]], begins: str = "") -> list[tuple[str, float]]:
    """The commands whose experiment begins so, with the seconds that each took; what others need comes first."""
    some = [result for result in results.values() if result["experiment"].startswith(begins)]
    some.sort(key=lambda result: not result["experiment"].endswith(FIRST))
    return [(f"{result['command']} --keep", longest(result)) for result in some]


def longest(result: dict[str, Any]) -> float:
    """The seconds of a run; those of the longest with its command, as a later one may have found its models trained."""
    return result.get("longest", result["seconds"])


def on_gpu(results: list[dict[str, Any]]) -> str:
    """What `memjax doctor` says of a GPU: the least time of the trainings, and that of older runs by their seconds."""
    known = [result for result in results if result.get(f"{GPU}_hours") is not None]
    counted, took = (sum(result[key] for result in known) for key in (f"{GPU}_hours", "seconds"))
    took_all = sum(map(longest, results))
    older = (
        f"; about {counted * took_all / took:.2g} for all, if the others are like them" if 0 < took < took_all else ""
    )
    return (
        f"on one {GPU}: at least {counted:.2g} hours of training, by its data sheet, for the {len(known)} of "
        f"{len(results)} runs that wrote it down{older}; programs are slower, and their compilation is "
        "not counted"
    )


def main(arguments: list[str]) -> None:
    """Says what it costs, and with `--run` runs it."""
    parser = options_of("results.rerun", __doc__)
    parser.add_argument("begins", nargs="?", default="", metavar="NAME", help="how the names of experiments begin")
    parser.add_argument("--run", action="store_true", help="run them")
    asked, results = parser.parse_args(arguments), kept()
    begins, names = asked.begins, sorted({result["experiment"] for result in results.values()})
    commands = chosen(results, begins)
    if not commands:
        sys.exit(f"error: {one_of('experiment', begins, names)}")
    for command, seconds in commands:
        print(f"{seconds / 60:6.1f} min  {command}")
    hours = sum(seconds for _, seconds in commands) / 3600
    print(f"{len(commands)} runs: {hours:.1f} hours on two cores with other work beside; models of before not counted")
    print(on_gpu([result for result in results.values() if result["experiment"].startswith(begins)]))
    if not asked.run:
        return
    failed = [command for command, _ in commands
              if subprocess.run([sys.executable, *shlex.split(command)[1:]]).returncode]  # fmt: skip
    if failed:
        sys.exit("error: these failed; run them by hand to see why:\n" + "\n".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
