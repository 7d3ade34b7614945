"""The calls under `/_emulator/` by which a test controls a running emulator.

PUT    switches        {quota_per_minute?, quota_per_minute_project?, minute_s?, latency_s?, fail_next?: [status or
                       {status, after?, reason?}], error_rate?, error_statuses?, seed?, max_request_bytes?, and each
                       field of `choices.Choices`}: all of them anew; {} puts all at rest
POST   call            {method, spreadsheet?, query?, path?, body?} → what the API answers its owner; neither counted,
                       nor held, nor preceded by edits
POST   waiting         {spreadsheet, requests, method?, skip?}: a batchUpdate right before a call that is to come
GET    waiting         → {waiting: how many are still to come}
PUT    editor          {spreadsheet, seed, probability?, kinds?, at_most?, sheet?, header_rows?}: edits at random
DELETE editor          → {log, typed}, and no more edits
GET    editor          → {log, typed}
PUT    hold            {methods}: a pattern, or null, which releases all calls
GET    held            ?wait_s= → {held: {number, method, spreadsheet, user} or null}
POST   held/{number}   {go_on}: true lets the call go on, false closes its connection
POST   reset           no spreadsheets, no switches, no edits, no calls counted; tokens stay
"""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from local.sheets_api import discovery
from local.sheets_api.api import Api
from local.sheets_api.between import Between, WaitingEdit
from local.sheets_api.calls import Call
from local.sheets_api.choices import Choices
from local.sheets_api.control import body_of
from local.sheets_api.editor import RandomEditor
from local.sheets_api.google_errors import GoogleError, Json
from local.sheets_api.routing import HANDLERS
from local.sheets_api.state import State
from local.sheets_api.switches import Failure, Switches
from local.sheets_api.users import User
from local.sheets_api.workbook import OWNER


