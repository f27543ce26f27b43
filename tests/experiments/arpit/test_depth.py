"""Networks of several depths with the same number of parameters."""

from functools import partial

import jax
import numpy as np
import pytest
from flax import nnx

from experiments.arpit.depth import SIZES, Settings, Skipping, best_rate, width_for
from memjax.models import MLP, from_nnx


@pytest.mark.parametrize(("shape", "classes"), [((8, 8, 1), 10), ((28, 28, 1), 10), ((16, 16, 3), 88), ((30,), 2)])
@pytest.mark.parametrize("network", [MLP, Skipping])
def test_all_depths_have_the_same_number_of_parameters(shape, classes, network):
    depths, parameters, *_ = SIZES["full"]
    # One unit more or less in each layer changes the number by that many, so the nearest is within half of it.
    for depth in depths:
        width = width_for(parameters, depth, int(np.prod(shape)), classes)

        make = partial(network, shape, (width,) * depth, classes)

        params, _ = jax.eval_shape(from_nnx(lambda rngs, make=make: make(rngs=rngs)).init, jax.random.key(0))
        count = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))
        unit = np.prod(shape) + 1 + (depth - 1) * (2 * width + 2) + classes
        assert abs(count - parameters) <= min(unit / 2, 0.006 * parameters)


def test_a_skip_connection_hands_on_what_its_layer_gets():
    rngs = nnx.Rngs(0)
    deep, shallow = Skipping((5,), (4, 4, 4), 3, rngs=rngs), MLP((5,), (4,), 3, rngs=rngs)
    for layer in deep.layers[1:3]:
        layer.kernel[...] = np.zeros((4, 4))
    for here, there in ((0, 0), (-1, -1)):
        shallow.layers[there].kernel[...] = deep.layers[here].kernel[...]
    inputs = jax.random.normal(jax.random.key(0), (6, 5))

    np.testing.assert_allclose(deep(inputs), shallow(inputs), rtol=1e-6)


def test_the_rate_is_the_fastest_or_where_none_converges_that_which_fits_most():
    fitted = {0.1: 0.2, 0.2: 0.8, 0.3: 0.5}

    assert best_rate({0.1: 30.0, 0.2: 20.0, 0.3: 10.0}, fitted) == 0.3
    assert best_rate({0.1: 120.0, 0.2: 120.0, 0.3: 120.0}, fitted) == 0.2


def test_sgd_tries_ten_times_the_rates_of_adam():
    assert Settings(optimizer="sgd", learning_rates=(0.001, 0.25)).rates == (0.01, 2.5)
    assert Settings(learning_rates=(0.001, 0.25)).rates == (0.001, 0.25)
