"""How many models a device trains at once."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax

from memjax.errors import InputError
from memjax.types import Model, Tree

CACHE = 2**20  # bytes of cache a core: past it the optimiser step runs at the speed of memory
ADVANTAGE = 0.03  # how much faster than the guess another size must be: less is within the noise of a short timing


# Sizes to try by compiling: finer than powers of two, because the best is where the activations of all models of a pack
# still fit in the fast memory of a chip.
LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
TRIES = 4


class Trial(NamedTuple):
    """The cost of a short training with one pack size."""

    seconds: float  # for each model
    size: int  # bytes in use on one device


def guess_pack_size(model: Model, num_models: int, num_devices: int, platform: str) -> int:
    """Models in a pack, from the size of the network alone.

    On a CPU, as many as keep weights, gradient and two moments in the cache, a power of two up to 16; elsewhere 64.
    Never more than are needed to train all models in one call over all devices.
    """
    params, _ = jax.eval_shape(model.init, jax.random.key(0))
    fits = max(1, 2 * CACHE // (4 * tree_bytes(params)))
    most = min(16, 2 ** (fits.bit_length() - 1)) if platform == "cpu" else 64
    return min(most, -(-num_models // num_devices))


def tree_bytes(tree: Tree) -> int:
    """Bytes of all arrays."""
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def choose_pack_size(attempt: Callable[[int], Trial], guess: int, most: int, memory: int) -> int:
    """The fastest of four pack sizes that fit, see `best_on_ladder`; the guess, unless another is 3 % faster.

    Where none of the four fits, the smallest is halved until it does.

    `attempt` gives the cost of a short training with a pack size; where it raises jax's error for a device without
    memory, that size does not fit.  `most` is the largest size that makes sense, `memory` the bytes of a device.
    """

    def seconds(size: int) -> float:
        try:
            trial = attempt(size)
        except jax.errors.JaxRuntimeError as problem:
            if not is_out_of_memory(problem):
                raise
            return math.inf
        return trial.seconds if trial.size <= memory else math.inf

    found = best_on_ladder(seconds, guess, most)
    while min(found.values()) == math.inf and (smallest := min(found)) > 1:
        found[smallest // 2] = seconds(smallest // 2)
    if min(found.values()) == math.inf:
        raise InputError(
            f"one model does not fit in the {memory / 2**30:.1f} GiB that a device may use; "
            "give a smaller --model or --batch-size"
        )
    first, best = next(iter(found)), min(found, key=lambda size: found[size])
    return best if found[best] < (1 - ADVANTAGE) * found[first] else first


def best_on_ladder(attempt: Callable[[int], float], guess: int, most: int) -> dict[int, float]:
    """The sizes up to `most` that were tried, at most four, with the cost of a model by `attempt`.

    They are the guess and sizes of `LADDER`.  What does not fit costs infinity.  Costs fall with the size as long as
    activations stay in fast memory, and rise beyond.  So from the guess the search goes by doublings to where costs
    fall, until they rise, and then tries the size between the best and the better of its neighbours.
    """
    sizes = sorted({size for size in LADDER if size <= most} | {min(guess, most)})
    at = min(range(len(sizes)), key=lambda place: abs(math.log(sizes[place] / max(1, guess))))
    found: dict[int, float] = {}

    def near(place: int) -> int:
        return min(max(0, place), len(sizes) - 1)

    def cost(place: int) -> float:
        size = sizes[near(place)]
        if size not in found and len(found) < TRIES:
            found[size] = attempt(size)
        return found.get(size, math.inf)

    while math.isinf(cost(at)) and at > 0 and len(found) < TRIES:
        at = near(at - 4)
    step = -2 if cost(at - 2) < cost(at) else 2
    while cost(at + step) < cost(at):
        at = near(at + step)
    if between := [place for place in (at - 1, at + 1) if near(place) == place]:
        cost(min(between, key=lambda place: cost(2 * place - at)))
    return found


def is_out_of_memory(problem: Exception) -> bool:
    """Whether this is jax's error for a device without memory."""
    return isinstance(problem, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(problem)
