"""A small MNIST in place of the real one, and a download folder of the test's own."""

import dataclasses
from pathlib import Path

import pytest

from memjax.data import downloads as catalog

from .makers import write_mnist


@pytest.fixture
def downloads(tmp_path, monkeypatch) -> Path:
    """An empty download folder; neither the user's own nor a proxy is used."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
        monkeypatch.delenv(proxy.upper(), raising=False)
    return tmp_path / "data" / "downloads"


@pytest.fixture
def small_mnist(tmp_path, monkeypatch) -> Path:
    """A folder with the four files of a data set of 12 and 6 images, which the catalog takes for MNIST."""
    write_mnist(tmp_path / "mine", train=12, test=6)
    known = catalog.CATALOG["mnist"]
    small = dataclasses.replace(
        known,
        class_names=("0", "1", "2"),
        image_shape=(4, 5),
        train_counts=(4, 4, 4),
        test_counts=(2, 2, 2),
    )
    monkeypatch.setitem(catalog.CATALOG, "mnist", small)
    return tmp_path / "mine"
