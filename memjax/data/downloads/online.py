"""One quick look whether a web server can be reached at all."""

import socket
import threading
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_PORTS = {"http": 80, "https": 443}


def reachable(url: str, seconds: float = 3.0) -> bool:
    """Whether the URL's server, or the proxy that is set for it, takes a connection within so many seconds.

    The look-up of the name knows no time limit of its own, so it is left behind in a thread that does not keep the
    program from ending.
    """
    host, port = _server(url)
    connected = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=seconds).close()
        except (OSError, UnicodeError):
            return
        connected.set()

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    return connected.is_set()


def _server(url: str) -> tuple[str, int]:
    """Host and port to connect to."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
