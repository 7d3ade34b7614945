"""The server core of the stand-ins: counting, limits, faults and the calls under `/_sandbox/`.

| call | what |
|---|---|
| the provider's own | as it documents them; every key is taken but one that begins with `bad` |
| `GET /_sandbox/charges` | charges by key, and `total`, `requests`, `in_flight`, `in_flight_max`; or `?by=slug` |
| `GET /_sandbox/switches` | all switches |
| `PUT /_sandbox/switches` | sets those in the body, leaves the others |
| `POST /_sandbox/reset` | counts and switches as at the start |

A charge is counted the moment that it is certain, before the answer's latency: who is killed while waiting was
charged. One event loop runs all this, so that no count is ever torn.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import msgspec
from aiohttp import web

from local.providers.apollo import ApolloShape
from local.providers.people import draw
from local.providers.people_data_labs import PeopleDataLabsShape
from local.providers.prospeo import ProspeoShape
from local.providers.shape import JSON, Account, Asked, Refusal, Shape, Told
from local.providers.slintel import SlintelShape
from local.providers.switches import Body, Fate, Switches, fate, has_a_fate, latency_s, of_a_stranger
from local.providers.window import Window

SHAPES: dict[str, Shape] = {
    shape.name: shape for shape in (SlintelShape(), PeopleDataLabsShape(), ProspeoShape(), ApolloShape())
}

_WITHOUT_LEAD = {Body.MESSAGE, Body.NOTHING}
_REFUSALS = {400: Refusal.INPUT, 404: Refusal.MISS, 429: Refusal.THROTTLED}


class StandIn:
    """What one provider knows of its customers."""

    def __init__(self, shape: Shape, initial: Switches) -> None:
        self.shape, self._initial = shape, initial
        self.reset()

    def reset(self) -> None:
        """As at the start."""
        self.charges_by_key: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.charges_by_slug: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.requests = 0
        self.in_flight = 0
        self.in_flight_max = 0
        self._asked: Counter[str] = Counter()
        self._paid_for: set[tuple[str, str]] = set()
        self.switch(self._initial)

    def switch(self, switches: Switches) -> None:
        """Sets all switches; every limit begins anew."""
        self.switches = switches
        self._tokens = self._bucket = max(1.0, switches.burst_per_s or 1.0)
        self._refilled_s = 0.0
        self._minute, self._hour, self._day = (
            Window(length_s, self.shape.window_starts, time.time) for length_s in (60.0, 3_600.0, 86_400.0)
        )

    async def look_up(self, request: web.Request) -> web.StreamResponse:
        """The paid call."""
        self.requests += 1
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            return await self._look_up(request)
        finally:
            self.in_flight -= 1

    async def balance(self, request: web.Request) -> web.Response:
        """The free call."""
        key = request.headers.get(self.shape.key_header, "")
        account = Account(self.switches, self._charged(key))
        if _is_bad(key):
            return self._tell(self.shape.refused(Refusal.KEY, 401, account), account)
        body = JSON.encode(self.shape.balance_of(account))
        return self._tell(Told(200, body), account)

    async def _look_up(self, request: web.Request) -> web.StreamResponse:
        arrived_s = asyncio.get_running_loop().time()
        switches, shape, key = self.switches, self.shape, request.headers.get(self.shape.key_header, "")
        account = Account(switches, self._charged(key))
        if _is_bad(key):
            return self._refuse(Refusal.KEY, account)
        if switches.quota is not None and account.used >= switches.quota:
            return self._refuse(Refusal.QUOTA, account)
        account, refusal = self._limited(key, account)
        if refusal:
            return self._refuse(refusal, account)
        asked = await shape.asked(request)
        if asked is None:
            return self._refuse(Refusal.INPUT, account)
        self._asked[asked.slug] += 1
        nth = self._asked[asked.slug]
        fated = fate(asked.slug, nth, switches)
        if not has_a_fate(asked.slug) and not shape.knows(asked):
            fated = of_a_stranger(fated)
        account = self._charge(key, asked.slug, fated, account)
        wait_s = latency_s(asked.slug, nth, switches)
        if switches.gateway_s is not None and wait_s > switches.gateway_s:
            wait_s, fated = switches.gateway_s, Fate(504, Body.MESSAGE, charged=fated.charged)
        lead = b"" if fated.body in _WITHOUT_LEAD else shape.found(_shown(shape, asked, switches), fated.body, account)
        if wait_s:  # the answer takes so long in all: the time in which it was made is a part of it
            await asyncio.sleep(wait_s - (asyncio.get_running_loop().time() - arrived_s))
        return await self._answer(request, lead, fated, account)

    def _charged(self, key: str) -> Decimal:
        return self.charges_by_key.get(key, Decimal(0))

    def _limited(self, key: str, account: Account) -> tuple[Account, Refusal | None]:
        switches, now_s = self.switches, asyncio.get_running_loop().time()
        day = self._day.take(key, switches.per_day)
        hour = self._hour.take(key, switches.per_hour)
        minute = self._minute.take(key, switches.per_minute)
        account = replace(account, minute=minute, hour=hour, day=day)
        if not day.is_admitted:
            return account, Refusal.DAY
        if not hour.is_admitted:
            return account, Refusal.HOUR
        in_burst = switches.burst_per_s is None or self._admits(switches.burst_per_s, now_s)
        return account, None if minute.is_admitted and in_burst else Refusal.THROTTLED

    def _admits(self, per_s: float, now_s: float) -> bool:
        """Takes a token from the bucket of the burst limit, if there is one."""
        if self._refilled_s:
            self._tokens = min(self._bucket, self._tokens + (now_s - self._refilled_s) * per_s)
        self._refilled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _charge(self, key: str, slug: str, fated: Fate, account: Account) -> Account:
        """Books what the request costs; a repeat may be free, by the provider's terms."""
        if not fated.charged:
            return account
        is_free = self.shape.repeats_are_free and (
            (key, slug) in self._paid_for
            or draw(self.shape.name, "enriched_before", slug) < self.switches.enriched_before_rate
        )
        self._paid_for.add((key, slug))
        price = Decimal(f"{self.switches.price:g}")
        if not is_free:
            self.charges_by_key[key] += price
            self.charges_by_slug[slug] += price
        spent = Decimal(0) if is_free else price
        return replace(account, used=self.charges_by_key[key], spent=spent, is_free=is_free)

    async def _answer(self, request: web.Request, lead: bytes, fated: Fate, account: Account) -> web.StreamResponse:
        match fated.body:
            case Body.MESSAGE:
                return self._refuse(_REFUSALS.get(fated.status, Refusal.ERROR), account, fated.status)
            case Body.CUT:
                return await _cut(request, lead)
            case Body.NOTHING:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()  # goes nowhere
            case _:
                body = lead[: len(lead) // 2] if fated.body is Body.BROKEN else lead
                return self._tell(Told(200, body), account)

    def _refuse(self, refusal: Refusal, account: Account, status: int = 429) -> web.Response:
        told = self.shape.refused(refusal, 400 if refusal is Refusal.INPUT else status, account)
        is_slow = refusal is Refusal.THROTTLED
        return self._tell(told, account, retry_after_s=self.switches.retry_after_s if is_slow else None)

    def _tell(self, told: Told, account: Account, *, retry_after_s: float | None = None) -> web.Response:
        headers = self.shape.headers(account)
        if retry_after_s is not None:
            now = datetime.now(UTC)
            until = format_datetime(now + timedelta(seconds=retry_after_s), usegmt=True)
            headers["Retry-After"] = until if self.switches.retry_after_is_date else f"{retry_after_s:g}"
        return web.Response(status=told.status, body=told.body, content_type=told.content_type, headers=headers)


def _is_bad(key: str) -> bool:
    return not key or key.startswith("bad")


def _shown(shape: Shape, asked: Asked, switches: Switches) -> Asked:
    is_other = draw(shape.name, "other_person", asked.slug) < switches.other_person_rate
    return replace(asked, shown="zzz-other-999" if is_other else asked.slug)


async def _cut(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=JSON.encode(value), content_type="application/json")


def build(name: str, initial: Switches) -> web.Application:
    """The stand-in of a provider as an application, with the switches that it starts with and is reset to."""
    stand_in = StandIn(SHAPES[name], initial)
    shape = stand_in.shape

    async def charges(request: web.Request) -> web.Response:
        if request.query.get("by") == "slug":
            return _json(stand_in.charges_by_slug)
        totals = {
            "total": sum(stand_in.charges_by_key.values()),
            "requests": stand_in.requests,
            "in_flight": stand_in.in_flight,
            "in_flight_max": stand_in.in_flight_max,
        }
        return _json(stand_in.charges_by_key | totals)

    async def read_switches(_request: web.Request) -> web.Response:
        return _json(stand_in.switches)

    async def set_switches(request: web.Request) -> web.Response:
        try:
            changed = msgspec.json.decode(await request.read(), type=dict)
            stand_in.switch(msgspec.convert(msgspec.to_builtins(stand_in.switches) | changed, Switches))
        except msgspec.DecodeError as error:
            return _json({"message": str(error)}, 400)
        return await read_switches(request)

    async def reset(_request: web.Request) -> web.Response:
        stand_in.reset()
        return _json({})

    async def elsewhere(_request: web.Request) -> web.Response:
        account = Account(stand_in.switches, Decimal(0))
        return stand_in._tell(shape.refused(Refusal.PATH, 404, account), account)  # noqa: SLF001 - its own application

    app = web.Application()
    app.router.add_route(*shape.lookup, stand_in.look_up)
    if shape.balance:
        app.router.add_route(*shape.balance, stand_in.balance)
    app.router.add_get("/_sandbox/charges", charges)
    app.router.add_get("/_sandbox/switches", read_switches)
    app.router.add_put("/_sandbox/switches", set_switches)
    app.router.add_post("/_sandbox/reset", reset)
    app.router.add_route("*", "/{elsewhere:.*}", elsewhere)
    return app
