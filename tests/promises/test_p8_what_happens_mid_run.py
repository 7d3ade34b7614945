"""P8, P1: whatever happens to sheet, access or provider during a run, it ends clearly: nothing paid twice or lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from functions.auth.identity_tokens import Caller
from functions.entrypoints import responses
from functions.errors import WrongJobState
from functions.jobs import leases, new_job, service
from functions.jobs.attempt import Attempt
from functions.jobs.chunk_runner import RETRY_THEN, UNDO_THEN
from functions.jobs.progress import ahead_of
from functions.outcomes import Outcome
from functions.sheets import client
from functions.store import schema
from functions.store.job_states import JobState
from functions.store.jobs import Job
from tests.support.desk import CALLER, FIELDS, Desk, desk_at, expected, people_rows, url_of
from tests.support.enrichers import allowed
from tests.support.waiting import wait_until

ROWS = 30
PREPARE = "spreadsheets.batchUpdate"
WRITE = "spreadsheets.values.batchUpdateByDataFilter"
LOOK = "spreadsheets.getByDataFilter"
TITLES = dict(zip(FIELDS, ("Email", "Title", "Company", "Company size"), strict=True))
Hook = Callable[[], object]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 10)


@contextmanager
def before(desk: Desk, method: str, happens: Hook, *, skip: int = 0) -> Iterator[None]:
    """Lets something happen once, right before a call of this method, after `skip` such."""
    left = [skip]

    def hook(_method: str, _user: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            happens()

    with desk.emulator.between_calls(hook, method):
        yield
    assert left[0] < 0, f"nothing has called {method} so often"


def assert_accounted_for(desk: Desk, job: Job) -> dict[Outcome, int]:
    """Every row has one outcome, the ledger says what the provider says, and what is said to be written is there."""
    counts = desk.counts(job)
    assert desk.charged() == (desk.sandbox.charges()["total"], 0)
    assert desk.job(job).encrypted_token is None
    return counts


def assert_filled(desk: Desk, spreadsheet: str, titles: tuple[str, ...] = tuple(TITLES.values())) -> None:
    """Every person's values stand beside their URL."""
    held = desk.columns(spreadsheet)
    for number in range(ROWS):
        want = dict(zip(TITLES.values(), expected(f"person-{number}"), strict=True))
        for title in titles:
            assert held[title][url_of(f"person-{number}")] == want[title]


def retry(desk: Desk, job: Job, *, in_doubt: bool = False) -> Job:
    return desk.drain(desk.retry(job, ROWS, in_doubt=in_doubt))


def change(desk: Desk, spreadsheet: str, *requests: dict[str, Any]) -> Hook:
    return lambda: desk.emulator.edit(spreadsheet, *requests)


def columns(desk: Desk, spreadsheet: str, *titles: str) -> Hook:
    """Deletes columns by their headers."""

    def delete() -> None:
        for title in titles:
            at = desk.grid(spreadsheet)[0].index(title)
            span = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": at, "endIndex": at + 1}
            desk.emulator.edit(spreadsheet, {"deleteDimension": {"range": span}})

    return delete


@pytest.mark.parametrize(("method", "skip"), [(PREPARE, 0), (LOOK, 1), (WRITE, 0), (WRITE, 1), (LOOK, 4)])
def test_access_that_runs_out_waits_for_a_new_one_and_nothing_is_paid_twice(desk: Desk, method: str, skip: int) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.start(spreadsheet)
    with before(desk, method, lambda: desk.emulator.expire(desk.token), skip=skip):
        job = desk.drain(job)
    assert job.state is JobState.WAITING_FOR_ACCESS
    assert job.message
    assert job.encrypted_token is None
    paid = desk.sandbox.charges()["total"]
    desk.token = desk.emulator.token(CALLER.email)
    job = desk.drain(service.renew_access(desk.context, job, desk.token))
    assert job.state is JobState.DONE
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: ROWS}
    assert desk.sandbox.charges()["total"] == ROWS >= paid
    assert_filled(desk, spreadsheet)


def test_access_that_runs_out_in_an_undo_waits_too(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    start = desk.grid(spreadsheet)
    job = desk.run(spreadsheet)
    with before(desk, WRITE, lambda: desk.emulator.expire(desk.token)):
        job = desk.undo(job)
    assert job.state is JobState.WAITING_FOR_ACCESS
    desk.token = desk.emulator.token(CALLER.email)
    job = desk.drain(service.renew_access(desk.context, job, desk.token))
    assert job.state is JobState.UNDONE
    assert desk.grid(spreadsheet) == start
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: ROWS}


