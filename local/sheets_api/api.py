"""The API over HTTP: who calls, the quota, the switches, validation, the method, validation again."""

from __future__ import annotations

import asyncio
import traceback
from typing import Literal

import msgspec
from aiohttp import web

from local.sheets_api import discovery, fields_mask, routing, typed_cells, validation
from local.sheets_api.calculation import calculate
from local.sheets_api.calls import READS, Call
from local.sheets_api.google_errors import GoogleError, Json, bad_request, invalid, refusal
from local.sheets_api.state import LoggedCall, State
from local.sheets_api.switches import Failure, failure_answer
from local.sheets_api.users import User

MAX_REQUEST_BYTES = 256 * 1024 * 1024
SEEN_HEADER = "X-Leadfill-Seen"
"""The revision that a window of the page shows."""
WINDOW_HEADER = "X-Leadfill-Window"
"""Which window it is."""


class Api:
    """Serves `/v4/spreadsheets…` from a state."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        raw_path = request.raw_path.partition("?")[0]
        method, user, status = "unknown", "", 500
        body, page = b"", None
        try:
            method, variables = routing.route(request.method, raw_path)
            user_found = self._user(request)
            user = user_found.email
            body = await request.read()
            answer = await self._call(request, method, variables, (user_found, body))
            status = 200
        except GoogleError as error:
            status, answer, page = error.code, error.body(), error.page()
        except _HangUp:
            status, answer = 0, {}
        except Exception as error:  # noqa: BLE001  # the edge: whatever is wrong with the emulator must be seen, not lost
            self.state.faults.append(f"{method}: {error!r}")
            traceback.print_exc()
            answer = GoogleError(500, f"The emulator failed: {error!r}").body()
        pretty = request.query.get("prettyPrint") != "false"
        response = _response(status or 500, answer, pretty=pretty) if page is None else _page(status, page)
        answered = len(response.body) if status and isinstance(response.body, bytes) else 0
        self.state.record(LoggedCall(method, raw_path, user, status, len(body), answered))
        if status == 0 and request.transport is not None:
            request.transport.close()
        return response

    def _user(self, request: web.Request) -> User:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
        if not token:
            raise GoogleError(
                403,
                "Method doesn't allow unregistered callers (callers without established identity). "
                "Please use API Key or other form of API consumer identity to call this API.",
            )
        user = self.state.tokens.get(token)
        if user is None:
            raise GoogleError(401)
        return user

    async def _call(
        self, request: web.Request, method: str, variables: dict[str, str], who_and_what: tuple[User, bytes]
    ) -> Json:
        user, body = who_and_what
        kind: Literal["Read", "Write"] = "Read" if method in READS else "Write"
        switches = self.state.switches
        if switches.max_request_bytes is not None and len(body) > switches.max_request_bytes:
            raise GoogleError(413)
        if user.refusal is not None:
            raise refusal(user.refusal)
        self.state.quota.take(user.email, kind)
        failure = switches.next_failure()
        if switches.latency_s:
            await asyncio.sleep(switches.latency_s)
        if not await self.state.between.may_go_on(method, variables, user.email):
            raise _HangUp
        # From here to the answer nothing awaits: edits come right before the request, and the request is atomic.
        self.state.faults += self.state.between.edit(self.state.workbooks, method, variables, self.state.counts.total())
        if failure and not failure.after:
            raise _failed(failure, kind)
        described = discovery.methods()[method]
        query = validation.check_query(described, {name: request.query.getall(name) for name in request.query})
        decoded = _decoded(body)
        seen = request.headers.get(SEEN_HEADER, "")
        call = Call(self.state.workbooks, user, method, variables, query, decoded)
        call.seen, call.window = int(seen) if seen.isdecimal() else None, request.headers.get(WINDOW_HEADER, "")
        answer = self.checked(call, described)
        if failure:
            raise _failed(failure, kind)
        return answer

    def checked(self, call: Call, described: discovery.Method) -> Json:
        """Check a decoded call, carry it out at once, and return its checked answer. Raises GoogleError."""
        validation.check_request(described, call.body)
        mask_text = call.query.get("fields")
        mask = fields_mask.parse(mask_text) if mask_text else None
        if mask is not None:
            fields_mask.check(mask, described.response)
        workbook = call.workbooks.get(call.path.get("spreadsheetId", ""))
        if workbook is not None:
            workbook.choices = self.state.switches.choices
            calculate(workbook)
        if call.seen is not None and workbook is not None and call.method == "spreadsheets.values.batchUpdate":
            call.body = {**call.body, "data": typed_cells.following(workbook, call.body.get("data", []), call.seen)}
        answer = routing.HANDLERS[call.method](call)
        if not call.reads:
            shown = calculate(call.workbook) if self.state.listeners.get(call.workbook.id) else []
            event = {"method": call.method, "user": call.user.email, "changed": [*call.changed, *shown]}
            event |= {"window": call.window} if call.window else {}
            self.state.announce(call.workbook, event)
        if mask is not None:
            answer = fields_mask.cut(answer, mask)
        validation.check_answer(described, answer)
        return answer


class _HangUp(Exception):
    """The connection closes without an answer."""


def _failed(failure: Failure, kind: Literal["Read", "Write"]) -> Exception:
    return _HangUp() if failure.status == 0 else failure_answer(failure, kind)


def _decoded(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    if not isinstance(decoded, dict):
        raise bad_request([("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')])
    found: Json = validation.without_nulls(decoded)
    return found


def _page(status: int, page: str) -> web.Response:
    return web.Response(status=status, text=page, content_type="text/html", headers={"Referrer-Policy": "no-referrer"})


def _response(status: int, answer: Json, *, pretty: bool) -> web.Response:
    encoded = msgspec.json.encode(answer)
    if pretty:
        encoded = msgspec.json.format(encoded, indent=2) + b"\n"
    headers = {"Vary": "Origin, X-Origin, Referer", "Cache-Control": "private", "Server": "ESF"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return web.Response(status=status, body=encoded, headers=headers, content_type="application/json", charset="UTF-8")
