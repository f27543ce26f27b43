"""Whether a network leaves out of its batch statistics what it is told to leave out."""

import jax
import jax.numpy as jnp
import numpy as np

from memjax.errors import InputError
from memjax.models.normalization import counting
from memjax.types import Model


def check_counting(name: str, model: Model, input_shape: tuple[int, ...]) -> None:
    """Refuses a network of one's own in which examples that are not its own change, in training, anything else.

    It is tried on four random examples of which two count, with other values in place of the other two.

    Raises:
      InputError: an answer or the state differs.
    """
    params, state = model.init(jax.random.key(0))
    own = jnp.arange(4) < 2
    inputs = np.random.default_rng(0).normal(size=(4, *input_shape)).astype(np.float32)

    @jax.jit
    def answers(inputs):
        with counting(own):
            logits, after = model.apply(params, state, inputs, jax.random.key(1), True)
        numbers = [leaf for leaf in jax.tree.leaves(after) if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)]
        return [logits[:2], *numbers]

    others = np.where(np.asarray(own).reshape(-1, *[1] * len(input_shape)), inputs, 3 * inputs + 1)
    for before, after in zip(answers(inputs), answers(others), strict=True):
        if not np.allclose(before, after, rtol=1e-4, atol=1e-5):
            raise InputError(
                f"--model {name} mixes the examples of a batch, and with --stream a batch holds held-out ones; take "
                "memjax.models.BatchNorm in place of nnx.BatchNorm, or a normalisation of each example alone"
            )