class SwitchesBody(Choices, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The switches and the choices; `fail_next` holds statuses (0: hang up) or {status, after}."""

    quota_per_minute: int | None = None
    quota_per_minute_project: int | None = None
    minute_s: float = 60.0
    latency_s: float = 0.0
    fail_next: tuple[int | Failure, ...] = ()
    error_rate: float = 0.0
    error_statuses: tuple[int, ...] = (429, 500, 503)
    seed: int = 0
    max_request_bytes: int | None = None


class CallBody(msgspec.Struct, forbid_unknown_fields=True):
    """One call of the API by the spreadsheet's owner; `path` holds the URL's variables beyond the spreadsheet."""

    method: str
    spreadsheet: str = ""
    path: dict[str, str] = {}
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}


class WaitingBody(msgspec.Struct, forbid_unknown_fields=True):
    """An edit that waits for a call."""

    spreadsheet: str
    requests: list[Json]
    method: str = "*"
    skip: int = 0


class EditorBody(msgspec.Struct, forbid_unknown_fields=True):
    """A random editor."""

    spreadsheet: str
    seed: int
    probability: float = 0.5
    kinds: tuple[str, ...] = ()
    at_most: int | None = None
    sheet: str | None = None
    header_rows: int = 1


class HoldBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which calls are held."""

    methods: str | None


class ReleaseBody(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of a held call."""

    go_on: bool = True


def switches_of(body: SwitchesBody) -> Switches:
    """Return the switches that a body asks for."""
    return Switches(
        quota_user=body.quota_per_minute,
        quota_project=body.quota_per_minute_project,
        minute_s=body.minute_s,
        latency_s=body.latency_s,
        fail_next=[item if isinstance(item, Failure) else Failure(item) for item in body.fail_next],
        error_rate=body.error_rate,
        error_statuses=body.error_statuses,
        seed=body.seed,
        max_request_bytes=body.max_request_bytes,
        choices=Choices(**{name: getattr(body, name) for name in Choices.__struct_fields__}),
    )


class Steering:
    """Serves the steering part of `/_emulator/…`."""

    def __init__(self, state: State, api: Api) -> None:
        self.state, self.api = state, api

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.put("/_emulator/switches", self.switch),
            web.post("/_emulator/call", self.call),
            web.post("/_emulator/waiting", self.wait_with_edit),
            web.get("/_emulator/waiting", self.waiting),
            web.put("/_emulator/editor", self.start_editor),
            web.get("/_emulator/editor", self.editor),
            web.delete("/_emulator/editor", self.stop_editor),
            web.put("/_emulator/hold", self.hold),
            web.get("/_emulator/held", self.held),
            web.post("/_emulator/held/{number}", self.release),
            web.post("/_emulator/reset", self.reset),
        ]

    async def switch(self, request: web.Request) -> web.Response:
        """Set the switches."""
        self.state.switch(switches_of(await body_of(request, SwitchesBody)))
        return web.json_response(msgspec.to_builtins(self.state.switches))

    async def call(self, request: web.Request) -> web.Response:
        """Carry a call out for the owner, past the quota and all that happens between calls."""
        given = await body_of(request, CallBody)
        described = discovery.methods().get(given.method)
        if described is None or given.method not in HANDLERS:
            raise web.HTTPBadRequest(text=f"The emulator knows no method {given.method}.")
        workbook = self.state.workbooks.get(given.spreadsheet)
        user = User(workbook.owner if workbook else OWNER)
        path = {"spreadsheetId": given.spreadsheet, **given.path}
        call = Call(self.state.workbooks, user, given.method, path, given.query, given.body, by_hand=True)
        try:
            answer = self.api.checked(call, described)
        except GoogleError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    async def wait_with_edit(self, request: web.Request) -> web.Response:
        """Let an edit wait for a call."""
        body = await body_of(request, WaitingBody)
        self.state.between.waiting.append(WaitingEdit(body.spreadsheet, body.requests, body.method, body.skip))
        return web.json_response({"ok": True})

    async def waiting(self, _request: web.Request) -> web.Response:
        """Say how many edits still wait."""
        return web.json_response({"waiting": len(self.state.between.waiting)})

    async def start_editor(self, request: web.Request) -> web.Response:
        """Let a random editor loose."""
        body = await body_of(request, EditorBody)
        given = msgspec.structs.asdict(body)
        try:
            self.state.between.editor = RandomEditor(given.pop("spreadsheet"), **given)
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response({"ok": True})

    async def editor(self, _request: web.Request) -> web.Response:
        """Tell what the random editor did."""
        editor = self.state.between.editor
        workbook = self.state.workbooks.get(editor.spreadsheet_id) if editor else None
        if editor is None or workbook is None:
            return web.json_response({"log": [], "typed": []})
        return web.json_response({"log": editor.log, "typed": editor.typed(workbook)})

    async def stop_editor(self, request: web.Request) -> web.Response:
        """Tell what the random editor did, and send it away."""
        told = await self.editor(request)
        self.state.between.editor = None
        return told

    async def hold(self, request: web.Request) -> web.Response:
        """Hold the calls of some methods from now on, or release all."""
        self.state.between.hold((await body_of(request, HoldBody)).methods)
        return web.json_response({"ok": True})

    async def held(self, request: web.Request) -> web.Response:
        """Wait for a held call."""
        found = await self.state.between.first_held(float(request.query.get("wait_s", "0")))
        if found is None:
            return web.json_response({"held": None})
        shown = {"number": found.number, "method": found.method, "spreadsheet": found.spreadsheet_id}
        return web.json_response({"held": {**shown, "user": found.user}})

    async def release(self, request: web.Request) -> web.Response:
        """Release one held call."""
        body = await body_of(request, ReleaseBody)
        try:
            self.state.between.release(int(request.match_info["number"]), go_on=body.go_on)
        except (KeyError, ValueError) as error:
            raise web.HTTPNotFound(text="No such call is held.") from error
        return web.json_response({"ok": True})

    async def reset(self, _request: web.Request) -> web.Response:
        """Put everything at rest."""
        self.state.between.hold(None)
        self.state.between = Between()
        self.state.switch(Switches())
        self.state.forget_calls()
        self.state.faults.clear()
        self.state.workbooks.clear()
        return web.json_response({"ok": True})
