"""The interface of every provider; the enricher uses providers only through it.

`tests/contract/test_provider_answers.py` holds the adapters against it. An asynchronous provider would
answer with one more class of `LookupResult`, "pending" with its handle, and have one more method that asks by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import ClassVar, Protocol

from functions import logs
from functions.credits.lookup_result import (
    LookupResult,
    NoAnswer,
    OptedOut,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from functions.credits.pacing import PATIENCE
from functions.credits.pricing import amount
from functions.credits.terms import NO_NEEDS, Needs, Terms
from functions.errors import KeyRejected, QuotaExhausted
from functions.profiles import Profile
from functions.providers.http import HttpClient, Reply

GATEWAY_GAVE_UP: Mapping[int, NoAnswer] = {504: NoAnswer(sent=True), 524: NoAnswer(sent=True)}
"""Statuses of a gateway that waited in vain: the service behind it may have finished, and charged. (504 by RFC 9110;
524 is Cloudflare's.)"""


MAX_DIGITS = 100
"""Characters of a number; Python's own have at most 17 digits, and nobody's price has more."""

MAX_WAIT = timedelta(days=1)
"""A longer wait that a provider asks for is cut to this: then one request finds out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One lookup's result, and what the provider states about the account with it."""

    result: LookupResult
    cost: Decimal | None = None
    """Credits that the provider says it charged; None where it does not say."""
    quota_left: int | None = None
    """Lookups that the provider says are left, until its day or its contract ends; None where it does not say."""
    withheld: Needs = NO_NEEDS
    """Needs that this key's plan does not show: asking for them costs credits and brings nothing."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits of the account, as the provider counts them."""

    left: Decimal
    used: Decimal | None = None
    """In the present period of the contract; None where the provider does not say."""


class Provider(Protocol):
    """A paid source of leads. Safe to share between threads."""

    @property
    def name(self) -> str:
        """Its name in settings, requests and the store, such as `people_data_labs`."""
        ...

    @property
    def terms(self) -> Terms:
        """Its prices and limits."""
        ...

    @property
    def timeout_s(self) -> float:
        """Seconds for a whole answer; what takes longer is in doubt."""
        ...

    def look_up(self, profile: Profile, needs: Needs) -> Answer:
        """Asks for one person, once, in one request that may cost credits.

        Args:
            profile: whom to ask for.
            needs: what is still open of this person; the request says so where that saves credits.

        Raises:
            KeyRejected: the provider does not accept the API key.
            QuotaExhausted: nothing more is answered, until a time or until somebody buys credits.
        """
        ...

    def balance(self) -> Balance | None:
        """The account's balance, which also proves the key; None where it cannot be known. Costs nothing.

        Raises:
            KeyRejected: the provider does not accept the API key.
        """
        ...

    def close(self) -> None:
        """Ends its connections."""
        ...


class HttpProvider:
    """The part that all providers share whose key travels in a header."""

    name: ClassVar[str]
    variables: ClassVar[str]
    """The beginning of the names of its settings, such as `SLINTEL`."""
    key_header: ClassVar[str]
    documented: ClassVar[Terms]

    def __init__(
        self, base_url: str, api_key: str, *, terms: Terms | None = None, concurrency: int, timeout_s: float
    ) -> None:
        """Opens no connection yet; the other arguments and errors are those of `HttpClient`.

        Args:
            base_url: without the path of a call.
            api_key: the key.
            terms: another contract's; by default the documented ones.
            concurrency: requests in flight.
            timeout_s: for a whole answer.
        """
        self.terms, self.timeout_s = terms or self.documented, timeout_s
        headers = {self.key_header: api_key}
        self._http = HttpClient(self.variables, base_url, headers, concurrency=concurrency, timeout_s=timeout_s)

    def __repr__(self) -> str:
        """Without the key."""
        return f"{type(self).__name__}(…)"

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()


def stated_cost(text: str, name: str) -> Decimal | None:
    """Return the credits that an answer of the provider `name` states; None where it states none.

    What is no number counts as not stated, and is logged: a lead costs its documented price then. An answer that was
    paid for is never in doubt because of it.
    """
    if text in {"", "null"}:
        return None
    try:
        cost = amount(Decimal(text)) if len(text) <= MAX_DIGITS else None
    except InvalidOperation:
        cost = None
    if cost is None:
        logs.warning("The cost in an answer is no number: the documented price counts.", provider=name)
    return cost


def key_rejected(label: str, variables: str) -> KeyRejected:
    """The error of a key that the provider `label` rejects; its settings' names begin with `variables`."""
    return KeyRejected(f"{label} rejected the API key; check {variables}_API_KEY. The refused lookups cost nothing.")


def quota_exhausted(label: str, until: datetime | None = None, *, now: datetime | None = None) -> QuotaExhausted:
    """The error of a provider whose limit of an hour or a day is reached, or whose credits are used up (no `until`).

    `now` is the present by the provider's own clock, where the provider itself has said so.
    """
    if until is None:
        return QuotaExhausted(f"The credits of the {label} plan are used up; what was done is kept.")
    return QuotaExhausted(
        f"The limit of {label} is reached until {until:%Y-%m-%d %H:%M} UTC; what was done is kept.",
        until=until,
        wait=None if now is None else until - now,
    )


def throttled(reply: Reply, label: str, after_s: float | None) -> Throttled:
    """Return the result of a 429 that asks to wait for so many seconds; None where it does not say.

    Raises:
        QuotaExhausted: no run waits for so long between two requests; what ends then is a limit of an hour or a day.
    """
    if after_s is not None and after_s > PATIENCE.total_seconds():
        wait = timedelta(seconds=min(after_s, MAX_WAIT.total_seconds()))
        raise quota_exhausted(label, reply.sent_at + wait, now=reply.sent_at)
    return Throttled(after_s)


def conclude(reply: Reply, label: str, variables: str) -> LookupResult:
    """Translate a status that the provider does not define by its meaning in HTTP; a success counts as unreadable.

    Raises:
        KeyRejected: 401 or 403.
        QuotaExhausted: 402, or 429 with a long `Retry-After`.
    """
    status = reply.status
    if status in {401, 403}:
        raise key_rejected(label, variables)
    if status == 402:
        raise quota_exhausted(label)
    if status == 429:
        return throttled(reply, label, reply.retry_after_s)
    results: dict[int, LookupResult] = {
        408: Unavailable(status, reply.retry_after_s),  # arrived in part only, by RFC 9110: it may be repeated
        451: OptedOut(),
        **GATEWAY_GAVE_UP,
    }
    if 200 <= status < 300:
        return Unreadable()
    return results.get(status) or (Refused(status) if 400 <= status < 500 else Unavailable(status, reply.retry_after_s))
