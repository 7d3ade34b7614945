"""Proves that a body is read once and whole, by the view that opened it, and that no connection keeps its thread."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from functions.entrypoints import body_limits
from functions.entrypoints.body_limits import Body


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end of a connection, and the client's."""
    server, client = socket.socketpair()
    with server, client:
        yield server, client


def connected(server: socket.socket, **more: str) -> dict[str, Any]:
    return {"wsgi.input": server.makefile("rb", buffering=0), "gunicorn.socket": server, **more}


def test_nobody_reads_before_it_is_opened_or_after_it_is_closed() -> None:
    body = Body({"wsgi.input": BytesIO(b"{}"), "CONTENT_LENGTH": "2"}, 10)
    assert body.read() == b""
    body.open()
    assert body.read() == b"{}"
    assert body.read() == b""
    other = Body({"wsgi.input": BytesIO(b"{}"), "CONTENT_LENGTH": "2"}, 10)
    other.open()
    other.close()
    assert other.read() == b""


@pytest.mark.parametrize("announced", [{"CONTENT_LENGTH": "11"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_body_over_the_limit_is_refused_and_read_on_so_that_the_client_hears_it(announced: dict[str, str]) -> None:
    stream = BytesIO(b"x" * 11)
    body = Body({"wsgi.input": stream, **announced}, 10)
    body.open()
    with pytest.raises(RequestEntityTooLarge):
        body.read()
    assert stream.read() == b""


def test_a_body_that_ends_early_is_a_timeout() -> None:
    body = Body({"wsgi.input": BytesIO(b"x"), "CONTENT_LENGTH": "2"}, 10)
    body.open()
    with pytest.raises(RequestTimeout):
        body.read()


@pytest.mark.parametrize("announced", [{"CONTENT_LENGTH": "11"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_body_that_does_not_come_ends_at_its_deadline(
    pair: tuple[socket.socket, socket.socket], announced: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limits, "RECEIVE_WITHIN_S", 0.05)
    server, client = pair
    client.sendall(b"x")
    body = Body(connected(server, **announced), 100)
    body.open()
    with pytest.raises(RequestTimeout):
        body.read()
    body.finish()
    assert server.recv(1) == b""


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ({}, True),
        ({"HTTP_CONNECTION": "close"}, False),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, False),
        ({"SERVER_PROTOCOL": "HTTP/1.0", "HTTP_CONNECTION": "keep-alive"}, True),
    ],
)
def test_a_client_that_asked_to_close_and_stays_is_not_waited_for(
    pair: tuple[socket.socket, socket.socket],
    said: dict[str, str],
    stays: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    server, _client = pair
    Body(connected(server, **said), 100).finish()
    server.setblocking(False)
    if stays:
        with pytest.raises(BlockingIOError):
            server.recv(1)
    else:
        assert server.recv(1) == b""


def test_only_a_few_threads_wait_for_refused_clients(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limits, "LINGER_S", float("inf"))  # whoever waited would wait for ever
    server, _client = pair
    for _ in range(body_limits.MAX_LINGERING):
        assert body_limits._lingering.acquire(blocking=False)
    try:
        Body(connected(server, CONTENT_LENGTH="9"), 100).finish()
    finally:
        for _ in range(body_limits.MAX_LINGERING):
            body_limits._lingering.release()
    assert server.recv(1) == b""


def test_a_refused_client_may_finish_and_keeps_its_connection(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    client.sendall(b"x" * 9)
    environ = connected(server, CONTENT_LENGTH="9") | {"wsgi.input": BytesIO(b"x" * 9)}
    Body(environ, 100).finish()
    server.setblocking(False)
    assert server.recv(9) == b"x" * 9  # not hung up on
    with pytest.raises(BlockingIOError):
        server.recv(1)
