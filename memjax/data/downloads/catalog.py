"""The data sets known by name: their files on the web, their readers, and their sizes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from memjax.data.build import Parts, make_dataset
from memjax.data.readers.cifar import read_cifar
from memjax.data.readers.idx import read_split
from memjax.data.readers.svhn import read_svhn
from memjax.errors import InputError
from memjax.types import Dataset


@dataclass(frozen=True)
class Known:
    """A data set known by name.

    Attributes:
      base: the address of its files, as registered in TensorFlow Datasets.
      read: paths of the files, in the same order -> their content.
      train_counts, test_counts: number of examples of each class.
    """

    base: str
    files: tuple[str, ...]
    read: Callable[..., Parts] = field(repr=False)
    image_shape: tuple[int, ...]
    train_counts: tuple[int, ...]
    test_counts: tuple[int, ...]

    def url(self, file: str) -> str:
        return self.base + file


def read_known(name: str, paths: dict[str, Path]) -> Dataset:
    """The data set `name`, read from files on disk and checked to be complete.

    Args:
      paths: name of the file on the web -> path on disk.
    """
    known = CATALOG[name]
    dataset = make_dataset(name, known.read(*(paths[file] for file in known.files)))
    folder = paths[known.files[0]].parent
    if dataset.input_shape != known.image_shape:
        raise InputError(f"{folder} holds images {dataset.input_shape}, not {known.image_shape} as in {name}")
    sides = (("train", dataset.train_labels, known.train_counts), ("test", dataset.test_labels, known.test_counts))
    for which, labels, counts in sides:
        came = tuple(np.bincount(labels, minlength=len(counts)).tolist())
        if came != counts:
            raise InputError(
                f"{folder} is not the complete {name}: {sum(came)} {which} examples, expected {sum(counts)}, or class "
                "counts that differ; get the files again"
            )
    return dataset


_DIGITS = tuple(str(digit) for digit in range(10))
_CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_MNIST_FILES = tuple(
    f"{which}-{kind}-ubyte.gz" for which in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)


def _read_mnist(class_names: tuple[str, ...], *paths: Path) -> Parts:
    return Parts(read_split(*paths[:2]), read_split(*paths[2:]), class_names)


CATALOG = {
    "mnist": Known(
        "https://storage.googleapis.com/cvdf-datasets/mnist/", _MNIST_FILES, partial(_read_mnist, _DIGITS), (28, 28),
        (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    ),
    "fashion_mnist": Known(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", _MNIST_FILES, partial(_read_mnist, _CLOTHES),
        (28, 28), (6000,) * 10, (1000,) * 10,
    ),
    "cifar10": Known(
        "https://www.cs.toronto.edu/~kriz/", ("cifar-10-binary.tar.gz",), partial(read_cifar, version="cifar10"),
        (32, 32, 3), (5000,) * 10, (1000,) * 10,
    ),
    "cifar100": Known(
        "https://www.cs.toronto.edu/~kriz/", ("cifar-100-binary.tar.gz",), partial(read_cifar, version="cifar100"),
        (32, 32, 3), (500,) * 100, (100,) * 100,
    ),
    "svhn_cropped": Known(
        "http://ufldl.stanford.edu/housenumbers/", ("train_32x32.mat", "test_32x32.mat"),
        lambda train, test: Parts(read_svhn(train), read_svhn(test), _DIGITS), (32, 32, 3),
        (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659),
        (1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595),
    ),
}  # fmt: skip

# Data sets made by a script in experiments/data out of a published package: name -> script and options.
MADE = {"emoji": "emoji", "emoji32": "emoji --pixels 32", "mnist5k": "mnist5k"}
