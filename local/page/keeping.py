"""The state that Apps Script's services keep between two executions: properties, caches, locks, and answers to dialogs.

Only keeping: the limits and the rules of each service are in its stand-in, which runs in the browser and in Node.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from aiohttp import web

Body = TypeVar("Body")

LOCK_LIFE_S = 360.0
"""An execution ends after six minutes, and its locks with it."""
ANSWER_LIFE_S = 300.0


class Entries(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /kept/{area}`: first `clear`, then `remove`, then `put`; then `get` is read (all of it if null)."""

    clear: bool = False
    remove: tuple[str, ...] = ()
    put: dict[str, str] = {}
    expires_in_s: float | None = None
    get: tuple[str, ...] | None = ()


class Lock(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /locks/{name}`."""

    holder: str
    wait_s: float = 0
    release: bool = False


class Kept:
    """Named areas of text by key; an entry may expire."""

    def __init__(self) -> None:
        self._areas: dict[str, dict[str, tuple[str, float | None]]] = defaultdict(dict)

    def change(
        self,
        area: str,
        *,
        entries: dict[str, str],
        expires_in_s: float | None,
        remove: Iterable[str] = (),
        clear: bool = False,
    ) -> None:
        """Clear, remove and put, in this order."""
        kept = self._areas[area]
        if clear:
            kept.clear()
        for key in remove:
            kept.pop(key, None)
        until = None if expires_in_s is None else time.monotonic() + expires_in_s
        kept.update({key: (text, until) for key, text in entries.items()})

    def read(self, area: str, keys: Iterable[str] | None) -> dict[str, str]:
        """Return what is there of these keys, or of all."""
        kept, now = self._areas[area], time.monotonic()
        for key in [key for key, (_, until) in kept.items() if until is not None and until <= now]:
            del kept[key]
        return {key: kept[key][0] for key in (list(kept) if keys is None else keys) if key in kept}


class Locks:
    """One holder a name at a time."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, float]] = {}
        self._changed = asyncio.Condition()

    async def acquire(self, name: str, holder: str, wait_s: float) -> bool:
        """Wait that long for the lock; true if it is held now."""
        until = time.monotonic() + wait_s
        async with self._changed:
            while True:
                now = time.monotonic()
                other, expires = self._held.get(name, (holder, 0.0))
                if other == holder or expires <= now:
                    self._held[name] = (holder, now + LOCK_LIFE_S)
                    return True
                if now >= until:
                    return False
                try:
                    await asyncio.wait_for(self._changed.wait(), min(until, expires) - now)
                except TimeoutError:
                    continue

    async def release(self, name: str, holder: str) -> None:
        """Give the lock up, if it is this holder's."""
        async with self._changed:
            if self._held.get(name, ("", 0.0))[0] == holder:
                del self._held[name]
                self._changed.notify_all()


def keeping_routes(kept: Kept) -> list[web.RouteDef]:
    """`POST /kept/{area}`, `POST /locks/{name}`, `GET /sleep/{ms}`, and dialogs: `GET`/`POST /answers/{id}`."""
    locks = Locks()
    answers: dict[str, asyncio.Future[bytes]] = {}

    async def change(request: web.Request) -> web.Response:
        body = await _body(request, Entries)
        area = request.match_info["area"]
        kept.change(area, entries=body.put, expires_in_s=body.expires_in_s, remove=body.remove, clear=body.clear)
        return web.json_response(kept.read(area, body.get))

    async def lock(request: web.Request) -> web.Response:
        body = await _body(request, Lock)
        name = request.match_info["name"]
        if body.release:
            await locks.release(name, body.holder)
            return web.json_response({"held": False})
        return web.json_response({"held": await locks.acquire(name, body.holder, body.wait_s)})

    def answer_to(question: str) -> asyncio.Future[bytes]:
        return answers.setdefault(question, asyncio.get_running_loop().create_future())

    async def wait(request: web.Request) -> web.Response:
        question = request.match_info["id"]
        try:
            answer = await asyncio.wait_for(answer_to(question), ANSWER_LIFE_S)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="Nobody answered the dialog.") from error
        finally:
            answers.pop(question, None)
        return web.Response(body=answer, content_type="application/json")

    async def answer(request: web.Request) -> web.Response:
        waiting = answer_to(request.match_info["id"])
        if not waiting.done():
            waiting.set_result(await request.read())
        return web.json_response({})

    async def sleep(request: web.Request) -> web.Response:
        await asyncio.sleep(min(int(request.match_info["ms"]), 1000 * ANSWER_LIFE_S) / 1000)
        return web.json_response({})

    return [
        web.get("/sleep/{ms:[0-9]{1,6}}", sleep),
        web.post("/kept/{area}", change),
        web.post("/locks/{name}", lock),
        web.get("/answers/{id}", wait),
        web.post("/answers/{id}", answer),
    ]


async def _body(request: web.Request, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
