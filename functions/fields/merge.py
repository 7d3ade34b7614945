"""Merge several providers' leads of a person into one coherent lead; pure.

Name, position and company come from one lead: two providers may have met the person in two jobs, and a title of the one
beside the company of the other would describe nobody. From the other leads come an e-mail address where that lead has
none, and what is missing of its company where both name the same company.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from functions.outcomes import Lead

_COMPANY = (
    ("company_size",),
    ("company_sector",),
    ("industry",),
    ("company_phone_number",),
    ("company_city", "company_state", "company_country"),  # one place, or none
    ("company_linkedin_url",),
    ("company_twitter_url",),
    ("company_facebook_url",),
    ("company_products_services",),
    ("last_funded_on",),
    ("technologies",),
)
"""Values about the company alone. Those in a line are taken together, from one lead."""


KEYS_OF_ONE = frozenset({"name", "lead_title", "company_name", "company_website", "email", "email_status"})
"""All that a merge reads of a lead, where there is only one."""
KEYS_OF_SEVERAL = KEYS_OF_ONE.union(*_COMPANY)
"""The same where there are several."""

_ATOM = r"[\w!#$%&'+/=?^`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[\w-]+(?:\.[\w-]+)*\.[\w-]{{2,}}")
"""Looks like an address. Masked ones do not: they hold `*`, bullets or several dots, as in `ada.*****@example.com`."""

_PLACEHOLDER = "email_not_unlocked@"
"""Begins what Apollo shows in place of an address that was not paid for."""


class Merged(msgspec.Struct, frozen=True, gc=False):
    """A person as all leads together describe them."""

    lead: Lead | None
    """In the shape that the catalogue reads; None where no provider has a lead."""
    source: str = ""
    """The provider whose name, position and company these are."""
    email_source: str = ""
    """The provider whose e-mail address this is; empty where there is none."""


def merge(leads: Mapping[str, Lead]) -> Merged:
    """Merge the leads of one person, by provider, in the order of the waterfall."""
    if not leads:
        return Merged(None)
    if len(leads) == 1:  # nearly every row
        [(source, lead)] = leads.items()
        if email_of(lead):
            return Merged(lead, source, source)
    source = max(leads, key=lambda provider: _completeness(leads[provider]))  # of equals the first
    lead = leads[source]
    email_source = next((provider for provider in (source, *leads) if email_of(leads[provider])), "")
    if email_source != source:
        # The word on an address belongs to it, and what is no address is none: a masked one, a boolean.
        about_email = {key: leads[email_source].get(key) for key in ("email", "email_status") if email_source}
        lead = {key: value for key, value in lead.items() if key not in ("email", "email_status")} | about_email
    for provider, other in leads.items():
        if provider != source and _domain(other) and _domain(other) == _domain(lead):
            lead = lead | _missing_of_company(lead, other)
    return Merged(lead, source, email_source)


def email_of(lead: Lead) -> str:
    """Return the lead's e-mail address; empty if it has none that can be written to."""
    return address(lead.get("email"))


def address(value: object) -> str:
    """Return an e-mail address that can be written to; empty if it is masked, a placeholder or none at all."""
    found = value.strip() if isinstance(value, str) else ""
    return found if _ADDRESS.fullmatch(found) and not found.casefold().startswith(_PLACEHOLDER) else ""


def has_position(lead: Lead) -> bool:
    """Return whether a lead describes a person: it has a name, and a title or a company."""
    return bool(_text(lead, "name")) and _completeness(lead) > 1


def _completeness(lead: Lead) -> int:
    return sum(bool(_text(lead, key)) for key in ("name", "lead_title", "company_name"))


def _missing_of_company(lead: Lead, other: Lead) -> Lead:
    return {
        key: other[key]
        for group in _COMPANY
        if not any(lead.get(key) for key in group)
        for key in group
        if other.get(key)
    }


def _domain(lead: Lead) -> str:
    """Return the company's domain; empty if unknown. Providers write it with or without scheme and `www.`."""
    website = _text(lead, "company_website").casefold()
    return website.partition("://")[2 if "://" in website else 0].partition("/")[0].removeprefix("www.")


def _text(lead: Lead, key: str) -> str:
    value = lead.get(key)
    return value.strip() if isinstance(value, str) else ""
