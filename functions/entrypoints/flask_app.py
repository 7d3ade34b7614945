"""Build the Flask application of an entry point from a table of routes; JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Generic, TypeVar

import msgspec
from flask import Flask, Response, request

from functions.entrypoints import body_limits, problems
from functions.errors import InvalidRequest

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A request header of a call."""

    name: str
    schema: dict[str, Any]
    description: str
    required: bool = False
    argument: str = ""
    """The view's parameter that takes it; empty for one that only says who asks."""
    read: Callable[[str], str | None] = str
    """Turns what came ("" if nothing did) into the argument; raises a `LeadfillError` if it cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A call of the API; Flask's rule and the entry in the OpenAPI document are made from it."""

    method: str
    path: str
    """As OpenAPI writes it: `/v1/jobs/{job_id}`."""
    view: str
    """The method that answers. Its arguments are the parts of the path, those of the headers, `query`, `body`, and
    `caller` if it has such a parameter."""
    summary: str
    answer: Any = None
    """The type of the answer; None where it is empty (204)."""
    status: int = 200
    replays: bool = False
    """An `Idempotency-Key` that was sent before is answered with 200 and `Idempotent-Replayed: true`."""
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    headers: tuple[Header, ...] = ()
    is_public: bool = False
    """Answered without an identity."""


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """An answer with a status or headers of its own."""

    body: T
    status: int | None = None
    """None: that of the route."""
    headers: dict[str, str] = field(default_factory=dict)


def build(views: object, routes: Sequence[Route], identify: Callable[[], object], max_bytes: int) -> Flask:
    """The application.

    Args:
        views: has a method for each route.
        routes: what is served.
        identify: returns the caller or raises `AccessError`; called before anything else of a request is read.
        max_bytes: of a body.
    """
    app = Flask("leadfill", static_folder=None)
    body_limits.guard(app, max_bytes)
    problems.handle(app)
    for route in routes:
        app.add_url_rule(
            route.path.replace("{", "<").replace("}", ">"),
            f"{route.method} {route.path}",
            _responder(route, getattr(views, route.view), identify),
            methods=[route.method],
            provide_automatic_options=False,
        )
    app.before_request(problems.remember_trace)
    app.after_request(problems.as_private)
    return app


def _responder(route: Route, view: Callable[..., Any], identify: Callable[[], object]) -> Callable[..., Response]:
    takes_caller = "caller" in signature(view).parameters

    def respond(**arguments: Any) -> Response:  # noqa: ANN401 - the parts of the path, then the view's other arguments
        if not route.is_public:
            caller = identify()
            if takes_caller:
                arguments["caller"] = caller
        for header in (header for header in route.headers if header.argument):
            arguments[header.argument] = header.read(request.headers.get(header.name, "").strip())
        if route.query is not None:
            arguments["query"] = _query(route.query)
        if route.body is not None:
            arguments["body"] = decode(request.get_data(), route.body)
        answer = view(**arguments)
        if answer is None:
            return Response(status=204)
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        return Response(
            msgspec.json.encode(reply.body),
            status=reply.status or route.status,
            headers=reply.headers,
            content_type="application/json",
        )

    return respond


def decode(text: bytes, kind: type[S]) -> S:
    """JSON → body.

    Raises:
        InvalidRequest: the sentence names what is wrong, and where.
    """
    try:
        return msgspec.json.decode(text or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_understood(error) from error
    except RecursionError as error:
        raise InvalidRequest("The request is nested too deeply.") from error


def _query(kind: type[S]) -> S:
    """The query's known parameters; an empty one counts as absent."""
    given = {name: value for name, value in request.args.items() if value}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _not_understood(error) from error


def _not_understood(error: Exception) -> InvalidRequest:
    # msgspec's sentences name the place and the kind; of what was sent they repeat only a word that is no member.
    return InvalidRequest(f"The request cannot be understood: {error}.")
