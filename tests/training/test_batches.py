from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memjax.training.batches import epoch_batches, members, num_batches

KEY = jax.random.key(0)


@partial(jax.jit, static_argnums=(1, 2))
def _batches(mask, max_size, batch_size, key=KEY):
    return epoch_batches(key, members(mask, max_size), mask.sum(), batch_size)


def batches_of(mask, max_size, batch_size):
    return np.asarray(_batches(jnp.asarray(mask), max_size, batch_size))


@settings(max_examples=150, deadline=None)
@given(
    mask=st.lists(st.booleans(), min_size=24, max_size=24).filter(any),
    max_size=st.sampled_from([12, 24]),
    batch=st.sampled_from([1, 5, 24, 30]),
)
def test_only_members_and_each_of_them(mask, max_size, batch):
    mask = np.array(mask)
    mask[np.flatnonzero(mask)[max_size:]] = False
    batches = batches_of(mask, max_size, batch)

    assert batches.shape == (num_batches(max_size, batch), batch)
    assert mask[batches].all()  # a held-out example never enters a batch
    times = np.bincount(batches.ravel(), minlength=len(mask))[mask]
    assert times.min() >= 1
    assert times.max() - times.min() <= 1  # topped up evenly


def test_a_subset_that_divides_is_a_permutation():
    mask = np.arange(20) % 2 == 0

    assert sorted(batches_of(mask, 10, 5).ravel()) == list(range(0, 20, 2))


def test_every_order_is_equally_likely():
    keys = jax.random.split(KEY, 6000)
    mask = jnp.array([True, False, True, True])
    orders = np.asarray(jax.vmap(lambda key: epoch_batches(key, members(mask, 3), mask.sum(), 3))(keys))[:, 0]

    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(6000 * (1 / 6) * (5 / 6))


@pytest.mark.parametrize(("size", "batch", "steps"), [(10, 5, 2), (11, 5, 3), (3, 64, 1)])
def test_steps_of_an_epoch(size, batch, steps):
    assert num_batches(size, batch) == steps
