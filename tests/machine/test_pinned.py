"""Settings of JAX in the caller's process do not change the models, and flags that do are recorded and said."""

from contextlib import contextmanager, suppress

import flax
import jax
import numpy as np
import pytest

import memjax
from memjax import store
from memjax.machine import environment
from memjax.machine.debugging import FLAX, GLOBAL, IN_CONTEXT, pinned
from tests.conftest import make_dataset

SETTINGS = {"num_models": 4, "pack_size": 2, "epochs": 2, "model": "mlp:6", "progress": False, "estimate": False}


@contextmanager
def updated(name, value):
    before = getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        yield
    finally:
        jax.config.update(name, before)


def trained(folder, **options):
    result = memjax.fit(make_dataset(num_train=20, num_test=6), run=folder, **SETTINGS | options)
    return [store.read_block(result.folder, number) for number in result.run.plan.blocks]


@pytest.fixture(scope="module")
def by_default(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("runs") / "default")


CHANGED = {
    "threefry": lambda: jax.threefry_partitionable(False),
    "threefry, everywhere": lambda: updated("jax_threefry_partitionable", False),
    "x64": lambda: jax.enable_x64(True),
    "x64, everywhere": lambda: updated("jax_enable_x64", True),
    "seeds": lambda: updated("jax_random_seed_offset", 7),
    "matmul": lambda: jax.default_matmul_precision("highest"),
    "keys": lambda: jax.default_prng_impl("rbg"),
    "gumbel": lambda: updated("jax_high_dynamic_range_gumbel", True),
}


@pytest.mark.ci
@pytest.mark.parametrize("changed", CHANGED)
def test_models_are_those_of_a_process_with_the_default_settings(tmp_path, by_default, changed):
    with CHANGED[changed]():
        blocks = trained(tmp_path / "run")

    for block, expected in zip(blocks, by_default, strict=True):
        np.testing.assert_array_equal(block.masks, expected.masks)
        for name, values in expected.train.items():
            np.testing.assert_array_equal(block.train[name], values, err_msg=name)
        for name, values in expected.test.items():
            np.testing.assert_array_equal(block.test[name], values, err_msg=name)


def test_another_threefry_would_have_given_other_models():
    """Otherwise the test above could not fail."""
    key = jax.random.key(0, impl="threefry2x32")
    with jax.threefry_partitionable(False):
        other = jax.random.normal(key, (8,))

    assert (np.asarray(other) != np.asarray(jax.random.normal(key, (8,)))).any()


def test_the_settings_of_the_caller_come_back_and_are_named():
    with updated("jax_random_seed_offset", 7), jax.enable_x64(True):
        with suppress(ZeroDivisionError), pinned() as aside:
            assert aside == ["jax_enable_x64 is True, and False while models train",
                             "jax_random_seed_offset is 7, and 0 while models train"]  # fmt: skip
            assert (jax.config.jax_enable_x64, jax.config.jax_random_seed_offset) == (False, 0)
            1 / 0  # noqa: B018
        assert (jax.config.jax_enable_x64, jax.config.jax_random_seed_offset) == (True, 7)


def test_the_pinned_values_are_the_defaults_of_jax_and_flax():
    with pinned() as aside:
        assert aside == []
    known = set(dir(jax.config)) | set(jax.config.values)
    assert {f"jax_{name}" for name in IN_CONTEXT} <= known
    assert len({f"jax_{name}" for name in GLOBAL} & known) >= 8
    assert all(getattr(flax.config, name) == value for name, value in FLAX.items())


def test_flags_of_the_compiler_are_recorded_without_those_that_change_nothing(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2 --xla_cpu_enable_fast_math=true")
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    assert environment.describe()["flags"] == "--xla_cpu_enable_fast_math=true"

    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    assert "flags" not in environment.describe()
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    assert environment.describe()["flags"] == "NVIDIA_TF32_OVERRIDE=0"


def test_another_flag_is_said_before_the_first_new_model_and_recorded_with_its_block(tmp_path, monkeypatch, caplog):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    trained(tmp_path / "run")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")  # JAX runs already, and does not read it
    with caplog.at_level("INFO", "memjax"):
        trained(tmp_path / "run", num_models=6)

    assert "(flags none there, --xla_cpu_enable_fast_math=true here)" in caplog.text
    flags = [store.read_record(tmp_path / "run", number).environment.get("flags") for number in range(3)]
    assert flags == [None, None, "--xla_cpu_enable_fast_math=true"]
