"""The page over HTTP, for a browser on this machine: its files, its session, and the way to the local services."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from local.page.door import Door
from local.page.keeping import Kept, keeping_routes
from local.page.person import Person, person_routes
from local.page.proxying import proxy_routes
from local.secret import HEADER
from local.serving import SECRET, Handler

_HERE = Path(__file__).parent
_ADDON = _HERE.parent.parent / "sheets_addon"
_FOLDERS = {
    "static": _HERE / "static",
    "standins": _HERE / "standins",
    "addon": _ADDON,
}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".json": "application/json"}

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# The templates of HtmlService are compiled at run time; nothing but the add-on's own files is.
_WORKER_POLICY = "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'"
# The add-on's HTML brings its scripts along. It gets an origin of its own and no network: it can only ask the page.
_FRAME_POLICY = (
    "sandbox allow-scripts allow-forms allow-popups allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)
_POLICIES = {"/static/worker.js": _WORKER_POLICY, "/static/frame.html": _FRAME_POLICY}


@dataclass(frozen=True)
class Services:
    """URLs of the local services that the page may reach, and no other."""

    api: str
    formula: str
    emulator: str
    issuer: str

    def __post_init__(self) -> None:
        for name, url in asdict(self).items():
            object.__setattr__(self, name, url.rstrip("/"))


HTTP = web.AppKey("http", aiohttp.ClientSession)
STAND_INS = web.AppKey("stand_ins", aiohttp.ClientSession)
"""The session that sends the secret of the stack; the functions never get it."""


def application(
    services: Services, door: Door, *, email: str, audience: str, spreadsheet_id: str = "", asked: str = ""
) -> web.Application:
    """The page's aiohttp application.

    Args:
        services: where the rest of Leadfill runs.
        door: who gets in.
        email: who is at the keyboard: the address in the OpenID token, and the emulator's user.
        audience: the `aud` of that token.
        spreadsheet_id: what to open where the address names none; empty for the emulator's first one, or a new one.
        asked: the providers that are asked, and whether for real.
    """
    app = web.Application(middlewares=[_same_origin_only, _headers, door.let_in])
    app.cleanup_ctx.append(_http_client)
    kept = Kept()
    person = Person(email=email, audience=audience, issuer=services.issuer, emulator=services.emulator)
    proxied = {"api": services.api, "formula": services.formula, "emulator": services.emulator}

    async def session(request: web.Request) -> web.Response:
        listed = await person.spreadsheets(request.app[STAND_INS])
        opened = request.query.get("spreadsheet") or spreadsheet_id or listed[0]["id"]
        return web.json_response(
            {
                "spreadsheet_id": opened,
                "email": email,
                "asked": asked,
                "spreadsheets": listed,
                "sources": sorted(path.name for path in _ADDON.glob("*.js")),
                "outside": {services.api: "/proxy/api", services.formula: "/proxy/formula"},
            }
        )

    async def addresses(_request: web.Request) -> web.Response:
        """The file that `make deploy` writes for a deployment."""
        here = json.dumps({"api": services.api, "formula": services.formula})
        return web.Response(text=f"const ADDRESSES = {here};\n", content_type="text/javascript")

    app.add_routes(
        [
            web.get("/", _page),
            web.get("/session", session),
            web.get("/addon/Addresses.js", addresses),
            *(web.get(f"/{name}/{{file:[A-Za-z0-9_.-]+}}", _file_of(folder)) for name, folder in _FOLDERS.items()),
            *keeping_routes(kept),
            *person_routes(person, STAND_INS),
            *proxy_routes(proxied, person, HTTP, STAND_INS),
        ]
    )
    return app


async def _http_client(app: web.Application) -> AsyncIterator[None]:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    proof = {HEADER: app[SECRET]}
    async with (
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=False) as app[HTTP],
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=False, headers=proof) as app[STAND_INS],
    ):
        yield


@web.middleware
async def _same_origin_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses the pages of other local servers, and the add-on's own frames: they have no business here."""
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text=f"Only this server's own page may ask, not {origin!r}.")
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"} and not _is_navigation(request):
        raise web.HTTPForbidden(text="Only this server's own page may ask.")
    return await handler(request)


def _is_navigation(request: web.Request) -> bool:
    return request.path in {"/", "/static/frame.html"} and request.headers.get("Sec-Fetch-Mode") == "navigate"


@web.middleware
async def _headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        _set_headers(request, refusal)
        raise
    if not response.prepared:
        _set_headers(request, response)
    return response


def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = _POLICIES.get(request.path, _PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-cache")


async def _page(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_HERE / "static" / "index.html")


def _file_of(folder: Path) -> Handler:
    async def file(request: web.Request) -> web.StreamResponse:
        path = folder / request.match_info["file"]
        if path.suffix not in _TYPES or not path.is_file():
            raise web.HTTPNotFound(text=f"There is no file {request.path}.")
        return web.FileResponse(path, headers={"Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8"})

    return file
