"""The emulator as an aiohttp application, and running it until told to stop."""

from __future__ import annotations

from aiohttp import web

from local.sheets_api.api import MAX_REQUEST_BYTES, Api
from local.sheets_api.control import Control
from local.sheets_api.state import State
from local.sheets_api.steering import Steering


def application(state: State) -> web.Application:
    """Return the application that serves a state."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    api = Api(state)
    app.add_routes([*Control(state).routes(), *Steering(state, api).routes()])
    app.router.add_route("*", "/{everything:.*}", api.handle)
    return app


async def start(state: State, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Listen; return what stops it (`cleanup`) and the port. Port 0 takes a free one."""
    runner = web.AppRunner(application(state), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    addresses: list[tuple[str, int]] = runner.addresses
    return runner, addresses[0][1]
