"""How many models a device trains at once."""

import math

import jax

from memjax.types import Model

CACHE = 2 * 2**20  # bytes of second-level cache a core: past it the optimiser step runs at the speed of memory


def guess_pack_size(model: Model, num_models: int, num_devices: int, platform: str) -> int:
    """Models a pack, from the size of the network alone; `--pack-size` overrides it.

    On a CPU, as many as keep weights, gradient and two moments in the cache, a power of two from 2 to 16; elsewhere
    64.  Never more than one call over all devices needs for all models.
    """
    params, _ = jax.eval_shape(model.init, jax.random.key(0))
    size = sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(params))
    fits = max(2, CACHE // (4 * size))
    most = min(16, 2 ** (fits.bit_length() - 1)) if platform == "cpu" else 64
    return min(most, -(-num_models // num_devices))
