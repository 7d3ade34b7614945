"""The calls under `/_emulator/` that make people and spreadsheets and report past calls; they are not Google's.

POST   /_emulator/tokens                        {token, email, spreadsheets: "*" or [ids], role?, project?, refusal?}
DELETE /_emulator/tokens/{token}                the token is unknown from now on (it expired)
POST   /_emulator/spreadsheets                  {title?, csv? | xlsx? (base64) | values?, sheet?, typed?, owner?,
                                                office_file?}
GET    /_emulator/spreadsheets                  → {spreadsheets: [{spreadsheetId, title}]}
DELETE /_emulator/spreadsheets/{id}
GET    /_emulator/spreadsheets/{id}/file        ?format=xlsx|csv&sheet=
GET    /_emulator/spreadsheets/{id}/events      server-sent events: `opened` with the revision, then one for each change
POST   /_emulator/spreadsheets/{id}/computed    {range, values, block?}: what formulas show, computed elsewhere; with
                                                block, what the formula in the range's first cell spills
GET    /_emulator/calls                         → {total, reads, writes, by_method, bytes, log, faults}
DELETE /_emulator/calls                         start counting again
GET    /_emulator/health
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import zipfile
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from local.sheets_api import files
from local.sheets_api.a1 import Box
from local.sheets_api.calls import READS
from local.sheets_api.cells import Block, Formula, Scalar, raw_cell, value_of
from local.sheets_api.google_errors import GoogleError, Json
from local.sheets_api.state import State
from local.sheets_api.users import Refusal, Role, User
from local.sheets_api.workbook import OWNER, Workbook

T = TypeVar("T")
KEEP_ALIVE_S = 15.0


class TokenBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who holds a token."""

    token: str
    email: str
    spreadsheets: str | list[str] = "*"
    role: Role = "writer"
    project: str = "leadfill"
    refusal: Refusal | None = None


class SpreadsheetBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new spreadsheet from one of csv, xlsx (base64) and values."""

    title: str = "Untitled spreadsheet"
    csv: str | None = None
    xlsx: str | None = None
    values: list[list[Any]] | None = None
    sheet: str = "Sheet1"
    typed: bool = False
    owner: str = OWNER
    office_file: bool = False


class ComputedBody(msgspec.Struct, forbid_unknown_fields=True):
    """What the formulas of a range show; `block`: what the one formula in its first cell spills."""

    range: str
    values: list[list[Any]]
    block: bool = False


def new_workbook(body: SpreadsheetBody) -> Workbook:
    """Return the workbook that a body describes. Raises ValueError on an unreadable xlsx."""
    options: Json = {"title": body.title, "owner": body.owner, "office_file": body.office_file}
    if body.xlsx is not None:
        return files.from_xlsx(base64.b64decode(body.xlsx, validate=True), **options)
    if body.csv is not None:
        sheets = [files.from_csv(body.csv, title=body.sheet, typed=body.typed)]
    else:
        sheets = [files.from_values(body.values or [], title=body.sheet)]
    return Workbook(sheets=sheets, **options)


class Control:
    """Serves `/_emulator/…` from a state."""

    def __init__(self, state: State) -> None:
        self.state = state

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/_emulator/health", self.health),
            web.post("/_emulator/tokens", self.add_token),
            web.delete("/_emulator/tokens/{token}", self.drop_token),
            web.get("/_emulator/spreadsheets", self.list_spreadsheets),
            web.post("/_emulator/spreadsheets", self.add_spreadsheet),
            web.delete("/_emulator/spreadsheets/{id}", self.drop_spreadsheet),
            web.get("/_emulator/spreadsheets/{id}/file", self.file),
            web.get("/_emulator/spreadsheets/{id}/events", self.events),
            web.post("/_emulator/spreadsheets/{id}/computed", self.computed),
            web.get("/_emulator/calls", self.calls),
            web.delete("/_emulator/calls", self.forget_calls),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the process is up."""
        return web.json_response({"ok": True})

    async def add_token(self, request: web.Request) -> web.Response:
        """Make a token known."""
        body = await body_of(request, TokenBody)
        allowed = None if body.spreadsheets == "*" else frozenset(body.spreadsheets)
        self.state.tokens[body.token] = User(body.email, allowed, body.role, body.project, body.refusal)
        return web.json_response({"ok": True})

    async def drop_token(self, request: web.Request) -> web.Response:
        """Let a token expire."""
        self.state.tokens.pop(request.match_info["token"], None)
        return web.json_response({"ok": True})

    async def list_spreadsheets(self, _request: web.Request) -> web.Response:
        """List the workbooks."""
        listed = [{"spreadsheetId": book.id, "title": book.title} for book in self.state.workbooks.values()]
        return web.json_response({"spreadsheets": listed})

    async def add_spreadsheet(self, request: web.Request) -> web.Response:
        """Make a workbook."""
        body = await body_of(request, SpreadsheetBody)
        try:
            workbook = new_workbook(body)
        except (ValueError, KeyError, binascii.Error, zipfile.BadZipFile) as error:
            raise web.HTTPBadRequest(text=f"The file cannot be read: {error}") from error
        self.state.workbooks[workbook.id] = workbook
        return web.json_response({"spreadsheetId": workbook.id, "id": workbook.id, "title": workbook.title})

    async def drop_spreadsheet(self, request: web.Request) -> web.Response:
        """Delete a workbook."""
        self.state.workbooks.pop(self._workbook(request).id)
        return web.json_response({"ok": True})

    def _workbook(self, request: web.Request) -> Workbook:
        found = self.state.workbooks.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound(text="There is no spreadsheet with this id.")
        return found

    async def file(self, request: web.Request) -> web.Response:
        """Return a workbook as a file."""
        workbook = self._workbook(request)
        if request.query.get("format") == "csv":
            try:
                sheet = workbook.sheet(request.query["sheet"]) if "sheet" in request.query else workbook.sheets[0]
            except GoogleError as error:
                raise web.HTTPNotFound(text=str(error)) from error
            return web.Response(text=files.to_csv(sheet), content_type="text/csv")
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return web.Response(body=files.to_xlsx(workbook), content_type=kind)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream an event for each change of a workbook, until the reader goes."""
        workbook = self._workbook(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        queue: asyncio.Queue[Json] = asyncio.Queue()
        listeners = self.state.listeners.setdefault(workbook.id, set())
        listeners.add(queue)
        try:
            opened = msgspec.json.encode({"revision": workbook.revision})
            await response.write(b"event: opened\ndata: " + opened + b"\n\n")
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                else:
                    await response.write(b"data: " + msgspec.json.encode(event) + b"\n\n")
        except ConnectionError:
            return response
        finally:
            listeners.discard(queue)

    async def computed(self, request: web.Request) -> web.Response:
        """Set what formulas show; cells without a formula keep what they hold."""
        workbook = self._workbook(request)
        body = await body_of(request, ComputedBody)
        try:
            sheet, area = workbook.resolve(body.range)
            box = sheet.fit(area, clip=True)
        except GoogleError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        if body.block:
            box = Box(box.top, box.left, box.top + 1, box.left + 1)
        for index, values in enumerate(body.values[: box.bottom - box.top], box.top):
            for column, value in enumerate(values[: box.right - box.left], box.left):
                cell = sheet.rows[index].cell(column)
                if isinstance(cell, Formula):
                    given = _block(body.values) if body.block else None
                    shown = Formula(cell.text, _shown(value) if value is not None else "", given=given)
                    sheet.writable(index).put(column, shown)
        workbook.stale = True
        self.state.announce(workbook, {"method": "computed", "user": "", "changed": [body.range]})
        return web.json_response({"ok": True})

    async def calls(self, _request: web.Request) -> web.Response:
        """Return how often which method was called."""
        return web.json_response(call_report(self.state))

    async def forget_calls(self, _request: web.Request) -> web.Response:
        """Count from zero again."""
        self.state.forget_calls()
        return web.json_response({"ok": True})


def _shown(value: Any) -> Scalar | None:  # noqa: ANN401  # any JSON
    return value if value in (None, "") else value_of(raw_cell(value, "values"))


def _block(values: list[list[Any]]) -> Block:
    width = max(len(line) for line in values)
    return tuple(tuple(_shown(value) for value in (*line, *[None] * (width - len(line)))) for line in values)


def call_report(state: State) -> Json:
    """Return the counts of calls since the last reset, and the latest of them."""
    reads = sum(count for method, count in state.counts.items() if method in READS)
    total = state.counts.total()
    return {
        "total": total,
        "reads": reads,
        "writes": total - reads,
        "by_method": dict(state.counts),
        "bytes": {method: asdict(traffic) for method, traffic in state.bytes.items()},
        "log": [asdict(call) for call in state.log],
        "faults": list(state.faults),
    }


async def body_of(request: web.Request, kind: type[T]) -> T:
    """Decode a body. Raises HTTPBadRequest, saying what is wrong with it."""
    if request.content_type != "application/json":  # what a form of a web page cannot say
        raise web.HTTPUnsupportedMediaType(text="Send application/json.")
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
