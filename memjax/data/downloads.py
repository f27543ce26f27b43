"""The data sets known by name: their files on the web and in the download folder, their readers, and their sizes.

Files that the user already has are copied into that folder.  Some data sets are made by a script in experiments/data.
"""

import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from memjax.data.build import Parts, make_dataset
from memjax.data.readers.arrays import load_npz
from memjax.data.readers.cifar import read_cifar
from memjax.data.readers.idx import read_split
from memjax.data.readers.svhn import read_svhn
from memjax.errors import InputError, one_of
from memjax.store import write_atomically
from memjax.types import Dataset
from memjax.untrusted import reading, user_path


@dataclass(frozen=True)
class Known:
    """A data set known by name; downloads.toml explains its entries."""

    base: str
    files: tuple[str, ...]
    reader: str
    image_shape: tuple[int, ...]
    train_counts: tuple[int, ...]
    test_counts: tuple[int, ...]
    class_names: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)

    def url(self, file: str) -> str:
        return self.base + file


_TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
CATALOG = {
    name: Known(**row | {key: tuple(value) for key, value in row.items() if isinstance(value, list)})  # type: ignore
    for name, row in _TABLE.items()
}
MADE = {  # name -> script and its options
    "emoji": "emoji", "emoji32": "emoji --pixels 32", "emoji_plain": "emoji --no-skin",
    "emoji32_plain": "emoji --pixels 32 --no-skin", "mnist5k": "mnist5k",
}  # fmt: skip
# Class names and paths of the files, in the order of the catalog -> their content.
READERS: dict[str, Callable[..., Parts]] = {
    "mnist": lambda names, *paths: Parts(read_split(*paths[:2]), read_split(*paths[2:]), names),
    "svhn": lambda names, train, test: Parts(read_svhn(train), read_svhn(test), names),
    "cifar10": lambda _, path: read_cifar(path, "cifar10"),
    "cifar100": lambda _, path: read_cifar(path, "cifar100"),
}


def read_known(name: str, paths: dict[str, Path]) -> Dataset:
    """The data set `name`, read from files on disk and checked to be complete.

    Args:
      paths: name of the file on the web -> path on disk.
    """
    known = CATALOG[name]
    dataset = make_dataset(name, READERS[known.reader](known.class_names, *(paths[file] for file in known.files)))
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


def load_cached(name: str) -> Dataset:
    """A data set of the catalog, read from the download folder.  Missing files are downloaded first."""
    paths = {}
    for file in CATALOG[name].files:
        path = cache_path(name, file)
        for place in (path, path.parent.parent / path.name):  # the second: where older versions kept it
            if os.path.exists(place) and os.path.exists(info_path(place)):
                paths.setdefault(file, place)
        if file not in paths:
            paths = _download(name, file)
            break
    return read_known(name, paths)


def data_dir() -> Path:
    """The data folder of TensorFlow Datasets: TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    return user_path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def cache_path(name: str, file: str) -> Path:
    """The path of a file in the download folder.  Its name is made from the URL and the checksum."""
    from tensorflow_datasets.core.download import resource

    url = CATALOG[name].url(file)
    return data_dir() / "downloads" / name / resource.get_dl_fname(url, registered(name, file).checksum)


def registered(name: str, file: str) -> Any:
    """Size, checksum and name of a file, as registered in TensorFlow Datasets."""
    url = CATALOG[name].url(file)
    info = _url_infos(name).get(url)
    if info is None:
        raise InputError(f"the installed tensorflow-datasets knows no checksum of {url}; install version 4.9.10")
    return info


def _url_infos(name: str) -> dict[str, Any]:
    """The files registered in TensorFlow Datasets, by URL.  Newer data sets have a list of their own."""
    from tensorflow_datasets.core import utils
    from tensorflow_datasets.core.download import checksums

    own = utils.tfds_path("datasets", name, "checksums.tsv")
    return checksums.get_all_url_infos() | (checksums.load_url_infos(own) if own.exists() else {})


def info_path(path: Path) -> Path:
    """The note beside a downloaded file.  A file without a note counts as missing."""
    return path.with_name(path.name + ".INFO")


def _download(name: str, missing: str) -> dict[str, Path]:
    """Downloads all files of a data set."""
    known, url, folder = CATALOG[name], CATALOG[name].url(missing), data_dir() / "downloads"
    lacking = f"{name}: {missing} is not in {folder}"
    advice = f"seed the folder from files you have: python -m memjax.run seed {name} FOLDER"
    if not reachable(url):  # the download manager would try for minutes
        raise InputError(f"{lacking} and {url} cannot be reached; {advice}")
    import tensorflow_datasets as tfds

    try:
        infos = _url_infos(name)
        manager = tfds.download.DownloadManager(download_dir=folder, dataset_name=name, url_infos=infos)
        paths = manager.download({file: known.url(file) for file in known.files})
    except Exception as error:  # the manager may raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise InputError(f"{lacking} and downloading {url} failed: {reason}; {advice}") from error
    return {file: Path(path) for file, path in paths.items()}


def reachable(url: str, seconds: float = 3.0) -> bool:
    """Whether the server of a URL, or the proxy set for it, answers within so many seconds."""
    import requests

    try:
        requests.head(url, timeout=seconds)
    except requests.RequestException:
        return False
    return True


def load_made(name: str) -> Dataset:
    """The data set, from where its script wrote it."""
    path = made_path(name)
    if not path.exists():
        raise InputError(
            f"{name} is not in {path.parent}; `python -m experiments.data.{MADE[name]}`, in the source tree of memjax, "
            "fetches and writes it"
        )
    return replace(load_npz(str(path)), name=name)


def made_path(name: str) -> Path:
    """Where the script writes a data set."""
    return data_dir() / "downloads" / name / f"{name}.npz"


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
