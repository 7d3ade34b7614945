"""Error → HTTP: RFC 9457 problems with a stable type and a sentence, never a key, a token or a stack."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
from flask import Flask, Response, current_app, has_app_context, request
from werkzeug.exceptions import HTTPException

from functions import logs
from functions.errors import CapReached, LeadfillError, NotAProfile, SheetError

PREFIX = "urn:leadfill:problem:"
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    408: "The request did not arrive in time; send it again.",
    413: "The request is too large; choose fewer cells or fields.",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why a request was refused, in the form of RFC 9457."""

    type: Annotated[str, msgspec.Meta(pattern=f"^{PREFIX}", description="Stable: for code to read")]
    title: str
    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    detail: Annotated[str, msgspec.Meta(description="A sentence for a person: what is wrong, and what to do")]
    reason: Annotated[str, msgspec.Meta(description="Why a text is no profile")] | msgspec.UnsetType = msgspec.UNSET
    cap: Annotated[str, msgspec.Meta(description="The cap that is reached")] | msgspec.UnsetType = msgspec.UNSET
    limit: Annotated[str, msgspec.Meta(description="In credits, as decimal text")] | msgspec.UnsetType = msgspec.UNSET
    used: Annotated[str, msgspec.Meta(description="In credits, as decimal text")] | msgspec.UnsetType = msgspec.UNSET


def problem(found: Problem) -> Response:
    """A problem as a response."""
    body = msgspec.json.encode(found)
    response = Response(body, status=found.status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    return response


def handle(app: Flask) -> None:
    """Turn every error that leaves a view into a problem.

    While functions-framework loads the function, its own application gets the handlers as well: if an address holds
    a line break, it answers before the function is called, and would send an exception's text.
    """
    if has_app_context() and current_app != app:
        handle(current_app)

    @app.errorhandler(LeadfillError)
    def expected(error: LeadfillError) -> Response:
        _log(error)
        cap = error if isinstance(error, CapReached) else None
        response = problem(
            Problem(
                type=PREFIX + error.slug,
                title=error.slug.replace("-", " ").capitalize(),
                status=error.status,
                detail=str(error),
                reason=error.reason if isinstance(error, NotAProfile) else msgspec.UNSET,
                cap=cap.cap if cap else msgspec.UNSET,
                limit=f"{cap.limit:f}" if cap else msgspec.UNSET,
                used=f"{cap.used:f}" if cap else msgspec.UNSET,
            )
        )
        if error.retry_after_s is not None:
            response.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
        if error.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    @app.errorhandler(HTTPException)
    def of_the_framework(error: HTTPException) -> Response:
        status = error.code or 500
        sentence = _SENTENCES.get(status, "The request cannot be served.")
        response = problem(Problem(type=f"{PREFIX}http", title=error.name, status=status, detail=sentence))
        if status == 405 and (allowed := getattr(error, "valid_methods", None)):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def unexpected(_error: Exception) -> Response:
        logs.failure("A request failed.", path=_route())
        sentence = (
            "Something went wrong in Leadfill. Nothing is lost; try again, and tell whoever runs it if it stays so."
        )
        return problem(Problem(type=f"{PREFIX}internal", title="Internal error", status=500, detail=sentence))


def remember_trace() -> None:
    """Remember the request's trace for its log lines."""
    logs.trace.set(request.headers.get("X-Cloud-Trace-Context", ""))


def as_private(response: Response) -> Response:
    """Set headers so that no answer is cached on its way or rendered as a page."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _log(error: LeadfillError) -> None:
    facts = {"slug": error.slug, "status": error.status, "path": _route()}
    if error.status >= 500 and not isinstance(error, SheetError):  # ours to repair
        logs.failure("A request failed.", **facts)
    else:
        logs.warning("Request refused.", **facts)


def _route() -> str:
    """Return the address as it is written in the code: without ids, URLs or addresses of people."""
    return str(request.url_rule) if request.url_rule else "unknown"
