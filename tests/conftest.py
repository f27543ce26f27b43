"""Two CPU devices for all tests, a compilation cache for one session, a small data set and a small run."""

import gc
import os
import tempfile
from pathlib import Path

import jax
import numpy as np
import pytest

from memjax import run
from memjax.types import Dataset

SMALL_RUN = ["--num-models", "12", "--per-class", "8", "--test-per-class", "3", "--epochs", "8", "--model", "mlp:16"]
SMALL_RUN += ["--pack-size", "3"]

jax.config.update("jax_num_cpu_devices", 2)

_CACHE = tempfile.TemporaryDirectory(prefix="memjax-tests-")
jax.config.update("jax_compilation_cache_dir", _CACHE.name)  # many tests compile the same small programs
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

_MAPS = Path("/proc/self/maps")
_MAPS_MOST = 40_000  # Linux allows a process 65,530; beyond, the compiler ends it with a segmentation fault
_DEFAULT = "not ci and not slow and not browser"  # as in pyproject.toml: the tests that run by default


def pytest_configure(config):
    """The default tests compile without LLVM's optimisations, the others with them, as users do.

    Compiling is half of the time that the tests take.  XLA's own passes, which order sums, are the same.  Programs that
    tests start inherit the flag.  `XLA_FLAGS= python -m pytest` runs the default tests with all optimisations.
    """
    if config.option.markexpr == _DEFAULT:
        os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """The garbage collector need not look through thousands of collected tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def few_compiled_programs():
    """Each compiled program takes parts of the process's memory map: they are forgotten before there are too many."""
    yield
    if _MAPS.exists() and _MAPS.read_bytes().count(b"\n") > _MAPS_MOST:
        jax.clear_caches()


def make_dataset(num_train=60, num_test=20, num_classes=3, shape=(4,), seed=0, dtype=np.float32) -> Dataset:
    """One Gaussian cloud per class.  The clouds overlap."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(num_classes, *shape)) * 1.5

    def draw(count):
        labels = (np.arange(count) % num_classes).astype(np.int32)
        return (centres[labels] + rng.normal(size=(count, *shape))).astype(dtype), labels

    (train_inputs, train_labels), (test_inputs, test_labels) = draw(num_train), draw(num_test)
    names = tuple(f"class {number}" for number in range(num_classes))
    unchanged = np.zeros(num_train, bool)
    return Dataset(
        "clouds", train_inputs, train_labels, test_inputs, test_labels,
        np.arange(num_train), np.arange(num_test), names, unchanged,
    )  # fmt: skip


@pytest.fixture
def clouds() -> Dataset:
    return make_dataset()


@pytest.fixture(scope="session")
def small_run(tmp_path_factory) -> Path:
    """The folder of a small finished run.  Tests may read it or copy it, not change it."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_NUM_CPU_DEVICES", "2")  # the number of devices of the tests
        assert run.main(["--run", str(folder), *SMALL_RUN]) == 0
    return folder
