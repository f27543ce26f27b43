"""How fast are the strong pairs of a large data set found, and in how much memory?

Made-up predictions of 2,000 models for 60,000 training and 10,000 test examples of 10 classes, with pairs planted in
them (`benchmarks/common/planted_pairs.py`, which also names the sides).  Each side is a process of its own, in turn.
All sides must find the same pairs, and all of those planted; pairs within 0.00001 of the threshold, which rounding
decides, are left out of this check.

    python -m benchmarks.influence_pairs
    python -m benchmarks.influence_pairs --rounds 1 --models 50 --train 1000 --test 200
"""

import statistics
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.common.command import log, measure
from benchmarks.common.planted_pairs import SIDES, Measured, SideName, Size, measured
from benchmarks.common.tables import markdown, number, spread

COST = "not measured"


@dataclass(frozen=True)
class Settings:
    """How large, how often, and which sides; the first side is compared with each of the rest."""

    size: Size = field(default_factory=Size)
    rounds: int = 5
    sides: tuple[SideName, ...] = SIDES


class Result(NamedTuple):
    """What each side measured, an entry per round."""

    size: Size
    sides: dict[SideName, list[Measured]]

    @property
    def agree(self) -> bool:
        """Whether all sides found the same pairs, and all of those planted."""
        everything = [one for rounds in self.sides.values() for one in rounds]
        return len({one.digest for one in everything}) == 1 and not any(one.planted_missed for one in everything)

    def __str__(self) -> str:
        rows = [["side", "n", "s: median (min to max)", "peak, MiB", "without the imports, MiB", "times faster"]]
        first = next(iter(self.sides.values()))
        for side, rounds in self.sides.items():
            ratios = [theirs.seconds / mine.seconds for theirs, mine in zip(first, rounds, strict=True)]
            peak = statistics.median(one.peak_mib for one in rounds)
            work = statistics.median(one.peak_mib - one.before_mib for one in rounds)
            cells = [spread(one.seconds for one in rounds), number(peak), number(work), spread(ratios)]
            rows.append([side, str(len(rounds)), *cells])
        return f"{markdown(rows)}\n\n{self.size}\n{first[0].pairs:,} pairs, the same by every side: {self.agree}"


def run(settings: Settings) -> Result:
    """Runs all sides in turn."""
    sides: dict[SideName, list[Measured]] = {side: [] for side in settings.sides}
    for number_of_round in range(settings.rounds):
        for side, rounds in sides.items():
            rounds.append(measured(side, settings.size))
            log(round=number_of_round, side=side, **rounds[-1]._asdict())
    return Result(settings.size, sides)


def main() -> None:
    if not measure(Settings, run).agree:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
