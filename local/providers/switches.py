"""The sandbox's switches, and the fate of one request under them.

Nothing here depends on the order in which requests arrive: a draw is made from the seed, the slug and how often that
slug was asked for, so a run over many threads meets the same faults each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp
from random import Random
from typing import Annotated

from msgspec import Meta, Struct

Rate = Annotated[float, Meta(ge=0, le=1)]
"""How often something happens, from 0 (never) to 1 (always)."""

Seconds = Annotated[float, Meta(ge=0, le=600)]


class Switches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The state of all switches; as it is here, the sandbox is quick and faultless."""

    seed: int = 1
    latency_s: Seconds = 0.0
    """The median time to an answer."""
    latency_sigma: Annotated[float, Meta(ge=0, le=3)] = 0.0
    """The long tail: the sigma of a log-normal distribution; 0 makes every answer take `latency_s`."""
    burst_per_s: Annotated[float, Meta(gt=0)] | None = None
    """The burst limit: a bucket that holds one second's worth. Above it: 429 *Too Many Requests*."""
    retry_after_s: Seconds | None = None
    """The `Retry-After` of those; without one, as the documentation shows none."""
    retry_after_is_date: bool = False
    """Whether it is written as an HTTP date."""
    quota: Annotated[int, Meta(ge=0)] | None = None
    """The contract's quota: after so many charges, a key is told that its credits are used up."""
    per_minute: Annotated[int, Meta(ge=1)] | None = None
    """Requests of a key in a minute, by the provider's own kind of window; refused ones count, too."""
    per_hour: Annotated[int, Meta(ge=1)] | None = None
    """The same of an hour."""
    per_day: Annotated[int, Meta(ge=1)] | None = None
    """The same of a day; Slintel's begins at 00:00 GMT, and its answer is *Limit Exceeded*."""
    price: Annotated[float, Meta(ge=0, le=100)] = 1.0
    """Credits that a charge is; Apollo's can be fractional."""
    gateway_s: Seconds | None = None
    """After so long the gateway answers 504 instead, though the service behind it finishes, and charges."""
    free_plan: bool = False
    """People Data Labs: contact fields are true or false instead of values."""
    masked_rate: Rate = 0.0
    """How many addresses are withheld: masked by Prospeo, a placeholder from Apollo; always the same people's."""
    bounced_rate: Rate = 0.0
    """Apollo: how many addresses are known to bounce; always the same people's."""
    enriched_before_rate: Rate = 0.0
    """Prospeo: how many people another tool of the account paid for already, so that they are free."""
    other_person_rate: Rate = 0.0
    """How many people are answered with somebody else, as the closest match, and charged."""
    throttled_rate: Rate = 0.0
    """Another system uses the same key: how many requests the burst limit refuses, whatever the pace."""
    error_rate: Rate = 0.0
    statuses: Annotated[tuple[Annotated[int, Meta(ge=500, le=599)], ...], Meta(min_length=1)] = (500, 502, 503, 504)
    """Which statuses `error_rate` draws from."""
    charge_on_504_rate: Rate = 0.0
    """How often the service behind a 504 had finished after all, and charged."""
    hang_up_before_rate: Rate = 0.0
    """The connection ends without an answer, and nothing is charged."""
    hang_up_after_rate: Rate = 0.0
    """The connection ends without an answer, after the charge."""
    broken_json_rate: Rate = 0.0
    """200, charged, and half a body; every other time the connection ends inside it."""
    empty_data_rate: Rate = 0.0
    """How many people have 200 with nothing in it, charged: always the same people."""
    not_found_rate: Rate = 0.0
    """How many people have 404, not charged: always the same people."""
    no_email_rate: Rate = 0.0
    """Slintel: how many of its people have no address. The other providers lack a share of addresses anyway."""


class Body(StrEnum):
    """What an answer carries."""

    LEAD = "lead"  # the person
    EMPTY = "empty"  # {"data": {}}
    NULL = "null"  # {"data": null}
    LIST = "list"  # {"data": []}
    WITHOUT_ID = "without_id"  # a person without an id
    MESSAGE = "message"  # the gateway's {"message": …}
    BROKEN = "broken"  # half of the JSON, as if it were whole
    CUT = "cut"  # the connection ends half-way
    NOTHING = "nothing"  # the connection ends before the first byte


