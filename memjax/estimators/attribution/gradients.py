"""Gradients of each example by the parameters of networks, for batches of models and of examples, and their projection
by random signs that are drawn again whenever they are needed."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.metrics import METRICS
from memjax.prng import run_key
from memjax.types import ArrayLike, Tree

MEMORY = 2**28  # bytes of gradients that exist at one time
Network = Callable[[Tree, Tree, Array], Array]  # (params, state, inputs) -> logits, of one network
Output = Callable[[Array, Array], Array]  # (logits, labels) -> a number for each example
TILE = 1024  # rows of the matrix of signs that exist at one time
WORD = 32  # signs a random number


def per_example_gradients(
    network: Network, params: Tree, state: Tree, inputs: ArrayLike, labels: ArrayLike,
    output: str | Output = "log_odds", *, dims: int | None = None, seed: int = 0, memory: int = MEMORY,
) -> Float[np.ndarray, "models examples dims"]:  # fmt: skip
    """The gradient of a number by all parameters, for each model and each example.

        gradient[m, i] = d output(network(params[m], x_i), y_i) / d params[m]

    projected to `dims` dimensions if that is given, see `project`; the projection is the same for all models
    and depends on the seed only.  On the device are at most about `memory` bytes of gradients, three times those of the
    examples and models that are computed at once (of one example, if these are more).

    Args:
      network: such as `result.models.network`.
      params, state: with a models axis in front of each array, as of `result.models.parameters()`.
      inputs: (examples, *shape), as the network takes them: `result.models.scaled(x)`.
      labels: (examples,) class numbers.
      output: a metric by name (log_odds, margin, loss, probability), or a function of logits (1, classes) and labels
        (1,) that gives one number.

    Returns:
      In host memory.
    """
    inputs, labels = as_examples(inputs, labels)
    if dims is not None and (dims < WORD or dims % WORD):
        raise InputError(f"dims is {dims}; expected a multiple of {WORD}")
    leaves = jax.tree.leaves(params)
    num_models, num_params = len(leaves[0]), sum(leaf[0].size for leaf in leaves)
    models_at_once, examples_at_once = at_once(num_models, len(inputs), num_params, memory)
    found = np.empty((num_models, len(inputs), dims or num_params), np.float32)
    compute = partial(_gradients, network, output_named(output), dims, seed)
    for model in range(0, num_models, models_at_once):
        chosen = slice(model, model + models_at_once)
        part = jax.tree.map(lambda leaf, chosen=chosen: leaf[chosen], (params, state))
        for start in range(0, len(inputs), examples_at_once):
            count = min(examples_at_once, len(inputs) - start)
            rows = np.resize(np.arange(start, start + count), examples_at_once)  # one shape, one program
            found[chosen, start : start + count] = compute(*part, inputs[rows], labels[rows])[:, :count]
    return found


def at_once(num_models: int, num_examples: int, num_params: int, memory: int) -> tuple[int, int]:
    """How many models and examples fit in memory together, with three arrays of gradients: first more examples."""
    together = max(1, memory // (3 * 4 * num_params))
    models = min(num_models, max(1, together // num_examples))
    return models, min(num_examples, max(1, together // models))


def as_examples(inputs: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays; refuses lengths that do not fit."""
    inputs, labels = np.asarray(inputs), np.asarray(labels)
    if len(inputs) != len(labels) or not len(labels):
        raise InputError(f"there are {len(inputs)} inputs and {len(labels)} labels; expected one label an input")
    return inputs, labels


def output_named(output: str | Output) -> Output:
    """The function of logits and labels that a metric is; of a function, itself."""
    if callable(output):
        return output
    known = [name for name, metric in METRICS.items() if metric.bits > 1 and not metric.per_class]
    if output not in known:
        raise InputError(f"output {output!r} is not known; give {', '.join(known)} or a function of logits and labels")
    return METRICS[output].function


def gradient_of(network: Network, output: Output, params: Tree, state: Tree, x: Array, y: Array) -> Tree:
    """The gradient of an output on one example by the parameters of one network."""
    return jax.grad(lambda params: output(network(params, state, x[None]), y[None]).reshape(()))(params)


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _gradients(
    network: Network, output: Output, dims: int | None, seed: int, params: Tree, state: Tree, inputs: Array,
    labels: Array,
) -> Float[Array, "models examples dims"]:  # fmt: skip
    def of_model(params, state):
        trees = jax.vmap(partial(gradient_of, network, output, params, state))(inputs, labels)
        rows = jnp.concatenate([leaf.reshape(len(inputs), -1) for leaf in jax.tree.leaves(trees)], axis=1)
        return project(rows, dims, seed) if dims else rows.astype(jnp.float32)

    return jax.vmap(of_model)(params, state)


def project(rows: Float[Array, "examples columns"], dims: int, seed: int = 0) -> Float[Array, "examples dims"]:
    """Rows in fewer dimensions, whose inner products are on average those of the rows.

        projected = rows @ signs / sqrt(dims),      signs[k, d] = -1 or 1 with equal chance

    An inner product of rows a and b is then off by about ``|a| |b| / sqrt(dims)``.  The signs are a function of the
    seed, of k and of d (the bits of a counter-based generator), `TILE` rows of them at a time; sums are in float32.

    Args:
      dims: a multiple of 32.

    Reference:
      Achlioptas, Database-friendly Random Projections, 2003.
    """
    tiles = -(-rows.shape[1] // TILE)
    rows = jnp.pad(rows, ((0, 0), (0, tiles * TILE - rows.shape[1])))

    def add(sums, tile):
        part = jax.lax.dynamic_slice_in_dim(rows, tile * TILE, TILE, 1)
        return sums + jnp.matmul(part, signs(tile, dims, seed), precision="highest"), None

    sums, _ = jax.lax.scan(add, jnp.zeros((len(rows), dims), jnp.float32), jnp.arange(tiles))
    return sums / jnp.sqrt(jnp.float32(dims))


def signs(tile: Array, dims: int, seed: int) -> Float[Array, "tile dims"]:
    """The rows tile * TILE .. (tile + 1) * TILE - 1 of the matrix of signs."""
    words = jax.random.bits(jax.random.fold_in(run_key(seed), tile), (TILE, dims // WORD), jnp.uint32)
    bits = (words[..., None] >> jnp.arange(WORD, dtype=jnp.uint32)) & 1
    return 1 - 2 * bits.reshape(TILE, dims).astype(jnp.float32)
