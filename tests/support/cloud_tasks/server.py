"""The API over HTTP, and `/_emulator`: its switches, its counts, a fresh start."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator

import aiohttp
import msgspec
from aiohttp import web

from local.serving import SECRET, json_only
from local.sheets_api import validation
from local.sheets_api.google_errors import GoogleError, Json, invalid
from tests.support.cloud_tasks import discovery, queue_methods, task_methods
from tests.support.cloud_tasks.delivering import Delivery
from tests.support.cloud_tasks.state import State
from tests.support.cloud_tasks.switches import Switches

METHODS = {**queue_methods.METHODS, **task_methods.METHODS}
MAX_BODY = 4 * 1024 * 1024


def application(state: State) -> web.Application:
    """The emulator's aiohttp application."""

    async def api(request: web.Request) -> web.Response:
        try:
            answer, status = _answer(state, request, await request.read()), 200
        except GoogleError as error:
            answer, status = error.body(), error.code
        except Exception as error:  # noqa: BLE001 - the edge: whatever is wrong with the emulator must be seen, not lost
            state.faults.append(repr(error))
            traceback.print_exc()
            answer, status = GoogleError(500, f"The emulator failed: {error!r}").body(), 500
        return web.json_response(body=msgspec.json.encode(answer), status=status)

    async def report(_request: web.Request) -> web.Response:
        return web.json_response(state.report())

    async def switch(request: web.Request) -> web.Response:
        given = {**msgspec.to_builtins(state.switches), **msgspec.json.decode(await request.read(), type=dict)}
        try:
            state.switch(msgspec.convert(given, Switches))
        except msgspec.ValidationError as error:
            return web.json_response({"message": str(error)}, status=400)
        return web.json_response(msgspec.to_builtins(state.switches))

    async def reset(_request: web.Request) -> web.Response:
        state.queues.clear()
        state.faults.clear()
        state.switch(Switches())
        return web.json_response({})

    app = web.Application(middlewares=[json_only], client_max_size=MAX_BODY)
    app.cleanup_ctx.append(lambda app: _delivering(state, app[SECRET]))
    app.add_routes(
        [
            web.get("/_emulator/state", report),
            web.put("/_emulator/switch", switch),
            web.post("/_emulator/reset", reset),
            web.route("*", "/{path:.*}", api),
        ]
    )
    return app


def _answer(state: State, request: web.Request, raw: bytes) -> Json:
    """Carries one request out, at once: nothing in here awaits."""
    method, resource = discovery.route(request.method, request.raw_path.partition("?")[0])
    query = validation.check_query(method, {name: request.query.getall(name) for name in request.query})
    try:
        body = validation.without_nulls(msgspec.json.decode(raw)) if raw.strip() else {}
    except msgspec.DecodeError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    if not isinstance(body, dict):
        raise invalid('Invalid JSON payload received. Unknown name "": Root element must be a message.')
    discovery.check_request(method, body)
    if method.id not in METHODS:
        raise GoogleError(501, f"This emulator has no {method.id}.")
    state.require(_permission(method.id), resource)
    answer: Json = METHODS[method.id](state, resource, query, body)
    discovery.check_answer(method, answer)
    return answer


def _permission(method_id: str) -> str:
    """Return the permission that a method needs: https://cloud.google.com/tasks/docs/reference-access-control."""
    kind, verb = method_id.split(".")[-2:]
    return f"cloudtasks.{kind}.{'update' if verb == 'patch' else verb}"


async def _delivering(state: State, secret: str) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=False) as session:
        delivering = asyncio.create_task(Delivery(state, session, secret).run())
        yield
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering
