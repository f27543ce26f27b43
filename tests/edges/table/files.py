"""Files of images and of arrays: every reader, with damaged, foreign and unusual content."""

import gzip
import zipfile
from pathlib import Path

import numpy as np

from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.data.readers.cifar import read_cifar
from memjax.data.readers.idx import read_idx
from memjax.data.readers.svhn import read_svhn
from memjax.data.readers.tfds import load_prepared
from tests.data.makers import idx_bytes, npy_bytes, npy_of, npz_arrays, write_mnist, write_npz, write_tar
from tests.data.test_cifar import IMAGES, LABELS, TEN, write_ten
from tests.data.test_svhn import DIGITS, save
from tests.data.test_svhn import IMAGES as HOUSES
from tests.edges.edge import Edge, data, gives
from tests.edges.inputs import rows, write

FEW = "--num-models 4 --epochs 1 --model linear --pack-size 2"


def npz(**members):
    """A command line that names a file of good arrays, some replaced by these bytes."""
    write_npz(Path("in.npz"), **members)
    return f"--dataset npz:in.npz {FEW}"


def archive(content):
    return f"--dataset npz:{write({'in.npz': content})} {FEW}"


def idx(**files):
    """A command line that names a folder of the MNIST family, some files replaced by these bytes; `_` stands for `-`."""
    write_mnist(Path("in"), pack=False)
    for name, content in files.items():
        path = Path("in", name if "." in name else name.replace("_", "-"))
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
    return f"--dataset idx:in {FEW}"


def npy(options="", **files):
    """A command line that names a folder of arrays, some replaced, or left out by None."""
    for name, content in (rows() | files).items():
        if content is not None:
            write({f"in/{name}.npy": content})
    return f"--dataset npy:in {FEW} {options}"


def one(kind, source, given, right="?"):
    return Edge(kind, source, "command", given, right)


def call(kind, source, given, right="?"):
    return Edge(kind, source, "call", given, right)


def mat(**changes):
    return read_svhn(save(Path("in.mat"), **changes))


def cifar(**changes):
    return read_cifar(write_ten(Path("in.tar.gz"), **changes), "cifar10")


def labels(values):
    return idx_bytes(np.array(values, np.uint8))


def masks(array, few="--num-models 4"):
    """A command line with subsets from a file."""
    return f"--design masks-file --masks-file {write({'m.npy': array})} --dataset digits --per-class 2 --epochs 1 {few} --model linear"


DRAWN = np.random.default_rng(0).random((4, 20)) < 0.5

