"""P4: a start that names a plan starts that plan; if it has become more expensive, it is refused with both figures."""

from __future__ import annotations

from uuid import uuid4

import pytest
import requests

from tests.support.enrichers import confirmed
from tests.support.running import Json, Running, running_fixture, slugs

__all__ = ["running_fixture"]


def request_of(spreadsheet: str) -> Json:
    return {"spreadsheet_id": spreadsheet, "range": "Leads!A2:A", "fields": ["email"]}


def url(slug: str) -> str:
    return f"linkedin.com/in/{slug}"


def planned(running: Running, spreadsheet: str) -> Json:
    answer = running.ask("POST", "/v1/plan", headers=running.key(), json=request_of(spreadsheet))
    assert answer.status_code == 200, answer.text
    plan: Json = answer.json()
    return plan


def start(running: Running, spreadsheet: str, plan_id: str, **changes: object) -> requests.Response:
    headers = running.key() | {"Idempotency-Key": uuid4().hex}
    body = request_of(spreadsheet) | {"max_credits": confirmed(1000), "plan_id": plan_id} | changes
    return running.ask("POST", "/v1/jobs", headers=headers, json=body)


def test_rows_that_came_after_the_plan_are_not_paid_for_unseen(running: Running) -> None:
    people = slugs(4)
    spreadsheet = running.sheet([url(people[0])])
    plan = planned(running, spreadsheet)
    running.emulator.write(spreadsheet, "Leads!A3:A5", [[url(slug)] for slug in people[1:]])
    refused = start(running, spreadsheet, plan["plan_id"])
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:leadfill:problem:plan-changed")
    assert "4 people to look up now, 1 when you confirmed it" in refused.json()["detail"]
    assert running.ask("GET", "/v1/jobs", params={"spreadsheet_id": spreadsheet}).json()["jobs"] == []
    assert running.charged(*people) == 0
    again = planned(running, spreadsheet)
    assert again["plan_id"] != plan["plan_id"]
    started = start(running, spreadsheet, again["plan_id"])
    assert started.status_code == 202, started.text
    assert running.finish(started.json())["counts"] == {"enriched": 4}


def test_what_has_become_cheaper_starts(running: Running) -> None:
    people = slugs(2)
    spreadsheet = running.sheet([url(slug) for slug in people])
    plan = planned(running, spreadsheet)
    running.run(running.sheet([url(people[0])]))
    started = start(running, spreadsheet, plan["plan_id"])
    assert started.status_code == 202, started.text
    assert running.finish(started.json())["counts"] == {"known": 1, "enriched": 1}


def test_the_same_confirmation_sent_again_is_the_same_job_whatever_came_meanwhile(running: Running) -> None:
    people = slugs(2)
    spreadsheet = running.sheet([url(people[0])])
    body = request_of(spreadsheet) | {
        "max_credits": confirmed(1000),
        "plan_id": planned(running, spreadsheet)["plan_id"],
    }
    headers = running.key() | {"Idempotency-Key": uuid4().hex}
    first = running.ask("POST", "/v1/jobs", headers=headers, json=body)
    running.finish(first.json())
    running.emulator.write(spreadsheet, "Leads!A3", [[url(people[1])]])
    again = running.ask("POST", "/v1/jobs", headers=headers, json=body)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


@pytest.mark.parametrize("plan_id", ["", "x", "-1", "0" * 32 + "-1", "²", "-٣", "0" * 32 + "-" + "9" * 60])
def test_an_id_of_no_plan_starts_nothing(running: Running, plan_id: str) -> None:
    spreadsheet = running.sheet([url(slugs(1)[0])])
    assert start(running, spreadsheet, plan_id).status_code == 400


def test_a_plan_of_another_request_starts_nothing(running: Running) -> None:
    spreadsheet = running.sheet([url(slugs(1)[0])])
    plan = planned(running, spreadsheet)
    for change in ({"range": "Leads!A2:A2"}, {"fields": ["email", "title"]}, {"write": "all"}):
        answer = start(running, spreadsheet, plan["plan_id"], **change)
        assert answer.status_code == 400
        assert "another request" in answer.json()["detail"]