@dataclass(frozen=True, slots=True)
class Fate:
    """The fate of one request."""

    status: int
    body: Body
    charged: bool


LEAD = Fate(200, Body.LEAD, charged=True)
MISS = Fate(404, Body.MESSAGE, charged=False)

SLUGS: dict[str, Fate] = {
    "not-found": Fate(404, Body.MESSAGE, charged=False),
    "empty-lead": Fate(200, Body.EMPTY, charged=True),
    "null-lead": Fate(200, Body.NULL, charged=True),
    "list-lead": Fate(200, Body.LIST, charged=True),
    "without-id": Fate(200, Body.WITHOUT_ID, charged=True),
    "broken-lead": Fate(200, Body.BROKEN, charged=True),
    "cut-lead": Fate(200, Body.CUT, charged=True),
    "hang-up-before": Fate(0, Body.NOTHING, charged=False),
    "hang-up-after": Fate(0, Body.NOTHING, charged=True),
    "refused": Fate(400, Body.MESSAGE, charged=False),
    "throttled": Fate(429, Body.MESSAGE, charged=False),
    "server-error": Fate(500, Body.MESSAGE, charged=False),
    "unavailable": Fate(503, Body.MESSAGE, charged=False),
    "gateway-timeout": Fate(504, Body.MESSAGE, charged=False),
    "charged-timeout": Fate(504, Body.MESSAGE, charged=True),
}
"""A slug that contains one of these has this fate each time, whatever the switches say: `jane-not-found-7`.

(And `huge-lead` and `odd-lead` are people of their kind: see `people`.)
"""


def fate(slug: str, nth: int, switches: Switches) -> Fate:
    """What becomes of the `nth` request for a slug, counted from 1."""
    always = next((fated for part, fated in SLUGS.items() if part in slug), None)
    return always or _missing(slug, switches) or _fault(slug, nth, switches) or LEAD


def has_a_fate(slug: str) -> bool:
    """Whether the slug itself says what becomes of each request for it."""
    return any(part in slug for part in SLUGS)


def of_a_stranger(fated: Fate) -> Fate:
    """What becomes of a request for somebody whom the provider does not know: nothing is charged, whatever fails."""
    return replace(fated, charged=False) if fated.body in {Body.MESSAGE, Body.NOTHING} else MISS


def _missing(slug: str, switches: Switches) -> Fate | None:
    """A person's lot, the same each time."""
    if not (switches.not_found_rate or switches.empty_data_rate):
        return None
    draw = Random(f"{switches.seed}/{slug}").random()
    if draw < switches.not_found_rate:
        return SLUGS["not-found"]
    return SLUGS["empty-lead"] if draw < switches.not_found_rate + switches.empty_data_rate else None


def _fault(slug: str, nth: int, switches: Switches) -> Fate | None:
    """A request's accident."""
    rates = (
        switches.throttled_rate,
        switches.hang_up_before_rate,
        switches.error_rate,
        switches.hang_up_after_rate,
        switches.broken_json_rate,
    )
    if not any(rates):
        return None
    random = Random(f"{switches.seed}/{slug}/{nth}")
    status, half = random.choice(switches.statuses), random.choice(("broken-lead", "cut-lead"))
    charged = status == 504 and random.random() < switches.charge_on_504_rate
    accidents = (
        SLUGS["throttled"],
        SLUGS["hang-up-before"],
        Fate(status, Body.MESSAGE, charged=charged),
        SLUGS["hang-up-after"],
        SLUGS[half],
    )
    return next((fated for fated, rate in zip(accidents, rates, strict=True) if random.random() < rate), None)


def latency_s(slug: str, nth: int, switches: Switches) -> float:
    """How long the `nth` answer for a slug takes."""
    if not switches.latency_sigma:
        return switches.latency_s
    return switches.latency_s * exp(Random(f"{switches.seed}/{slug}/{nth}/latency").gauss(0, switches.latency_sigma))