def test_a_run_that_waits_for_access_can_be_cancelled(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.start(spreadsheet)
    with before(desk, WRITE, lambda: desk.emulator.expire(desk.token), skip=1):
        job = desk.drain(job)
    job = service.cancel(desk.context, job)
    assert job.state is JobState.CANCELLED
    # The chunk at work had looked its people up, which was paid for: these rows do not say that they cost nothing.
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: 10, Outcome.FAILED: 10, Outcome.CANCELLED: ROWS - 20}


DELETE_TAB = {"deleteSheet": {"sheetId": 0}}
OTHER_TAB = {"addSheet": {"properties": {"title": "Other", "sheetId": 77}}}


@pytest.mark.parametrize(
    ("what", "word"),
    [("the tab", "tab was deleted"), ("the URLs", "LinkedIn URLs was deleted"), ("the fields", "columns of the run")],
)
@pytest.mark.parametrize(("method", "skip"), [(WRITE, 0), (WRITE, 1), (LOOK, 1), (LOOK, 4)])
def test_what_is_written_to_is_deleted_mid_run(desk: Desk, what: str, word: str, method: str, skip: int) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    desk.emulator.edit(spreadsheet, OTHER_TAB)
    happens = {
        "the tab": change(desk, spreadsheet, DELETE_TAB),
        "the URLs": columns(desk, spreadsheet, "LinkedIn"),
        "the fields": columns(desk, spreadsheet, *TITLES.values()),
    }[what]
    job = desk.start(spreadsheet)
    with before(desk, method, happens, skip=skip):
        job = desk.drain(job)
    assert job.state is JobState.STOPPED
    assert word in (job.message or "")
    counts = assert_accounted_for(desk, job)
    assert counts[Outcome.CANCELLED]
    assert desk.sandbox.charges()["total"] <= ROWS - 10, "it went on looking people up for nothing"
    known = desk.sandbox.charges()["total"]
    elsewhere = desk.run(desk.sheet(people_rows(ROWS)))  # what was paid for is kept
    assert assert_accounted_for(desk, elsewhere) == {Outcome.KNOWN: known, Outcome.ENRICHED: ROWS - known}


@pytest.mark.parametrize(("method", "skip"), [(WRITE, 0), (WRITE, 1), (LOOK, 1), (LOOK, 4)])
def test_one_of_its_columns_is_deleted_and_the_others_are_filled(desk: Desk, method: str, skip: int) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.start(spreadsheet)
    with before(desk, method, columns(desk, spreadsheet, "Title"), skip=skip):
        job = desk.drain(job)
    assert job.state is JobState.DONE
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: ROWS}
    assert_filled(desk, spreadsheet, ("Email", "Company", "Company size"))
    assert "Title" not in desk.grid(spreadsheet)[0]


def test_its_tab_is_renamed_and_it_goes_on(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    rename = {"updateSheetProperties": {"properties": {"sheetId": 0, "title": "Renamed"}, "fields": "title"}}
    job = desk.start(spreadsheet)
    with before(desk, WRITE, change(desk, spreadsheet, rename), skip=1):
        job = desk.drain(job)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert len(desk.emulator.values(spreadsheet, "Renamed!C2:C")) == ROWS


@pytest.mark.parametrize(("method", "skip"), [(PREPARE, 0), (WRITE, 0), (LOOK, 3)])
def test_the_right_to_edit_is_taken_away_and_given_back(desk: Desk, method: str, skip: int) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.start(spreadsheet)
    with before(desk, method, lambda: desk.emulator.token(CALLER.email, role="reader", token=desk.token), skip=skip):
        job = desk.drain(job)
    assert job.state is JobState.STOPPED
    assert "may not edit" in (job.message or "")
    assert (job.message or "").endswith(RETRY_THEN)
    assert_accounted_for(desk, job)
    assert desk.sandbox.charges()["total"] <= ROWS - 10
    desk.emulator.token(CALLER.email, token=desk.token)
    job = retry(desk, job)
    assert job.state is JobState.DONE
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: ROWS}
    assert desk.sandbox.charges()["total"] == ROWS
    assert_filled(desk, spreadsheet)


