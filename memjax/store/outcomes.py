"""All finished models of a run folder, stacked."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from memjax.store.blocks import read_block
from memjax.types import Outcomes


def read_outcomes(folder: Path, blocks: Iterable[int], num_models: int) -> tuple[Outcomes, int]:
    """The models numbered below `num_models` in the given blocks, and how many of them diverged.

    Diverged models are left out of the outcomes: an answer that is not a number must not be averaged in as a wrong
    one.

    Raises:
      CorruptBlock: a block is not what was written.
    """
    parts = [read_block(folder, number) for number in sorted(blocks)]
    asked = [part.model_ids < num_models for part in parts]
    used = [chosen & part.finite for chosen, part in zip(asked, parts, strict=True)]
    num_failed = sum(int((chosen & ~part.finite).sum()) for chosen, part in zip(asked, parts, strict=True))

    def stacked(arrays: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([array[chosen] for array, chosen in zip(arrays, used, strict=True)])

    return Outcomes(
        stacked([part.model_ids for part in parts]),
        stacked([part.masks for part in parts]),
        {name: stacked([part.train[name] for part in parts]) for name in parts[0].train},
        {name: stacked([part.test[name] for part in parts]) for name in parts[0].test},
    ), num_failed
