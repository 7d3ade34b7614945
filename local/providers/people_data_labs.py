"""People Data Labs' stand-in: the person enrichment call as its OpenAPI document and its pages on errors have it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from functions.credits.terms import WindowStart
from local.providers.people import draw, person
from local.providers.shape import Account, Asked, Refusal, Told, json_told
from local.providers.switches import Body

_PROFILE = re.compile(r"linkedin\.com/in/([^/?#\s]{3,900})")
_KNOWN, _WITH_EMAIL = 0.85, 0.6
"""Shares of the people that it knows, and of those, that it has a work address of."""

_ERRORS = {
    Refusal.KEY: (401, "authentication_error", "Request contained a missing or invalid key"),
    Refusal.QUOTA: (402, "payment_required", "You have reached your account maximum (all matches used)"),
    Refusal.HOUR: (429, "rate_limit_error", "An error occurred due to requests hitting the API too quick"),
    Refusal.DAY: (429, "rate_limit_error", "An error occurred due to requests hitting the API too quick"),
    Refusal.THROTTLED: (429, "rate_limit_error", "An error occurred due to requests hitting the API too quick"),
    Refusal.INPUT: (400, "invalid_request_error", "Request contained either missing or invalid parameters"),
    Refusal.MISS: (404, "not_found", "No records were found matching your request"),
    Refusal.PATH: (404, "not_found", "The requested resource does not exist"),
}


class PeopleDataLabsShape:
    """The calls and answers of People Data Labs."""

    name = "people_data_labs"
    base_path = "/v5"
    lookup = ("GET", "/v5/person/enrich")
    balance = None
    key_header = "X-Api-Key"
    repeats_are_free = False
    window_starts = WindowStart.FIRST_REQUEST

    async def asked(self, request: web.Request) -> Asked | None:
        """Whom a request asks for; None where it is malformed."""
        url = _PROFILE.fullmatch(request.query.get("profile", ""))
        required = request.query.get("required", "")
        if url is None or required not in {"", "work_email"}:
            return None
        return Asked(unquote(url[1]), only_with_email=bool(required))

    def knows(self, asked: Asked) -> bool:
        """Whether it has the person, and the address that the request requires."""
        known = draw(self.name, "known", asked.slug) < _KNOWN
        return known and (not asked.only_with_email or self._has_email(asked.slug))

    def found(self, asked: Asked, body: Body, account: Account) -> bytes:
        """The JSON of a successful answer."""
        match body:
            case Body.EMPTY:
                data: Any = {}
            case Body.NULL:
                data = None
            case Body.LIST:
                data = []
            case _:
                data = self.data(asked.shown, free_plan=account.switches.free_plan)
        return msgspec.json.encode({"status": 200, "likelihood": 9, "data": data})

    def refused(self, refusal: Refusal, status: int, account: Account) -> Told:  # noqa: ARG002 - its words do not depend on it
        """An answer without a lead."""
        code, kind, message = _ERRORS.get(refusal, (status, "api_error", "The server encountered an error"))
        return json_told(code, {"status": code, "error": {"type": kind, "message": message}})

    def headers(self, account: Account) -> dict[str, str]:
        """Headers of every answer; one of them is written as Python writes a dictionary."""
        left = 100 if account.minute.left is None else account.minute.left
        reset = datetime.now(UTC) + timedelta(seconds=account.minute.reset_s)
        return {
            "x-call-credits-spent": str(account.spent),
            "x-totallimit-remaining": str(account.left),
            "x-ratelimit-remaining": f"{{'minute': {left}}}",
            "x-ratelimit-reset": reset.isoformat(timespec="seconds"),
        }

    def balance_of(self, account: Account) -> Any:  # noqa: ANN401 - JSON
        """There is no such call."""
        raise NotImplementedError

    def _has_email(self, slug: str) -> bool:
        return draw(self.name, "email", slug) < _WITH_EMAIL

    def data(self, slug: str, *, free_plan: bool = False) -> dict[str, Any]:
        """The person in the provider's shape; absent values are null, contact fields of the free plan are booleans."""
        whole = person(slug)
        first, _, last = whole["name"].partition(" ")
        page = whole["company_website"].removesuffix(".example")
        address = whole["email"] if self._has_email(slug) else None
        return {
            "id": whole["id"],
            "full_name": whole["name"],
            "first_name": first,
            "last_name": last,
            "linkedin_url": whole["linkedin_url"].removeprefix("http://www."),
            "linkedin_username": slug,
            "work_email": address is not None if free_plan else address,
            "personal_emails": [],
            "mobile_phone": None,
            "emails": [{"address": f"former.{whole['email']}", "type": "professional"}],
            "job_title": whole["lead_title"],
            "job_title_role": whole["divison"].lower(),
            "job_title_sub_role": None,
            "job_title_levels": ["manager"] if "Manager" in whole["lead_title"] else [],
            "job_company_id": page,
            "job_company_name": whole["company_name"],
            "job_company_website": whole["company_website"],
            "job_company_size": whole["company_size"],
            "job_company_industry": whole["industry"].lower(),
            "job_company_linkedin_url": f"linkedin.com/company/{page}",
            "job_company_twitter_url": f"twitter.com/{page}",
            "job_company_facebook_url": None,
            "job_company_location_locality": whole["company_city"],
            "job_company_location_region": whole["company_state"] or None,
            "job_company_location_country": whole["company_country"],
            "location_locality": whole["city"],
            "location_region": whole["state"] or None,
            "location_country": whole["country"],
            "location_continent": whole["continent"],
            "skills": whole["skills"],
            "experience": [_position(job) for job in whole["experience"]],
            "education": [_school(entry) for entry in whole["education"]],
            "profiles": [{"network": "linkedin", "url": whole["linkedin_url"].removeprefix("http://www."), "id": None}],
        }


def _position(job: dict[str, Any]) -> dict[str, Any]:
    place = job.get("location") or {}
    end = job.get("end_date")
    return {
        "title": {"name": job["title_name"], "levels": [], "role": None},
        "company": {
            "name": job["company_name"],
            "size": job.get("company_size"),
            "website": job.get("company_website"),
            "facebook_url": job.get("company_profile", {}).get("facebook_url"),
            "twitter_url": job.get("company_profile", {}).get("twitter_url"),
            "location": {
                "locality": place.get("city"),
                "region": place.get("state"),
                "country": place.get("country"),
            },
        },
        "start_date": None,
        "end_date": str(end) if end else None,
        "is_primary": job["is_primary"] == "true",
    }


def _school(entry: dict[str, Any]) -> dict[str, Any]:
    start, end = entry.get("start_date"), entry.get("end_date")
    return {
        "school": {
            "name": entry["school_name"],
            "website": entry.get("school_website"),
            "location": {"name": entry.get("school_location")},
        },
        "degrees": [degree.lower() for degree in entry.get("degrees", [])],
        "start_date": str(start) if start else None,
        "end_date": f"{end}-06" if end else None,
    }
