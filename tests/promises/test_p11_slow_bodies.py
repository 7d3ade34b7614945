"""P11: a slow body, however it is announced, keeps nobody waiting; without an identity no body is received."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from functions.entrypoints import body_limits
from tests.support.running import Running, running_fixture
from tests.support.waiting import wait_until

__all__ = ["running_fixture"]

PATHS = {"api": "/v1/plan", "formula": "/v1/formula", "worker": "/"}
MANY = 12
"""More than a process of this machine has threads."""
ANNOUNCED = {
    "chunked": (b"Transfer-Encoding: chunked", b"1\r\n{\r\n"),
    "with a length": (b"Content-Length: 90000", b"{"),
}


@contextmanager
def slow(
    running: Running, at: str, announced: str, headers: bytes = b"", count: int = MANY
) -> Iterator[list[socket.socket]]:
    """Connections that have sent the head of a request and the first byte of its body, and stay open."""
    host = urlsplit(running.stack.urls[at])
    announcement, first = ANNOUNCED[announced]
    head = b"POST %b HTTP/1.1\r\nHost: x\r\n%b%b\r\n\r\n" % (PATHS[at].encode(), headers, announcement)
    connections = [socket.create_connection((host.hostname or "", host.port or 0), timeout=60) for _ in range(count)]
    try:
        for connection in connections:
            connection.sendall(head + first)
        yield connections
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("announced", ANNOUNCED)
@pytest.mark.parametrize("at", PATHS)
def test_without_an_identity_a_body_is_not_received_at_all(running: Running, at: str, announced: str) -> None:
    with slow(running, at, announced) as connections:
        for connection in connections:
            # The body has not arrived and never will.
            assert connection.recv(65536).startswith(b"HTTP/1.1 401")
        assert running.ask("GET", "/v1/fields", at=at).status_code in {200, 404, 405}


@pytest.mark.parametrize("announced", ANNOUNCED)
def test_a_body_that_trickles_has_one_deadline(running: Running, announced: str) -> None:
    identity = f"Authorization: Bearer {running.identity()}\r\n".encode()
    byte = b"1\r\n \r\n" if announced == "chunked" else b" "
    with slow(running, "api", announced, identity + b"X-Sheets-Access-Token: ya29.x\r\n", count=4) as connections:
        answers: dict[socket.socket, bytes] = {}

        def all_answered() -> bool:
            for connection in connections:
                connection.setblocking(False)
                try:
                    answers[connection] = answers.get(connection, b"") + connection.recv(65536)
                except BlockingIOError:
                    connection.send(byte)
                except OSError:  # the server has hung up on this client
                    answers.setdefault(connection, b"")
            return len(answers) == len(connections)

        wait_until(all_answered, at_most_s=90)
        said = [answer for answer in answers.values() if answer]
        assert said
        assert all(answer.startswith(b"HTTP/1.1 408") for answer in said)
        assert any(b"urn:leadfill:problem:http" in answer for answer in said)
        assert running.ask("GET", "/v1/fields").status_code == 200
    assert body_limits.RECEIVE_WITHIN_S < 30


def test_a_chunk_that_is_none_is_a_400(running: Running) -> None:
    host = urlsplit(running.stack.urls["api"])
    head = f"POST /v1/plan HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.identity()}\r\n"
    more = "X-Sheets-Access-Token: ya29.x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for broken in (b"zz\r\n", b"2\r\n{}\r\n0\r\na b\r\n\r\n", b"2\r\n{}x\r\n"):
        with socket.create_connection((host.hostname or "", host.port or 0), timeout=60) as connection:
            connection.sendall((head + more).encode() + broken)
            assert connection.recv(65536).startswith(b"HTTP/1.1 400"), broken
