"""What a run whose subsets were drawn by group says about the groups."""

from functools import cached_property
from typing import Any

import numpy as np

from memjax import notebook
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.runs.open_folder import Run
from memjax.types import Estimate, Outcomes


class ByGroup:
    """The part of a `Result` that is about groups."""

    run: Run
    config: RunConfig
    outcomes: Outcomes

    @cached_property
    def groups(self) -> Any:
        """The groups of training examples that --groups names, as a pandas data frame with one row for each.

        Columns: group, size, memorization, stderr, its 95 % interval (low, high), num_in and num_out (models).
        `memjax.estimators.GroupScores.columns` says how they are defined.

        Raises:
          InputError: the run has no groups, or no model is trained yet.
        """
        return notebook.frame(self.group_columns)

    @property
    def group_columns(self) -> dict[str, np.ndarray]:
        """The columns of `groups` by their names."""
        return self._of_groups.columns(self.config.score)

    @cached_property
    def group_influence(self) -> Estimate:
        """Influence of each group, in the order of `groups`, on each test example: (groups, test).

        Raises:
          InputError: as of `groups`.
        """
        from memjax.estimators import influence

        return influence(self._of_groups.masks, self.outcomes.test[self.config.score])

    @cached_property
    def _of_groups(self) -> Any:
        from memjax.estimators import of_groups

        if self.run.groups is None:
            raise InputError("the subsets of this run were drawn by example; give groups= to memjax.fit, or --groups")
        found = self.outcomes
        return of_groups(self.run.groups, found.masks, found.train[self.config.score])
