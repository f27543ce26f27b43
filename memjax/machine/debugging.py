"""Settings of JAX that serve to debug a program.  memjax computes without them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

# memjax gives NaN where a score is undefined, calls compiled programs, and mixes ranks and types as NumPy does.
_NEEDED = {
    "jax_debug_nans": False,
    "jax_debug_infs": False,
    "jax_disable_jit": False,
    "jax_numpy_rank_promotion": "allow",
    "jax_numpy_dtype_promotion": "standard",
    "jax_transfer_guard": "allow",
}


def debugging() -> list[str]:
    """Names of the settings that are on: by an environment variable, by `jax.config`, or in a `with` block."""
    import jax

    return [name for name, value in _NEEDED.items() if getattr(jax.config, name) not in (value, None)]


@contextmanager
def without_debugging() -> Iterator[None]:
    """Switches these settings off in this thread, within a `with` block or, as a decorator, within a function."""
    import jax

    with ExitStack() as stack:
        for name in debugging():
            stack.enter_context(getattr(jax, name.removeprefix("jax_"))(_NEEDED[name]))
        yield
