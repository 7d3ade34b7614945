"""Pooled HTTP connections that know two facts about a paid request: whether it was sent, and whether it is late.

`urllib3` alone answers neither. Its time-out starts again with every received byte, so a server that trickles holds
a thread for ever; and its errors do not say whether the request had left, which is the difference between a free
retry and a credit in doubt. A `requests.Session` on top would double the work of a request, and none of what it adds
(cookies, redirects, proxies, hooks) may happen to a paid one.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
from time import monotonic
from typing import Any

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationValueError
from urllib3.response import HTTPResponse
from urllib3.util import parse_url

MAX_IDLE_S = 4.0
"""A connection that rested longer is not used again.

urllib3 sees that a peer has hung up before it reuses a connection, but not that it is about to: then the request
meets a reset, and nobody knows whether it was served. Servers hang up after 5 s of rest at the earliest (the defaults
of Apache and Node; gateways take a minute). Under load no connection rests that long.
"""


FAULTS = (OSError, HTTPError)
"""Errors that a call can end with."""


class _Exchange(threading.local):
    """The request that this thread is about to make, or has just made."""

    timeout_s = 0.0
    deadline = 0.0
    body = b""
    sent = False

    def begin(self, timeout_s: float, body: bytes = b"") -> None:
        """Forget the thread's previous request; the next one has `timeout_s` for its whole answer, once it is sent."""
        self.timeout_s, self.deadline, self.body, self.sent = timeout_s, 0.0, body, False


exchange = _Exchange()
"""`exchange.sent`: whether the thread's whole request may have reached the server."""


class _UntilDeadline(io.RawIOBase):
    """A socket's bytes, until the exchange's deadline."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock, self._raw = sock, raw
        self._deadline = exchange.deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer, as in RawIOBase
        remaining_s = self._deadline - monotonic()
        if remaining_s <= 0:
            raise TimeoutError
        self._sock.settimeout(remaining_s)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose status, headers and body share one deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_UntilDeadline(sock, self.fp.detach()))


class _Connection(HTTPConnection):
    """A connection that marks the exchange as sent, and is closed after a short idle time."""

    response_class = _Answer
    _answered_at = 0.0

    @property
    def is_connected(self) -> bool:
        return super().is_connected and monotonic() - self._answered_at <= MAX_IDLE_S

    def send(self, data: Any) -> None:  # noqa: ANN401 - bytes, files or iterables, as in http.client
        if self.sock is None:
            self.connect()
        exchange.deadline = monotonic() + exchange.timeout_s
        # The head leaves in one call, the body in the next. If one fails, the server has at most a part of the
        # request, which it cannot serve; so only the last call makes it sent.
        super().send(data)
        exchange.sent = not exchange.body or data == exchange.body

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own, which departs from http.client
        response = super().getresponse()
        self._answered_at = monotonic()
        return response


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def open_pool(base_url: str, concurrency: int) -> HTTPConnectionPool:
    """At most so many connections to the host of a URL; opens none yet. A further request waits for a free one.

    It keeps no cookie and asks no environment. It certifies hosts as requests does, by Mozilla's list.

    Raises:
        HTTPError: the URL names no host that can be asked.
    """
    address = parse_url(base_url)
    if address.host is None:
        raise LocationValueError
    if address.scheme == "http":
        return _Pool(address.host, address.port, maxsize=concurrency, block=True)
    return _TlsPool(
        address.host,
        address.port,
        maxsize=concurrency,
        block=True,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
    )
