"""What every experiment lets its user choose: how large it is, its seeds, and how often it is repeated."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import memjax
from experiments.common import gpu
from experiments.data.draws import drawn
from memjax.config.ranges import check_ranges
from memjax.config.run_config import RunConfig
from memjax.errors import InputError

# From the seeds of a draw of the data to those of the next; experiments use those right after a seed.
BETWEEN_DRAWS = 1000

# Options that experiments alone have, whether a value is in their range, and the range in words.
RANGES: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (("repeats", "retrainings", "sample", "draws", "widths", "null_epochs"), lambda count: count >= 1, "1 or more"),
    (("models",), lambda count: count >= 2, "2 or more: some see an example, and others do not"),
    (("rate", "share"), lambda rate: 0 < rate < 1, "a number between 0 and 1, both left out"),
    (("noise",), lambda share: 0 <= share <= 1, "a share from 0 to 1"),
    (("learning_rates", "learning_rate", "radius"), lambda rate: 0 < rate < float("inf"), "a number above 0"),
)


class Cost(NamedTuple):
    """How long an experiment took in both forms, as measured."""

    quick: str = "not measured"
    full: str = "not measured"


@dataclass(frozen=True)
class BaseSettings:
    """The options that all experiments have."""

    size: Literal["smoke", "quick", "full"] = "full"
    """smoke: seconds, to see that it works.  quick: at most a few minutes.  full: the largest."""
    seed: int = 0
    """Decides subsets, initial weights, the order of batches, and random choices of the experiment."""
    data_seed: int = 0
    """Decides which examples are drawn and how they are corrupted."""
    repeats: int = 1
    """Runs the whole experiment so often, each time with other seeds; reports means and standard deviations."""
    keep: bool = False
    """Puts the result into experiments/results and the figure into experiments/figures too."""
    label: str = ""
    """A word in the names of the files that are written; tells results with other options apart."""
    folder: Path = Path("runs/experiments")
    """Everything is written below this folder; models that are already there are not trained again."""

    @property
    def data_name(self) -> str:
        """What the experiment trains on, in a word."""
        return getattr(self, "dataset", "") or "several"

    def check(self) -> None:
        """Raises InputError for a value outside the range of its option; of several values each is checked."""
        for field in fields(self):
            if field.default and getattr(self, field.name) == ():
                raise InputError(f"--{field.name.replace('_', '-')} has no value; give one or more")
        for names, in_range, words in RANGES:
            for name in names:
                given = getattr(self, name, None)
                for value in given if isinstance(given, tuple) else (given,):
                    if value is not None and not in_range(value):
                        raise InputError(f"--{name.replace('_', '-')} is {value}; give {words}")
        check_ranges(self)
        for place in (self.folder, *self.folder.parents):
            if place.exists() and not place.is_dir():
                raise InputError(f"--folder is {self.folder}, but {place} is a file; give a folder, or a new name")

    @property
    def own_draws(self) -> int:
        """How many draws of the data the experiment makes itself."""
        return 1

    def each_draw(self) -> list[Self]:
        """The settings of each of these draws; those of the first are these."""
        return [self._at(number) for number in range(self.own_draws)]

    def repeat(self, number: int) -> Self:
        """The settings of one repeat; those of repeat 0 are these.  No two repeats share a draw of their own."""
        return replace(self._at(number * self.own_draws), repeats=1)

    def _at(self, draw: int) -> Self:
        step = BETWEEN_DRAWS * draw
        return replace(self, seed=self.seed + step, data_seed=self.data_seed + step)

    def source(self, dataset: str) -> str:
        """A data set as memjax names it; those of `experiments/data` as `data_seed` divides them."""
        return drawn(dataset, self.data_seed, self.folder)

    def fitted(self, config: RunConfig) -> memjax.Result:
        """The models of a configuration, trained where they are missing; estimates are made when they are asked for.

        Run folders are in `folder`/models and are named after their settings and the number of models, so that
        experiments share models, and one that asks for fewer does not get more.
        """
        run = self.folder / "models" / f"{Path(config.folder()).name}-{config.num_models}"
        return self.fit(config=config, run=run, estimate=False)

    def fit(self, *args: Any, run: Path, **options: Any) -> memjax.Result:
        """`memjax.fit`; where the result is kept, hours of a GPU are counted.

        Models whose run folder was there before are not, as the seconds of an experiment do not count them.
        """
        new = not run.exists()
        found = memjax.fit(*args, run=run, **options)
        if self.keep and new:
            gpu.add_run(found)
        return found
