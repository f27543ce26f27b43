"""The quick look at a server: an answer in time, whatever the network does."""

import socket
import threading

import pytest

from memjax.data.downloads.online import reachable


@pytest.fixture(autouse=True)
def no_proxy(downloads):
    """Only the proxies that a test sets."""


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_is_reached(port):
    assert reachable(f"http://127.0.0.1:{port}/some/file.gz")


def test_a_closed_port_is_not(port):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]

    assert not reachable(f"http://127.0.0.1:{closed}/file.gz")


def test_the_proxy_is_what_has_to_be_reached(port, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")

    assert reachable("http://nowhere.invalid/file.gz")


@pytest.mark.parametrize("error", [socket.gaierror(-3, "no name server"), TimeoutError(), ConnectionRefusedError()])
def test_no_network_is_no_error(error, monkeypatch):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(socket, "create_connection", fails)

    assert not reachable("https://example.org/file.gz")


def test_a_look_up_that_hangs_is_left_behind(monkeypatch):
    release, asked, ended = threading.Event(), [], []

    def hangs(address, timeout):
        asked.append((address, timeout))
        release.wait(5)
        ended.append(True)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", hangs)

    assert not reachable("https://example.org/file.gz", seconds=0.05)
    assert asked == [(("example.org", 443), 0.05)]
    assert not ended
    release.set()
