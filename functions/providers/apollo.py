"""Apollo: the bulk match call for one person, one request without retry; only this call states its cost.

Sources: the vendor's OpenAPI document; for limits and undocumented behaviour, other clients (autumn 2026).
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Unreadable
from functions.credits.terms import EVERY_NEED, Limit, Needs, Terms, WindowStart
from functions.outcomes import Lead
from functions.profiles import Profile
from functions.providers.contract import (
    Answer,
    Balance,
    HttpProvider,
    conclude,
    key_rejected,
    quota_exhausted,
    stated_cost,
)
from functions.providers.http import NoReply, Reply
from functions.providers.lead_shape import at, email, entries, lead, size_range, text, texts
from functions.providers.person_match import is_other_person

NAME, LABEL, VARIABLES = "apollo", "Apollo", "APOLLO"

TERMS = Terms(
    price=Decimal(1),
    repeats_are_free=False,
    fills=EVERY_NEED,
    limits=(
        Limit(Decimal(50), timedelta(minutes=1), WindowStart.FIRST_REQUEST),
        Limit(Decimal(200), timedelta(hours=1), WindowStart.FIRST_REQUEST),
        Limit(Decimal(600), timedelta(days=1), WindowStart.FIRST_REQUEST),
    ),
)
"""One credit for a person, 8 more for a phone, which is never asked for. The limits are those of the free plan."""

_OURS = frozenset({"contact", "account"})
"""The customer's own CRM copy of the person and the company: no lead, and not to be kept."""

_WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


class _Cost(msgspec.Struct):
    credits_consumed: msgspec.Raw = msgspec.Raw()
    """A number, to be read by itself: a cost that is none must not hide the lead beside it."""


class _Envelope(_Cost, kw_only=True):
    matches: list[dict[str, Any] | None]


class _Error(msgspec.Struct):
    error_code: str | None = None
    message: str | None = None


class _Credits(msgspec.Struct):
    left_over: Decimal
    consumed: Decimal | None = None


class _CreditTypes(msgspec.Struct):
    lead_credit: _Credits


class _Usage(msgspec.Struct):
    credit_usage_stats: _CreditTypes


class Apollo(HttpProvider):
    """The provider Apollo."""

    name, variables, key_header, documented = NAME, VARIABLES, "x-api-key", TERMS

    def look_up(self, profile: Profile, needs: Needs) -> Answer:  # noqa: ARG002 - no condition of the call saves credits
        """Ask for one person, once; see `contract.Provider`. Flags that cost more or need a webhook are never sent.

        A success that cannot be read and does not state its cost is in doubt: it may have been charged.

        Raises:
            KeyRejected: 401, or 403 that does not speak of credits.
            QuotaExhausted: out of credits, or the limit of an hour or a day.
        """
        reply = self._http.send("POST", "/people/bulk_match", {"details": [{"linkedin_url": profile.url}]})
        if isinstance(reply, NoReply):
            return Answer(NoAnswer(reply.sent))
        if not 200 <= reply.status < 300:
            return Answer(_conclude(reply))
        envelope = reply.json(_Envelope)
        told = envelope or reply.json(_Cost) or _Cost()
        cost = stated_cost(bytes(told.credits_consumed).decode().strip('"'), NAME)
        if envelope is None:
            return Answer(NoAnswer(sent=True) if cost is None else Unreadable(), cost)
        match = next(iter(envelope.matches), None)
        return Answer(_found(match, profile) if match else Missing(successful=False), cost)

    def balance(self) -> Balance | None:
        """Return the account's credits; None also for a key without that right (403 `API_INACCESSIBLE`).

        Raises:
            KeyRejected: 401.
        """
        reply = self._http.send("POST", "/usage_stats/credit_usage_stats")
        if isinstance(reply, NoReply):
            return None
        if reply.status == 401:
            raise key_rejected(LABEL, VARIABLES)
        usage = reply.json(_Usage) if reply.status == 200 else None
        account = usage.credit_usage_stats.lead_credit if usage else None
        return Balance(account.left_over, account.consumed) if account else None


def _conclude(reply: Reply) -> LookupResult:
    """Translate an error of the API into a result. Its words for "out of credits" are not documented."""
    error = reply.json(_Error) or _Error()
    if (
        reply.status in {403, 422}
        and error.error_code != "API_INACCESSIBLE"
        and b"credit" in (reply.body or b"").lower()
    ):
        raise quota_exhausted(LABEL)
    if reply.status == 429:
        named = re.search(r"\bper (hour|day)\b", (error.message or "").casefold())
        if named:
            after_s = reply.retry_after_s
            wait = _WINDOWS[named[1]] if after_s is None else timedelta(seconds=min(after_s, 86_400))
            raise quota_exhausted(LABEL, reply.sent_at + wait, now=reply.sent_at)
    return conclude(reply, LABEL, VARIABLES)


def _found(match: dict[str, Any], profile: Profile) -> Found:
    names = (match.get("first_name"), match.get("last_name"))
    other = is_other_person(profile, [match.get("linkedin_url")], names)  # the call gives the closest match
    raw = msgspec.json.encode({key: value for key, value in match.items() if key not in _OURS})
    return Found(to_lead(match), raw, is_other_person=other)


def to_lead(match: dict[str, Any]) -> Lead:
    """Return the lead in the catalogue's shape."""
    organization, jobs = at(match, "organization"), entries(match, "employment_history")
    current = next((job for job in jobs if job.get("current") is True), None)
    status = text(match, "email_status")
    address = email(match.get("email"), status=status)
    return lead(
        {
            "id": text(match, "id"),
            "linkedin_url": text(match, "linkedin_url"),
            "name": text(match, "name"),
            "email": address,
            "email_status": status.lower() if address and status else None,
            "lead_title": text(match, "title"),
            "function": texts(match, "functions"),
            "divison": texts(match, "subdepartments"),
            "seniority": text(match, "seniority"),
            "city": text(match, "city"),
            "state": text(match, "state"),
            "country": text(match, "country"),
            "company_id": text(organization, "id"),
            "company_name": text(organization, "name"),
            "company_website": text(organization, "primary_domain"),
            "company_size": size_range(at(organization, "estimated_num_employees")),
            "industry": text(organization, "industry"),
            "company_phone_number": text(organization, "phone"),
            "company_city": text(organization, "city"),
            "company_state": text(organization, "state"),
            "company_country": text(organization, "country"),
            "company_linkedin_url": text(organization, "linkedin_url"),
            "company_twitter_url": text(organization, "twitter_url"),
            "company_facebook_url": text(organization, "facebook_url"),
            "company_products_services": texts(organization, "keywords"),
            "experience": [_position(job, is_primary=job is current) for job in jobs],
        }
    )


def _position(job: dict[str, Any], *, is_primary: bool) -> Lead:
    return lead(
        {
            "title_name": text(job, "title"),
            "company_name": text(job, "organization_name"),
            "is_primary": "true" if is_primary else "false",
            "end_date": text(job, "end_date"),
        }
    )
