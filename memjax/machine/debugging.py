"""Settings of JAX and Flax that are set aside while memjax computes: for debugging, and those that change models."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

# memjax gives NaN where a score is undefined, calls compiled programs, and mixes ranks and types as NumPy does.
_NEEDED = {
    "jax_debug_nans": False, "jax_debug_infs": False, "jax_disable_jit": False, "jax_numpy_rank_promotion": "allow",
    "jax_numpy_dtype_promotion": "standard", "jax_transfer_guard": "allow",
}  # fmt: skip


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


def shield(names: list[str], home: dict[str, Any]) -> None:
    """Puts the functions among the public names of a package under `without_debugging`, there and in their modules."""
    for name in names:
        if callable(thing := home[name]) and not isinstance(thing, type):
            home[name] = vars(sys.modules[thing.__module__])[name] = without_debugging()(thing)


# All values are the defaults.  The first ones have a context of JAX, which also overrides a context of the caller.
IN_CONTEXT: dict[str, Any] = {
    "threefry_partitionable": True, "default_prng_impl": "threefry2x32", "enable_x64": False,
    "default_matmul_precision": None,
}  # fmt: skip
GLOBAL: dict[str, Any] = {
    "random_seed_offset": 0, "high_dynamic_range_gumbel": False, "accurate_erf_inv": False, "use_rgv3": True,
    "softmax_custom_jvp": False, "allow_f16_reductions": True, "use_hlo_logistic_lowering": None,
    "use_direct_linearize": True, "disable_most_optimizations": False, "optimization_level": "UNKNOWN",
    "exec_time_optimization_effort": 0.0,
}  # fmt: skip
FLAX: dict[str, Any] = {"flax_fix_rng_separator": False, "nnx_graph_mode": True, "nnx_graph_updates": True}


@contextmanager
def pinned() -> Iterator[list[str]]:
    """Random bits and precision do not depend on the caller's settings within this context, or function it decorates.

    Gives the caller's settings that are set aside, in words.  Settings that this version of JAX lacks are left out.
    """
    import flax
    import jax

    aside = []
    with ExitStack() as stack:
        for prefix, config, table in (("jax_", jax.config, IN_CONTEXT | GLOBAL), ("", flax.config, FLAX)):
            for name, value in table.items():
                own = getattr(config, prefix + name, value)
                if own == value:
                    continue
                aside.append(f"{prefix}{name} is {own}, and {value} while models train")
                if name in IN_CONTEXT:
                    stack.enter_context(getattr(jax, name)(value))
                else:
                    stack.callback(config.update, prefix + name, own)
                    config.update(prefix + name, value)
        yield aside
