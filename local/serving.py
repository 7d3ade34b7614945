"""Serving a local stand-in: from a thread of this process (tests), or as a process of its own (`python -m …`)."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from aiohttp import web

from functions.auth.certificates import LOOPBACK
from local import secret

HOST = "127.0.0.1"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Build = Callable[[str], web.Application]
"""The URL that the application will be reached at (no slash at its end) → the application."""

STEERING = "/_"
"""Beginning of the paths that steer a stand-in, such as `/_emulator/tokens`: on every server they need the secret."""
SECRET = web.AppKey("secret", str)
"""The secret of the stack that a server belongs to."""


@web.middleware
async def _this_machine_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a foreign web page makes a browser on this machine send, directly or by DNS rebinding.

    Every server that is started here gets this check, so that none can be forgotten.
    """
    for header in ("Host", "Origin"):
        value = request.headers.get(header)
        if value and _host_of(value if header == "Origin" else f"//{value}") not in LOOPBACK:
            raise web.HTTPForbidden(text=f"This server is for this machine only, not for this {header}.")
    return await handler(request)


@web.middleware
async def json_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a body that does not say that it is JSON; a web page cannot say so without a preflight request."""
    if request.can_read_body and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send application/json.")
    return await handler(request)


@web.middleware
async def _steered_by_holders_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.path.startswith(STEERING):
        return await handler(request)
    demand_secret(request)
    return await json_only(request, handler)


def holders_only(handler: Handler) -> Handler:
    """Let a handler answer only to who holds the secret."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        demand_secret(request)
        return await handler(request)

    return guarded


def demand_secret(request: web.Request) -> None:
    """Raise HTTPForbidden unless the request holds the secret of this server's stack."""
    if not secret.is_held(request.headers, request.app[SECRET]):
        raise web.HTTPForbidden(
            text=f"Only the user who started this server may do that: send its secret in the header {secret.HEADER}."
        )


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # not an address at all, such as an unclosed bracket
        return ""


def _guarded(app: web.Application, held: str) -> web.Application:
    app.middlewares[:0] = [_this_machine_only, _steered_by_holders_only]
    app[SECRET] = held
    return app


@contextmanager
def serving(build: Build, port: int = 0, held: str = "") -> Iterator[str]:
    """Serves an application from a thread of its own while the block runs; gives its URL.

    `held` is the secret that steers it; by default a new one, which nobody knows.
    """
    listening = socket.create_server((HOST, port))
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete,
        args=(_serve(_guarded(build(url), held or secret.made()), listening, ready.set, stop),),
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


def run(build: Build, *, port: int, with_parent: bool, more: Mapping[str, object] | None = None) -> None:
    """Serve an application until a signal, or with `with_parent` until standard input ends; print one JSON line.

    The line is `{"url": "http://127.0.0.1:8086"}` and `more`, printed when connections are accepted. Where the process
    was started without a secret, it makes one, and the line holds it: `"secret"`.
    """
    run_together({"": build}, port=port, with_parent=with_parent, more=more)


def run_together(
    builds: Mapping[str, Build], *, port: int, with_parent: bool, more: Mapping[str, object] | None = None
) -> None:
    """Serve several applications in one process, each at its own port; the line has the first URL, and all in `urls`.

    `port` is the first one's; the others get free ones. Everything else is as in `run`.
    """
    given = secret.taken()
    held = given or secret.made()
    told = {} if given else {"secret": held}
    listening = [socket.create_server((HOST, 0 if number else port)) for number in range(len(builds))]
    urls = {name: f"http://{HOST}:{at.getsockname()[1]}" for name, at in zip(builds, listening, strict=True)}
    first = next(iter(urls.values()))
    line = json.dumps({"url": first, **({} if "" in urls else {"urls": urls}), **(more or {}), **told})
    apps = [_guarded(build(urls[name]), held) for name, build in builds.items()]
    asyncio.run(_run(apps, listening, line, with_parent=with_parent))


async def _run(
    apps: Sequence[web.Application], listening: Sequence[socket.socket], line: str, *, with_parent: bool
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if with_parent:

        def until_parent_ends() -> None:
            sys.stdin.buffer.read()
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=until_parent_ends, daemon=True).start()
    left = len(apps)

    def ready() -> None:
        nonlocal left
        left -= 1
        if not left:
            print(line, flush=True)

    await asyncio.gather(*(_serve(app, at, ready, stop) for app, at in zip(apps, listening, strict=True)))


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
