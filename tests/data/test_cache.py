"""Known data sets: from the download folder, from a server, or an error that tells what to do."""

import dataclasses
import functools
import hashlib
import http.server
import socket
import threading
from types import SimpleNamespace

import pytest

from memjax.config.specs import DataSpec
from memjax.data import downloads as catalog
from memjax.data import load_dataset
from memjax.data.downloads import seed_cache
from memjax.errors import InputError


@pytest.fixture
def offline(monkeypatch):
    """No server can be reached; the downloader must not even be tried."""
    import tensorflow_datasets as tfds

    asked = []
    monkeypatch.setattr(catalog, "reachable", lambda url: asked.append(url))
    monkeypatch.setattr(tfds.download, "DownloadManager", None)
    return asked


@pytest.mark.parametrize(
    ("name", "file", "url"),
    [
        ("mnist", "train-images-idx3-ubyte.gz", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
        ("fashion_mnist", "train-images-idx3-ubyte.gz", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
        ("cifar10", "cifar-10-binary.tar.gz", "https://www.cs.toronto.edu/~kriz/"),
        ("cifar100", "cifar-100-binary.tar.gz", "https://www.cs.toronto.edu/~kriz/"),
        ("svhn_cropped", "train_32x32.mat", "http://ufldl.stanford.edu/housenumbers/"),
    ],
)
def test_offline_the_error_tells_what_to_do(downloads, offline, name, file, url):
    with pytest.raises(InputError) as caught:
        load_dataset(DataSpec(name))

    assert str(caught.value) == (
        f"{name}: {file} is not in {downloads} and {url}{file} cannot be reached; "
        f"seed the folder from files you have: python -m memjax.run seed {name} FOLDER"
    )
    assert offline == [url + file]
    assert not downloads.exists()


def test_the_folder_is_in_the_home_folder_by_default(downloads, offline, monkeypatch):
    monkeypatch.delenv("TFDS_DATA_DIR")

    with pytest.raises(InputError, match=f"{downloads.parents[1]}/home/tensorflow_datasets/downloads"):
        load_dataset(DataSpec("mnist"))


@pytest.mark.parametrize("name", list(catalog.CATALOG))
def test_every_file_is_registered(downloads, name):
    for file in catalog.CATALOG[name].files:
        assert catalog.registered(name, file).size > 0
        assert catalog.cache_path(name, file).parent == downloads / name


def test_a_file_that_is_not_registered_is_refused(downloads, monkeypatch):
    monkeypatch.setattr(catalog, "_url_infos", lambda name: {})

    with pytest.raises(InputError, match=r"knows no checksum of https://.*; install version"):
        load_dataset(DataSpec("mnist"))


def test_names_in_the_folder_are_those_of_tensorflow_datasets(downloads):
    assert catalog.cache_path("cifar10", "cifar-10-binary.tar.gz").name == (
        "cs.toronto.edu_kriz_cifar-10-binaryxKOMUKG8XzocVTfyFVq51o-fJese2Nnd2j2ymlm8od0.tar.gz"
    )


def test_files_in_the_folder_need_no_network(downloads, offline, small_mnist):
    seed_cache("mnist", small_mnist)

    assert load_dataset(DataSpec("mnist")).num_train == 12
    assert offline == []


def test_the_place_of_older_versions_is_searched(downloads, offline, small_mnist):
    for path in seed_cache("mnist", small_mnist):
        path.rename(downloads / path.name)
        catalog.info_path(path).rename(catalog.info_path(downloads / path.name))

    assert load_dataset(DataSpec("mnist")).num_train == 12


def test_a_file_without_its_note_counts_as_missing(downloads, offline, small_mnist):
    catalog.info_path(seed_cache("mnist", small_mnist)[3]).unlink()

    with pytest.raises(InputError, match=r"t10k-labels-idx1-ubyte.gz is not in"):
        load_dataset(DataSpec("mnist"))


def test_a_damaged_file_is_named(downloads, offline, small_mnist):
    path = seed_cache("mnist", small_mnist)[2]
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(InputError, match=f"{path.name} cannot be read"):
        load_dataset(DataSpec("mnist"))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(small_mnist, monkeypatch):
    """The small MNIST on a server of our own, with its own checksums registered."""
    from tensorflow_datasets.core.download import checksums

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(small_mnist)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}/"
    infos = {}
    for path in small_mnist.iterdir():
        content = path.read_bytes()
        infos[base + path.name] = checksums.UrlInfo(len(content), hashlib.sha256(content).hexdigest(), path.name)
    monkeypatch.setattr(checksums, "get_all_url_infos", lambda: dict(infos))
    monkeypatch.setitem(catalog.CATALOG, "mnist", dataclasses.replace(catalog.CATALOG["mnist"], base=base))
    yield SimpleNamespace(folder=small_mnist, base=base)
    server.shutdown()
    thread.join()
    server.server_close()


def test_missing_files_are_downloaded_once(downloads, served):
    first = load_dataset(DataSpec("mnist"))
    for path in served.folder.iterdir():
        path.unlink()
    again = load_dataset(DataSpec("mnist"))

    assert first.num_train == again.num_train == 12
    assert len(list((downloads / "mnist").glob("*.INFO"))) == 4


def test_a_file_that_changed_on_the_server_is_refused(downloads, served):
    (served.folder / "train-labels-idx1-ubyte.gz").write_bytes(b"something else")

    with pytest.raises(InputError, match=r"downloading .* failed: NonMatchingChecksumError.*seed the folder"):
        load_dataset(DataSpec("mnist"))


def test_a_file_that_is_gone_from_the_server_is_reported(downloads, served):
    (served.folder / "train-labels-idx1-ubyte.gz").unlink()

    with pytest.raises(InputError, match=r"downloading .* failed: .*404.*seed the folder"):
        load_dataset(DataSpec("mnist"))


def test_a_server_is_reached_even_if_it_lacks_the_file(downloads, served):
    assert catalog.reachable(served.base)
    assert catalog.reachable(f"{served.base}no-such-file")


def test_a_closed_port_is_not_reached(downloads):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]

    assert not catalog.reachable(f"http://127.0.0.1:{closed}/file.gz")


def test_a_server_that_does_not_answer_is_not_waited_for(downloads):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not catalog.reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/file.gz", seconds=0.05)


def test_the_proxy_is_what_has_to_be_reached(downloads, served, monkeypatch):
    monkeypatch.setenv("http_proxy", served.base)

    assert catalog.reachable("http://nowhere.invalid/file.gz")


@pytest.mark.parametrize("error", [socket.gaierror(-3, "no name server"), TimeoutError(), ConnectionRefusedError()])
def test_no_network_is_no_error(downloads, error, monkeypatch):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fails)

    assert not catalog.reachable("https://example.org/file.gz")
