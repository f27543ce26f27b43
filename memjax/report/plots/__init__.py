"""Figures of estimates, from arrays: for a notebook, a talk or a paper.

Each function returns a matplotlib Figure that belongs to nobody: pyplot is not used, no state is shared, and a
notebook shows it as it is.  `figure.savefig(path)` keeps it.  Names that a data set brought along are drawn as they
are, `$` included.
"""

from memjax.report.plots.dynamics import learning_speed, loss_trajectories
from memjax.report.plots.estimates import (
    accuracy_in_out,
    error_by_models,
    example_grid,
    membership_roc,
    memorization_histogram,
    pair_strips,
)

__all__ = [
    "accuracy_in_out",
    "error_by_models",
    "example_grid",
    "learning_speed",
    "loss_trajectories",
    "membership_roc",
    "memorization_histogram",
    "pair_strips",
]
