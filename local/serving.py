"""Serving a local stand-in: from a thread of this process (tests), or as a process of its own (`python -m …`)."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from aiohttp import web

from functions.auth.certificates import LOOPBACK

HOST = "127.0.0.1"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Build = Callable[[str], web.Application]
"""The URL that the application will be reached at (no slash at its end) → the application."""


@web.middleware
async def this_machine_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what a web page from elsewhere makes a browser here send, by rebinding its name or directly."""
    for header in ("Host", "Origin"):
        value = request.headers.get(header)
        url = value if header == "Origin" else f"//{value}"
        if value and urlsplit(url).hostname not in LOOPBACK:
            raise web.HTTPForbidden(text=f"This server is for this machine only, not for {header.lower()} {value!r}.")
    return await handler(request)


@contextmanager
def serving(build: Build, port: int = 0) -> Iterator[str]:
    """Serves an application from a thread of its own while the block runs; gives its URL."""
    listening = socket.create_server((HOST, port))
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete,
        args=(_serve(build(url), listening, ready.set, stop),),
        name=url,
        daemon=True,
    )
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                raise RuntimeError(f"The server at {url} did not start; its traceback is on standard error.")
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        listening.close()


def run(build: Build, *, port: int, with_parent: bool) -> None:
    """Serves an application until a signal, or with `with_parent` until standard input ends; prints one JSON line.

    The line is `{"url": "http://127.0.0.1:8086"}`, printed when connections are accepted.
    """
    listening = socket.create_server((HOST, port))
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    asyncio.run(_run(build(url), listening, url, with_parent=with_parent))


async def _run(app: web.Application, listening: socket.socket, url: str, *, with_parent: bool) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if with_parent:

        def until_parent_ends() -> None:
            sys.stdin.buffer.read()
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=until_parent_ends, daemon=True).start()
    await _serve(app, listening, lambda: print(json.dumps({"url": url}), flush=True), stop)


async def _serve(
    app: web.Application, listening: socket.socket, ready: Callable[[], None], stop: asyncio.Event
) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        ready()
        await stop.wait()
    finally:
        await runner.cleanup()
