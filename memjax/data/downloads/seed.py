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
    for part, expected in CATALOG[dataset].values.items():
        values = getattr(found, part).astype(np.uint8)  # as in the files
        if hashlib.sha256(np.ascontiguousarray(values).data).hexdigest() != expected:
            what = part.replace("_", " ")
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
