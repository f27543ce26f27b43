"""Random numbers that depend only on (seed, purpose, number), not on what was drawn before.

There are two generators.  Masks and selections of examples use raw Philox words on the host, which are the same in
every version of NumPy; everything else about them is sorting.  Initial weights, batch order and dropout use threefry
keys on the device, which are the same on every backend and under vmap.
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int, UInt64

from memjax.errors import InputError

if TYPE_CHECKING:
    from jax import Array

INIT, ORDER, DROPOUT, AUGMENT = 0, 1, 2, 3  # purposes of a model's device keys


def check_seed(seed: int) -> None:
    """Refuses a seed of more than 32 bits, because a jax key silently ignores all further bits."""
    if not 0 <= seed < 2**32:
        raise InputError(f"seed {seed} is out of range; give a number from 0 to {2**32 - 1}")


def host_bits(seed: int, purpose: str, number: int, size: int) -> UInt64[np.ndarray, " size"]:
    """`size` random 64-bit words, the same on every machine and in every version of NumPy."""
    address = hashlib.blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=16).digest()
    return np.random.Philox(key=int.from_bytes(address, "little")).random_raw(size)


def host_permutation(seed: int, purpose: str, number: int, size: int) -> Int[np.ndarray, " size"]:
    """The numbers 0 .. size - 1 in random order."""
    return np.argsort(host_bits(seed, purpose, number, size), kind="stable")


def host_order(seed: int, purpose: str, names: Iterable[object]) -> Int[np.ndarray, " names"]:
    """The places of named things in random order.  Two of them keep their order when others are added or left out."""
    words = [hashlib.blake2b(f"{seed}/{purpose}/{name}".encode(), digest_size=8).digest() for name in names]
    return np.argsort(np.array([int.from_bytes(word, "little") for word in words], np.uint64), kind="stable")


def run_key(seed: int) -> "Array":
    """The key from which all device keys of a run are derived."""
    import jax

    check_seed(seed)
    return jax.random.key(seed, impl="threefry2x32")  # explicit: rbg keys are not independent under vmap
