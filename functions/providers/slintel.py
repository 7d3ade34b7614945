"""Slintel: one lookup over HTTP, without retry; every documented and every possible answer is handled.

What is documented of the API is in its lead enrichment page; what is inferred of the gateway in front of it (the
statuses, and bodies such as `{"message": "Forbidden"}`) is taken as possible, never as promised.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import msgspec

from functions.credits.lookup_result import (
    Found,
    LookupResult,
    Missing,
    NoAnswer,
    OptedOut,
    Refused,
    Unavailable,
    Unreadable,
)
from functions.credits.terms import EVERY_NEED, Limit, Needs, Terms, WindowStart
from functions.profiles import Profile
from functions.providers.contract import (
    GATEWAY_GAVE_UP,
    Answer,
    Balance,
    HttpProvider,
    key_rejected,
    quota_exhausted,
    throttled,
)
from functions.providers.http import NoReply, Reply

NAME, LABEL, VARIABLES = "slintel", "Slintel", "SLINTEL"

DAY = Limit(Decimal(10_000), timedelta(days=1), WindowStart.CLOCK)
"""Resets at 00:00 GMT."""

TERMS = Terms(
    price=Decimal(1),
    repeats_are_free=False,
    fills=EVERY_NEED,
    limits=(Limit(Decimal(10), timedelta(seconds=1), WindowStart.ROLLING), DAY),
)
"""From the vendor's API documentation (its page on limits, read in autumn 2026); both limits are counted by key."""

_LIMIT_EXCEEDED = "limit exceeded"
"""Begins the message of the 429 that means the daily limit or the plan's quota; any other 429 is the burst limit,
which is documented as *Too Many Requests Exception*."""


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")


class _GatewayError(msgspec.Struct):
    message: str = ""


class _Credits(msgspec.Struct):
    available_credits: Decimal
    consumed_credits: Decimal | None = None


class Slintel(HttpProvider):
    """The provider Slintel."""

    name, variables, key_header, documented = NAME, VARIABLES, "x-api-key", TERMS

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:  # noqa: ARG002 - a price for all needs
        """Asks for one person, once; see `contract.Provider`.

        Raises:
            KeyRejected: 401 or 403.
            QuotaExhausted: 402, or 429 *Limit Exceeded* or with a long `Retry-After`.
        """
        reply = self._http.send("GET", f"/lead/enrich?linkedin_url={quote(profile.url, safe='')}")
        return Answer(NoAnswer(reply.sent) if isinstance(reply, NoReply) else _conclude(reply))

    def balance(self) -> Balance | None:
        """The account's credits; see `contract.Provider`.

        Raises:
            KeyRejected: 401 or 403.
        """
        reply = self._http.send("GET", "/api-credits")
        if isinstance(reply, NoReply):
            return None
        if reply.status in {401, 403}:
            raise key_rejected(LABEL, VARIABLES)
        account = reply.json(_Credits) if reply.status == 200 else None
        return Balance(account.available_credits, account.consumed_credits) if account else None


def _conclude(reply: Reply) -> LookupResult:
    """Translate an answer of the API into a result."""
    status = reply.status
    if 200 <= status < 300:
        return _lead(reply)
    if status in {401, 403}:
        raise key_rejected(LABEL, VARIABLES)
    if status == 402:
        raise quota_exhausted(LABEL)
    if status == 429 and _message(reply).startswith(_LIMIT_EXCEEDED):
        raise quota_exhausted(LABEL, DAY.next_window(reply.sent_at), now=reply.sent_at)
    if status == 429:
        return throttled(reply, LABEL, reply.retry_after_s)
    others: dict[int, LookupResult] = {
        404: Missing(successful=False),
        408: Unavailable(status, reply.retry_after_s),  # arrived in part only, by RFC 9110: it may be repeated
        451: OptedOut(),
        **GATEWAY_GAVE_UP,
    }
    return others.get(status) or (Refused(status) if 400 <= status < 500 else Unavailable(status, reply.retry_after_s))


def _lead(reply: Reply) -> LookupResult:
    """Return the lead in a successful answer."""
    envelope = reply.json(_Envelope)
    if envelope is None:
        return Unreadable()
    raw = bytes(envelope.data)
    try:
        data = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unreadable()
    if not data or (isinstance(data, dict) and not data.get("id")):
        return Missing(successful=True)
    return Found(data, raw, raw_is_lead=True) if isinstance(data, dict) else Unreadable()


def _message(reply: Reply) -> str:
    """Return the gateway's message about an error, in lower case; empty if there is none."""
    error = reply.json(_GatewayError)
    return error.message.strip(" .").casefold() if error else ""
