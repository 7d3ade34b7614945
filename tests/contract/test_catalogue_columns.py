"""Every cell of the catalogue's table: where each provider has a value, what becomes of it, and what it has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.outcomes import Lead
from functions.providers import apollo, people_data_labs, prospeo


def at_path(path: str, value: object) -> dict[str, Any]:
    """An answer that holds one value, at a path such as `organization.name`."""
    *parents, last = path.split(".")
    found: dict[str, Any] = {last: value}
    for name in reversed(parents):
        found = {name: found}
    return found


def of_prospeo(answer: dict[str, Any]) -> Lead:
    return prospeo.to_lead(answer.get("person", {}), answer.get("company"))


READ: dict[str, Callable[[dict[str, Any]], Lead]] = {
    "people_data_labs": people_data_labs.to_lead,
    "prospeo": of_prospeo,
    "apollo": apollo.to_lead,
}
PEOPLE_DATA_LABS = {
    "email": "work_email",
    "name": "full_name",
    "lead_title": "job_title",
    "function": "job_title_role",
    "divison": "job_title_sub_role",
    "city": "location_locality",
    "state": "location_region",
    "country": "location_country",
    "continent": "location_continent",
    "company_name": "job_company_name",
    "company_website": "job_company_website",
    "company_size": "job_company_size",
    "industry": "job_company_industry",
    "company_city": "job_company_location_locality",
    "company_state": "job_company_location_region",
    "company_country": "job_company_location_country",
    "company_linkedin_url": "job_company_linkedin_url",
    "company_twitter_url": "job_company_twitter_url",
    "company_facebook_url": "job_company_facebook_url",
}
PROSPEO = {
    "name": "person.full_name",
    "lead_title": "person.current_job_title",
    "city": "person.location.city",
    "state": "person.location.state",
    "country": "person.location.country",
    "company_name": "company.name",
    "company_website": "company.domain",
    "company_size": "company.employee_range",
    "industry": "company.industry",
    "company_phone_number": "company.phone_hq.phone_hq",
    "company_city": "company.location.city",
    "company_state": "company.location.state",
    "company_country": "company.location.country",
    "company_linkedin_url": "company.linkedin_url",
    "company_twitter_url": "company.twitter_url",
    "company_facebook_url": "company.facebook_url",
}
APOLLO = {
    "email": "email",
    "name": "name",
    "lead_title": "title",
    "seniority": "seniority",
    "city": "city",
    "state": "state",
    "country": "country",
    "company_name": "organization.name",
    "company_website": "organization.primary_domain",
    "industry": "organization.industry",
    "company_phone_number": "organization.phone",
    "company_city": "organization.city",
    "company_state": "organization.state",
    "company_country": "organization.country",
    "company_linkedin_url": "organization.linkedin_url",
    "company_twitter_url": "organization.twitter_url",
    "company_facebook_url": "organization.facebook_url",
}
TEXTS = [
    *(("people_data_labs", key, path) for key, path in PEOPLE_DATA_LABS.items()),
    *(("prospeo", key, path) for key, path in PROSPEO.items()),
    *(("apollo", key, path) for key, path in APOLLO.items()),
]
LISTS = [
    ("people_data_labs", "seniority", "job_title_levels"),
    ("people_data_labs", "skills", "skills"),
    ("prospeo", "skills", "person.skills"),
    ("prospeo", "company_products_services", "company.keywords"),
    ("apollo", "function", "functions"),
    ("apollo", "divison", "subdepartments"),
    ("apollo", "company_products_services", "organization.keywords"),
]
ODD: tuple[object, ...] = (None, True, 7, " ", [], {})
CURRENT = {"job_history": [{"title": "Chief", "current": True, "departments": ["Sales"], "seniority": "C-Suite"}]}
MADE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    # a provider, its answer, what of it must stand in the lead
    ("people_data_labs", {"education": [{"school": {"name": "New"}, "end_date": "2008-06"}]},
     {"education": [{"school_name": "New", "end_date": 2008}]}),
    ("people_data_labs", {"experience": [{"title": {"name": "Chief"}, "is_primary": True, "end_date": None}]},
     {"experience": [{"title_name": "Chief", "is_primary": "true"}]}),
    ("prospeo", {"person": CURRENT}, {"function": ["Sales"], "seniority": "C-Suite",
     "experience": [{"title_name": "Chief", "is_primary": "true"}]}),
    ("prospeo", {"company": {"funding": {"latest_funding_date": "2021-01-01"}}}, {"last_funded_on": 1_609_459_200}),
    ("prospeo", {"company": {"technology": {"technology_list": [{"name": "CRM", "category": "Sales"}]}}},
     {"technologies": [{"technology": "CRM", "category": "Sales"}]}),
    ("apollo", {"organization": {"estimated_num_employees": 1600}}, {"company_size": "1001-5000"}),
    ("apollo", {"employment_history": [{"title": "Chief", "organization_name": "A", "current": True}]},
     {"experience": [{"title_name": "Chief", "company_name": "A", "is_primary": "true"}]}),
    ("apollo", {"email": "ada@example.com", "email_status": "verified"},
     {"email": "ada@example.com", "email_status": "verified"}),
    # odd values, and what a provider is not read for
    ("people_data_labs", {"work_email": True, "emails": [{"address": "old@example.com"}]}, {}),
    ("people_data_labs", {"job_company_name": None, "experience": None, "education": []}, {}),
    ("prospeo", {"person": {"email": {"email": "ada.*****@example.com", "revealed": True, "status": "VERIFIED"}}}, {}),
    ("prospeo", {"person": {"job_history": []}, "company": None}, {}),
    ("apollo", {"email": "email_not_unlocked@domain.com", "email_status": "verified"}, {}),
    ("apollo", {"email": "ada@example.com", "email_status": "bounced"}, {}),
    ("apollo", {"organization": None, "employment_history": []}, {}),
    ("apollo", {"contact": {"email": "ours@example.com"}, "account": {"name": "Ours"}}, {}),
    ("apollo", {"organization": {"current_technologies": [{"name": "CRM"}], "latest_funding_round_date": "2021"}}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "key", "path"), TEXTS)
def test_a_text_is_read_where_the_provider_has_it_and_nothing_else_is_taken_for_one(
    provider: str, key: str, path: str
) -> None:
    value = "ada@example.com" if key == "email" else "a text"
    assert READ[provider](at_path(path, value)) == {key: value}
    for odd in ODD:
        assert READ[provider](at_path(path, odd)) == {}


@pytest.mark.parametrize(("provider", "key", "path"), LISTS)
def test_of_a_list_its_texts_are_read(provider: str, key: str, path: str) -> None:
    assert READ[provider](at_path(path, ["one", None, True, "", "two"])) == {key: ["one", "two"]}
    assert READ[provider](at_path(path, None)) == {}


@pytest.mark.parametrize(("provider", "answer", "expected"), MADE)
def test_what_is_no_plain_value_is_read_as_the_table_says(
    provider: str, answer: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert READ[provider](answer) == expected
