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
    return found  # the tests' own compile cache stands: the user has set one


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


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_compiled_programs_go_to_a_folder_of_the_user_alone(home):
    folder = environment.compile_cache()

    assert folder is not None
    assert folder.parent == home / "memjax"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_cache_that_others_may_write_is_not_used(home):
    folder = environment.compile_cache()
    assert folder is not None
    folder.chmod(0o777)

    assert environment.compile_cache() is None


def test_a_cache_that_cannot_be_made_is_done_without(home):
    (home / "memjax").write_text("a file where the folder should be")

    assert environment.compile_cache() is None


def test_the_cache_is_set_where_there_is_none(updates, home, monkeypatch):
    monkeypatch.setattr(type(jax.config), "jax_compilation_cache_dir", None, raising=False)

    environment.start_jax()

    assert ("jax_compilation_cache_dir", str(environment.compile_cache())) in updates


def test_a_device_may_use_a_share_of_the_memory():
    assert 0 < environment.device_memory() * len(jax.local_devices()) < environment.memory()
