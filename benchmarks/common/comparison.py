"""What came out of a comparison: a table of times, and how many times faster one contestant is than another."""

import statistics
from dataclasses import dataclass

from benchmarks.common.sides import Found, Quantity, Side
from benchmarks.common.tables import markdown, number, spread


@dataclass(frozen=True)
class Comparison:
    """Times of all sides, and ratios between contestants, each at its best setting.

    Attributes:
      found: what each side printed, an entry per round.
      quantity: the time that is compared.
      pairs: contestants to compare, (the one whose times are divided by, the other).
    """

    found: Found
    quantity: Quantity
    pairs: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        ratios = "\n".join(self._in_words(*pair) for pair in self.pairs)
        peers = {str(result["peer"]) for results in self.found.values() for result in results if "peer" in result}
        return "\n".join([f"{self._table()}\n\n{ratios}", *sorted(peers)])

    def times(self, side: Side) -> list[float]:
        """Of each round, in the units of the table."""
        return [self.quantity.factor * result[self.quantity.key] for result in self.found[side]]

    def best(self, who: str) -> Side | None:
        """A contestant's fastest side, by the median, among those that ran in every round."""
        rounds = max((len(results) for side, results in self.found.items() if side.who == who), default=0)
        sides = [side for side, results in self.found.items() if side.who == who and len(results) == rounds]
        return min(sides, key=lambda side: statistics.median(self.times(side)), default=None)

    def _in_words(self, ours: str, theirs: str) -> str:
        """The ratio within each round, where both sides had the same machine: its median and extremes."""
        fast, slow = self.best(ours), self.best(theirs)
        if fast is None or slow is None:
            return f"{ours} against {theirs}: one of them did not run"
        ratios = [b / a for a, b in zip(self.times(fast), self.times(slow), strict=False)]
        return f"{ours} ({fast.how}) is faster than {theirs} ({slow.how}) by {spread(ratios)} times, n = {len(ratios)}"

    def _table(self) -> str:
        inverse = [self.quantity.inverse] if self.quantity.inverse else []
        rows = [["who", "how", "n", f"{self.quantity.name}: median (min to max)", *inverse]]
        for side in self.found:
            times = self.times(side)
            cells = [side.who, side.how, str(len(times)), spread(times)]
            rows.append(cells + [number(self.quantity.factor / statistics.median(times))] * len(inverse))
        return markdown(rows)
