import os

import jax
import pytest

from memjax import environment


@pytest.fixture
def updates(monkeypatch):
    found = []
    monkeypatch.setattr(jax.config, "update", lambda name, value: found.append((name, value)))
    monkeypatch.delenv("JAX_NUM_CPU_DEVICES", raising=False)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    return found


def test_one_device_a_core(updates):
    environment.start_jax()

    assert updates == [("jax_num_cpu_devices", len(os.sched_getaffinity(0)))]


def test_as_many_as_asked_for(updates):
    environment.start_jax(3)

    assert updates == [("jax_num_cpu_devices", 3)]


@pytest.mark.parametrize(
    ("name", "value"), [("JAX_NUM_CPU_DEVICES", "4"), ("XLA_FLAGS", "--xla_force_host_platform_device_count=4")]
)
def test_what_the_user_has_set_stands(updates, monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    environment.start_jax()

    assert updates == []


def test_memory_is_that_of_a_real_machine():
    assert 2**28 < environment.memory() < 2**50


def test_versions_name_what_decides_a_result():
    assert {"memjax", "python", "jax", "jaxlib", "flax", "optax", "numpy"} == environment.versions().keys()
