"""What requests to the API hold: decoded and validated once, at the edge. docs/openapi.json is made from these."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from io import BytesIO
from typing import IO, TYPE_CHECKING, Annotated, Literal, TypeVar

import msgspec
from flask import Flask, current_app, has_app_context, request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout
from werkzeug.wsgi import get_input_stream

from functions.errors import InvalidRequest

if TYPE_CHECKING:
    from functions.jobs.request import JobRequest

RECEIVE_WITHIN_S = 10.0
"""A client that takes longer to send its body holds a thread that others need."""

MAX_DISCARDED_BYTES = 32 * 1024 * 1024
"""Cloud Run itself takes no more (https://cloud.google.com/run/quotas)."""

Credits = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
Names = Annotated[list[Annotated[str, msgspec.Meta(max_length=1500)]], msgspec.Meta(min_length=1, max_length=100)]


class PlanBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a run shall do."""

    spreadsheet_id: Id
    range: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    fields: Names
    header: Literal["auto", "yes", "no"] = "auto"
    write: Literal["empty", "all"] = "empty"
    placement: Literal["reuse", "new"] = "reuse"
    retry_in_doubt: bool = False

    def job_request(self) -> JobRequest:
        """For the application."""
        from functions.jobs.request import JobRequest  # noqa: PLC0415 - formulas start no run

        return JobRequest(
            spreadsheet_id=self.spreadsheet_id,
            range=self.range,
            fields=tuple(self.fields),
            header=self.header,
            write=self.write,
            placement=self.placement,
            retry_in_doubt=self.retry_in_doubt,
        )


class JobBody(PlanBody, forbid_unknown_fields=True, kw_only=True):
    """What a job shall do, and the most that it may cost."""

    max_credits: Credits


class RetryBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How to retry."""

    retry_in_doubt: bool = False
    max_credits: Credits


class FormulaBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a formula asks."""

    urls: Annotated[list[list[str]], msgspec.Meta(max_length=10_000)]
    fields: Names
    if_missing: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class FormulaTokenBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For which spreadsheet."""

    spreadsheet_id: Id


class PersonBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom to erase, or to let be looked up again."""

    linkedin_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class ChunkBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which chunk a worker shall run."""

    chunk_id: Id


def guard(app: Flask, most_bytes: int) -> None:
    """Lets a body in whole, soon and not too large, or not at all.

    While functions-framework loads the function, its own application is the one to guard: it reads to the end whatever
    the function has left unread.
    """
    guarded = current_app if has_app_context() else app
    guarded.before_request(lambda: _receive(most_bytes))


def _receive(most_bytes: int) -> None:
    environ, length = request.environ, request.content_length
    connection: socket.socket | None = environ.get("gunicorn.socket")
    late = threading.Timer(RECEIVE_WITHIN_S, _hang_up, [connection]) if connection and length else None
    if late:
        late.daemon = True
        late.start()
    body = b""
    try:
        body = get_input_stream(environ, max_content_length=most_bytes).read()
        if length is not None and len(body) < length:
            raise RequestTimeout
    except RequestEntityTooLarge:
        _discard(environ["wsgi.input"])
        raise
    finally:
        if late:
            late.cancel()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))


def _discard(stream: IO[bytes]) -> None:
    """Reads on without keeping anything: a client that is still sending would not hear the answer."""
    left = MAX_DISCARDED_BYTES
    while left > 0 and (piece := stream.read(65_536)):
        left -= len(piece)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client was quicker
        connection.shutdown(socket.SHUT_RD)


B = TypeVar("B", bound=msgspec.Struct)


def decode(text: bytes, kind: type[B]) -> B:
    """JSON → body.

    Raises:
        InvalidRequest: the sentence names what is wrong, and where.
    """
    try:
        return msgspec.json.decode(text or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec's sentences name the place and the kind, never the value.
        raise InvalidRequest(f"The request cannot be understood: {error}.") from error
    except RecursionError as error:
        raise InvalidRequest("The request is nested too deeply.") from error
