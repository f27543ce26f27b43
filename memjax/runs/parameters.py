"""Parameters of networks as named arrays, in which form a run folder stores them."""

from typing import Any

import numpy as np

from memjax.config.run_config import HALF, RunConfig
from memjax.errors import InputError
from memjax.runs.build_training import network
from memjax.types import Dataset, Tree


def as_arrays(kept: dict[int, Tree] | None, half: bool = False) -> dict[str, np.ndarray] | None:
    """The arrays of (params, state) after each epoch, by epoch and path in the tree; None if nothing is kept.

    With `half`, float32 becomes bfloat16, as the uint16 numbers of its bits, which every npz file can hold.
    """
    import ml_dtypes

    if kept is None:
        return None
    arrays = {f"{epoch}/{name}": leaf for epoch, tree in kept.items() for name, leaf in named(tree)}
    short = [name for name, leaf in arrays.items() if half and leaf.dtype == np.float32]
    return arrays | {name: np.asarray(arrays[name]).astype(ml_dtypes.bfloat16).view(np.uint16) for name in short}


def in_bfloat16(config: RunConfig) -> bool:
    """Whether parameters are stored so."""
    return any(name.endswith(HALF) for name in config.keep)


def as_tree(arrays: dict[str, np.ndarray], epoch: int, like: Tree) -> Tree:
    """(params, state) after an epoch, with a models axis in front of the shapes of `like`, from arrays by name.

    Raises:
      InputError: the arrays are not those of this network.
    """
    import jax

    from memjax.training.programs import is_key

    leaves = []
    for name, leaf in named(like):
        found = arrays.get(f"{epoch}/{name}")
        wanted = (*leaf.shape, 2) if is_key(leaf) else leaf.shape
        kind = np.uint32 if is_key(leaf) else leaf.dtype
        if found is None or found.shape[1:] != wanted or found.dtype != kind:
            given = "nothing" if found is None else f"{found.dtype} {found.shape[1:]}"
            raise InputError(f"stored parameters hold {given} for {name} after epoch {epoch}; expected {kind} {wanted}")
        leaves.append(
            jax.random.wrap_key_data(jax.numpy.asarray(found), impl="threefry2x32") if is_key(leaf) else found
        )
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def shapes_of(config: RunConfig, dataset: Dataset) -> Tree:
    """Shapes and types of (params, state) of one network."""
    import jax

    return jax.eval_shape(network(config, dataset).init, jax.random.key(0))


def parameter_bytes(config: RunConfig, dataset: Dataset) -> int:
    """What the parameters of one model take on disk, after all epochs for which they are kept; 0 if they are not."""
    from memjax.training.packing import tree_bytes

    if not (epochs := len(config.parameter_epochs)):
        return 0
    shapes = shapes_of(config, dataset)
    saved = sum(leaf.size * 2 for _, leaf in named(shapes) if leaf.dtype == np.float32) if in_bfloat16(config) else 0
    return epochs * (tree_bytes(shapes) - saved)


def named(tree: Tree) -> list[tuple[str, Any]]:
    """The arrays of (params, state) with their place in the network."""
    import jax

    parts = zip(("params", "state"), tree, strict=True)
    return [
        (f"{part}/{jax.tree_util.keystr(path, simple=True, separator='/')}", leaf)
        for part, its_tree in parts
        for path, leaf in jax.tree_util.tree_leaves_with_path(its_tree)
    ]
