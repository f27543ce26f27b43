"""Which programs are compiled with oneDNN."""

import jax
import jax.numpy as jnp
import pytest

from memjax.training.programs import ONEDNN, compiler_options


def text(dtype, convolution=False):
    def product(left):
        if convolution:
            images, kernel = left.reshape(1, 1, 8, 8), left.reshape(1, 1, 8, 8)
            return jax.lax.conv(images, kernel, (1, 1), "VALID")
        return left @ left

    return jax.jit(product).lower(jax.ShapeDtypeStruct((8, 8), dtype)).as_text()


@pytest.mark.parametrize(
    ("program", "platform", "options"),
    [
        (text(jnp.float32), "cpu", {}),
        (text(jnp.bfloat16), "cpu", ONEDNN),
        (text(jnp.float32, convolution=True), "cpu", ONEDNN),
        (text(jnp.bfloat16), "gpu", {}),
    ],
    ids=["float32 products", "bfloat16 products", "convolutions", "no CPU"],
)
def test_only_what_gains_by_it(program, platform, options):
    assert compiler_options(program, platform) == options
