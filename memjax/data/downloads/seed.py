"""Copies data files that the user already has into the download folder of TensorFlow Datasets."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np

from memjax.data.downloads.catalog import CATALOG, cache_path, info_path, read_known, registered
from memjax.errors import InputError, one_of
from memjax.store import write_atomically
from memjax.untrusted import reading, user_path

# SHA-256 of the values.  The hash of a file changes when the file is compressed again.
_VALUES = {
    "fashion_mnist": {
        "train inputs": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "train labels": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        "test inputs": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
        "test labels": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    }
}


def seed_cache(dataset: str, folder: Path) -> list[Path]:
    """Copies the files of a known data set from a folder, where they have their original names; returns their paths.

    The files are read first.  Shapes and class counts must be those of the real data set, and so must the hash of the
    values where it is known.

    Raises:
      InputError: the data set is not known, a file is missing, or the files hold something else.
    """
    if dataset not in CATALOG:
        raise one_of("data set", dataset, list(CATALOG))
    files = CATALOG[dataset].files
    sources = {file: user_path(folder) / file for file in files}
    missing = [file for file, source in sources.items() if not os.path.exists(source)]
    if missing:
        raise InputError(f"{folder} has no {missing[0]}; {dataset} needs {', '.join(files)}")
    found = read_known(dataset, sources)
    for what, expected in _VALUES.get(dataset, {}).items():
        values = getattr(found, what.replace(" ", "_"))
        values = values.astype(np.uint8) if what.endswith("labels") else values
        if hashlib.sha256(np.ascontiguousarray(values).data).hexdigest() != expected:
            raise InputError(f"{folder}: the {what} are not those of {dataset}; get the files again")
    return [_put(dataset, file, source) for file, source in sources.items()]


def _put(dataset: str, file: str, source: Path) -> Path:
    """Copies a file and then writes its note, so that a partial copy counts as missing."""
    known, info, target = CATALOG[dataset], registered(dataset, file), cache_path(dataset, file)
    note = {
        "dataset_names": [dataset],
        "original_fname": file,
        "url_info": {"checksum": info.checksum, "filename": file, "size": int(info.size)},
        "urls": [known.url(file)],
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with reading(source) as stream:
            write_atomically(target, lambda copy: shutil.copyfileobj(stream, copy, 2**20))
        write_atomically(info_path(target), lambda copy: copy.write(json.dumps(note).encode()))
    except OSError as error:
        raise InputError(
            f"{target} cannot be written: {error.strerror or error}; make room or set TFDS_DATA_DIR"
        ) from error
    return target
