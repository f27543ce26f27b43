"""The outcomes of all finished models of a run folder, as arrays with one row per model."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from memjax.errors import InputError
from memjax.store.blocks import Block, read_block
from memjax.store.plan import Plan, read_plan
from memjax.types import Curves, Outcomes


def read_outcomes(
    folder: Path, blocks: Iterable[int], num_models: int, plan: Plan | None = None
) -> tuple[Outcomes, int]:
    """Outcomes of the models numbered below `num_models` in the given blocks, and how many of these models diverged.

    Diverged models are left out, so that their NaN predictions do not count as wrong ones.

    All models are in memory at once, and twice for a moment: one byte for each mask and each correctness, two for each
    other number.  4,000 models with 60,000 training and 10,000 test examples take 0.5 GB, and 0.6 GB more for
    probabilities.  A run does not use this function for its estimates: it reads two blocks at a time.

    Args:
      plan: of the folder; read from there by default.

    Raises:
      CorruptBlock: a block differs from what was written, or from what the plan says.
    """
    parts, used, num_failed = _parts(folder, blocks, num_models, plan)
    return Outcomes(
        _stacked([part.model_ids for part in parts], used),
        _stacked([part.masks for part in parts], used),
        {name: _stacked([part.train[name] for part in parts], used) for name in parts[0].train},
        {name: _stacked([part.test[name] for part in parts], used) for name in parts[0].test},
    ), num_failed


def read_held_out(folder: Path, blocks: Iterable[int], plan: Plan) -> np.ndarray | None:
    """Mean probability of each class over the models that did not train on an example, (train, classes).

    NaN where every model trained on the example; None if no block has held-out probabilities.  Blocks are read one at
    a time.  Each is weighted by its number of models that did not train on the example.  Raises as `read_outcomes`.
    """
    total, count = None, 0
    for number in sorted(blocks):
        block = read_block(folder, number, plan)
        if block.held_out is None:
            continue
        models = (~block.masks & block.finite[:, None]).sum(0)
        part = np.where(models[:, None] > 0, block.held_out.astype(np.float64), 0) * models[:, None]
        total, count = (part if total is None else total + part), count + models
    if total is None:
        return None
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: undefined, not zero
        return total / np.asarray(count)[:, None]


def read_means(folder: Path, blocks: Iterable[int], plan: Plan, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean of a kept metric on each training example over the models that trained on it, and over those that did not.

    NaN where there is no such model.  Blocks are read one at a time.  Raises as `read_outcomes`.
    """
    totals, counts = [np.zeros(()), np.zeros(())], [np.zeros(()), np.zeros(())]
    for number in sorted(blocks):
        block = read_block(folder, number, plan)
        for side, chosen in enumerate((block.masks, ~block.masks)):
            used = (chosen & block.finite[:, None]).astype(np.float64)
            values = np.where(block.finite[:, None, None], block.train[name], 0)
            totals[side] = totals[side] + np.einsum("mt,mt...->t...", used, values)
            counts[side] = counts[side] + used.sum(0)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: undefined, not zero
        inside, outside = (total / count[:, None] for total, count in zip(totals, counts, strict=True))
    return inside, outside


def read_curves(folder: Path, blocks: Iterable[int], num_models: int, plan: Plan | None = None) -> Curves:
    """Metrics recorded during training, for the models numbered below `num_models` that did not diverge.

    Args:
      plan: of the folder; read from there by default.

    Raises:
      CorruptBlock: a block differs from what was written, or from what the plan says.
      InputError: nothing was recorded.
    """
    parts, used, _ = _parts(folder, blocks, num_models, plan)
    if not parts[0].record:
        raise InputError(f"{folder} has recorded nothing; begin another --run with --record")
    return Curves(
        _stacked([part.model_ids for part in parts], used),
        _stacked([part.masks for part in parts], used),
        parts[0].epochs,
        {name: _stacked([part.record[name] for part in parts], used) for name in parts[0].record},
    )


def _parts(
    folder: Path, blocks: Iterable[int], num_models: int, plan: Plan | None
) -> tuple[list[Block], list[np.ndarray], int]:
    """The blocks, the models of each that are used, and how many of the requested models diverged."""
    plan = plan or read_plan(folder)
    parts = [read_block(folder, number, plan) for number in sorted(blocks)]
    requested = [part.model_ids < num_models for part in parts]
    used = [chosen & part.finite for chosen, part in zip(requested, parts, strict=True)]
    return parts, used, sum(int((chosen & ~part.finite).sum()) for chosen, part in zip(requested, parts, strict=True))


def _stacked(arrays: list[np.ndarray], used: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([array[chosen] for array, chosen in zip(arrays, used, strict=True)])
