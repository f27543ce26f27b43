"""What a run on sequences says about single tokens."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.runs.summary import printable
from memjax.types import Dataset


class ByToken:
    """The part of a `Result` that is about tokens."""

    config: RunConfig
    _read: Callable[..., Any]

    @cached_property
    def token_memorization(self) -> np.ndarray | None:
        """(train, length) log probability of each token, in nats: its mean over the models that trained on the
        sequence, minus that over the others.

        0 where no token counts; NaN without models on a side; None where --keep leaves out token_log_probability.
        """
        if "token_log_probability" not in self.config.keep:
            return None
        inside, outside = self._read(partial(store.read_means, name="token_log_probability"))
        return inside - outside


def token_texts(dataset: Dataset, by_token: np.ndarray) -> np.ndarray:
    """For each training sequence its tokens that count, each with its number; spaces and line breaks have signs."""
    names = [printable(name.strip()) or ("\u23ce" if name == "\n" else "\u2423") for name in dataset.tokens]
    rows = zip(dataset.targets("train").tolist(), by_token.tolist(), strict=True)
    return np.array(
        [" ".join(f"{names[token]}{rise:+.1f}" for token, rise in zip(*row, strict=True) if token >= 0) for row in rows]
    )
