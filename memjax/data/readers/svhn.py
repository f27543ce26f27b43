"""Street View House Numbers, cropped: MATLAB files of images and digits.  In them 10 stands for the digit 0."""

from pathlib import Path

import numpy as np

from memjax.data.build import Split
from memjax.errors import InputError
from memjax.untrusted import most_unpacked, reading, size_of

_CLASSES = ("uint8", "double", "int32", "int64")  # types of digits in MATLAB files


def read_svhn(path: Path) -> Split:
    """Images (examples, 32, 32, 3) uint8 and their digits, from one .mat file."""
    from scipy.io import loadmat, whosmat

    with reading(path, Exception) as stream:  # scipy's reader may raise anything on a damaged file
        variables = {name: (shape, kind) for name, shape, kind in whosmat(stream, appendmat=False)}
        # Shapes and types from the headers: X (32, 32, 3, images) bytes and y (images, 1) numbers.
        (shape, kind), (labels, labels_kind) = (variables.get(name, ((), "")) for name in "Xy")
        count = shape[3] if len(shape) == 4 else 0
        if count < 1 or (shape, kind) != ((32, 32, 3, count), "uint8") or labels != (count, 1):
            raise InputError(
                f"{path} holds X {kind} {shape} and y {labels_kind} {labels}; expected X uint8 (32, 32, 3, images) "
                "and y (images, 1)"
            )
        if labels_kind not in _CLASSES or 3072 * count > most_unpacked(size_of(stream)):
            raise InputError(f"{path} announces {count} images, y being {labels_kind}; that cannot be; get it again")
        stream.seek(0)
        content = loadmat(stream, appendmat=False, variable_names=["X", "y"])
    images, digits = np.asarray(content["X"]), np.asarray(content["y"]).reshape(-1)
    wrong = np.flatnonzero(~np.isin(digits, np.arange(1, 11)))
    if wrong.size:
        raise InputError(f"{path}: y holds {digits[wrong[0]]} for image {wrong[0]}; expected 1 to 10, 10 being digit 0")
    return Split(np.ascontiguousarray(images.transpose(3, 0, 1, 2)), (digits % 10).astype(np.int32))
