"""P11, P4: whoever acts on a spreadsheet proves that they can edit it, with their own token and at their own cost."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from requests import Response

from functions.entrypoints.routes import ROUTES, SHEET_TOKEN
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.protection import refuse_protected
from functions.sheets.transport import Protected
from local.stack import PERSON
from tests.support.desk import Desk, url_of
from tests.support.enrichers import confirmed
from tests.support.running import Json, Running, running_fixture, slugs

__all__ = ["running_fixture"]

COLLEAGUE = "colleague@example.com"
BODY = {"range": "Leads!A2:A", "fields": ["email"], "max_credits": confirmed(1000)}


def half_done(running: Running, people: int = 4) -> Json:
    """A run of the owner that stopped at its ceiling of one credit."""
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in slugs(people)])
    job = running.run(spreadsheet, max_credits=confirmed(1))
    assert job["counts"] == {"enriched": 1, "cancelled": people - 1}
    return job


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


ACTIONS: dict[str, tuple[str, Json | None]] = {
    "retry": ("/v1/jobs/{id}/retry", {"max_credits": confirmed(1000)}),
    "undo": ("/v1/jobs/{id}/undo", None),
    "access": ("/v1/jobs/{id}/access", None),
    "cancel": ("/v1/jobs/{id}/cancel", None),
    "start": ("/v1/jobs", BODY),
    "formula token": ("/v1/formula-tokens", {}),
    "check": ("/v1/check", {}),
}


def test_every_call_that_demands_a_sheet_token_is_tried() -> None:
    acting = {(route.method, route.path) for route in ROUTES if SHEET_TOKEN in route.headers}
    tried = {("POST", path.replace("{id}", "{job_id}")) for path, _ in ACTIONS.values()}
    assert acting - tried == {("POST", "/v1/plan"), ("GET", "/v1/formula-tokens")}, "both only read"


@pytest.mark.parametrize("role", ["reader", "commenter"])
@pytest.mark.parametrize("action", ACTIONS)
def test_who_may_only_read_acts_on_nothing(running: Running, action: str, role: str) -> None:
    job = half_done(running)
    path, body = ACTIONS[action]
    viewer = running.key(COLLEAGUE, [job["spreadsheet_id"]], role=role) | key()
    assert running.ask("GET", f"/v1/jobs/{job['id']}", by=COLLEAGUE, headers=viewer).status_code == 200
    spent = running.ask("GET", f"/v1/jobs/{job['id']}").json()["credits"]

    sent = None if body is None else body | {"spreadsheet_id": job["spreadsheet_id"]}
    if action == "retry":
        sent = body
    answer = running.ask("POST", path.format(id=job["id"]), by=COLLEAGUE, headers=viewer, json=sent)

    assert answer.status_code == 403, answer.text
    assert "may not edit" in answer.json()["detail"]
    after = running.ask("GET", f"/v1/jobs/{job['id']}").json()
    assert (after["state"], after["counts"], after["credits"]) == (job["state"], job["counts"], spent)


def test_the_owner_of_a_run_who_may_only_read_by_now_acts_on_nothing(running: Running) -> None:
    job = half_done(running)
    viewer = running.key(spreadsheets=[job["spreadsheet_id"]], role="reader") | key()
    for action in ("retry", "undo"):
        path, body = ACTIONS[action]
        assert running.ask("POST", path.format(id=job["id"]), headers=viewer, json=body).status_code == 403


def test_a_retry_by_a_colleague_is_a_job_of_their_own_at_their_cost(running: Running) -> None:
    job = half_done(running)
    editor = running.key(COLLEAGUE, [job["spreadsheet_id"]]) | key()

    answer = running.ask(
        "POST", f"/v1/jobs/{job['id']}/retry", by=COLLEAGUE, headers=editor, json={"max_credits": confirmed(2)}
    )

    assert answer.status_code == 202, answer.text
    own = running.finish(answer.json(), by=COLLEAGUE)
    assert own["id"] != job["id"]
    assert (own["rows"], own["counts"]) == (3, {"enriched": 2, "cancelled": 1})
    [spent] = own["credits"]
    assert (spent["provider"], spent["charged"], spent["in_doubt"], spent["ceiling"]) == ("slintel", "2", "0", "2")
    unchanged = running.ask("GET", f"/v1/jobs/{job['id']}").json()
    assert (unchanged["counts"], unchanged["credits"]) == (job["counts"], job["credits"])
    values = running.emulator.values(job["spreadsheet_id"], "Leads!B1:C9")
    assert values[0] == ["Email"], "the same column, and no second one"
    assert len([row for row in values[1:] if row and row[0]]) == 3

    undone = running.ask("POST", f"/v1/jobs/{own['id']}/undo", by=COLLEAGUE, headers=editor)
    running.finish(undone.json(), by=COLLEAGUE, states=frozenset({"undone"}))
    left = running.emulator.values(job["spreadsheet_id"], "Leads!B1:B9")
    assert left[0] == ["Email"], "the column is of the earlier run"
    assert len([row for row in left[1:] if row and row[0]]) == 1


def test_a_colleagues_retry_needs_a_key_and_is_one_job_however_often_it_is_sent(running: Running) -> None:
    job = half_done(running)
    editor = running.key(COLLEAGUE, [job["spreadsheet_id"]])
    path, body = f"/v1/jobs/{job['id']}/retry", {"max_credits": confirmed(1)}
    assert running.ask("POST", path, by=COLLEAGUE, headers=editor, json=body).status_code == 400
    headers = editor | key()
    first, again = (running.ask("POST", path, by=COLLEAGUE, headers=headers, json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]


def test_an_own_retry_with_a_key_spends_once_however_often_it_is_sent(running: Running) -> None:
    job = half_done(running)
    path, body = f"/v1/jobs/{job['id']}/retry", {"max_credits": confirmed(1)}

    def retry(headers: dict[str, str], **changes: object) -> Response:
        return running.ask("POST", path, headers=headers, json=body | changes)

    owner = running.key()
    once = owner | key()
    first, at_once = retry(once), retry(once)
    assert (first.status_code, at_once.status_code) == (202, 200)
    running.finish(first.json())
    late = retry(once)
    assert (late.status_code, late.headers["Idempotent-Replayed"]) == (200, "true")
    for change in ({"max_credits": confirmed(3)}, {"retry_in_doubt": True}):
        other = retry(once, **change)
        assert other.status_code == 409
        assert "already retried a run (Leads!A2:A5; email; at most 2 credits" in other.json()["detail"]
    start = BODY | {"spreadsheet_id": job["spreadsheet_id"]}
    assert running.ask("POST", "/v1/jobs", headers=once, json=start).status_code == 409
    assert running.ask("GET", f"/v1/jobs/{job['id']}").json()["credits"][0]["charged"] == "2"
    assert running.finish(retry(owner).json())["counts"] == {"enriched": 3, "cancelled": 1}, (
        "without a key it is another one"
    )


@pytest.mark.parametrize(
    ("whose", "says"),
    [
        (lambda r, sheet: r.key(COLLEAGUE, [sheet]), "another account"),
        (lambda r, sheet: r.key(spreadsheets=[sheet], aud="43.apps.googleusercontent.com"), "not given to this add-on"),
    ],
    ids=["of a colleague", "of another application"],
)
def test_a_sheet_token_is_the_callers_own_and_of_this_add_on(
    running: Running, whose: Callable[[Running, str], dict[str, str]], says: str
) -> None:
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in slugs(1)])
    headers = whose(running, spreadsheet)
    plan = {"range": "Leads!A2:A", "fields": ["email"]}
    for path, body in (("/v1/jobs", BODY), ("/v1/plan", plan), ("/v1/check", Json())):
        answer = running.ask("POST", path, headers=headers | key(), json=body | {"spreadsheet_id": spreadsheet})
        assert answer.status_code == 403, answer.text
        assert says in answer.json()["detail"]


def test_a_token_that_cannot_write_replaces_no_good_one(running: Running) -> None:
    people = slugs(3)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    running.sandbox.switch(latency_s=2.0)
    try:
        job = running.start(spreadsheet)
        for by, headers in (
            (COLLEAGUE, running.key(COLLEAGUE, [spreadsheet], role="reader")),
            (PERSON, running.key(spreadsheets=[spreadsheet], role="reader")),
            (PERSON, running.key(COLLEAGUE, [spreadsheet])),
            (PERSON, {"X-Sheets-Access-Token": "ya29.guessed"}),
        ):
            answer = running.ask("POST", f"/v1/jobs/{job['id']}/access", by=by, headers=headers)
            assert answer.status_code == 403, answer.text
    finally:
        running.sandbox.switch(latency_s=0.0)
    assert running.finish(job)["counts"] == {"enriched": 3}


def protect(running: Running, spreadsheet: str) -> None:
    """Lets nobody but the owner edit the first tab."""
    [tab] = running.emulator.call("spreadsheets.get", spreadsheet)["sheets"]
    everything = {"range": {"sheetId": tab["properties"]["sheetId"]}, "editors": {"users": [PERSON]}}
    requests = [{"addProtectedRange": {"protectedRange": everything}}]
    running.emulator.call("spreadsheets.batchUpdate", spreadsheet, body={"requests": requests})


def test_an_editor_against_whom_the_cells_are_protected_acts_on_no_run_of_them(running: Running) -> None:
    job = half_done(running)
    spreadsheet = job["spreadsheet_id"]
    protect(running, spreadsheet)
    editor = running.key(COLLEAGUE, [spreadsheet]) | key()

    def refused(path: str, body: Json | None) -> bool:
        answer = running.ask("POST", path.format(**job), by=COLLEAGUE, headers=editor, json=body)
        return answer.status_code == 403 and "protected" in answer.json()["detail"]

    assert all(refused(*ACTIONS[action]) for action in ("retry", "undo"))
    running.sandbox.switch(latency_s=2.0)
    try:
        going_on = running.ask(
            "POST", f"/v1/jobs/{job['id']}/retry", headers=running.key() | key(), json={"max_credits": confirmed(9)}
        )
        assert going_on.status_code == 202, going_on.text
        assert refused(*ACTIONS["access"])
    finally:
        running.sandbox.switch(latency_s=0.0)
    assert running.finish(going_on.json())["counts"] == {"enriched": 4}


def protect_column(desk: Desk, spreadsheet: str, column: int) -> None:
    """Lets nobody but the owner edit a column of the first tab, from 0."""
    area = {"sheetId": 0, "startColumnIndex": column, "endColumnIndex": column + 1}
    desk.emulator.edit(
        spreadsheet,
        {"addProtectedRange": {"protectedRange": {"range": area, "editors": {"users": ["owner@example.com"]}}}},
    )


@pytest.mark.parametrize("is_prepared", [False, True])
def test_columns_that_a_run_finds_by_their_titles_count_wherever_they_stand(desk: Desk, *, is_prepared: bool) -> None:
    spreadsheet = desk.sheet([["Name", "LinkedIn", "Email", "Notes"], ["", url_of("person-1"), "", ""]])
    job = desk.start(spreadsheet, fields=("email",))
    if is_prepared:
        assert run_chunk(desk.context) is ChunkResult.DONE
        move = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 2, "endIndex": 3}
        desk.emulator.edit(spreadsheet, {"moveDimension": {"source": move, "destinationIndex": 4}})
    job, place, other = desk.job(job), 3 if is_prepared else 2, 2 if is_prepared else 3
    assert (job.layout is not None) is is_prepared
    colleague = desk.context.sheet(spreadsheet, desk.emulator.token(COLLEAGUE))
    protect_column(desk, spreadsheet, other)
    refuse_protected(job, colleague, colleague.tabs())
    protect_column(desk, spreadsheet, place)
    with pytest.raises(Protected):
        refuse_protected(job, colleague, colleague.tabs())


def test_a_proof_leaves_nothing_behind_and_touches_no_cell(running: Running) -> None:
    spreadsheet = running.sheet(["linkedin.com/in/zq-nobody-at-all", "x"])
    before = running.emulator.values(spreadsheet, "Leads!A1:C9")
    body = {"spreadsheet_id": spreadsheet}
    assert running.ask("POST", "/v1/formula-tokens", headers=running.key(), json=body).status_code == 201
    assert running.emulator.values(spreadsheet, "Leads!A1:C9") == before
    found = running.emulator.call(
        "spreadsheets.developerMetadata.search",
        spreadsheet,
        body={"dataFilters": [{"developerMetadataLookup": {"visibility": "PROJECT"}}]},
    )
    assert found == {}, "an answer without a match is empty"


def test_ten_colleagues_who_watch_cost_a_call_each_and_no_more(running: Running) -> None:
    job = half_done(running)
    watching = {f"colleague-{n}@example.com": running.key(f"colleague-{n}@example.com") for n in range(10)}
    running.emulator.forget_calls()
    for _ in range(6):
        for email, headers in watching.items():
            assert running.ask("GET", f"/v1/jobs/{job['id']}", by=email, headers=headers).status_code == 200
    calls = [call for call in running.emulator.calls()["log"] if job["spreadsheet_id"] in call["path"]]
    assert len(calls) == len(watching)


def test_where_google_does_not_answer_nothing_is_proven(running: Running) -> None:
    spreadsheet = running.sheet([f"linkedin.com/in/{slugs(1)[0]}"])
    for status in (429, 500, 503):
        running.emulator.switch(fail_next=[status])
        answer = running.ask(
            "POST", "/v1/jobs", headers=running.key() | key(), json=BODY | {"spreadsheet_id": spreadsheet}
        )
        assert answer.status_code == 503
        assert "try again" in answer.json()["detail"]
    assert running.ask("GET", "/v1/jobs", params={"spreadsheet_id": spreadsheet}).json()["jobs"] == []


def test_the_same_key_with_another_request_is_a_conflict_that_names_both(running: Running) -> None:
    people = slugs(1)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    headers = running.key() | key()
    body = BODY | {"spreadsheet_id": spreadsheet}
    first = running.ask("POST", "/v1/jobs", headers=headers, json=body)
    assert first.status_code == 202
    assert "Idempotent-Replayed" not in first.headers
    again = running.ask("POST", "/v1/jobs", headers=headers, json=dict(reversed(body.items())) | {"write": "empty"})
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.json()["id"] == first.json()["id"]
    for change in (
        {"fields": ["email", "title"]},
        {"max_credits": confirmed(999)},
        {"write": "all"},
        {"range": "Leads!A2:A2"},
    ):
        other = running.ask("POST", "/v1/jobs", headers=headers, json=body | change)
        assert other.status_code == 409
        assert "email; at most 1,000 credits" in other.json()["detail"]
    running.finish(first.json())
    assert running.charged(*people) == 1
