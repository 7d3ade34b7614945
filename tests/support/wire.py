"""A server of raw bytes, for what no stand-in does: answers that are cut, late, or no HTTP at all."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Serve = Callable[[socket.socket], object]
"""A part to play: the connection, whose request is read → what is sent."""


@contextmanager
def wire(*serves: Serve, silent: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A server that plays one part for each connection, in order, and the requests that it read (unless `silent`)."""
    received: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        for serve in serves:
            try:
                connection, _ = listening.accept()
            except OSError:  # the test is over
                return
            with connection:
                connection.settimeout(30)
                try:
                    if not silent:
                        received.append(request(connection))
                    serve(connection)
                except OSError:  # the client left, as it should
                    pass

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", received
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def request(connection: socket.socket) -> bytes:
    """A request with its body, or the first bytes of a TLS handshake."""
    read = b""
    while not _is_whole(read) and (more := connection.recv(65_536)):
        read += more
    return read


def _is_whole(read: bytes) -> bool:
    head, end, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\nContent-Length: *([0-9]+)", head)
    return read.startswith(b"\x16") or (bool(end) and len(body) >= int(length[1] if length else 0))


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer's bytes; an underscore in a header's name is a hyphen."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def says(*parts: bytes) -> Serve:
    """A part that sends these bytes."""
    return lambda connection: connection.sendall(b"".join(parts))
