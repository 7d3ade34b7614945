"""The sandbox's HTTP: the provider's one call, and under `/_sandbox/` what the provider does not have.

| call | what |
|---|---|
| `GET /v2.0/lead/enrich?linkedin_url=` | as documented: header `x-api-key` (any key but one that begins with `bad`) |
| `GET /_sandbox/charges` | charges by key, and `total`, `requests`, `in_flight`, `in_flight_max`; or `?by=slug` |
| `GET /_sandbox/switches` | all switches |
| `PUT /_sandbox/switches` | sets those in the body, leaves the others |
| `POST /_sandbox/reset` | counts and switches as at the start |

A charge is counted the moment that it is certain, before the answer's latency: who is killed while waiting was
charged. One event loop runs all this, so that no count is ever torn.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from functools import lru_cache
from urllib.parse import unquote

import msgspec
from aiohttp import web

from local.providers.slintel import lead
from local.providers.switches import Body, Fate, Switches, fate, latency_s
from local.serving import json_only

BASE_PATH = "/v2.0"

MESSAGES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal server error",
    502: "Internal server error",
    503: "Service Unavailable",
    504: "Endpoint request timed out",
}
"""The gateway's words; the two kinds of 429 differ in them alone."""

_PROFILE_URL = re.compile(r"http://www\.linkedin\.com/in/([^/?#\s]{3,900})")
"""The documented form; the project promises to send no other."""


class Provider:
    """What one Slintel knows of its customers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As at the start."""
        self.charges_by_key: Counter[str] = Counter()
        self.charges_by_slug: Counter[str] = Counter()
        self.requests = 0
        self.in_flight = 0
        self.in_flight_max = 0
        self._asked: Counter[str] = Counter()
        self.switch(Switches())

    def switch(self, switches: Switches) -> None:
        """Sets all switches; the burst limit's bucket is full again."""
        self.switches = switches
        self._tokens = self._bucket = max(1.0, switches.burst_per_s or 1.0)
        self._refilled_s = 0.0

    async def enrich(self, request: web.Request) -> web.StreamResponse:
        """The paid call."""
        self.requests += 1
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            return await self._enrich(request)
        finally:
            self.in_flight -= 1

    async def _enrich(self, request: web.Request) -> web.StreamResponse:
        switches, key = self.switches, request.headers.get("x-api-key", "")
        if not key or key.startswith("bad"):
            return _message(403)
        if switches.quota is not None and self.charges_by_key[key] >= switches.quota:
            return _message(429, "Limit Exceeded")
        if switches.burst_per_s is not None and not self._admits(switches.burst_per_s):
            return _message(429, retry_after_s=switches.retry_after_s)
        url = _PROFILE_URL.fullmatch(request.query.get("linkedin_url", ""))
        if url is None:
            return _message(400)
        slug = unquote(url[1])
        self._asked[slug] += 1
        nth = self._asked[slug]
        fated = fate(slug, nth, switches)
        if fated.charged:
            self.charges_by_key[key] += 1
            self.charges_by_slug[slug] += 1
        wait_s = latency_s(slug, nth, switches)
        if wait_s:
            await asyncio.sleep(wait_s)
        return await _answer(request, slug, fated, switches)

    def _admits(self, per_s: float) -> bool:
        """Takes a token from the bucket, if there is one."""
        now_s = asyncio.get_running_loop().time()
        if self._refilled_s:
            self._tokens = min(self._bucket, self._tokens + (now_s - self._refilled_s) * per_s)
        self._refilled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


async def _answer(request: web.Request, slug: str, fated: Fate, switches: Switches) -> web.StreamResponse:
    match fated.body:
        case Body.MESSAGE:
            return _message(fated.status, retry_after_s=switches.retry_after_s if fated.status == 429 else None)
        case Body.CUT:
            return await _cut(request, _lead_body(slug))
        case Body.NOTHING:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # goes nowhere
        case _:
            return _json(_body(slug, fated.body))


def _body(slug: str, body: Body) -> bytes:
    """What a successful answer holds."""
    match body:
        case Body.EMPTY:
            return b'{"data":{}}'
        case Body.NULL:
            return b'{"data":null}'
        case Body.LIST:
            return b'{"data":[]}'
        case Body.WITHOUT_ID:
            return msgspec.json.encode({"data": {key: value for key, value in lead(slug).items() if key != "id"}})
    whole = _lead_body(slug)
    return whole[: len(whole) // 2] if body is Body.BROKEN else whole


async def _cut(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


@lru_cache(maxsize=4_096)
def _lead_body(slug: str) -> bytes:
    return msgspec.json.encode({"data": lead(slug)})


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


def _message(status: int, message: str = "", *, retry_after_s: float | None = None) -> web.Response:
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    body = msgspec.json.encode({"message": message or MESSAGES.get(status, "Internal server error")})
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def build(_url: str) -> web.Application:
    """The sandbox as an application."""
    provider = Provider()

    async def charges(request: web.Request) -> web.Response:
        if request.query.get("by") == "slug":
            return _json(msgspec.json.encode(provider.charges_by_slug))
        totals = {
            "total": provider.charges_by_key.total(),
            "requests": provider.requests,
            "in_flight": provider.in_flight,
            "in_flight_max": provider.in_flight_max,
        }
        return _json(msgspec.json.encode(provider.charges_by_key | totals))

    async def read_switches(_request: web.Request) -> web.Response:
        return _json(msgspec.json.encode(provider.switches))

    async def set_switches(request: web.Request) -> web.Response:
        try:
            changed = msgspec.json.decode(await request.read(), type=dict)
            provider.switch(msgspec.convert(msgspec.to_builtins(provider.switches) | changed, Switches))
        except msgspec.DecodeError as error:
            return _message(400, str(error))
        return await read_switches(request)

    async def reset(_request: web.Request) -> web.Response:
        provider.reset()
        return _json(b"{}")

    async def elsewhere(_request: web.Request) -> web.Response:
        return _message(403, "Missing Authentication Token")  # what such a gateway says of a path that it does not know

    app = web.Application(middlewares=[json_only])
    app.router.add_get(f"{BASE_PATH}/lead/enrich", provider.enrich)
    app.router.add_get("/_sandbox/charges", charges)
    app.router.add_get("/_sandbox/switches", read_switches)
    app.router.add_put("/_sandbox/switches", set_switches)
    app.router.add_post("/_sandbox/reset", reset)
    app.router.add_route("*", "/{elsewhere:.*}", elsewhere)
    return app
