"""Leads of several providers are merged into one that describes one person in one position."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.fields.merge import email_of, merge

ADA = {"name": "Ada Example", "lead_title": "Founder", "company_name": "Acme", "company_website": "acme.test"}
EMAIL = {"email": "ada@acme.test", "email_status": "verified"}
KEYS = ["name", "lead_title", "company_name", "company_website", "company_size", "email", "email_status", "skills"]


def test_one_lead_is_itself() -> None:
    merged = merge({"slintel": ADA | EMAIL})
    assert (merged.lead, merged.source, merged.email_source) == (ADA | EMAIL, "slintel", "slintel")
    assert merge({}).lead is None


def test_name_position_and_company_come_from_the_first_lead_that_has_them() -> None:
    other = {"name": "A. Example", "lead_title": "Adviser", "company_name": "Other", "city": "Elsewhere"}
    assert merge({"slintel": ADA, "prospeo": other}).lead == ADA
    assert merge({"prospeo": other, "slintel": ADA}).source == "prospeo"
    without_company = {"name": "Ada Example", "lead_title": "Founder", "company_name": None, "email": "old@acme.test"}
    merged = merge({"slintel": without_company, "prospeo": other})
    assert merged.lead == other | {"email": "old@acme.test", "email_status": None}
    assert (merged.source, merged.email_source) == ("prospeo", "slintel")


def test_a_later_provider_fills_an_empty_address_and_its_status() -> None:
    merged = merge({"slintel": ADA, "prospeo": {"name": "Else", **EMAIL}})
    assert merged.lead == ADA | EMAIL
    assert (merged.source, merged.email_source) == ("slintel", "prospeo")


def test_the_word_on_an_address_belongs_to_that_address() -> None:
    merged = merge({"slintel": ADA | {"email": "ada@acme.test"}, "prospeo": ADA | EMAIL})
    assert merged.lead is not None
    assert merged.lead.get("email_status") is None
    assert merged.email_source == "slintel"


ODD = [
    *(True, False, "", None, "none", ["ada@acme.test"], 3, "ada.*****@acme.test", "a•••@acme.test", "ada●●●@acme.test"),
    *("a...@acme.test", "ada@a****.test", "email_not_unlocked@domain.com", "EMAIL_NOT_UNLOCKED@domain.com", "ada@acme"),
]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_address_never_becomes_one(odd: object) -> None:
    merged = merge({"slintel": ADA | {"email": odd}, "prospeo": ADA | EMAIL})
    assert merged.lead is not None
    assert merged.lead["email"] == "ada@acme.test"
    alone = merge({"slintel": ADA | {"email": odd}})
    assert alone.lead == ADA
    assert alone.email_source == ""


@pytest.mark.parametrize(
    "email", ["ada@acme.test", "o'ada+b.c@mail.acme.co", "adà@acmé.test", "ada@xn--acm-dma.xn--p1ai"]
)
def test_an_address_is_one_in_any_script(email: str) -> None:
    assert merge({"slintel": ADA | {"email": email}}).email_source == "slintel"


@pytest.mark.parametrize(
    ("website", "same"),
    [
        ("https://www.acme.test/about", True),
        ("ACME.test", True),
        ("www.acme.test", True),
        ("acme.example", False),
        ("", False),
        (None, False),
    ],
)
def test_company_values_are_filled_only_where_the_domain_is_the_same(website: object, same: bool) -> None:  # noqa: FBT001 - pytest passes by keyword
    other = {"company_website": website, "company_size": "11-50", "industry": "Widgets", "skills": ["Widgets"]}
    lead = merge({"slintel": ADA, "prospeo": other}).lead
    assert lead == ADA | ({"company_size": "11-50", "industry": "Widgets"} if same else {})


def test_a_place_of_a_company_is_one_place() -> None:
    here = ADA | {"company_city": "Berlin", "company_country": "Germany"}
    there = ADA | {"company_city": "Austin", "company_state": "Texas", "company_country": "United States"}
    assert merge({"slintel": here, "prospeo": there}).lead == here
    assert merge({"slintel": ADA, "prospeo": there}).lead == there


VALUES = st.sampled_from(
    [None, True, 3, "", " ", "Ada", "a@b.test", "a*@b.test", "acme.test", "http://acme.test/", ["x"]]
)
LEADS = st.dictionaries(st.sampled_from(KEYS), VALUES)


@given(st.dictionaries(st.sampled_from(["slintel", "prospeo", "apollo"]), LEADS, min_size=1))
def test_whatever_the_leads_hold_the_position_is_that_of_one_lead(leads: dict[str, dict[str, Any]]) -> None:
    merged = merge(leads)
    assert merged.lead is not None
    position = ("name", "lead_title", "company_name", "company_website")
    assert [merged.lead.get(key) for key in position] == [leads[merged.source].get(key) for key in position]
    assert (merged.email_source == "") == (not any(email_of(lead) for lead in leads.values()))
    if merged.email_source:
        assert merged.lead["email"] == leads[merged.email_source]["email"]