def test_an_undo_that_ends_for_want_of_the_right_to_edit_can_be_undone_again_and_not_retried(desk: Desk) -> None:
    """A retry would leave the rows empty that the undo has emptied, and call them enriched."""
    spreadsheet = desk.sheet(people_rows(ROWS))
    before_it = desk.grid(spreadsheet)
    job = desk.run(spreadsheet, max_credits=ROWS - 10)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS - 10, Outcome.CANCELLED: 10}
    take_away = partial(desk.emulator.token, CALLER.email, role="reader", token=desk.token)
    with before(desk, WRITE, take_away):  # the values go all the same; the columns cannot be deleted any more
        job = desk.undo(job)
    assert job.state is JobState.STOPPED
    assert (job.message or "").endswith(UNDO_THEN)
    assert not any(any(desk.columns(spreadsheet)[title].values()) for title in TITLES.values())
    assert responses.job(desk.context, job, started_by="").can == ["undo"]
    desk.emulator.token(CALLER.email, token=desk.token)
    with pytest.raises(WrongJobState, match="Undo it again, or start a new run"):
        retry(desk, job)
    with pytest.raises(WrongJobState, match="Undo it again, or start a new run"):
        new_job.retry_as_own(
            desk.context,
            job,
            Caller("colleague-1", "colleague@example.com", "example.com"),
            desk.token,
            retry_in_doubt=False,
            max_credits=allowed(ROWS),
            idempotency_key="key",
        )
    job = desk.undo(job)
    assert job.state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before_it
    job = desk.run(spreadsheet)
    assert desk.counts(job) == {Outcome.KNOWN: ROWS - 10, Outcome.ENRICHED: 10}
    assert_filled(desk, spreadsheet)


def test_its_cells_are_protected_mid_run(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    protection = {"range": {"sheetId": 0, "startColumnIndex": 2}, "editors": {"users": ["owner@example.com"]}}
    job = desk.start(spreadsheet)
    protect = change(desk, spreadsheet, {"addProtectedRange": {"protectedRange": protection}})
    with before(desk, WRITE, protect, skip=1):
        job = desk.drain(job)
    assert job.state is JobState.STOPPED
    assert "protected" in (job.message or "")
    assert assert_accounted_for(desk, job)[Outcome.ENRICHED] == 10


def test_its_cells_are_merged_mid_run_and_the_hidden_one_is_said_not_to_be_written(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    box = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 2, "endColumnIndex": 3}
    job = desk.start(spreadsheet)
    with before(desk, WRITE, change(desk, spreadsheet, {"mergeCells": {"mergeType": "MERGE_ALL", "range": box}})):
        job = desk.drain(job)
    assert job.state is JobState.DONE
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: ROWS - 1, Outcome.MOVED: 1}


def test_a_cancelled_run_writes_what_it_paid_for_and_looks_nobody_up_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 1_000)
    monkeypatch.setattr(leases, "WATCH_S", 0.05)
    desk.sandbox.switch(latency_s=0.2)
    spreadsheet = desk.sheet(people_rows(400))
    job = desk.start(spreadsheet)
    asked = []

    def cancel() -> None:
        wait_until(lambda: desk.sandbox.charges()["total"] > 20)
        assert service.cancel(desk.context, job).state is JobState.CANCELLING
        asked.append(desk.sandbox.charges()["requests"])

    canceller = threading.Thread(target=cancel)
    canceller.start()
    job = desk.drain(job)
    canceller.join()
    assert job.state is JobState.CANCELLED
    counts = assert_accounted_for(desk, job)
    charges = desk.sandbox.charges()
    assert charges["requests"] - asked[0] <= 2 * 16, "more than what was in flight and about to be sent"
    assert counts == {Outcome.ENRICHED: charges["total"], Outcome.CANCELLED: 400 - charges["total"]}
    emails = desk.columns(spreadsheet)["Email"]
    for row in desk.rows(job):
        url = url_of((row.key or "").rpartition("/")[2])
        assert emails[url] == (expected(url.rpartition("/")[2])[0] if row.outcome is Outcome.ENRICHED else "")


