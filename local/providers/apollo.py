"""Apollo's stand-in: the bulk match call and the credit usage as its OpenAPI document has them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from functions.credits.terms import WindowStart
from local.providers.people import draw, person
from local.providers.shape import JSON, Account, Asked, Refusal, Told, json_told
from local.providers.switches import Body, Switches

_PROFILE_URL = re.compile(r"https?://www\.linkedin\.com/in/([^/?#\s]{3,900})")
_KNOWN, _WITH_EMAIL = 0.85, 0.75
"""Shares of the people that it knows, and of those with an address."""

_HEAD_COUNTS = {"1-10": 7, "11-50": 32, "51-200": 140, "201-500": 350, "501-1000": 800, "1001-5000": 1_600}
_PATH = "api/v1/people/bulk_match"
_WRONG_KEY = "Invalid API key. See https://docs.apollo.io/reference/authentication for how to authenticate."


class _Detail(msgspec.Struct):
    linkedin_url: str


class _Request(msgspec.Struct):
    details: list[_Detail]


class ApolloShape:
    """Apollo's calls and answers."""

    name = "apollo"
    base_path = "/api/v1"
    lookup = ("POST", "/api/v1/people/bulk_match")
    balance = ("POST", "/api/v1/usage_stats/credit_usage_stats")
    key_header = "x-api-key"
    repeats_are_free = False
    window_starts = WindowStart.FIRST_REQUEST

    async def asked(self, request: web.Request) -> Asked | None:
        """Whom a request asks for; None where it is malformed, or asks for what costs more."""
        try:
            wanted = msgspec.json.decode(await request.read(), type=_Request)
        except msgspec.DecodeError:
            return None
        url = _PROFILE_URL.fullmatch(wanted.details[0].linkedin_url) if len(wanted.details) == 1 else None
        return None if url is None or request.query else Asked(unquote(url[1]))

    def knows(self, asked: Asked) -> bool:
        """Whether it has the person."""
        return draw(self.name, "known", asked.slug) < _KNOWN

    def found(self, asked: Asked, body: Body, account: Account) -> bytes:
        """The JSON of a successful answer."""
        is_nobody = body in {Body.EMPTY, Body.NULL, Body.LIST}
        return self._envelope(None if is_nobody else self.match(asked.shown, account.switches), account)

    def refused(self, refusal: Refusal, status: int, account: Account) -> Told:
        """An answer without a lead; a miss is a success with null in place of the person."""
        windows = {Refusal.DAY: "600 times per day", Refusal.HOUR: "200 times per hour"}
        times = windows.get(refusal, "50 times per minute")
        limited = {"message": f"The maximum number of api calls allowed for {_PATH} is {times}."}
        failed = {"status": "failed", "error_code": "UNKNOWN_ERROR", "error_message": "failed"}
        told = {
            Refusal.KEY: Told(401, _WRONG_KEY.encode(), "text/plain"),
            Refusal.QUOTA: json_told(422, failed | {"error_message": "You have insufficient credits."}),
            Refusal.DAY: json_told(429, limited),
            Refusal.HOUR: json_told(429, limited),
            Refusal.THROTTLED: json_told(429, limited),
            Refusal.INPUT: json_told(400, failed | {"error_code": "INVALID_REQUEST"}),
            Refusal.MISS: Told(200, self._envelope(None, account)),
            Refusal.PATH: json_told(404, {"error": "Not found"}),
        }
        return told.get(refusal) or json_told(status, failed)

    def headers(self, account: Account) -> dict[str, str]:
        """Headers of every answer."""
        windows = (("minute", 50, account.minute), ("hourly", 200, account.hour), ("24-hour", 600, account.day))
        limits = {f"x-rate-limit-{name}": str(limit) for name, limit, _ in windows}
        return limits | {
            f"x-{name}-requests-left": str(limit if one.left is None else one.left) for name, limit, one in windows
        }

    def balance_of(self, account: Account) -> Any:  # noqa: ANN401 - JSON
        """The answer to the balance call."""
        counted = {"limit": account.left + account.used, "consumed": account.used, "left_over": account.left}
        cycle = {"start_date": None, "end_date": None}
        return {"credit_usage_stats": {"lead_credit": counted}, "current_credit_cycle": cycle}

    def _envelope(self, match: dict[str, Any] | None, account: Account) -> bytes:
        return JSON.encode(
            {
                "status": "success",
                "error_code": None,
                "error_message": None,
                "total_requested_enrichments": 1,
                "unique_enriched_records": int(match is not None),
                "missing_records": int(match is None),
                "credits_consumed": account.spent,
                "matches": [match],
            }
        )

    def _email(self, slug: str, address: str, switches: Switches) -> tuple[str | None, str]:
        if draw(self.name, "email", slug) >= _WITH_EMAIL:
            return None, "unavailable"
        if draw(self.name, "masked", slug) < switches.masked_rate:
            return "email_not_unlocked@domain.com", "unavailable"
        return address, "bounced" if draw(self.name, "bounced", slug) < switches.bounced_rate else "verified"

    def match(self, slug: str, switches: Switches) -> dict[str, Any]:
        """The person in the provider's shape, with the customer's own copy of the company beside it."""
        whole = person(slug)
        first, _, last = whole["name"].partition(" ")
        address, status = self._email(slug, whole["email"], switches)
        organization = _organization(whole)
        return {
            "id": whole["id"],
            "first_name": first,
            "last_name": last,
            "name": whole["name"],
            "linkedin_url": whole["linkedin_url"],
            "title": whole["lead_title"],
            "email_status": status,
            "headline": f"{whole['lead_title']} at {whole['company_name']}",
            "email": address,
            "organization_id": whole["company_id"],
            "employment_history": [
                {
                    "_id": whole["id"],
                    "current": job["is_primary"] == "true",
                    "end_date": f"{job['end_date']}-01-01" if job.get("end_date") else None,
                    "organization_name": job["company_name"],
                    "start_date": "2001-01-01",
                    "title": job["title_name"],
                }
                for job in whole["experience"]
            ],
            "state": whole["state"],
            "city": whole["city"],
            "country": whole["country"],
            "organization": organization,
            "account_id": whole["company_id"],
            "account": organization | {"team_id": "ours", "source": "csv_import"},
            "departments": [whole["divison"].lower()],
            "subdepartments": [whole["divison"].lower()],
            "seniority": "c_suite" if "Chief" in whole["lead_title"] else "manager",
            "functions": [whole["divison"].lower()],
        }


def _organization(whole: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": whole["company_id"],
        "name": whole["company_name"],
        "website_url": f"http://www.{whole['company_website']}",
        "linkedin_url": whole["company_linkedin_url"],
        "twitter_url": whole["company_twitter_url"],
        "facebook_url": whole["company_facebook_url"],
        "primary_phone": {},
        "phone": whole["company_phone_number"],
        "primary_domain": whole["company_website"],
        "industry": whole["industry"].lower(),
        "keywords": [word.lower() for word in whole["company_products_services"]],
        "estimated_num_employees": _HEAD_COUNTS.get(whole["company_size"], 12_000),
        "city": whole["company_city"],
        "state": whole["company_state"],
        "country": whole["company_country"],
    }
