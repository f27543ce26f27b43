"""Parameters from the files of other programs."""

import jax.numpy as jnp
import numpy as np
import pytest

from memjax.errors import InputError
from memjax.exchange.weights import read_weights

ARRAYS = {"layers.0.kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "layers.0.bias": np.ones(3, np.float32)}


def test_an_npz_file(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)

    assert_same(read_weights(str(tmp_path / "a.npz")), ARRAYS)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_safetensors_file(tmp_path, dtype):
    safetensors = pytest.importorskip("safetensors.flax")
    safetensors.save_file({name: jnp.asarray(each, dtype) for name, each in ARRAYS.items()}, tmp_path / "a.safetensors")

    assert_same(read_weights(str(tmp_path / "a.safetensors")), ARRAYS)


def test_a_damaged_safetensors_file_is_refused(tmp_path):
    pytest.importorskip("safetensors")
    (tmp_path / "a.safetensors").write_bytes(b"\xff" * 40)

    for name in ("a", "b"):
        with pytest.raises(InputError, match="cannot be read"):
            read_weights(str(tmp_path / f"{name}.safetensors"))


def test_an_orbax_checkpoint(tmp_path):
    import orbax.checkpoint as ocp

    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "a", {"layers": [{"kernel": ARRAYS["layers.0.kernel"]}]})

    assert_same(read_weights(str(tmp_path / "a")), {"layers/0/kernel": ARRAYS["layers.0.kernel"]})
    (tmp_path / "a" / "_METADATA").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        read_weights(str(tmp_path / "a"))


def test_a_folder_of_networks(tmp_path):
    for number in (2, 10, 1):
        np.savez(tmp_path / f"{number}.npz", w=np.full(2, number))
    assert read_weights(str(tmp_path))["w"].tolist() == [[1, 1], [2, 2], [10, 10]]

    np.savez(tmp_path / "3.npz", w=np.zeros(5))
    with pytest.raises(InputError, match=r"1.npz holds \(2,\) for w, .*3.npz \(5,\)"):
        read_weights(str(tmp_path))


@pytest.mark.parametrize(("name", "words"), [("nothing.npz", "does not exist"), ("a.bin", "expected a file .npz or")])
def test_other_files_are_refused(tmp_path, name, words):
    with pytest.raises(InputError, match=words):
        read_weights(str(tmp_path / name))


def test_a_folder_without_parameters_is_refused(tmp_path, small_run):
    with pytest.raises(InputError, match="holds no parameters"):
        read_weights(str(tmp_path))
    with pytest.raises(InputError, match="kept no parameters of its models"):
        read_weights(str(small_run))


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name].astype(np.float32), array)
