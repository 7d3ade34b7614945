"""Receive request bodies: only after the caller has proved an identity, within one deadline, and up to a size.

A view checks the caller's identity and then calls `request.get_data()`; this module decides what that reads. A body
that nobody was allowed to read is thrown away without holding a thread that honest callers need.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from flask import Flask, Response, current_app, has_app_context, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, RequestTimeout

RECEIVE_WITHIN_S = 10.0
"""A client that takes longer to send its body holds a thread that others need, however it announces the body."""
LINGER_S = 1.0
"""For so long a refused client may still send what it has begun; one that is cut off earlier may miss its answer."""
MAX_LINGERING = 2
"""Threads that may wait for refused clients at once; further ones are cut off at once."""
MAX_DISCARDED_BYTES = 32 * 1024 * 1024
"""Cloud Run itself takes no more (https://cloud.google.com/run/quotas)."""

_PIECE_BYTES = 65_536
_lingering = threading.BoundedSemaphore(MAX_LINGERING)


class Body:
    """The body of one request, as `wsgi.input`: empty for everybody until `open`, and again after `close`."""

    def __init__(self, environ: dict[str, Any], max_bytes: int) -> None:
        self._stream: IO[bytes] = environ["wsgi.input"]
        self._connection: socket.socket | None = environ.get("gunicorn.socket")
        self._length = _length(environ)
        said = environ.get("HTTP_CONNECTION", "").strip().lower()
        self._last = said == "close" or (environ.get("SERVER_PROTOCOL") == "HTTP/1.0" and said != "keep-alive")
        self._max_bytes = max_bytes
        self._opened = False
        self._whole = self._length == 0

    def open(self) -> None:
        """Let the view read."""
        self._opened = True

    def close(self) -> None:
        """Stop reading: functions-framework otherwise reads everything that a function has left unread."""
        self._opened = False

    def read(self, _size: int = -1) -> bytes:
        """Receive the whole body; b"" if there is none, it was read before, or it may not be read.

        Raises:
            RequestEntityTooLarge: it is larger than the limit.
            RequestTimeout: it did not arrive within `RECEIVE_WITHIN_S`, or ended early.
            BadRequest: its chunks cannot be understood.
        """
        if not self._opened or self._whole:
            return b""
        self._opened = False
        with self._deadline(RECEIVE_WITHIN_S) as passed:
            try:
                if self._length is not None and self._length > self._max_bytes:
                    self._discard()  # a client that is still sending would not hear the answer
                    raise RequestEntityTooLarge
                text = self._received(self._max_bytes + 1 if self._length is None else self._length)
                if len(text) > self._max_bytes:
                    self._discard()
                    raise RequestEntityTooLarge
            except _broken_transfer() as error:
                raise (RequestTimeout if passed.is_set() else BadRequest) from error
        if passed.is_set() or (self._length is not None and len(text) < self._length):
            raise RequestTimeout
        self._whole = True
        return text

    def finish(self) -> None:
        """Leave the connection so that the server need not wait for the client; called when the answer was sent."""
        if not self._whole and _lingering.acquire(blocking=False):
            try:
                with self._deadline(LINGER_S), suppress(*_broken_transfer()):
                    self._discard()
            finally:
                _lingering.release()
        if not self._whole or self._last:
            _hang_up(self._connection)

    def _received(self, most: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < most and (piece := self._stream.read(min(_PIECE_BYTES, most - len(pieces)))):
            pieces += piece
        return bytes(pieces)

    def _discard(self) -> None:
        """Read on without keeping anything."""
        left = MAX_DISCARDED_BYTES
        while left > 0 and (piece := self._stream.read(_PIECE_BYTES)):
            left -= len(piece)
        self._whole = left > 0

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        """Stop receiving after so long; the event tells whether that has happened."""
        passed = threading.Event()

        def stop() -> None:
            passed.set()
            _hang_up(self._connection)

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            yield passed
        finally:
            timer.cancel()
            if passed.is_set():
                self._whole = False


def guard(app: Flask, max_bytes: int) -> None:
    """Let bodies reach the views of `app` through `Body` only.

    While functions-framework loads the function, its own application is the one that receives; `app` is asked later,
    with the same environment, and opens the body for its views.
    """
    receiving = current_app if has_app_context() else app

    def wrap() -> None:
        request.environ["wsgi.input"] = Body(request.environ, max_bytes)
        request.environ["wsgi.input_terminated"] = True

    def finish(response: Response) -> Response:
        response.call_on_close(_body().finish)
        return response

    def unlock() -> None:
        _body().open()

    receiving.before_request(wrap)
    receiving.after_request(finish)
    app.before_request(unlock)
    app.teardown_request(lambda _: _body().close())


def _body() -> Body:
    body: Body = request.environ["wsgi.input"]
    return body


def _length(environ: dict[str, Any]) -> int | None:
    """Return the announced length in bytes, 0 if there is no body; None for a chunked one."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    announced = environ.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isascii() and announced.isdigit() else 0


def _broken_transfer() -> tuple[type[Exception], ...]:
    """Return the errors of a connection that ends, and those that gunicorn raises about chunks and trailers."""
    from gunicorn.http.errors import ParseException  # the server has it loaded, a test may not

    return OSError, ParseException


def _hang_up(connection: socket.socket | None) -> None:
    """Receive nothing more; data that is being sent still goes out."""
    if connection is not None:
        with suppress(OSError):  # the client was quicker
            connection.shutdown(socket.SHUT_RD)
