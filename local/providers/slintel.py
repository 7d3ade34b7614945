"""Slintel's stand-in: the documented lead, and the words of the gateway in front of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from functions.credits.terms import WindowStart
from local.providers.people import draw, lead
from local.providers.shape import Account, Asked, Refusal, Told, json_told
from local.providers.switches import Body

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

_STATUS = {Refusal.KEY: 403, Refusal.QUOTA: 429, Refusal.DAY: 429, Refusal.HOUR: 429, Refusal.PATH: 403}
_WORDS = {
    Refusal.QUOTA: "Limit Exceeded",
    Refusal.DAY: "Limit Exceeded",
    Refusal.PATH: "Missing Authentication Token",  # what such a gateway says of a path that it does not know
}


class SlintelShape:
    """Slintel's calls and answers."""

    name = "slintel"
    base_path = BASE_PATH
    lookup = ("GET", f"{BASE_PATH}/lead/enrich")
    balance = ("GET", f"{BASE_PATH}/api-credits")
    key_header = "x-api-key"
    repeats_are_free = False
    window_starts = WindowStart.CLOCK

    async def asked(self, request: web.Request) -> Asked | None:
        """Whom a request asks for; None where it is malformed."""
        url = _PROFILE_URL.fullmatch(request.query.get("linkedin_url", ""))
        return Asked(unquote(url[1])) if url else None

    def knows(self, asked: Asked) -> bool:  # noqa: ARG002 - it knows everybody, unless a switch says otherwise
        """Whether the provider has the person."""
        return True

    def found(self, asked: Asked, body: Body, account: Account) -> bytes:
        """The JSON of a successful answer."""
        match body:
            case Body.EMPTY:
                return b'{"data":{}}'
            case Body.NULL:
                return b'{"data":null}'
            case Body.LIST:
                return b'{"data":[]}'
            case Body.WITHOUT_ID:
                whole = lead(asked.shown)
                return msgspec.json.encode({"data": {key: value for key, value in whole.items() if key != "id"}})
        if draw(self.name, "email", asked.slug) < account.switches.no_email_rate:
            return msgspec.json.encode({"data": lead(asked.shown) | {"email": None}})
        return _lead_body(asked.shown)

    def refused(self, refusal: Refusal, status: int, account: Account) -> Told:  # noqa: ARG002 - as above
        """An answer without a lead."""
        status = _STATUS.get(refusal, status)
        return json_told(status, {"message": _WORDS.get(refusal) or MESSAGES.get(status, "Internal server error")})

    def headers(self, account: Account) -> dict[str, str]:  # noqa: ARG002 - it documents none
        """Headers of every answer."""
        return {}

    def balance_of(self, account: Account) -> Any:  # noqa: ANN401 - JSON
        """The answer to the balance call."""
        return {"available_credits": account.left, "consumed_credits": account.used}


@lru_cache(maxsize=4_096)
def _lead_body(slug: str) -> bytes:
    return msgspec.json.encode({"data": lead(slug)})
