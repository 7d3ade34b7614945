"""The part in which the stand-ins differ: a provider's calls, answers, headers and words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from aiohttp import web

from functions.credits.terms import WindowStart
from local.providers.switches import Body, Switches
from local.providers.window import UNLIMITED, Counted


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a request asks for."""

    slug: str
    only_with_email: bool = False
    """Whether somebody without an address (Prospeo: a verified one) is to be a miss."""
    shown: str = ""
    """Whose lead the answer holds: the slug, unless the provider takes somebody else for the closest match."""


class Refusal(StrEnum):
    """Why an answer holds no lead."""

    KEY = "key"  # the API key is missing or unknown
    QUOTA = "quota"  # the contract's credits are used up
    DAY = "day"  # the limit of a day is reached
    HOUR = "hour"  # the limit of an hour is reached
    THROTTLED = "throttled"  # the limit of a second or a minute is reached
    INPUT = "input"  # the request is malformed
    MISS = "miss"  # the person is not known
    ERROR = "error"  # the provider failed
    PATH = "path"  # there is no such call


@dataclass(frozen=True, slots=True)
class Account:
    """A key's account at the moment of an answer."""

    switches: Switches
    used: Decimal
    """Credits charged so far, this answer's included."""
    spent: Decimal = Decimal(0)
    """Credits that this answer cost."""
    is_free: bool = False
    """Whether this person was paid for before, and so is free."""
    minute: Counted = UNLIMITED
    hour: Counted = UNLIMITED
    day: Counted = UNLIMITED

    @property
    def left(self) -> Decimal:
        """Credits left; a contract without a quota has many."""
        return (1_000_000 if self.switches.quota is None else self.switches.quota) - self.used


JSON = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, before its common headers."""

    status: int
    body: bytes
    content_type: str = "application/json"


def json_told(status: int, body: object) -> Told:
    """An answer of JSON."""
    return Told(status, JSON.encode(body))


class Shape(Protocol):
    """A provider's part of its stand-in. Calls are a method and a path; `repeats_are_free` is by key and person."""

    name: str
    base_path: str
    lookup: tuple[str, str]
    key_header: str
    repeats_are_free: bool
    window_starts: WindowStart
    """When a window of its limits begins."""

    @property
    def balance(self) -> tuple[str, str] | None:
        """The free call, where there is one."""
        ...

    async def asked(self, request: web.Request) -> Asked | None:
        """Whom a request asks for; None where it is malformed."""
        ...

    def knows(self, asked: Asked) -> bool:
        """Whether the provider has the person, and what the request makes a condition."""
        ...

    def found(self, asked: Asked, body: Body, account: Account) -> bytes:
        """The JSON of a successful answer."""
        ...

    def refused(self, refusal: Refusal, status: int, account: Account) -> Told:
        """An answer without a lead; `status` is what a switch or a slug asks for, where the provider has a choice."""
        ...

    def headers(self, account: Account) -> dict[str, str]:
        """Headers of every answer."""
        ...

    def balance_of(self, account: Account) -> Any:  # noqa: ANN401 - JSON
        """The answer to the balance call."""
        ...