ROWS = [
    # npz
    one(0, "npz", lambda: archive(b"")),
    one(16, "npz", lambda: archive(npy_of(np.ones(3)))),
    one(0, "npz", lambda: archive(b"PK\x03\x04 cut")),
    one(0, "npz", lambda: archive({})),
    one(0, "npz", lambda: npz(x_train=b"")),
    one(0, "npz", lambda: npz(x_train=b"no array")),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"x"))),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999,), }"))),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"))),
    one(0, "npz", lambda: npz(x_train=npy_of(np.zeros((6, 2, 2), np.uint8))[:-1])),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }"))),
    one(0, "npz", lambda: npz(x_train=npy_bytes("[]"))),
    one(6, "npz", lambda: npz(more=npy_of(np.zeros(1)))),
    one(6, "npz", lambda: archive({"X": np.zeros((4, 2)), "y": np.arange(4)})),
    one(6, "npz", lambda: archive({"images": np.zeros((4, 2)), "labels": np.arange(4)})),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array(["a", "b"])))),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array(["a", "", "c"])))),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array(["a", "b\n", "c"])))),
    one(0, "npz", lambda: npz(class_names=npy_of(np.arange(3)))),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array([["a", "b", "c"]])))),
    one(0, "npz", lambda: npz(y_train=npy_of(np.array([], int)))),
    one(0, "npz", lambda: archive(gzip.compress(b"x"))),
    one(0, "npz", lambda: f"--dataset npz:{write({'in/x': 'x'})[:2]}"),
    one(16, "npz", lambda: f"--dataset {write({'ok.npz': npz_arrays()})}"),
    one(16, "npz", lambda: f"--dataset npy:{write({'ok.npz': npz_arrays()})}"),
    one(16, "npz", lambda: f"--dataset npz:{write({'ok.npy': np.ones(3)})}"),
    call(
        0,
        "npz",
        lambda: load_dataset(DataSpec(f"npz:{write_npz(Path('in.npz'), zipfile.ZIP_DEFLATED)}")),
        data([0, 1, 2] * 2, "012"),
    ),
    # npy
    one(0, "npy", lambda: npy(x_train=None)),
    one(0, "npy", lambda: npy(y_train=None)),
    one(0, "npy", lambda: npy(x_train=rows()["x_train"].astype(float))),
    one(0, "npy", lambda: npy(x_train=np.zeros((0, 3), np.float32))),
    one(0, "npy", lambda: npy(x_train=b"\x93NUMPY")),
    one(0, "npy", lambda: npy("--stream --scaling unit", x_train=np.asfortranarray(rows()["x_train"]))),
    one(0, "npy", lambda: npy("--stream --scaling unit", x_train=rows()["x_train"].astype(">f4"))),
    one(0, "npy", lambda: npy("--stream --scaling unit --record loss")),
    one(0, "npy", lambda: npy("--stream --scaling unit --corrupt random-labels=0.5")),
    # idx
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=b"")),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=None)),
    one(0, "idx", lambda: idx(train_labels_idx1_ubyte=b"\x00\x00\x08")),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=b"\x89PNG" * 9)),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 4, 5)), kind=0x0D))),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 20))))),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 4, 5)))[:-1])),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 4, 5))) + b"x")),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((0, 4, 5))))),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((11, 4, 5))))),
    one(0, "idx", lambda: idx(t10k_images_idx3_ubyte=idx_bytes(np.zeros((5, 5, 4))))),
    one(0, "idx", lambda: idx(t10k_labels_idx1_ubyte=labels([9] * 5))),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=gzip.compress(idx_bytes(np.zeros((12, 4, 5))))[:-4])),
    one(0, "idx", lambda: idx(**{"class_names.txt": b"a\nb\n"})),
    one(0, "idx", lambda: idx(**{"class_names.txt": b"a\n\nc\n"})),
    one(0, "idx", lambda: idx(**{"class_names.txt": b"\xff\xfe\x00"})),
    call(
        16,
        "idx",
        lambda: load_dataset(
            DataSpec(idx(train_labels_idx1_ubyte=labels([5, 7] * 6), t10k_labels_idx1_ubyte=labels([7] * 5)).split()[1])
        ),
        data([0, 1] * 6, "57"),
    ),
    call(
        0,
        "idx",
        lambda: read_idx(Path(write({"in": idx_bytes(np.arange(6).reshape(1, 2, 3))})), 3),
        gives([[[0, 1, 2], [3, 4, 5]]]),
    ),
    # CIFAR
    call(0, "cifar", lambda: cifar().train.labels, gives(LABELS[:10])),
    call(0, "cifar", lambda: cifar().train.inputs, gives(IMAGES[:10])),
    call(0, "cifar", lambda: cifar(**{"data_batch_1.bin": None})),
    call(0, "cifar", lambda: cifar(**{"data_batch_1.bin": b"x" * 100})),
    call(0, "cifar", lambda: cifar(**{"data_batch_1.bin": b""})),
    call(0, "cifar", lambda: cifar(**{"batches.meta.txt": b"a\nb\n"})),
    call(0, "cifar", lambda: cifar(**{"batches.meta.txt": None})),
    call(0, "cifar", lambda: read_cifar(write_tar(Path("a"), [("cifar-10-batches-py/data_batch_1", b"x")]), "cifar10")),
    call(0, "cifar", lambda: read_cifar(write_tar(Path("a"), [(f"{TEN}/test_batch.bin", b"x")] * 2), "cifar10")),
    call(0, "cifar", lambda: read_cifar(Path(write({"a": gzip.compress(b"x")})), "cifar10")),
    call(0, "cifar", lambda: read_cifar(Path(write({"a": b"no archive"})), "cifar10")),
    call(0, "cifar", lambda: read_cifar(Path("/nowhere"), "cifar100")),
    call(0, "cifar", lambda: read_cifar(write_ten(Path("in.tar.gz")), "cifar100")),
    # SVHN
    call(0, "svhn", lambda: mat().labels, gives(DIGITS)),
    call(0, "svhn", lambda: mat().inputs, gives(HOUSES)),
    call(0, "svhn", lambda: mat(X=None)),
    call(0, "svhn", lambda: mat(y=None)),
    call(8, "svhn", lambda: mat(X=HOUSES)),
    call(0, "svhn", lambda: mat(y=np.ones((5, 1)))),
    call(0, "svhn", lambda: mat(y=np.array([[1], [2], [0], [3]], np.uint8))),
    call(2, "svhn", lambda: mat(y=np.array([[1], [2], [2.5], [3]]))),
    call(0, "svhn", lambda: read_svhn(Path(write({"a": b"no matrix"})))),
    call(0, "svhn", lambda: read_svhn(Path("/nowhere"))),
    # data sets prepared by TensorFlow Datasets
    call(0, "tfds", lambda: load_prepared("../x")),
    call(0, "tfds", lambda: load_prepared("no_such_data_set")),
    one(0, "tfds", lambda: "--dataset tfds:no_such_data_set"),
    one(0, "tfds", lambda: "--dataset tfds:"),
    # digits
    call(0, "digits", lambda: load_dataset(DataSpec("digits")).train_inputs.shape, gives((1437, 8, 8))),
    one(0, "digits", lambda: "--dataset digits --classes 3 12"),
    # subsets
    one(14, "masks file", lambda: masks(np.ones((4, 20), bool))),
    one(14, "masks file", lambda: masks(np.zeros((4, 20), bool))),
    one(14, "masks file", lambda: masks(np.tile(DRAWN[:1], (4, 1)))),
    one(0, "masks file", lambda: masks(DRAWN[:, :19])),
    one(0, "masks file", lambda: masks(DRAWN.T)),
    one(5, "masks file", lambda: masks(DRAWN * 2)),
    one(5, "masks file", lambda: masks(DRAWN * 2 - 1)),
    one(5, "masks file", lambda: masks(np.where(DRAWN, 1, np.nan))),
    one(0, "masks file", lambda: masks(DRAWN[0])),
    one(0, "masks file", lambda: masks(DRAWN[:0])),
    one(0, "masks file", lambda: masks(DRAWN, "--num-models 9")),
    one(0, "masks file", lambda: masks(DRAWN.astype(str))),
    one(0, "masks file", lambda: masks(b"x")),
    one(14, "masks file", lambda: masks(DRAWN * [[0], [1], [1], [1]])),
]
