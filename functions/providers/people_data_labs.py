"""People Data Labs: the person enrichment call, one request without retry.

Facts: the vendor's OpenAPI document and its pages on errors, rate limits and headers, read in autumn 2026.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Unreadable
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Limit, Needs, Terms, WindowStart
from functions.outcomes import Lead
from functions.profiles import Profile
from functions.providers.contract import Answer, Balance, HttpProvider, conclude, stated_cost, throttled
from functions.providers.http import LAST_YEAR, NoReply, Reply, number
from functions.providers.lead_shape import at, email, entries, lead, text, texts, year
from functions.providers.person_match import is_other_person

NAME, LABEL, VARIABLES = "people_data_labs", "People Data Labs", "PEOPLE_DATA_LABS"

TERMS = Terms(
    price=Decimal(1),
    repeats_are_free=False,
    fills=EVERY_NEED,
    limits=(Limit(Decimal(100), timedelta(minutes=1), WindowStart.FIRST_REQUEST),),
)
"""One credit for each 200. The limit is that of the free plan; paying plans have 1,000 a minute."""

MIN_LIKELIHOOD = 6
"""Of 10: how sure the provider must be of a match; the value of its own example for LinkedIn URLs."""


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")


class PeopleDataLabs(HttpProvider):
    """The provider People Data Labs."""

    name, variables, key_header, documented = NAME, VARIABLES, "X-Api-Key", TERMS
    _left: int | None = None
    """Credits, by the last answer."""

    def look_up(self, profile: Profile, needs: Needs) -> Answer:
        """Asks for one person, once; see `contract.Provider`. If only an e-mail is needed, a lead without one costs 0.

        Raises:
            KeyRejected: 401.
            QuotaExhausted: 402, or 429 whose limit ends in more than a moment.
        """
        condition = needs if needs == ONLY_EMAIL else NO_NEEDS
        query = {
            "profile": profile.url.removeprefix("http://www."),
            "titlecase": "true",
            "min_likelihood": MIN_LIKELIHOOD,
        } | ({"required": "work_email"} if condition else {})
        reply = self._http.send("GET", f"/person/enrich?{urlencode(query, safe='', quote_via=quote)}")
        if isinstance(reply, NoReply):
            return Answer(NoAnswer(reply.sent))
        result, withheld = _conclude(reply, profile, condition)
        spent, left = reply.headers.get("x-call-credits-spent", ""), reply.headers.get("x-totallimit-remaining", "")
        if (remaining := number(left)) is not None:
            self._left = int(remaining)
        return Answer(
            result,
            cost=stated_cost(spent.strip(), NAME),
            quota_left=None if remaining is None else int(remaining),
            withheld=withheld,
        )

    def balance(self) -> Balance | None:
        """Return the balance in the last answer, since the provider has no call for it; None before the first one."""
        return None if self._left is None else Balance(Decimal(self._left))


def _conclude(reply: Reply, profile: Profile, condition: Needs) -> tuple[LookupResult, Needs]:
    """Translate an answer of the API into a result, and notice the needs that this key's plan withholds."""
    if 200 <= reply.status < 300:
        return _found(reply, profile)
    if reply.status == 404:
        return Missing(successful=False, under=condition), NO_NEEDS
    if reply.status == 429:
        return throttled(reply, LABEL, _seconds_to_reset(reply)), NO_NEEDS
    return conclude(reply, LABEL, VARIABLES), NO_NEEDS


def _found(reply: Reply, profile: Profile) -> tuple[LookupResult, Needs]:
    envelope = reply.json(_Envelope)
    try:
        data = msgspec.json.decode(envelope.data) if envelope else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        data = None
    if envelope is None or not isinstance(data, dict):
        return Unreadable(), NO_NEEDS
    if not data:
        return Missing(successful=True), NO_NEEDS
    urls = [data.get("linkedin_url"), *(entry.get("url") for entry in entries(data, "profiles"))]
    other = is_other_person(profile, urls, (data.get("first_name"), data.get("last_name")))
    # The free plan shows true or false in place of an address: whether there is one.
    withheld = ONLY_EMAIL if isinstance(data.get("work_email"), bool) else NO_NEEDS
    return Found(to_lead(data), bytes(envelope.data), is_other_person=other), withheld


def _seconds_to_reset(reply: Reply) -> float | None:
    """`x-ratelimit-reset` is documented as a UTC timestamp; both of its usual spellings are read."""
    value = reply.headers.get("x-ratelimit-reset", "").strip()
    try:
        seconds = number(value)
        moment = datetime.fromisoformat(value) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError):
        return reply.retry_after_s
    if moment.year > LAST_YEAR:
        return reply.retry_after_s
    return reply.seconds_until(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def to_lead(data: dict[str, Any]) -> Lead:
    """Return the lead in the catalogue's shape. `emails[]` is never used, since it holds former addresses."""
    job = {key: text(data, f"job_company_{key}") for key in ("id", "name", "website", "size", "industry")}
    return lead(
        {
            "id": text(data, "id"),
            "linkedin_url": text(data, "linkedin_url"),
            "name": text(data, "full_name"),
            "email": email(data.get("work_email")),
            "lead_title": text(data, "job_title"),
            "function": text(data, "job_title_role"),
            "divison": text(data, "job_title_sub_role"),
            "seniority": texts(data, "job_title_levels"),
            "city": text(data, "location_locality"),
            "state": text(data, "location_region"),
            "country": text(data, "location_country"),
            "continent": text(data, "location_continent"),
            "company_id": job["id"],
            "company_name": job["name"],
            "company_website": job["website"],
            "company_size": job["size"],
            "industry": job["industry"],
            "company_city": text(data, "job_company_location_locality"),
            "company_state": text(data, "job_company_location_region"),
            "company_country": text(data, "job_company_location_country"),
            "company_linkedin_url": text(data, "job_company_linkedin_url"),
            "company_twitter_url": text(data, "job_company_twitter_url"),
            "company_facebook_url": text(data, "job_company_facebook_url"),
            "skills": texts(data, "skills"),
            "experience": [_position(entry) for entry in entries(data, "experience")],
            "education": [_school(entry) for entry in entries(data, "education")],
        }
    )


def _position(entry: dict[str, Any]) -> Lead:
    company, place = at(entry, "company"), at(entry, "company", "location")
    location = {"city": text(place, "locality"), "state": text(place, "region"), "country": text(place, "country")}
    pages = {key: text(company, key) for key in ("facebook_url", "twitter_url", "linkedin_url")}
    return lead(
        {
            "title_name": text(entry, "title", "name"),
            "company_name": text(company, "name"),
            "company_website": text(company, "website"),
            "company_size": text(company, "size"),
            "company_profile": lead(pages),
            "location": lead(location),
            "is_primary": "true" if entry.get("is_primary") is True else "false",
            "end_date": text(entry, "end_date"),
        }
    )


def _school(entry: dict[str, Any]) -> Lead:
    return lead(
        {
            "school_name": text(entry, "school", "name"),
            "school_location": text(entry, "school", "location", "name"),
            "school_website": text(entry, "school", "website"),
            "degrees": texts(entry, "degrees"),
            "start_date": year(entry.get("start_date")),
            "end_date": year(entry.get("end_date")),
        }
    )
