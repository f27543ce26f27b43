"""What attribution scores are worth: each measure with its interval, what chance and what the best reach."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memjax import notebook
from memjax.notebook import three_digits as digits
from memjax.report.page.other_pages import verdict_page
from memjax.runs import display
from memjax.runs.summary import printable

SURE = 4  # standard errors from 0


class Measure(NamedTuple):
    """One measure of scores, with its 95 % interval.

    Attributes:
      name: LDS, left out, influence, twin, strong pairs, wrong labels or brittleness.
      value, low, high: the measure and its interval.
      chance: what scores that know nothing reach.
      ceiling: what `best` reaches; NaN where it is not known.
      best: what the ceiling is of, in words.
      about: what was measured on how many, in words.
    """

    name: str
    value: float
    low: float
    high: float
    chance: float
    ceiling: float
    best: str
    about: str

    @property
    def is_sure(self) -> bool:
        """Whether it lies more than four standard errors from 0: one interval in twenty of noise leaves out 0."""
        return bool(abs(self.value) > SURE * (self.high - self.low) / (2 * 1.96))

    def text(self) -> str:
        """The numbers in a sentence."""
        ceiling = "" if np.isnan(self.ceiling) else f"; ceiling {digits(self.ceiling)} ({self.best})"
        interval = f"95 % interval {digits(self.low)} to {digits(self.high)}"
        return f"{digits(self.value)} ({interval}); {digits(self.chance)} under the null{ceiling}; {self.about}"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What scores are worth.

    Attributes:
      measures: all that the run could measure.
      by_class: the LDS of the test examples of each class.
      understood: how scores and run were understood, as names and texts.
      notices: what the reader should know first.
    """

    measures: list[Measure]
    by_class: list[Measure]
    understood: list[tuple[str, str]]
    notices: list[str]

    def __getitem__(self, name: str) -> Measure:
        """A measure by its name."""
        return next(each for each in self.measures if each.name == name)

    def answer(self) -> str:
        """The first measure in words."""
        first = self.measures[0]
        scope = f"{first.name} {digits(first.value)}"
        if np.isnan(first.value):
            return f"{first.name} is not defined: the scores of a test example, or the outputs, are all the same."
        if first.low <= 0 <= first.high:
            return f"{scope}: the interval holds 0, so these scores cannot be told from noise."
        if not first.is_sure:
            return f"{scope}: the interval leaves out 0, but one in twenty of noise does. These scores may be noise."
        if first.value < 0:
            return f"{scope}: the scores point the wrong way. With their sign turned they reach {digits(-first.value)}."
        share = f", {first.value / first.ceiling:.0%} of what {first.best} reaches" if first.ceiling > 0 else ""
        return f"{scope}{share}: the scores say which training examples help."

    def rows(self) -> list[tuple[str, str]]:
        """Everything as names and texts of a table."""
        classes = [(f"LDS, {printable(each.name)}", each.text()) for each in self.by_class]
        notices = [("notice", text) for text in self.notices]
        return [*self.understood, *((each.name, each.text()) for each in self.measures), *classes, *notices]

    def to_dataframe(self) -> Any:
        """A pandas data frame with a row for each measure."""
        return notebook.frame(dict(zip(Measure._fields, map(np.array, zip(*self.measures, strict=True)), strict=True)))

    def report(self, path: str | Path) -> display.ReportFile:
        """Writes an HTML page that needs no network, with all measures and a figure of them."""
        page = verdict_page(self.answer(), self.understood, self.measures, self.by_class, self.notices)
        return display.write_page(path, page)

    def __repr__(self) -> str:
        return display.as_text("", {}, [("verdict", self.answer()), *self.rows()])
