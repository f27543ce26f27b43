"""All finished models of a run folder, stacked."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from memjax.errors import InputError
from memjax.store.blocks import Block, read_block
from memjax.types import Curves, Outcomes


def read_outcomes(folder: Path, blocks: Iterable[int], num_models: int) -> tuple[Outcomes, int]:
    """The models numbered below `num_models` in the given blocks, and how many of them diverged.

    Diverged models are left out of the outcomes: an answer that is not a number must not be averaged in as a wrong
    one.

    All are in memory at once, and for a moment twice: a byte for each mask and for each answer that is right or wrong,
    two for each other number; for 4,000 models of 60,000 training and 10,000 test examples 0.5 GB, and 0.6 GB more for
    probabilities.  Estimates of a run are made without it, two blocks at a time.

    Raises:
      CorruptBlock: a block is not what was written.
    """
    parts, used, num_failed = _parts(folder, blocks, num_models)
    return Outcomes(
        _stacked([part.model_ids for part in parts], used),
        _stacked([part.masks for part in parts], used),
        {name: _stacked([part.train[name] for part in parts], used) for name in parts[0].train},
        {name: _stacked([part.test[name] for part in parts], used) for name in parts[0].test},
    ), num_failed


def read_held_out(folder: Path, blocks: Iterable[int]) -> np.ndarray | None:
    """Mean probability of each class over models that did not train on an example, (train, classes); one block at once.

    Each block counts by its models that did not train on the example.  Blocks without such probabilities are left out.

    Returns:
      NaN where no model left the example out; None where no block has them.

    Raises:
      CorruptBlock: a block is not what was written.
    """
    total, count = None, 0
    for number in sorted(blocks):
        block = read_block(folder, number)
        if block.held_out is None:
            continue
        models = (~block.masks & block.finite[:, None]).sum(0)
        part = np.where(models[:, None] > 0, block.held_out.astype(np.float64), 0) * models[:, None]
        total, count = (part if total is None else total + part), count + models
    if total is None:
        return None
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: undefined, not zero
        return total / np.asarray(count)[:, None]


def read_curves(folder: Path, blocks: Iterable[int], num_models: int) -> Curves:
    """What was recorded of the models numbered below `num_models` while they trained; diverged ones are left out.

    Raises:
      CorruptBlock: a block is not what was written.
      InputError: nothing was recorded.
    """
    parts, used, _ = _parts(folder, blocks, num_models)
    if not parts[0].record:
        raise InputError(f"{folder} has recorded nothing; begin another --run with --record correct loss, or the like")
    return Curves(
        _stacked([part.model_ids for part in parts], used),
        _stacked([part.masks for part in parts], used),
        parts[0].epochs,
        {name: _stacked([part.record[name] for part in parts], used) for name in parts[0].record},
    )


def _parts(folder: Path, blocks: Iterable[int], num_models: int) -> tuple[list[Block], list[np.ndarray], int]:
    """The blocks, which models of each are used, and how many of those asked for diverged."""
    parts = [read_block(folder, number) for number in sorted(blocks)]
    asked = [part.model_ids < num_models for part in parts]
    used = [chosen & part.finite for chosen, part in zip(asked, parts, strict=True)]
    return parts, used, sum(int((chosen & ~part.finite).sum()) for chosen, part in zip(asked, parts, strict=True))


def _stacked(arrays: list[np.ndarray], used: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([array[chosen] for array, chosen in zip(arrays, used, strict=True)])
