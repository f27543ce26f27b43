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
from experiments.results.tables import kept

FIRST = "memorization_values"  # it trains the models that most of the first paper's experiments share


def chosen(results: dict[str, dict[str, Any]], begins: str = "") -> list[tuple[str, float]]:
    """The commands whose experiment begins so, with the seconds that each took; what others need comes first."""
    some = [result for result in results.values() if result["experiment"].startswith(begins)]
    some.sort(key=lambda result: not result["experiment"].endswith(FIRST))
    return [(f"{result['command']} --keep", result["seconds"]) for result in some]


def on_gpu(results: list[dict[str, Any]]) -> str:
    """What `memjax doctor` says of a GPU: the least time of the trainings, and that of older runs by their seconds."""
    known = [result for result in results if result.get(f"{GPU}_hours") is not None]
    counted, took, took_all = (
        sum(result[key] for result in some)
        for key, some in ((f"{GPU}_hours", known), ("seconds", known), ("seconds", results))
    )
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
    names = [word for word in arguments if word != "--run"]
    results, begins = kept(), names[0] if names else ""
    commands = chosen(results, begins)
    for command, seconds in commands:
        print(f"{seconds / 60:6.1f} min  {command}")
    hours = sum(seconds for _, seconds in commands) / 3600
    print(f"{len(commands)} runs: {hours:.1f} hours on two cores with other work beside; models of before not counted")
    print(on_gpu([result for result in results.values() if result["experiment"].startswith(begins)]))
    if "--run" not in arguments:
        return
    failed = [command for command, _ in commands
              if subprocess.run([sys.executable, *shlex.split(command)[1:]]).returncode]  # fmt: skip
    if failed:
        sys.exit("error: these failed; run them by hand to see why:\n" + "\n".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
