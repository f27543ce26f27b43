"""CIFAR archives: exact values and channel order, and archives that are something else."""

import gzip
import pickle
import tarfile

import numpy as np
import pytest

from memjax.data.readers.cifar import read_cifar
from memjax.errors import InputError

from .makers import cifar_bytes, write_tar

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 10
TEN = "cifar-10-batches-bin"
HUNDRED = "cifar-100-binary"


def ten_members() -> dict[str, bytes]:
    members = {f"{TEN}/readme.html": b"hello"}
    for number in (3, 1, 2, 5, 4):  # the archive's order is not the order of the batches
        rows = slice(2 * (number - 1), 2 * number)
        members[f"{TEN}/data_batch_{number}.bin"] = cifar_bytes(IMAGES[rows], LABELS[rows])
    members[f"{TEN}/test_batch.bin"] = cifar_bytes(IMAGES[10:], LABELS[10:])
    members[f"{TEN}/batches.meta.txt"] = "".join(f"name {number}\n" for number in range(10)).encode() + b"\n"
    return members


def write_ten(path, **changes):
    members = ten_members() | {f"{TEN}/{name}": data for name, data in changes.items()}
    return write_tar(path, [(name, data) for name, data in members.items() if data is not None])


def test_cifar10_is_read_in_order(tmp_path):
    train, test, names = read_cifar(write_ten(tmp_path / "a.tar.gz"), "cifar10")

    np.testing.assert_array_equal(train.inputs, IMAGES[:10])
    np.testing.assert_array_equal(train.labels, LABELS[:10])
    np.testing.assert_array_equal(test.inputs, IMAGES[10:])
    np.testing.assert_array_equal(test.labels, LABELS[10:])
    assert names == tuple(f"name {number}" for number in range(10))


def test_cifar100_gives_the_fine_classes(tmp_path):
    fine, coarse = LABELS + np.uint8(50), LABELS
    path = write_tar(
        tmp_path / "a.tar.gz",
        [
            (f"{HUNDRED}/train.bin", cifar_bytes(IMAGES[:10], coarse[:10], fine[:10])),
            (f"{HUNDRED}/test.bin", cifar_bytes(IMAGES[10:], coarse[10:], fine[10:])),
            (f"{HUNDRED}/fine_label_names.txt", "\n".join(f"fine {number}" for number in range(100)).encode()),
            (f"{HUNDRED}/coarse_label_names.txt", b"coarse"),
        ],
    )

    train, _, names = read_cifar(path, "cifar100")

    np.testing.assert_array_equal(train.inputs, IMAGES[:10])
    np.testing.assert_array_equal(train.labels, fine[:10])
    assert names[99] == "fine 99"


def test_pickles_are_refused_and_not_run(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", [("cifar-10-batches-py/data_batch_1", pickle.dumps({}))])

    with pytest.raises(InputError, match="Python version of CIFAR, made of pickles"):
        read_cifar(path, "cifar10")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"data_batch_3.bin": None}, "has no cifar-10-batches-bin/data_batch_3.bin; get the binary version"),
        ({"data_batch_3.bin": bytes(3072)}, "data_batch_3.bin has 3072 bytes, not a multiple of 3073"),
        ({"data_batch_3.bin": b""}, "data_batch_3.bin has 0 bytes"),
        ({"batches.meta.txt": b"one\ntwo\n"}, "names 2 classes"),
        ({"batches.meta.txt": b"\x1b[31m\n" * 10}, "class name 0"),
    ],
)
def test_other_members_are_refused(tmp_path, changes, expected):
    with pytest.raises(InputError, match=expected):
        read_cifar(write_ten(tmp_path / "a.tar.gz", **changes), "cifar10")


def test_a_member_twice_is_refused(tmp_path):
    members = list(ten_members().items())

    with pytest.raises(InputError, match="twice"):
        read_cifar(write_tar(tmp_path / "a.tar.gz", members + members[-1:]), "cifar10")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_member_that_is_no_file_is_refused(tmp_path, kind):
    info = tarfile.TarInfo(f"{TEN}/test_batch.bin")
    info.type, info.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.addfile(info)

    with pytest.raises(InputError, match="no plain file"):
        read_cifar(tmp_path / "a.tar.gz", "cifar10")


def test_a_member_that_announces_too_much_is_refused(tmp_path):
    info = tarfile.TarInfo(f"{TEN}/test_batch.bin")
    info.size = 2**40
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)))

    with pytest.raises(InputError, match="no plain file of at most"):
        read_cifar(tmp_path / "a.tar.gz", "cifar10")


def test_a_truncated_archive_is_refused(tmp_path):
    content = write_ten(tmp_path / "a.tar.gz").read_bytes()

    for length in [0, 1, 5, 100, *range(200, len(content), 997), len(content) - 1]:
        (tmp_path / "b.tar.gz").write_bytes(content[:length])
        with pytest.raises(InputError, match=r"b.tar.gz"):
            read_cifar(tmp_path / "b.tar.gz", "cifar10")


def test_a_changed_byte_is_noticed(tmp_path):
    content = bytearray(write_ten(tmp_path / "a.tar.gz").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "b.tar.gz").write_bytes(content)

    with pytest.raises(InputError, match=r"b.tar.gz"):
        read_cifar(tmp_path / "b.tar.gz", "cifar10")


def test_an_archive_that_unpacks_without_end_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("memjax.data.readers.cifar._ARCHIVE_MOST", 50_000)
    path = write_tar(tmp_path / "a.tar.gz", [("filler", bytes(10**6))])

    with pytest.raises(InputError, match="unpacks to more than"):
        read_cifar(path, "cifar10")


def test_the_cap_is_exact(tmp_path, monkeypatch):
    path = write_ten(tmp_path / "a.tar.gz")
    size = len(gzip.decompress(path.read_bytes()))

    monkeypatch.setattr("memjax.data.readers.cifar._ARCHIVE_MOST", size)
    assert len(read_cifar(path, "cifar10").class_names) == 10
    monkeypatch.setattr("memjax.data.readers.cifar._ARCHIVE_MOST", size - 1)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_cifar(path, "cifar10")


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"<html>not found</html>")
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(b"no archive" * 1000))

    for name in ("a", "b", "absent"):
        with pytest.raises(InputError, match=f"{name}.tar.gz"):
            read_cifar(tmp_path / f"{name}.tar.gz", "cifar10")
