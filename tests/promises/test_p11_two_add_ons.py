"""P11: two Apps Script projects and three spreadsheets at one backend; a third project's tokens open nothing."""

from __future__ import annotations

from uuid import uuid4

from local.stack import AUDIENCE, PERSON
from tests.support.enrichers import confirmed
from tests.support.running import SECOND_AUDIENCE, Json, Running, running_fixture, slugs
from tests.support.waiting import wait_until

__all__ = ["running_fixture"]

COLLEAGUE = "colleague@example.com"
THIRD = "45-copy.apps.googleusercontent.com"
"""The OAuth client of a bound script that was copied with its spreadsheet."""


def tokens(running: Running, spreadsheet: str, aud: str, email: str) -> dict[str, str]:
    """What one project's add-on sends for a person who has it open in a spreadsheet."""
    identity = {"Authorization": f"Bearer {running.identity(email, aud=aud)}"}
    return identity | running.key(email, [spreadsheet], aud=aud)


def body_of(spreadsheet: str) -> Json:
    return {"spreadsheet_id": spreadsheet, "range": "Leads!A2:A", "fields": ["email"]}


def run(running: Running, spreadsheet: str, headers: dict[str, str]) -> Json:
    once = headers | {"Idempotency-Key": uuid4().hex}
    body = body_of(spreadsheet) | {"max_credits": confirmed(10)}
    answer = running.ask("POST", "/v1/jobs", by="", headers=once, json=body)
    assert answer.status_code == 202, answer.text
    seen: list[Json] = [answer.json()]

    def is_over() -> bool:
        seen[0] = running.ask("GET", f"/v1/jobs/{seen[0]['id']}", by="", headers=headers).json()
        return seen[0]["state"] in {"done", "stopped"}

    wait_until(is_over)
    return seen[0]


def test_two_projects_and_three_spreadsheets_share_leads_and_nothing_else(running: Running) -> None:
    shared, *own = slugs(4)
    sheets = [running.sheet([f"linkedin.com/in/{slug}" for slug in (shared, mine)]) for mine in own]
    opened = [(AUDIENCE, PERSON), (SECOND_AUDIENCE, COLLEAGUE), (SECOND_AUDIENCE, PERSON)]
    headers = [tokens(running, sheet, *who) for sheet, who in zip(sheets, opened, strict=True)]
    done = [run(running, sheet, of_sheet) for sheet, of_sheet in zip(sheets, headers, strict=True)]
    assert [job["state"] for job in done] == ["done"] * 3
    assert [job["credits"][0]["charged"] for job in done] == ["2", "1", "1"]
    assert running.charged(shared, *own) == 4
    for sheet, of_sheet, job in zip(sheets, headers, done, strict=True):
        listed = running.ask("GET", "/v1/jobs", by="", headers=of_sheet, params={"spreadsheet_id": sheet}).json()
        assert [one["id"] for one in listed["jobs"]] == [job["id"]]
    theirs = f"/v1/jobs/{done[1]['id']}"
    assert running.ask("GET", theirs, by="", headers=headers[0]).status_code == 404
    elsewhere = running.ask("POST", "/v1/plan", by="", headers=headers[0], json=body_of(sheets[1]))
    assert elsewhere.status_code in {403, 404}, "its token is for another spreadsheet"


def test_a_project_that_the_deployment_does_not_name_opens_nothing(running: Running) -> None:
    person = slugs(1)
    sheet = running.sheet([f"linkedin.com/in/{person[0]}"])
    stranger = tokens(running, sheet, THIRD, PERSON)
    answer = running.ask("POST", "/v1/plan", by="", headers=stranger, json=body_of(sheet))
    assert answer.status_code == 401
    assert THIRD in answer.json()["detail"]
    # Who takes a token of a person's along from there cannot use it with an identity that is good.
    mixed = tokens(running, sheet, AUDIENCE, PERSON) | running.key(PERSON, [sheet], aud=THIRD)
    answer = running.ask("POST", "/v1/formula-tokens", by="", headers=mixed, json={"spreadsheet_id": sheet})
    assert answer.status_code == 403
    assert "not given to this add-on" in answer.json()["detail"]
    assert running.charged(*person) == 0
