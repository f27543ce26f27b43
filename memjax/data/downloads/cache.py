"""Known data sets, read from the download folder of TensorFlow Datasets without TensorFlow."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from memjax.data.downloads.catalog import CATALOG, MADE, read_known
from memjax.data.readers.arrays import load_npz
from memjax.errors import InputError
from memjax.types import Dataset
from memjax.untrusted import user_path


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


def load_made(name: str) -> Dataset:
    """A data set that a script makes out of a published package."""
    path = made_path(name)
    if not path.exists():
        raise InputError(
            f"{name} is not in {path.parent}; `python -m experiments.data.{MADE[name]}`, in the source tree of memjax, "
            "fetches and writes it"
        )
    return replace(load_npz(str(path)), name=name)


def made_path(name: str) -> Path:
    """Where the script that makes a data set writes it."""
    return data_dir() / "downloads" / name / f"{name}.npz"


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
