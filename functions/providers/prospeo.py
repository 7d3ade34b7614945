"""Prospeo: the person enrichment call, one request without retry. Its answers are told apart by `error_code`.

Facts: the vendor's documented example and error codes; headers and the balance as seen in clients, autumn 2026.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Refused, Unavailable
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Limit, Needs, Terms, WindowStart
from functions.outcomes import Lead
from functions.profiles import Profile
from functions.providers.contract import (
    GATEWAY_GAVE_UP,
    Answer,
    Balance,
    HttpProvider,
    conclude,
    key_rejected,
    quota_exhausted,
    throttled,
)
from functions.providers.http import NoReply, Reply, number
from functions.providers.lead_shape import at, email, entries, lead, text, texts, unix_time
from functions.providers.person_match import is_other_person

NAME, LABEL, VARIABLES = "prospeo", "Prospeo", "PROSPEO"

TERMS = Terms(
    price=Decimal(1),
    repeats_are_free=True,
    fills=EVERY_NEED,
    limits=(
        Limit(Decimal(5), timedelta(seconds=1), WindowStart.ROLLING),
        Limit(Decimal(300), timedelta(minutes=1), WindowStart.ROLLING),
        Limit(Decimal(2_000), timedelta(days=1), WindowStart.ROLLING),
    ),
)
"""One credit for each match, nothing for a miss. The limits are those of Starter, the smallest plan with an API."""


class _Envelope(msgspec.Struct):
    error: bool | None = None
    error_code: str | None = None
    free_enrichment: bool | None = None
    person: dict[str, Any] | None = None
    company: Any = None
    """An object; anything else is no company, and costs nobody the person that was paid for."""


class _Account(msgspec.Struct):
    remaining_credits: Decimal
    used_credits: Decimal | None = None


class _AccountEnvelope(msgspec.Struct):
    response: _Account


class Prospeo(HttpProvider):
    """The provider Prospeo."""

    name, variables, key_header, documented = NAME, VARIABLES, "X-KEY", TERMS

    def look_up(self, profile: Profile, needs: Needs) -> Answer:
        """Asks for one person, once; see `contract.Provider`. If only an e-mail is needed, a lead without one costs 0.

        A success that cannot be read is in doubt, as if there were no answer: asking again costs nothing more.

        Raises:
            KeyRejected: `INVALID_API_KEY`, 401 or 403.
            QuotaExhausted: `INSUFFICIENT_CREDITS`, 402, or `RATE_LIMITED` for the rest of the day.
        """
        condition = needs if needs == ONLY_EMAIL else NO_NEEDS
        url = profile.url.replace("http://", "https://", 1)
        body = {"only_verified_email": bool(condition), "enrich_mobile": False, "data": {"linkedin_url": url}}
        reply = self._http.send("POST", "/enrich-person", body)
        if isinstance(reply, NoReply):
            return Answer(NoAnswer(reply.sent))
        envelope = reply.json(_Envelope) or _Envelope()
        left = number(reply.headers.get("x-daily-request-left", ""))
        quota_left = None if left is None else int(left)
        if 200 <= reply.status < 300 and not envelope.error:
            if not envelope.person:
                return Answer(NoAnswer(sent=True), quota_left=quota_left)
            cost = Decimal(0 if envelope.free_enrichment else 1)
            company = envelope.company if isinstance(envelope.company, dict) else None
            return Answer(_found(envelope.person, company, profile), cost, quota_left)
        return Answer(_conclude(reply, envelope.error_code or "", condition), quota_left=quota_left)

    def balance(self) -> Balance | None:
        """The account's credits; see `contract.Provider`.

        Raises:
            KeyRejected: `INVALID_API_KEY`, 401 or 403.
        """
        reply = self._http.send("GET", "/account-information")
        if isinstance(reply, NoReply):
            return None
        if reply.status in {401, 403} or (reply.json(_Envelope) or _Envelope()).error_code == "INVALID_API_KEY":
            raise key_rejected(LABEL, VARIABLES)
        account = reply.json(_AccountEnvelope) if reply.status == 200 else None
        return Balance(account.response.remaining_credits, account.response.used_credits) if account else None


def _conclude(reply: Reply, error_code: str, condition: Needs) -> LookupResult:
    """Translate an answer of the API into a result; most errors have status 400."""
    match error_code:
        case "NO_MATCH":  # also: nobody with a verified e-mail, where that was the condition
            return Missing(successful=False, under=condition)
        case "INVALID_DATAPOINTS" | "INVALID_REQUEST":
            return Refused(reply.status)
        case "INVALID_API_KEY":
            raise key_rejected(LABEL, VARIABLES)
        case "INSUFFICIENT_CREDITS":
            raise quota_exhausted(LABEL)
        case "INTERNAL_ERROR" if reply.status not in GATEWAY_GAVE_UP:
            return Unavailable(reply.status, reply.retry_after_s)
        case "RATE_LIMITED":
            return _rate_limited(reply)
        case _ if 200 <= reply.status < 300:  # an error without a code, in a success
            return NoAnswer(sent=True)
        case _:
            return conclude(reply, LABEL, VARIABLES)


def _rate_limited(reply: Reply) -> LookupResult:
    """The limit of a second or a minute is `Throttled`; a longer one is raised with the time of its end."""
    if number(reply.headers.get("x-daily-request-left", "")) == 0:
        seconds = number(reply.headers.get("x-daily-reset-seconds", ""))
        wait = TERMS.limits[-1].window if seconds is None else timedelta(seconds=min(seconds, 86_400))
        raise quota_exhausted(LABEL, reply.sent_at + wait, now=reply.sent_at)
    reset_s = number(reply.headers.get("x-minute-reset-seconds", ""))
    is_minute = number(reply.headers.get("x-minute-request-left", "")) == 0
    return throttled(reply, LABEL, reset_s if is_minute and reset_s is not None else reply.retry_after_s)


def _found(person: dict[str, Any], company: dict[str, Any] | None, profile: Profile) -> Found:
    names = (person.get("first_name"), person.get("last_name"))
    other = is_other_person(profile, [person.get("linkedin_url")], names)
    raw = msgspec.json.encode({"person": person, "company": company})
    return Found(to_lead(person, company), raw, is_other_person=other)


def to_lead(person: dict[str, Any], company: dict[str, Any] | None) -> Lead:
    """Return the lead in the catalogue's shape. An address that is not revealed is masked, and is left out."""
    jobs = entries(person, "job_history")
    current = next((job for job in jobs if job.get("current") is True), None)
    address = email(at(person, "email", "email")) if at(person, "email", "revealed") is True else None
    status = text(person, "email", "status") if address else None
    return lead(
        {
            "id": text(person, "person_id"),
            "linkedin_url": text(person, "linkedin_url"),
            "name": text(person, "full_name"),
            "email": address,
            "email_status": status and status.lower(),
            "lead_title": text(person, "current_job_title"),
            "function": texts(current, "departments"),
            "seniority": text(current, "seniority"),
            "city": text(person, "location", "city"),
            "state": text(person, "location", "state"),
            "country": text(person, "location", "country"),
            "company_id": text(company, "company_id"),
            "company_name": text(company, "name"),
            "company_website": text(company, "domain"),
            "company_size": text(company, "employee_range"),
            "industry": text(company, "industry"),
            "company_phone_number": text(company, "phone_hq", "phone_hq"),
            "company_city": text(company, "location", "city"),
            "company_state": text(company, "location", "state"),
            "company_country": text(company, "location", "country"),
            "company_linkedin_url": text(company, "linkedin_url"),
            "company_twitter_url": text(company, "twitter_url"),
            "company_facebook_url": text(company, "facebook_url"),
            "company_products_services": texts(company, "keywords"),
            "last_funded_on": unix_time(at(company, "funding", "latest_funding_date")),
            "skills": texts(person, "skills"),
            "experience": [_position(job, is_primary=job is current) for job in jobs],
            "technologies": [
                lead({"technology": text(entry, "name"), "category": text(entry, "category")})
                for entry in entries(company, "technology", "technology_list")
            ],
        }
    )


def _position(job: dict[str, Any], *, is_primary: bool) -> Lead:
    year, month = job.get("end_year"), job.get("end_month")
    end = f"{year}-{month:02}" if isinstance(year, int) and isinstance(month, int) else year
    return lead(
        {
            "title_name": text(job, "title"),
            "company_name": text(job, "company_name"),
            "is_primary": "true" if is_primary else "false",
            "end_date": end if isinstance(end, str | int) else None,
        }
    )
