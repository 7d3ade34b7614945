"""The API over HTTP, against the running processes: P4, P8, P9, P11; what it refuses it refuses in clear sentences."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from functions.fields.catalogue import CATALOGUE
from functions.jobs.row_choice import FINISHED
from functions.outcomes import Outcome
from functions.store import schema
from functions.version import VERSION
from local.providers.people import lead
from local.stack import AUDIENCE, PERSON
from tests.support.enrichers import confirmed
from tests.support.running import Json, Running, slugs
from tests.support.waiting import wait_until

COLLEAGUE = "colleague@example.com"


def body_of(spreadsheet: str, **changes: Any) -> Json:  # noqa: ANN401 - of the body
    return {"spreadsheet_id": spreadsheet, "range": "Leads!A2:A", "fields": ["email"]} | changes


def test_the_process_is_up_and_says_so_to_anyone(running: Running) -> None:
    answer = running.ask("GET", "/healthz", by="")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": VERSION})


def test_the_catalogue_is_the_catalogue(running: Running) -> None:
    listed = running.ask("GET", "/v1/fields").json()["fields"]
    assert [field["name"] for field in listed] == [field.name for field in CATALOGUE]
    assert all(set(field) == {"name", "header", "group", "description", "example", "aliases"} for field in listed)


def test_the_providers_are_listed_with_terms_what_the_caps_leave_and_the_account(running: Running) -> None:
    seen: list[Json] = []

    def is_read() -> bool:
        seen[:] = running.ask("GET", "/v1/providers").json()["providers"]
        return seen[0]["balance"] is not None

    wait_until(is_read)
    assert [one["name"] for one in seen] == ["slintel"]
    assert (seen[0]["price"], seen[0]["fills"], seen[0]["repeats_are_free"]) == ("1", ["email", "person"], False)
    day = seen[0]["limits"][1]  # its count is lifted here by the settings
    assert (day["window_s"], day["starts"], int(day["count"]) >= 10_000) == (86_400, "clock", True)
    assert 0 < int(seen[0]["credits_left"]) <= 5_000
    balance = seen[0]["balance"]
    assert balance["key_is_rejected"] is False
    assert int(balance["credits_left"]) + int(balance["credits_used"]) == 1_000_000
    answer = running.ask("GET", "/v1/providers")
    assert answer.json()["not_used"] == ["People Data Labs", "Prospeo", "Apollo"]
    assert "API_KEY" not in answer.text
    assert running.ask("GET", "/v1/providers", by="").status_code == 401


def test_the_bill_comes_first_then_the_run_keeps_to_it_and_every_row_has_an_outcome(running: Running) -> None:
    people = slugs(4)
    cells = [*(f"linkedin.com/in/{slug}" for slug in people), f"https://www.linkedin.com/in/{people[0]}/", "nobody"]
    spreadsheet = running.sheet(cells)
    before = running.charged(*people)

    plan = running.ask("POST", "/v1/plan", headers=running.key(), json=body_of(spreadsheet)).json()

    counts = {name: plan[name] for name in ("rows", "unusable", "already_filled", "duplicates", "known", "lookups")}
    assert counts == {"rows": 6, "unusable": 1, "already_filled": 0, "duplicates": 1, "known": 0, "lookups": 4}
    assert [(cost["provider"], cost["lookups"], cost["max_credits"]) for cost in plan["costs"]] == [("slintel", 4, "4")]
    assert running.charged(*people) == before == 0
    assert running.emulator.values(spreadsheet, "Leads!B1:B9") == []

    job = running.run(spreadsheet, max_credits=confirmed(4))

    assert job["state"] == "done"
    assert sum(job["counts"].values()) == job["rows"] == 6
    assert running.charged(*people) == 4 == float(job["credits"][0]["charged"])
    assert len(running.emulator.values(spreadsheet, "Leads!B2:B")) == 5

    rows = running.ask("GET", f"/v1/jobs/{job['id']}/rows").json()["rows"]
    assert [row["row"] for row in rows] == [2, 3, 4, 5, 6, 7]
    assert rows[5]["outcome"] == "unusable"
    assert rows[5]["detail"]
    unusable = running.ask("GET", f"/v1/jobs/{job['id']}/rows", params={"outcome": "unusable"}).json()["rows"]
    assert unusable == rows[5:]

    listed = running.ask("GET", "/v1/jobs", params={"spreadsheet_id": spreadsheet}).json()["jobs"]
    assert [item["id"] for item in listed] == [job["id"]]
    usage = running.ask("GET", "/v1/usage", params={"days": 1}).json()
    assert [day["charged"] for day in usage["days"] if day["spreadsheet_id"] == spreadsheet] == ["4"]

    undone = running.ask("POST", f"/v1/jobs/{job['id']}/undo", headers=running.key())
    assert undone.status_code == 202
    assert running.finish(undone.json(), states=frozenset({"undone"}))["state"] == "undone"
    assert running.emulator.values(spreadsheet, "Leads!B1:B9") == []
    headers = running.key() | {"Idempotency-Key": uuid4().hex}
    retried = running.ask("POST", f"/v1/jobs/{job['id']}/retry", headers=headers, json={"max_credits": confirmed(4)})
    assert (retried.status_code, "was undone" in retried.json()["detail"]) == (409, True)


def test_the_same_idempotency_key_is_the_same_job_also_at_the_same_moment(running: Running) -> None:
    people = slugs(3)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    headers = running.key() | {"Idempotency-Key": uuid4().hex}

    def start(_number: int) -> str:
        answer = running.ask("POST", "/v1/jobs", headers=headers, json=body_of(spreadsheet, max_credits=confirmed(3)))
        assert answer.status_code in {202, 200}, answer.text
        assert (answer.status_code == 200) == (answer.headers.get("Idempotent-Replayed") == "true")
        return str(answer.json()["id"])

    with ThreadPoolExecutor(6) as pool:
        ids = set(pool.map(start, range(6)))

    assert len(ids) == 1
    job = running.finish({"id": ids.pop()})
    assert {start(7)} == {job["id"]}
    assert running.charged(*people) == 3
    with running.store.reading() as connection:
        statement = sa.select(sa.func.count()).where(schema.jobs.c.spreadsheet_id == spreadsheet)
        assert connection.scalar(statement) == 1


def test_rows_that_are_all_known_take_seven_calls_the_proof_of_edit_rights_among_them(running: Running) -> None:
    people = [f"linkedin.com/in/{slug}" for slug in slugs(5)]
    fields = ["email", "title", "company", "size"]
    assert running.run(running.sheet(people), fields=fields)["counts"] == {"enriched": 5}
    again = running.sheet(people)
    running.emulator.forget_calls()
    assert running.run(again, fields=fields)["counts"] == {"known": 5}
    assert running.emulator.calls()["total"] == 7


def test_an_idempotency_key_of_one_person_is_nothing_to_another(running: Running) -> None:
    spreadsheet = running.sheet(["nobody"])
    key, ids = {"Idempotency-Key": uuid4().hex}, []
    for person in ("first@example.com", "second@example.com"):
        headers = running.key(person) | key
        answer = running.ask(
            "POST", "/v1/jobs", by=person, headers=headers, json=body_of(spreadsheet, max_credits=confirmed(0))
        )
        ids.append(answer.json()["id"])
    assert len(set(ids)) == 2


def test_a_check_says_in_lines_what_holds_and_leaves_the_spreadsheet_as_it_was(running: Running) -> None:
    spreadsheet = running.sheet(["nobody"])
    answer = running.ask("POST", "/v1/check", headers=running.key(), json={"spreadsheet_id": spreadsheet})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["runs_are_off"] is None
    lines = {line["name"]: line for line in found["lines"]}
    assert len(lines) == len(found["lines"]) >= 20
    assert {line["verdict"] for line in lines.values()} == {"holds"}
    assert PERSON in lines["identity"]["sentence"]
    assert AUDIENCE in lines["identity"]["sentence"]
    assert all(line["title"] and line["sentence"] for line in lines.values())
    timed = {"spreadsheet_id": spreadsheet, "timed_rows": 50}
    answer = running.ask("POST", "/v1/check", headers=running.key(), json=timed).json()
    assert [line["name"] for line in answer["lines"]] == ["write", "read", "tidy"]
    shown = running.emulator.call("spreadsheets.get", spreadsheet, fields="sheets.properties.title")
    assert shown == {"sheets": [{"properties": {"title": "Leads"}}]}
    timed["timed_rows"] = 100_001
    assert running.ask("POST", "/v1/check", headers=running.key(), json=timed).status_code == 400


MERGED = {
    "mergeCells": {"mergeType": "MERGE_ALL", "range": {"startRowIndex": 1, "endRowIndex": 3, "endColumnIndex": 1}}
}
PROTECTED = {
    "addProtectedRange": {
        "protectedRange": {
            "range": {"startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 1, "endColumnIndex": 2},
            "editors": {"users": ["owner@example.com"]},
        }
    }
}


def asked(running: Running, spreadsheet: str, path: str = "/v1/plan", **changes: Any) -> Json:  # noqa: ANN401 - of the body
    """The problem that a plan or a job meets."""
    headers = running.key() | {"Idempotency-Key": uuid4().hex}
    wanted = body_of(spreadsheet, **(changes | ({"max_credits": confirmed(5)} if path == "/v1/jobs" else {})))
    answer = running.ask("POST", path, headers=headers, json=wanted)
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: Json = answer.json()
    assert found["status"] == answer.status_code
    return found


@pytest.mark.parametrize("path", ["/v1/plan", "/v1/jobs"])
@pytest.mark.parametrize(
    ("changes", "status", "slug", "words"),
    [
        ({"range": "Elsewhere!A2:A"}, 400, "bad-range", ["no tab “Elsewhere”", "“Leads”"]),
        ({"range": "Leads!A2:B9"}, 400, "bad-range", ["several columns", "LinkedIn URLs"]),
        ({"range": "Leads!A2:A5000000"}, 400, "bad-range", ["ends at", "rows inside it"]),
        ({"range": "Leads!ZZ2:ZZ"}, 400, "bad-range", ["ends at"]),
        ({"range": "A2:A9"}, 400, "bad-range", ["Leads!A2:A500"]),
        ({"range": "=HYPERLINK()"}, 400, "bad-range", ["Leads!A2:A500"]),
        ({"fields": ["emial"]}, 400, "unknown-field", ["emial"]),
        ({"fields": []}, 400, "invalid-request", ["fields"]),
        ({"spreadsheet_id": "no-such-sheet"}, 404, "sheet-gone", ["no such spreadsheet"]),
        ({"write": "everything"}, 400, "invalid-request", ["write"]),
        ({"colour": "red"}, 400, "invalid-request", ["colour"]),
        ({"columns": {f"Email{' ' * n}": {"column": "new"} for n in range(101)}}, 400, "invalid-request", ["columns"]),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_what_cannot_be_done_is_a_clear_problem(
    running: Running, path: str, changes: Json, status: int, slug: str, words: list[str]
) -> None:
    people = slugs(1)
    spreadsheet = running.sheet([f"linkedin.com/in/{people[0]}"])
    problem = asked(running, spreadsheet, path, **changes)
    assert (problem["status"], problem["type"]) == (status, f"urn:leadfill:problem:{slug}")
    assert all(word in problem["detail"] for word in words), problem["detail"]
    assert running.charged(*people) == 0


def test_merged_cells_are_refused_with_where_they_are(running: Running) -> None:
    spreadsheet = running.sheet(["linkedin.com/in/a-b", "", "linkedin.com/in/c-d"])
    running.emulator.edit(spreadsheet, MERGED)
    problem = asked(running, spreadsheet)
    assert problem["status"] == 400
    assert "merged cells in A2:A4" in problem["detail"]


def test_protected_cells_are_refused_before_anything_is_spent(running: Running) -> None:
    people = slugs(2)
    values = [["LinkedIn", "Email"], *[[f"linkedin.com/in/{slug}", ""] for slug in people]]
    spreadsheet = running.emulator.spreadsheet(values, owner="owner@example.com")
    running.emulator.edit(spreadsheet, PROTECTED)
    problem = asked(running, spreadsheet, "/v1/jobs")
    assert problem["status"] == 400
    assert "B2:B3" in problem["detail"]
    assert "protected" in problem["detail"]
    assert running.charged(*people) == 0


def test_who_may_not_open_the_spreadsheet_or_only_read_it_is_told_so_and_spends_nothing(running: Running) -> None:
    people = slugs(1)
    spreadsheet = running.sheet([f"linkedin.com/in/{people[0]}"])
    headers = running.key(spreadsheets=[]) | {"Idempotency-Key": uuid4().hex}
    answer = running.ask("POST", "/v1/jobs", headers=headers, json=body_of(spreadsheet, max_credits=confirmed(1)))
    assert answer.status_code in {403, 404}
    assert "account" in answer.json()["detail"]

    headers = running.key(role="reader") | {"Idempotency-Key": uuid4().hex}
    answer = running.ask("POST", "/v1/jobs", headers=headers, json=body_of(spreadsheet, max_credits=confirmed(1)))
    if answer.status_code == 202:  # Sheets says only at the first write that somebody may not write
        job = running.finish(answer.json())
        assert job["state"] == "stopped"
        assert "may not edit" in job["message"]
    assert running.charged(*people) == 0


def test_an_access_token_that_ended_is_a_403_that_says_how_to_renew_it(running: Running) -> None:
    spreadsheet = running.sheet(["linkedin.com/in/a-b"])
    answer = running.ask("POST", "/v1/plan", headers={"X-Sheets-Access-Token": "ya29.ended"}, json=body_of(spreadsheet))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:leadfill:problem:sheet-access-expired")
    assert "renew" in answer.json()["detail"]


def test_a_tab_deleted_while_the_run_waits_ends_it_with_a_sentence_and_nothing_lost(running: Running) -> None:
    people = slugs(2)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    running.emulator.edit(spreadsheet, {"addSheet": {"properties": {"title": "Other", "sheetId": 77}}})
    tab = running.emulator.call("spreadsheets.get", spreadsheet, fields="sheets.properties")["sheets"][0]
    running.emulator.edit_before(
        spreadsheet,
        {"deleteSheet": {"sheetId": tab["properties"].get("sheetId", 0)}},
        method="spreadsheets.values.batchUpdateByDataFilter",
    )
    job = running.run(spreadsheet)
    assert job["state"] == "stopped"
    assert "deleted" in job["message"]
    assert sum(job["counts"].values()) == job["rows"]
    assert running.charged(*people) == float(job["credits"][0]["charged"])

    again = running.run(running.sheet([f"linkedin.com/in/{slug}" for slug in people]))  # what was paid for is kept
    assert again["counts"] == {"known": 2}
    assert running.charged(*people) == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/", 404),
        ("PUT", "/v1/jobs", 405),
        ("OPTIONS", "/v1/jobs", 405),
        ("GET", "/v1/formula", 404),
    ],
)
def test_other_addresses_and_methods_are_problems_too(running: Running, method: str, path: str, status: int) -> None:
    answer = running.ask(method, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    if status == 405:
        assert answer.headers["Allow"]


def test_answers_are_private(running: Running) -> None:
    for path, status in (("/v1/fields", 200), ("/v1/jobs/none", 404), ("/nothing", 404)):
        answer = running.ask("GET", path)
        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_run_that_waits_for_access_goes_on_with_a_fresh_one_which_is_erased_at_its_end(running: Running) -> None:
    people = slugs(2)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    key = running.prove(spreadsheet, running.key(expires_in_s=300))
    ends_at = access_until(running.ask("POST", "/v1/plan", headers=key, json=body_of(spreadsheet)).json())
    assert timedelta(seconds=60) < ends_at - datetime.now(UTC) <= timedelta(seconds=300)
    headers = key | {"Idempotency-Key": uuid4().hex}
    with running.emulator.between_calls(
        lambda _method, _user: running.emulator.expire(key["X-Sheets-Access-Token"]), "spreadsheets.batchUpdate"
    ):
        job = running.ask(
            "POST", "/v1/jobs", headers=headers, json=body_of(spreadsheet, max_credits=confirmed(2))
        ).json()
        waiting = running.finish(job, states=frozenset({"waiting_for_access"}))
    assert access_until(job) == ends_at
    assert waiting["message"]
    assert waiting["access_until"] is None

    fresh = running.key()
    answer = running.ask("POST", f"/v1/jobs/{job['id']}/access", headers=fresh)
    assert answer.status_code == 200
    assert access_until(answer.json()) > ends_at + timedelta(minutes=30)
    over = running.finish(job)
    assert (over["state"], over["access_until"]) == ("done", None)
    assert running.charged(*people) == 2
    wait_until(lambda: sealed(running, job["id"]) is None)
    assert running.ask("POST", f"/v1/jobs/{job['id']}/access", headers=fresh).status_code == 409


def access_until(answer: Json) -> datetime:
    return datetime.fromisoformat(answer["access_until"])


def sealed(running: Running, job_id: str) -> str | None:
    with running.store.reading() as connection:
        found: str | None = connection.scalar(
            sa.select(schema.jobs.c.encrypted_token).where(schema.jobs.c.id == job_id)
        )
        return found


def test_no_access_token_stands_in_the_store_as_it_came(running: Running) -> None:
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in slugs(1)])
    key = running.key()
    headers = key | {"Idempotency-Key": uuid4().hex}
    seen: list[str | None] = []
    with running.emulator.between_calls(lambda _method, _user: seen.append(one_sealed(running, spreadsheet))):
        job = running.ask(
            "POST", "/v1/jobs", headers=headers, json=body_of(spreadsheet, max_credits=confirmed(1))
        ).json()
        running.finish(job)
    kept = {text for text in seen if text}
    assert kept
    assert all(key["X-Sheets-Access-Token"] not in text for text in kept)
    assert sealed(running, job["id"]) is None


def one_sealed(running: Running, spreadsheet: str) -> str | None:
    table = schema.jobs
    with running.store.reading() as connection:
        found: str | None = connection.scalar(
            sa.select(table.c.encrypted_token).where(table.c.spreadsheet_id == spreadsheet)
        )
        return found


def test_a_run_is_cancelled_and_its_open_rows_say_so_and_can_be_retried(running: Running) -> None:
    people = slugs(3)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    job: Json = {}

    def cancel(_method: str, _user: str) -> None:
        found = running.ask("GET", "/v1/jobs", params={"spreadsheet_id": spreadsheet}).json()["jobs"][0]
        assert running.ask("POST", f"/v1/jobs/{found['id']}/cancel").status_code == 200

    key = running.prove(spreadsheet, running.key())
    with running.emulator.between_calls(cancel, "spreadsheets.batchUpdate"):
        job = running.finish(running.start(spreadsheet, key=key))
    assert job["state"] == "cancelled"
    assert job["counts"].get(Outcome.CANCELLED) == 3
    assert job["can"][0] == "retry"
    assert running.ask("POST", f"/v1/jobs/{job['id']}/cancel").status_code == 409

    headers = running.key() | {"Idempotency-Key": uuid4().hex}
    answer = running.ask("POST", f"/v1/jobs/{job['id']}/retry", headers=headers, json={"max_credits": confirmed(3)})
    assert answer.status_code == 202
    job = running.finish(answer.json())
    assert (job["state"], job["counts"]) == ("done", {"enriched": 3})
    assert running.charged(*people) == 3


def test_without_credits_the_plan_offers_what_is_known_and_says_whose_cap_it_is(running: Running) -> None:
    """The cap is a person's own for a day: nobody else's plan changes."""
    known, new = slugs(2), slugs(2)
    urls = [f"linkedin.com/in/{slug}" for slug in (*known, known[0], *new)]
    spreadsheet, by = running.sheet(urls), f"{uuid4().hex}@example.com"
    key = running.key(by)
    job = running.finish(running.start(running.sheet(urls[:2]), by=by, key=key), by=by)

    def plan(fields: str, **changes: Any) -> Json:  # noqa: ANN401 - of the body
        body = body_of(spreadsheet, fields=[fields], **changes)
        made: Json = running.ask("POST", "/v1/plan", by=by, headers=key, json=body).json()
        return made

    assert (plan("email")["fillable"], plan("email")["costs"][0]["cap_sentence"]) == (5, "")
    caps, jobs = schema.counters, schema.jobs
    with running.store.writing() as connection:
        me = connection.scalar(sa.select(jobs.c.user_id).where(jobs.c.id == job["id"]))
        mine = caps.c.cap.startswith(f"user:slintel:{me}:", autoescape=True)
        assert connection.execute(caps.update().where(mine).values(spent=5_000)).rowcount == 1
    made = plan("email")
    assert (made["lookups"], made["known"], made["fillable"]) == (2, 2, 3), "rows of the people who are known"
    cost = made["costs"][0]
    assert (cost["max_credits"], cost["credits_left"], cost["short_of"]) == ("0", "0", 2)
    assert cost["cap_sentence"].startswith("You may spend 5,000 credits of Slintel a day; 5,000 are used today.")
    assert "00:00 UTC" in cost["cap_sentence"]
    running.emulator.write(spreadsheet, "Leads!B1:B4", [["Email"], ["typed"], [""], ["typed"]])
    assert [column["replaced"] for column in plan("email", write="all")["columns"]] == [2]
    assert [column["replaced"] for column in plan("email")["columns"]] == [0], "what is there stays"


def test_a_retry_is_planned_with_what_it_would_really_try(running: Running) -> None:
    """An address that the provider refuses for good has failed, and asking again costs and brings nothing."""
    (person,) = slugs(1)
    spreadsheet = running.sheet([f"linkedin.com/in/{person}"])
    running.sandbox.switch(hang_up_after_rate=1.0)
    try:
        job = running.run(spreadsheet)
    finally:
        running.sandbox.switch(hang_up_after_rate=0)
    assert job["counts"] == {"in_doubt": 1}
    plans = running.ask("GET", f"/v1/jobs/{job['id']}/retry").json()
    assert (plans["without_doubts"]["rows"], plans["without_doubts"]["fillable"]) == (0, 0)
    both = plans["with_doubts"]
    assert (both["rows"], both["fillable"], both["lookups"], both["costs"][0]["max_credits"]) == (1, 1, 1, "1")
    assert running.ask("GET", f"/v1/jobs/{job['id']}/retry", by=COLLEAGUE).status_code == 404

    with running.store.writing() as connection:  # as if the provider had refused the address
        connection.execute(
            schema.leads.update().where(schema.leads.c.key == f"linkedin.com/in/{person}").values(status="refused")
        )
        of_job = schema.job_rows.c.job_id == job["id"]
        connection.execute(schema.job_rows.update().where(of_job).values(outcome=Outcome.FAILED))
    plans = running.ask("GET", f"/v1/jobs/{job['id']}/retry").json()
    for plan in plans.values():
        assert (plan["rows"], plan["fillable"], plan["lookups"], plan["costs"][0]["max_credits"]) == (1, 0, 0, "0")


def test_a_trial_fills_ten_rows_spread_over_the_range_and_the_rest_costs_that_much_less(running: Running) -> None:
    people = slugs(40)
    spreadsheet = running.sheet(["nobody", *(f"linkedin.com/in/{slug}" for slug in people)])
    trial = {"rows": 10}
    body = body_of(spreadsheet, trial=trial)
    plan = running.ask("POST", "/v1/plan", headers=running.key(), json=body).json()
    assert (plan["lookups"], plan["fillable"], plan["costs"][0]["max_credits"]) == (10, 10, "10")
    assert (plan["unusable"], plan["left_out_reasons"]) == (1, {"trial": 30})

    job = running.run(spreadsheet, trial=trial, max_credits=confirmed(10), plan_id=plan["plan_id"])

    assert (job["is_trial"], job["counts"]) == (True, {"enriched": 10, "left_out": 30, "unusable": 1})
    assert running.charged(*people) == 10
    filled = [at for at, row in enumerate(running.emulator.values(spreadsheet, "Leads!B2:B")) if row and row[0]]
    assert filled == list(range(1, 41, 4)), "every fourth person"
    assert job["can"] == ["undo"], "a retry never opens what was left out"
    columns = running.ask("GET", f"/v1/jobs/{job['id']}/columns").json()
    assert columns == {"rows": 10, "columns": [{"field": "email", "header": "Email", "filled": 10}]}
    rest = running.ask("POST", "/v1/plan", headers=running.key(), json=body_of(spreadsheet)).json()
    assert (rest["already_filled"], rest["lookups"]) == (10, 30)
    two = body_of(spreadsheet, trial={"numbers": [3, 4, 2]})
    plan = running.ask("POST", "/v1/plan", headers=running.key(), json=two).json()
    assert plan["unusable_rows"] == {"not_a_url": [2]}
    assert (plan["lookups"], plan["left_out"]) == (1, 29), "row 2 holds nobody, and row 3 is filled"


def test_only_rows_that_meet_the_conditions_are_looked_up(running: Running) -> None:
    people = slugs(4)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    running.emulator.write(spreadsheet, "Leads!B1:B5", [["Country"], ["Spain"], [""], ["France"], ["spain"]])
    where = [{"test": "one_of", "column": "B", "title": "Country", "values": ["Spain", "Portugal"]}]
    plan = running.ask("POST", "/v1/plan", headers=running.key(), json=body_of(spreadsheet, only_where=where)).json()
    assert (plan["lookups"], plan["left_out_reasons"]) == (2, {"condition": 2})

    running.sandbox.switch(error_rate=1.0, statuses=[500])
    try:
        job = running.run(spreadsheet, only_where=where)
    finally:
        running.sandbox.switch(error_rate=0)
    assert job["counts"] == {"failed": 2, "left_out": 2}

    again = [{"test": "failed_in", "values": [job["id"]]}]
    job = running.run(spreadsheet, only_where=again)
    assert job["counts"] == {"enriched": 2, "left_out": 2}
    assert (running.charged(people[0], people[3]), running.charged(people[1], people[2])) == (2, 0)
    rows = running.ask("GET", f"/v1/jobs/{job['id']}/rows", params={"outcome": "left_out"}).json()["rows"]
    assert {row["detail"] for row in rows} == {"This row did not meet the condition of the run."}

    for wrong, said in (
        ([{"test": "equals", "column": "B"}], "takes one value"),
        ([{"test": "failed_in", "values": ["0" * 32]}], "a run of another spreadsheet"),
        ([{"test": "empty", "column": "ZZ"}], "no longer exists"),
    ):
        answer = running.ask("POST", "/v1/plan", headers=running.key(), json=body_of(spreadsheet, only_where=wrong))
        assert (answer.status_code, said in answer.json()["detail"]) == (400, True), answer.text


def test_a_list_of_which_nothing_more_is_known_is_finished(running: Running) -> None:
    """A lead that has nothing for an empty cell leaves nothing to do; a field that it has opens the row again."""
    invented = [(slug, lead(slug)) for slug in slugs(300)]
    known = next(slug for slug, of in invented if of.get("name") and of.get("skills") and of.get("company_name"))
    lacking = next(slug for slug, of in invented if of.get("name") and not of.get("skills") and of.get("company_name"))
    spreadsheet = running.sheet([f"linkedin.com/in/{known}", f"linkedin.com/in/{lacking}"])
    job = running.run(spreadsheet, fields=["name", "skills"])
    assert job["counts"] == {"enriched": 2}
    columns = running.ask("GET", f"/v1/jobs/{job['id']}/columns").json()["columns"]
    assert [column["filled"] for column in columns] == [2, 1], "as they were written"

    def plan(*fields: str) -> Json:
        body = body_of(spreadsheet, fields=list(fields))
        made: Json = running.ask("POST", "/v1/plan", headers=running.key(), json=body).json()
        return made

    done = plan("name", "skills")
    assert (done["rows"], done["already_filled"], done["fillable"]) == (2, 2, 0)
    job = running.run(spreadsheet, fields=["name", "skills"])
    assert job["counts"] == {"already_filled": 2}
    rows = running.ask("GET", f"/v1/jobs/{job['id']}/rows").json()["rows"]
    assert [row["detail"] for row in rows if row["detail"]] == [FINISHED]
    alone = plan("skills")
    assert (alone["already_filled"], alone["fillable"]) == (2, 0), "also where a row holds nothing at all"
    columns = running.ask("GET", f"/v1/jobs/{job['id']}/columns").json()
    assert (columns["rows"], [column["filled"] for column in columns["columns"]]) == (2, [2, 1]), "as they were found"
    params = {"without": "skills"}
    without = running.ask("GET", f"/v1/jobs/{job['id']}/rows", params=params).json()["rows"]
    assert [row["row"] for row in without] == [3]
    assert running.ask("GET", f"/v1/jobs/{job['id']}/rows", params={"without": "email"}).status_code == 400
    assert plan("name", "skills", "company")["fillable"] == 2
    assert plan("skills", "email")["fillable"] == 2
