"""Tests of the id of a plan: it holds the request and each provider's most, and says what has become dearer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from functions.credits.plan import Budget, Plan, RowCounts, plan
from functions.errors import InvalidRequest, PlanChanged
from functions.jobs import plan_id
from functions.jobs.request import JobRequest
from functions.profiles import parse

REQUEST = JobRequest(spreadsheet_id="sheet", range="Leads!A2:A", fields=("email",))
BUDGET = Budget(price=Decimal(1), credits_left=Decimal(1000))


def plan_of(asked: Mapping[str, list[str]], providers: tuple[str, ...] = ("slintel", "prospeo")) -> Plan:
    """The plan of people by their slugs, and whom each may have to be asked for at."""
    rows = RowCounts()
    people = {slug: parse(f"linkedin.com/in/{slug}") for slug in asked}
    for person in people.values():
        rows.count(person)
    by_key = {people[slug].key: names for slug, names in asked.items()}
    return plan(rows, by_key, [], dict.fromkeys(providers, BUDGET))


THEN = plan_of({"ada-one": ["slintel", "prospeo"], "ada-two": ["prospeo"], "ada-three": []})
CONFIRMED = plan_id.plan_id(REQUEST, THEN)


@pytest.mark.parametrize(
    "now", [THEN, plan_of({"ada-two": ["prospeo"]}), plan_of({"ada-one": ["slintel"], "ada-two": ["prospeo"]})]
)
def test_what_has_not_become_dearer_passes(now: Plan) -> None:
    plan_id.check(CONFIRMED, REQUEST, now)


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (
            {"ada-one": ["slintel", "prospeo"], "ada-two": ["slintel", "prospeo"]},
            "2 people to ask Slintel for now, 1 when you confirmed it",
        ),
        (
            {"ada-one": ["slintel"], "ada-two": ["slintel"], "ada-three": ["slintel"]},
            "3 people to look up now, 2 when you confirmed it",
        ),
    ],
)
def test_more_lookups_than_were_confirmed_are_refused_also_at_one_provider_alone(
    now: Mapping[str, list[str]], sentence: str
) -> None:
    with pytest.raises(PlanChanged, match=sentence):
        plan_id.check(CONFIRMED, REQUEST, plan_of(now))


@pytest.mark.parametrize(
    "confirmed",
    ["", "x", "-1", CONFIRMED + "-1", CONFIRMED.rpartition("-")[0], CONFIRMED.replace("-", "-0"), "0" * 32 + "-2-1-2"],
)
def test_what_is_no_id_of_a_plan_of_this_request_is_refused(confirmed: str) -> None:
    with pytest.raises(InvalidRequest, match="another request"):
        plan_id.check(confirmed, REQUEST, THEN)


def test_a_plan_of_other_providers_is_another_plan() -> None:
    with pytest.raises(InvalidRequest, match="another request"):
        plan_id.check(CONFIRMED, REQUEST, plan_of({}, ("slintel", "people_data_labs")))
