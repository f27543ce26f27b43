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
from tests.edges.edge import Edge, data, gives, says
from tests.edges.inputs import rows, write

FEW = "--num-models 4 --epochs 1 --model linear --pack-size 2"


def npz(**members):
    """A command line that names a file of good arrays, some replaced by these bytes."""
    write_npz(Path("in.npz"), **members)
    return f"--dataset npz:in.npz {FEW}"


def archive(content):
    return f"--dataset npz:{write({'in.npz': content})} {FEW}"


def idx(**files):
    """A command line that names a folder of the MNIST family, some files replaced; `_` stands for `-`."""
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


def one(kind, source, given, right):
    return Edge(kind, source, "command", given, right)


def call(kind, source, given, right):
    return Edge(kind, source, "call", given, right)


def mat(**changes):
    return read_svhn(save(Path("in.mat"), **changes))


def cifar(**changes):
    return read_cifar(write_ten(Path("in.tar.gz"), **changes), "cifar10")


def labels(values):
    return idx_bytes(np.array(values, np.uint8))


def masks(array, few="--num-models 4"):
    """A command line with subsets from a file."""
    return f"--design masks-file --masks-file {write({'m.npy': array})} --per-class 2 --test-per-class 1 --epochs 1 {few} --model linear"


DRAWN = np.random.default_rng(0).random((4, 20)) < 0.5

