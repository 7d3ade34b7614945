"""Prospeo's stand-in: the person enrichment call as its documented example and error codes have it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from functions.credits.terms import WindowStart
from local.providers.people import draw, person
from local.providers.shape import Account, Asked, Refusal, Told, json_told
from local.providers.switches import Body

_PROFILE_URL = re.compile(r"https://www\.linkedin\.com/in/([^/?#\s]{3,900})")
_KNOWN, _WITH_EMAIL, _VERIFIED = 0.8, 0.8, 0.8
"""Shares of the people that it knows, of those with an address, and of those with a verified one."""

_ERRORS = {
    Refusal.KEY: (401, "INVALID_API_KEY"),
    Refusal.QUOTA: (400, "INSUFFICIENT_CREDITS"),
    Refusal.HOUR: (429, "RATE_LIMITED"),
    Refusal.DAY: (429, "RATE_LIMITED"),
    Refusal.THROTTLED: (429, "RATE_LIMITED"),
    Refusal.INPUT: (400, "INVALID_DATAPOINTS"),
    Refusal.MISS: (400, "NO_MATCH"),
    Refusal.PATH: (404, "INVALID_REQUEST"),
}


class _Data(msgspec.Struct):
    linkedin_url: str


class _Request(msgspec.Struct):
    data: _Data
    only_verified_email: bool = False
    enrich_mobile: bool = False


class ProspeoShape:
    """Prospeo's calls and answers."""

    name = "prospeo"
    base_path = ""
    lookup = ("POST", "/enrich-person")
    balance = ("GET", "/account-information")
    key_header = "X-KEY"
    repeats_are_free = True
    window_starts = WindowStart.ROLLING

    async def asked(self, request: web.Request) -> Asked | None:
        """Whom a request asks for; None where it is malformed."""
        try:
            wanted = msgspec.json.decode(await request.read(), type=_Request)
        except msgspec.DecodeError:
            return None
        url = _PROFILE_URL.fullmatch(wanted.data.linkedin_url)
        return Asked(unquote(url[1]), only_with_email=wanted.only_verified_email) if url else None

    def knows(self, asked: Asked) -> bool:
        """Whether it has the person, and the verified address that the request wants."""
        known = draw(self.name, "known", asked.slug) < _KNOWN
        return known and (not asked.only_with_email or self._email(asked.slug, masked_rate=0)["status"] == "VERIFIED")

    def found(self, asked: Asked, body: Body, account: Account) -> bytes:
        """The JSON of a successful answer."""
        whole: dict[str, Any] = {"error": False, "free_enrichment": account.is_free}
        match body:
            case Body.EMPTY | Body.LIST:
                whole |= {"person": {}, "company": None}
            case Body.NULL:
                whole |= {"person": None, "company": None}
            case _:
                whole |= self.answer(asked.shown, masked_rate=account.switches.masked_rate)
        return msgspec.json.encode(whole)

    def refused(self, refusal: Refusal, status: int, account: Account) -> Told:  # noqa: ARG002 - its words do not depend on it
        """An answer without a lead."""
        code, word = _ERRORS.get(refusal, (status, "INTERNAL_ERROR"))
        return json_told(code, {"error": True, "error_code": word})

    def headers(self, account: Account) -> dict[str, str]:
        """Headers of every answer."""
        return {
            "x-daily-request-left": str(2_000 if account.day.left is None else account.day.left),
            "x-minute-request-left": str(300 if account.minute.left is None else account.minute.left),
            "x-daily-reset-seconds": f"{account.day.reset_s:.0f}",
            "x-minute-reset-seconds": f"{account.minute.reset_s:.0f}",
        }

    def balance_of(self, account: Account) -> Any:  # noqa: ANN401 - JSON
        """The answer to the balance call."""
        response = {"current_plan": "STARTER", "remaining_credits": account.left, "used_credits": account.used}
        return {"error": False, "response": response}

    def _email(self, slug: str, *, masked_rate: float) -> dict[str, Any]:
        number = draw(self.name, "email", slug)
        status = "VERIFIED" if number < _WITH_EMAIL * _VERIFIED else "UNVERIFIED"
        if number >= _WITH_EMAIL:
            return {
                "status": "UNAVAILABLE",
                "revealed": False,
                "email": None,
                "verification_method": None,
                "email_mx_provider": None,
            }
        address = person(slug)["email"]
        is_masked = draw(self.name, "masked", slug) < masked_rate
        return {
            "status": status,
            "revealed": not is_masked,
            "email": re.sub(r"\.[^@]*@", ".*****@", address) if is_masked else address,
            "verification_method": "BOUNCEBAN",
            "email_mx_provider": "Google",
        }

    def answer(self, slug: str, *, masked_rate: float = 0.0) -> dict[str, Any]:
        """The person and the company in the provider's shape."""
        whole = person(slug)
        first, _, last = whole["name"].partition(" ")
        made = {
            "person_id": whole["id"],
            "first_name": first,
            "last_name": last,
            "full_name": whole["name"],
            "linkedin_url": whole["linkedin_url"].replace("http://", "https://", 1),
            "current_job_title": whole["lead_title"],
            "current_job_key": None,
            "headline": f"{whole['lead_title']} at {whole['company_name']}",
            "linkedin_member_id": None,
            "last_job_change_detected_at": None,
            "job_history": [_job(job, whole) for job in whole["experience"]],
            "mobile": None,
            "email": self._email(slug, masked_rate=masked_rate),
            "location": {
                "country": whole["country"],
                "country_code": None,
                "state": whole["state"] or None,
                "city": whole["city"],
                "time_zone": None,
                "time_zone_offset": None,
            },
            "skills": whole["skills"],
        }
        has_company = draw(self.name, "company", slug) < 0.95
        return {"person": made, "company": _company(whole) if has_company else None}


def _job(job: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    end = job.get("end_date") or None
    return {
        "title": job["title_name"],
        "company_name": job["company_name"],
        "logo_url": None,
        "current": job["is_primary"] == "true",
        "start_year": None,
        "start_month": None,
        "end_year": end,
        "end_month": 7 if end else None,
        "duration_in_months": None,
        "departments": [whole["divison"]],
        "seniority": "C-Suite" if "Chief" in job["title_name"] else "Manager",
        "company_id": None,
        "job_key": None,
    }


def _company(whole: dict[str, Any]) -> dict[str, Any]:
    funded = datetime.fromtimestamp(whole["last_funded_on"], UTC).replace(tzinfo=None)
    return {
        "company_id": whole["company_id"],
        "name": whole["company_name"],
        "website": f"https://{whole['company_website']}",
        "domain": whole["company_website"],
        "industry": whole["industry"],
        "employee_range": whole["company_size"],
        "location": {
            "country": whole["company_country"],
            "country_code": None,
            "state": whole["company_state"] or None,
            "city": whole["company_city"],
            "raw_address": None,
        },
        "linkedin_url": whole["company_linkedin_url"],
        "twitter_url": whole["company_twitter_url"],
        "facebook_url": whole["company_facebook_url"],
        "phone_hq": {"phone_hq": whole["company_phone_number"]},
        "keywords": whole["company_products_services"],
        "funding": {"count": 1, "latest_funding_date": funded.isoformat(), "funding_events": []},
        "technology": {
            "count": len(whole["technologies"]),
            "technology_names": [entry["technology"] for entry in whole["technologies"]],
            "technology_list": [
                {"name": entry["technology"], "category": entry["category"]} for entry in whole["technologies"]
            ],
        },
    }
