"""Memorization with the probability as a control, as a run offers it beside the plain difference."""

from contextlib import suppress
from functools import cached_property
from typing import Any

from memjax.config.from_keywords import PURPOSES
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.runs.open_folder import Run
from memjax.types import Dataset, Outcomes

MOST = 2**27  # outputs of all models on training examples, up to which they are read without being asked for


class WithControl:
    """The part of a `Result` that is about it."""

    run: Run
    config: RunConfig
    dataset: Dataset
    outcomes: Outcomes

    @cached_property
    def controlled(self) -> Any:
        """Memorization by correctness with the probability as a control: from 1.6 to 2.6 times fewer models.

        `memorization` stays the plain difference, which is unbiased for each example; this has a smaller error over all
        examples together.  See `memjax.estimators.controlled_memorization`.

        Raises:
          InputError: no probability is stored, or the subsets are not independent ones of one size.
        """
        from memjax.estimators import controlled_memorization

        found = self.outcomes
        if {"correct", "probability"} - found.train.keys():
            raise InputError("the control needs what this run did not store; train with --keep correct probability")
        return controlled_memorization(found.masks, found.train["correct"], found.train["probability"])

    @cached_property
    def controlled_error(self) -> str:
        """The typical error of `controlled` in words, in runs with the subsets of `--for memorization`; else empty."""
        if (
            (self.config.subset, self.config.score) != (PURPOSES["memorization"], "correct")
            or self.run.plan.num_models * self.dataset.num_train > MOST
        ):  # fmt: skip
            return ""
        with suppress(InputError):  # too few models
            return f"{self.controlled.typical_error:.4f} typical error with the probability as a control"
        return ""
