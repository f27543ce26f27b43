"""The platform that a program is traced for, which need not be the one of this process."""

from collections.abc import Callable

import jax
from jaxtyping import Array

# While a training is traced, the platform of the devices that it will be compiled for, cpu, gpu or tpu; None outside
# of a training.  A part of the keys of jax's caches, so that a jitted function is traced again for another platform.
traced_for = jax.make_user_context(None)


def by_platform(cpu: Callable[..., Array], others: Callable[..., Array], *arrays: Array) -> Array:
    """`cpu(*arrays)` in a program for CPUs, `others(*arrays)` elsewhere.

    Outside of a training both are traced, and jax takes one of them when the program is lowered.
    """
    if traced_for.value is None:
        return jax.lax.platform_dependent(*arrays, cpu=cpu, default=others)
    return (cpu if traced_for.value == "cpu" else others)(*arrays)
