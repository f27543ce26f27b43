import os

import jax
import pytest

from memjax.machine import environment


@pytest.fixture
def updates(monkeypatch):
    found = []
    monkeypatch.setattr(jax.config, "update", lambda name, value: found.append((name, value)))
    monkeypatch.delenv("JAX_NUM_CPU_DEVICES", raising=False)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    return found  # nothing sets the compilation cache, because the tests have one


def test_there_is_one_device_per_core(updates):
    environment.start_jax()

    assert updates == [("jax_num_cpu_devices", len(os.sched_getaffinity(0)))]


def test_the_user_may_choose_the_number_of_devices(updates):
    environment.start_jax(3)

    assert updates == [("jax_num_cpu_devices", 3)]


@pytest.mark.parametrize(
    ("name", "value"), [("JAX_NUM_CPU_DEVICES", "4"), ("XLA_FLAGS", "--xla_force_host_platform_device_count=4")]
)
def test_a_number_of_devices_in_the_environment_is_respected(updates, monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    environment.start_jax()

    assert updates == []


def test_the_amount_of_memory_is_plausible():
    assert 2**28 < environment.memory() < 2**50


def test_versions_name_all_packages_that_results_depend_on():
    assert {"memjax", "python", "jax", "jaxlib", "flax", "optax", "numpy"} == environment.versions().keys()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_only_the_user_may_enter_the_compilation_cache(home):
    folder = environment.compile_cache()

    assert folder is not None
    assert folder.parent == home / "memjax"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_cache_that_others_may_write_to_is_not_used(home):
    folder = environment.compile_cache()
    assert folder is not None
    folder.chmod(0o777)

    assert environment.compile_cache() is None


def test_there_may_be_no_cache(home):
    (home / "memjax").write_text("a file where the folder should be")

    assert environment.compile_cache() is None


def test_the_cache_is_set_unless_the_user_has_one(updates, home, monkeypatch):
    monkeypatch.setattr(type(jax.config), "jax_compilation_cache_dir", None, raising=False)

    environment.start_jax()

    assert ("jax_compilation_cache_dir", str(environment.compile_cache())) in updates


def test_each_device_may_use_a_share_of_the_memory():
    assert 0 < environment.device_memory() * len(jax.local_devices()) < environment.memory()