# fmt: off
ROWS = [
    # npz
    one(0, "npz", lambda: archive(b""), "in.npz cannot be read: File is not a zip file; ... check the file or get it again"),
    one(16, "npz", lambda: archive(npy_of(np.ones(3))), "in.npz is a single array; write all arrays into ... one npz file with numpy.savez"),
    one(0, "npz", lambda: archive(b"PK\x03\x04 cut"), "in.npz cannot be read: File is not a zip file; ... check the file or get it again"),
    one(0, "npz", lambda: archive({}), "in.npz holds nothing; expected x_train, y_train ... and class_names, each once"),
    one(0, "npz", lambda: npz(x_train=b""), "in.npz: x_train is not an array in NumPy's ... it with numpy.save or numpy.savez"),
    one(0, "npz", lambda: npz(x_train=b"no array"), "in.npz: x_train is not an array in NumPy's ... it with numpy.save or numpy.savez"),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"x")), "in.npz: x_train holds object; expected real numbers or text"),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999,), }")), "in.npz: x_train announces float64 ... room for 0; write the file again"),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }")), "in.npz: x_train announces float64 (-1,), -8 ... room for 0; write the file again"),
    one(0, "npz", lambda: npz(x_train=npy_of(np.zeros((6, 2, 2), np.uint8))[:-1]), "in.npz: x_train announces uint8 (6, 2, 2), 24 ... room for 23; write the file again"),
    one(0, "npz", lambda: npz(x_train=npy_bytes("{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }")), "in.npz cannot be read: descr is not a valid ... check the file or get it again"),
    one(0, "npz", lambda: npz(x_train=npy_bytes("[]")), "in.npz cannot be read: Header is not a ... check the file or get it again"),
    one(6, "npz", lambda: npz(more=npy_of(np.zeros(1))), "in.npz holds x_train, y_train, x_test, y_test, ... and class_names, each once"),
    one(6, "npz", lambda: archive({"X": np.zeros((4, 2)), "y": np.arange(4)}), "in.npz holds X, y; expected x_train, y_train ... and class_names, each once"),
    one(6, "npz", lambda: archive({"images": np.zeros((4, 2)), "labels": np.arange(4)}), "in.npz holds images, labels; expected x_train, ... and class_names, each once"),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array(["a", "b"]))), "in.npz: 2 class names for 3 classes; give one name per class"),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array(["a", "", "c"]))), "class name 1 in in.npz is ''; expected 1 to 200 printable characters"),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array(["a", "b\n", "c"]))), "class name 1 in in.npz is 'b\\n'; expected 1 to ... 200 printable characters"),
    one(0, "npz", lambda: npz(class_names=npy_of(np.arange(3))), "in.npz: class_names are int64 (3,); expected ... e.g. np.array(['cat', 'dog'])"),
    one(0, "npz", lambda: npz(class_names=npy_of(np.array([["a", "b", "c"]]))), "in.npz: class_names are <U1 (1, 3); expected ... e.g. np.array(['cat', 'dog'])"),
    one(0, "npz", lambda: npz(y_train=npy_of(np.array([], int))), "in.npz: y_train is an empty array (0,); expected at least one entry"),
    one(0, "npz", lambda: archive(gzip.compress(b"x")), "in.npz cannot be read: File is not a zip file; ... check the file or get it again"),
    one(0, "npz", lambda: f"--dataset npz:{write({'in/x': 'x'})[:2]}", "in is a folder, pipe or device; give a regular file"),
    one(16, "npz", lambda: f"--dataset {write({'ok.npz': npz_arrays()})}", "data set 'ok.npz' is not known; did you mean npz:ok.npz?"),
    one(0, "hf", lambda: "--dataset hf:beans", "data set 'hf:beans': those of Hugging Face are taken in Python; call memjax.fit(datasets.load_dataset('beans', split='train'))"),
    one(16, "npz", lambda: f"--dataset npy:{write({'ok.npz': npz_arrays()})}", "ok.npz/x_train.npy cannot be read: [Errno 20] ... check the file or get it again"),
    one(16, "npz", lambda: f"--dataset npz:{write({'ok.npy': np.ones(3)})}", "ok.npy is a single array; write all arrays into ... one npz file with numpy.savez"),
    call(0, "npz", lambda: load_dataset(DataSpec(f"npz:{write_npz(Path('in.npz'), zipfile.ZIP_DEFLATED)}")), data([0, 1, 2] * 2, "012")),
    # npy
    one(0, "npy", lambda: npy(x_train=None), "in/x_train.npy does not exist; check the path"),
    one(0, "npy", lambda: npy(y_train=None), "in/y_train.npy does not exist; check the path"),
    one(0, "npy", lambda: npy(x_train=np.zeros((0, 3), np.float32)), "in/x_train.npy is an empty array (0, 3); expected at least one entry"),
    one(0, "npy", lambda: npy(x_train=b"\x93NUMPY"), "in/x_train.npy is not an array in NumPy's ... it with numpy.save or numpy.savez"),
    one(0, "npy", lambda: npy("--stream --scaling unit", x_train=np.asfortranarray(rows()["x_train"])), "in/x_train.npy is in Fortran or foreign byte ... of it, in native byte order"),
    one(0, "npy", lambda: npy("--stream --scaling unit", x_train=rows()["x_train"].astype(">f4")), "in/x_train.npy is in Fortran or foreign byte ... of it, in native byte order"),
    one(0, "npy", lambda: npy("--stream --scaling unit --record loss"), "--record evaluates all training examples after ... --stream does not hold; drop one"),
    one(0, "npy", lambda: npy("--stream --scaling unit --corrupt random-labels=0.5"), "--corrupt changes data in memory, where ... not load them; drop one of them"),
    # idx
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=b""), "in/train-images-idx3-ubyte is not an IDX file: ... with nothing, not with 0000"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=None), "in has no train-images-idx3-ubyte or ... the files of the MNIST family"),
    one(0, "idx", lambda: idx(train_labels_idx1_ubyte=b"\x00\x00\x08"), "in/train-labels-idx1-ubyte is not an IDX file: ... starts with 000008, not with 0000"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=b"\x89PNG" * 9), "in/train-images-idx3-ubyte is not an IDX file: ... with 89504e47, not with 0000"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 4, 5)), kind=0x0D)), "in/train-images-idx3-ubyte has element type ... unsigned bytes (0x08), 1 to 4"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 20)))), "in/train-images-idx3-ubyte holds an array of 2 axes; expected 3"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 4, 5)))[:-1]), "in/train-images-idx3-ubyte should hold 240 ... but holds only 239; get it again"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((12, 4, 5))) + b"x"), "in/train-images-idx3-ubyte should hold 240 ... but holds more; get it again"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((0, 4, 5)))), "in/train-images-idx3-ubyte announces an array ... it; expected sizes of 1 and more"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=idx_bytes(np.zeros((11, 4, 5)))), "train has 11 inputs and 12 labels; expected one label per input"),
    one(0, "idx", lambda: idx(t10k_images_idx3_ubyte=idx_bytes(np.zeros((5, 5, 4)))), "train inputs are uint8 (4, 5), test inputs ... give them one shape and type"),
    one(0, "idx", lambda: idx(t10k_labels_idx1_ubyte=labels([9] * 5)), "test label 9 of row 0 has no training example; ... training examples of that class"),
    one(0, "idx", lambda: idx(train_images_idx3_ubyte=gzip.compress(idx_bytes(np.zeros((12, 4, 5))))[:-4]), "in/train-images-idx3-ubyte cannot be read: ... check the file or get it again"),
    one(0, "idx", lambda: idx(**{"class_names.txt": b"a\nb\n"}), "in/class_names.txt: 2 class names for 3 ... classes; give one name per class"),
    one(0, "idx", lambda: idx(**{"class_names.txt": b"a\n\nc\n"}), "class name 1 in in/class_names.txt is ''; ... 1 to 200 printable characters"),
    one(0, "idx", lambda: idx(**{"class_names.txt": b"\xff\xfe\x00"}), "in/class_names.txt cannot be read: 'utf-8' ... check the file or get it again"),
    call(16, "idx", lambda: load_dataset(DataSpec(idx(train_labels_idx1_ubyte=labels([5, 7] * 6), t10k_labels_idx1_ubyte=labels([7] * 5)).split()[1])), data([0, 1] * 6, "57")),
    call(0, "idx", lambda: read_idx(Path(write({"in": idx_bytes(np.arange(6).reshape(1, 2, 3))})), 3), gives([[[0, 1, 2], [3, 4, 5]]])),
    # CIFAR
    call(0, "cifar", lambda: cifar().train.labels, gives(LABELS[:10])),
    call(0, "cifar", lambda: cifar().train.inputs, gives(IMAGES[:10])),
    call(0, "cifar", lambda: cifar(**{"data_batch_1.bin": None}), "in.tar.gz has no ... get the binary version of CIFAR"),
    call(0, "cifar", lambda: cifar(**{"data_batch_1.bin": b"x" * 100}), "in.tar.gz: data_batch_1.bin has 100 bytes, not ... a multiple of 3073; get it again"),
    call(0, "cifar", lambda: cifar(**{"data_batch_1.bin": b""}), "in.tar.gz: data_batch_1.bin has 0 bytes, not a ... multiple of 3073; get it again"),
    call(0, "cifar", lambda: cifar(**{"batches.meta.txt": b"a\nb\n"}), "in.tar.gz names 2 classes in batches.meta.txt; expected 10"),
    call(0, "cifar", lambda: cifar(**{"batches.meta.txt": None}), "in.tar.gz has no ... get the binary version of CIFAR"),
    call(0, "cifar", lambda: read_cifar(write_tar(Path("a"), [("cifar-10-batches-py/data_batch_1", b"x")]), "cifar10"), "a is the Python version of CIFAR, made of ... when read; get the binary version"),
    call(0, "cifar", lambda: read_cifar(write_tar(Path("a"), [(f"{TEN}/test_batch.bin", b"x")] * 2), "cifar10"), "a holds cifar-10-batches-bin/test_batch.bin twice; get it again"),
    call(0, "cifar", lambda: read_cifar(Path(write({"a": gzip.compress(b"x")})), "cifar10"), "a cannot be read: truncated header; check the file or get it again"),
    call(0, "cifar", lambda: read_cifar(Path(write({"a": b"no archive"})), "cifar10"), "a cannot be read: Not a gzipped file (b'no'); ... check the file or get it again"),
    call(0, "cifar", lambda: read_cifar(Path("/nowhere"), "cifar100"), "/nowhere does not exist; check the path"),
    call(0, "cifar", lambda: read_cifar(write_ten(Path("in.tar.gz")), "cifar100"), "in.tar.gz has no cifar-100-binary/train.bin; ... get the binary version of CIFAR"),
    # SVHN
    call(0, "svhn", lambda: mat().labels, gives(DIGITS)),
    call(0, "svhn", lambda: mat().inputs, gives(HOUSES)),
    call(0, "svhn", lambda: mat(X=None), "in.mat holds X () and y uint8 (4, 1); expected ... 32, 3, images) and y (images, 1)"),
    call(0, "svhn", lambda: mat(y=None), "in.mat holds X uint8 (32, 32, 3, 4) and y (); ... 32, 3, images) and y (images, 1)"),
    call(8, "svhn", lambda: mat(X=HOUSES), "in.mat holds X uint8 (4, 32, 32, 3) and y uint8 ... 32, 3, images) and y (images, 1)"),
    call(0, "svhn", lambda: mat(y=np.ones((5, 1))), "in.mat holds X uint8 (32, 32, 3, 4) and y ... 32, 3, images) and y (images, 1)"),
    call(0, "svhn", lambda: mat(y=np.array([[1], [2], [0], [3]], np.uint8)), "in.mat: y holds 0 for image 2; expected 1 to 10, 10 being digit 0"),
    call(2, "svhn", lambda: mat(y=np.array([[1], [2], [2.5], [3]])), "in.mat: y holds 2.5 for image 2; expected 1 to 10, 10 being digit 0"),
    call(0, "svhn", lambda: read_svhn(Path(write({"a": b"no matrix"}))), "a cannot be read: Mat file appears to be ... check the file or get it again"),
    call(0, "svhn", lambda: read_svhn(Path("/nowhere")), "/nowhere does not exist; check the path"),
    # data sets prepared by TensorFlow Datasets
    call(0, "tfds", lambda: load_prepared("../x"), "tfds:../x is not a name of a data set; write ... tfds:NAME/CONFIG:VERSION at most"),
    call(0, "tfds", lambda: load_prepared("no_such_data_set"), "tfds:no_such_data_set is not prepared in ... or set TFDS_DATA_DIR"),
    one(0, "tfds", lambda: "--dataset tfds:no_such_data_set", "tfds:no_such_data_set is not prepared in ... or set TFDS_DATA_DIR"),
    one(0, "tfds", lambda: "--dataset tfds:", "data set 'tfds:' does not say where; write tfds:NAME"),
    # digits
    call(0, "digits", lambda: load_dataset(DataSpec("digits")).train_inputs.shape, gives((1437, 8, 8))),
    one(0, "digits", lambda: "--dataset digits --classes 3 12", "--classes names 12, but digits has classes 0 to 9; choose among these"),
    # subsets
    one(14, "masks file", lambda: masks(np.ones((4, 20), bool)), says("20 training examples have no score")),
    one(14, "masks file", lambda: masks(np.zeros((4, 20), bool)), "masks file m.npy: row 0 marks no example to ... train on; give at least one"),
    one(14, "masks file", lambda: masks(np.tile(DRAWN[:1], (4, 1))), says("20 training examples have no score")),
    one(0, "masks file", lambda: masks(DRAWN[:, :19]), "masks file m.npy has shape (4, 19); expected ... 20), a column per example"),
    one(0, "masks file", lambda: masks(DRAWN.T), "masks file m.npy has shape (20, 4); expected ... 20), a column per example"),
    one(5, "masks file", lambda: masks(DRAWN * 2), "masks file m.npy holds values other than 0 and ... trains on an example, else 0"),
    one(5, "masks file", lambda: masks(DRAWN * 2 - 1), "masks file m.npy holds values other than 0 and ... trains on an example, else 0"),
    one(5, "masks file", lambda: masks(np.where(DRAWN, 1, np.nan)), "masks file m.npy holds values other than 0 and ... trains on an example, else 0"),
    one(0, "masks file", lambda: masks(DRAWN[0]), "masks file m.npy has shape (20,); expected ... 20), a column per example"),
    one(0, "masks file", lambda: masks(DRAWN[:0]), "masks file m.npy has shape (0, 20); expected ... 20), a column per example"),
    one(0, "masks file", lambda: masks(DRAWN, "--num-models 9"), "--num-models is 9, but there are only 4 masks"),
    one(0, "masks file", lambda: masks(DRAWN.astype(str)), "masks file m.npy holds values other than 0 and ... trains on an example, else 0"),
    one(0, "masks file", lambda: masks(b"x"), "m.npy is not an array in NumPy's format; write ... it with numpy.save or numpy.savez"),
    one(14, "masks file", lambda: masks(DRAWN * [[0], [1], [1], [1]]), "masks file m.npy: row 0 marks no example to ... train on; give at least one"),
]
