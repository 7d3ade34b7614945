"""The chosen fields decide the needs, and a lead fills those that it has values for."""

from __future__ import annotations

import pytest

from functions.credits.needs import filled_by, needs_of
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Need, Needs
from functions.fields import select
from functions.fields.catalogue import CATALOGUE, LEADFILL, PRESETS
from functions.outcomes import Lead

ONLY_PERSON: Needs = frozenset({Need.PERSON})


@pytest.mark.parametrize(
    ("names", "needs"),
    [
        (["email"], ONLY_EMAIL),
        (["email", "email_status", "email_source"], ONLY_EMAIL),
        (["email", "status", "linkedin_url"], ONLY_EMAIL),
        (["title", "company", "size"], ONLY_PERSON),
        (["email", "title"], EVERY_NEED),
        (["status"], ONLY_PERSON),
        (["source"], ONLY_PERSON),
        (["First skill=skills[0]"], ONLY_PERSON),
        (["Mail=join('', ['mailto:', email])"], EVERY_NEED),
        (["Mailed=emailed"], ONLY_PERSON),
    ],
)
def test_fields_have_needs(names: list[str], needs: Needs) -> None:
    assert needs_of(select(names)) == needs


def test_every_choice_of_fields_has_a_need() -> None:
    """Without one nobody would be asked, and the run would bring nothing."""
    assert all(needs_of([field]) for field in CATALOGUE)
    assert {field.name for field in CATALOGUE if needs_of([field]) != ONLY_PERSON} == {
        "email",
        "email_status",
        "email_source",
    }
    assert all(needs_of(select(preset.fields)) for preset in PRESETS)
    assert {field.group for field in CATALOGUE} >= {LEADFILL}


@pytest.mark.parametrize(
    ("lead", "filled"),
    [
        (
            {"name": "Ada Example", "lead_title": "Founder", "company_name": "Acme", "email": "ada@acme.test"},
            EVERY_NEED,
        ),
        ({"name": "Ada Example", "lead_title": "Founder", "company_name": None}, ONLY_PERSON),
        ({"name": "Ada Example", "company_name": "Acme", "experience": []}, ONLY_PERSON),
        ({"name": "Ada Example"}, NO_NEEDS),
        ({"name": " ", "lead_title": "Founder", "company_name": "Acme"}, NO_NEEDS),
        ({"id": "1"}, NO_NEEDS),
        ({"email": "ada@acme.test"}, ONLY_EMAIL),
        ({"email": True}, NO_NEEDS),
        ({"email": "ada.*****@acme.test"}, NO_NEEDS),
        ({"email": ["ada@acme.test"]}, NO_NEEDS),
        ({"email": "unknown"}, NO_NEEDS),
    ],
)
def test_a_lead_fills_the_needs_that_it_has_values_for(lead: Lead, filled: Needs) -> None:
    assert filled_by(lead) == filled
