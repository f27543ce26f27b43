"""Known data sets through the download folder of TensorFlow Datasets, with our own readers and no TensorFlow."""

import os
from pathlib import Path
from typing import Any

from memjax.data.downloads.catalog import CATALOG, read_known
from memjax.data.downloads.online import reachable
from memjax.errors import InputError
from memjax.types import Dataset
from memjax.untrusted import user_path


def load_cached(name: str) -> Dataset:
    """A data set of the catalog from the download folder; what is missing there is downloaded first.

    Raises:
      InputError: a file is neither there nor to be had, or is not what it should be.
    """
    paths = {file: find_cached(name, file) for file in CATALOG[name].files}
    missing = [file for file, path in paths.items() if path is None]
    if missing:
        paths = _download(name, missing[0])
    return read_known(name, {file: path for file, path in paths.items() if path is not None})


def data_dir() -> Path:
    """Where TensorFlow Datasets keeps its data: TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    return user_path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def download_dir() -> Path:
    """Where TensorFlow Datasets keeps what it has downloaded."""
    return data_dir() / "downloads"


def cache_path(name: str, file: str) -> Path:
    """Where the download folder keeps a file of a data set; the name there is made from the URL and the checksum."""
    from tensorflow_datasets.core.download import resource

    url = CATALOG[name].url(file)
    return download_dir() / name / resource.get_dl_fname(url, registered(name, file).checksum)


def registered(name: str, file: str) -> Any:
    """Size, checksum and file name that TensorFlow Datasets has for a file of a data set."""
    url = CATALOG[name].url(file)
    info = _url_infos(name).get(url)
    if info is None:
        raise InputError(f"the installed tensorflow-datasets knows no checksum of {url}; install version 4.9.10")
    return info


def _url_infos(name: str) -> dict[str, Any]:
    """What TensorFlow Datasets has registered, by URL: older data sets in one place, newer ones each in its own."""
    from tensorflow_datasets.core import utils
    from tensorflow_datasets.core.download import checksums

    own = utils.tfds_path("datasets", name, "checksums.tsv")
    return checksums.get_all_url_infos() | (checksums.load_url_infos(own) if own.exists() else {})


def info_path(path: Path) -> Path:
    """The note beside a downloaded file, without which it counts as not downloaded."""
    return path.with_name(path.name + ".INFO")


def find_cached(name: str, file: str) -> Path | None:
    """The file in the download folder, or in the place older versions used; None if not there, or without its note."""
    path = cache_path(name, file)
    for place in (path, path.parent.parent / path.name):
        if os.path.exists(place) and os.path.exists(info_path(place)):
            return place
    return None


def _download(name: str, missing: str) -> dict[str, Path | None]:
    """Downloads after a quick look whether that can work: the download manager itself tries for minutes."""
    known, url = CATALOG[name], CATALOG[name].url(missing)
    lacking = f"{name}: {missing} is not in {download_dir()}"
    advice = f"seed the folder from files you have: python -m memjax.run seed {name} FOLDER"
    if not reachable(url):
        raise InputError(f"{lacking} and {url} cannot be reached; {advice}")
    import tensorflow_datasets as tfds

    try:
        manager = tfds.download.DownloadManager(
            download_dir=download_dir(), dataset_name=name, url_infos=_url_infos(name)
        )
        paths = manager.download({file: known.url(file) for file in known.files})
    except Exception as error:  # the manager lets through whatever its parts raise
        raise InputError(f"{lacking} and downloading {url} failed: {_one_line(error)}; {advice}") from error
    return {file: Path(path) for file, path in paths.items()}


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