def test_a_rejected_key_stops_the_run_for_nothing_and_a_retry_goes_on(desk: Desk, tmp_path: Any) -> None:  # noqa: ANN401 - a path
    (tmp_path / "rejected").mkdir()
    with desk_at(tmp_path / "rejected", desk.sandbox, desk.emulator, SLINTEL_API_KEY="bad") as rejected:
        job = rejected.run(rejected.sheet(people_rows(ROWS)))
        assert job.state is JobState.STOPPED
        assert "SLINTEL_API_KEY" in (job.message or "")
        assert assert_accounted_for(rejected, job) == {Outcome.CANCELLED: ROWS}
        assert rejected.sandbox.charges()["requests"] <= 2 * 16


def test_failed_rows_are_retried(desk: Desk) -> None:
    desk.sandbox.switch(error_rate=1.0, statuses=[503])
    spreadsheet = desk.sheet(people_rows(4))
    job = desk.run(spreadsheet)
    assert assert_accounted_for(desk, job) == {Outcome.FAILED: 4}
    assert all(row.detail for row in desk.rows(job))
    desk.sandbox.switch(error_rate=0)
    job = retry(desk, job)
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: 4}


def test_rows_in_doubt_are_asked_again_only_where_somebody_says_so_and_once(desk: Desk) -> None:
    desk.sandbox.switch(hang_up_after_rate=1.0)
    spreadsheet = desk.sheet(people_rows(4))
    job = desk.run(spreadsheet)
    assert desk.counts(job) == {Outcome.IN_DOUBT: 4}
    assert desk.charged() == (0, 4)
    assert desk.sandbox.charges()["total"] == 4
    desk.sandbox.switch(hang_up_after_rate=0)
    with pytest.raises(WrongJobState):
        retry(desk, job)
    assert desk.sandbox.charges()["total"] == 4
    job = retry(desk, job, in_doubt=True)
    assert desk.counts(job) == {Outcome.ENRICHED: 4}
    assert desk.charged() == (4, 4)
    assert desk.sandbox.charges()["total"] == 8
    assert len([row for row in desk.grid(spreadsheet)[1:] if len(row) > 2]) == 4


@pytest.mark.parametrize("failures", [[429], [503, 500], [0], [{"status": 503, "after": True}]], ids=str)
@pytest.mark.parametrize("method", [PREPARE, WRITE, LOOK])
def test_trouble_at_the_sheet_passes_and_the_run_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, method: str, failures: list[Any]
) -> None:
    # At once back into the queue, as after a long time of it.
    monkeypatch.setattr(client, "GoogleSheet", partial(client.GoogleSheet, max_wait_s=0.0))
    postpone = Attempt.postpone
    monkeypatch.setattr(Attempt, "postpone", lambda attempt, delay: postpone(attempt, delay * 0))
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.start(spreadsheet)
    with before(desk, method, lambda: desk.emulator.switch(fail_next=failures)):
        job = desk.drain(job)
    assert job.state is JobState.DONE
    assert assert_accounted_for(desk, job) == {Outcome.ENRICHED: ROWS}
    assert desk.sandbox.charges()["total"] == ROWS
    assert_filled(desk, spreadsheet)
    assert desk.grid(spreadsheet)[0] == ["Name", "LinkedIn", *TITLES.values(), "Notes"]


def to_come(desk: Desk, job: Job) -> int:
    """Whom the time left of a job counts."""
    with desk.store.reading() as connection:
        return ahead_of(desk.context, connection, desk.job(job), {}, 0).people


def test_only_who_is_still_to_be_looked_up_makes_the_time_left(desk: Desk) -> None:
    assert desk.counts(desk.run(desk.sheet(people_rows(5)))) == {Outcome.ENRICHED: 5}
    grid = people_rows(ROWS)
    grid[0] += TITLES.values()
    for row in grid[1 + ROWS // 2 :]:
        row += [f"filled {title}" for title in TITLES.values()]
    job = desk.start(desk.sheet([*grid, grid[ROWS // 2]]))
    left: list[int] = []
    assert desk.drain(job, step=lambda: left.append(to_come(desk, job))).state is JobState.DONE
    assert left[0] == ROWS // 2 - 5, "neither who is filled, nor who is known, nor who stands there twice"
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
    with desk.store.writing() as connection:
        last = schema.job_rows.c.job_id == job.id, schema.job_rows.c.position < 3
        connection.execute(schema.job_rows.update().where(*last).values(outcome=Outcome.FAILED))
        connection.execute(schema.leads.delete())
    again = desk.retry(job, ROWS)
    assert to_come(desk, again) == 3, "of a retry, who it tries"
