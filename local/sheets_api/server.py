"""The emulator as an aiohttp application."""

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
