"""Faults that chaos has found, each as a small test: P5, P8 and P9 when several things go wrong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from functions.errors import SheetGone
from functions.jobs import new_job
from functions.jobs.attempt import ChunkResult, begin
from functions.jobs.chunk_runner import run_chunk
from functions.outcomes import Outcome
from functions.sheets.client import GoogleSheet
from functions.store import chunks, job_rows, schema, schema_version
from functions.store.database import Store
from local.providers.client import Sandbox
from local.sheets_api.client import SheetsEmulator
from tests.support.desk import FIELDS, Desk, desk_at, expected, people_rows

ROWS, CHUNK = 12, 4
WRITE = "spreadsheets.values.batchUpdateByDataFilter"


class PowerCutError(Exception):
    """The process is no more."""


def die() -> None:
    raise PowerCutError


@pytest.fixture
def desk(database_url: str, tmp_path: Path, sandbox: Sandbox, emulator: SheetsEmulator) -> Iterator[Desk]:
    """A desk over each database."""
    store = Store(database_url)
    schema_version.upgrade(store)
    store.close()
    with desk_at(tmp_path, sandbox, emulator, DATABASE_URL=database_url) as opened:
        yield opened


def test_a_tab_is_locked_until_what_was_written_is_recorded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another chunk that repairs the tab takes what an open row holds for a stray, and would empty it."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", CHUNK)
    settle_rows, locked = job_rows.settle, []

    def settle(connection: sa.Connection, job_id: str, outcomes: Sequence[tuple[int, Outcome, str]]) -> None:
        locked.append(len(connection.execute(sa.select(schema.locks.c.name)).all()))
        settle_rows(connection, job_id, outcomes)

    monkeypatch.setattr(job_rows, "settle", settle)
    job = desk.run(desk.sheet(people_rows(ROWS)))
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert locked == [1] * (ROWS // CHUNK)


def test_a_task_that_comes_a_moment_early_is_run(desk: Desk) -> None:
    """The queue's clock is another one than the database's; a task that was answered is not sent again."""
    job = desk.start(desk.sheet(people_rows(ROWS)))
    soon = desk.context.clock() + timedelta(seconds=2)
    with desk.store.writing() as connection:
        connection.execute(schema.chunks.update().values(due_at=soon))
    assert run_chunk(desk.context) is ChunkResult.NONE, "nobody but the queue knows better"
    assert run_chunk(desk.context, f"{job.id}-{chunks.PREPARE}") is ChunkResult.DONE


@pytest.mark.parametrize("status", [503, 0], ids=["an error", "a hang-up"])
def test_a_write_that_may_have_been_made_is_looked_at_and_not_repeated(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Made a second time after a sort, it would hit rows of other chunks, while its own rows look as they should."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", CHUNK)
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.start(spreadsheet)
    assert run_chunk(desk.context) is ChunkResult.DONE  # the columns stand
    rows = {"startRowIndex": 1, "endRowIndex": ROWS + 1, "startColumnIndex": 0, "endColumnIndex": 7}
    sort = {"sortRange": {"range": rows, "sortSpecs": [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}]}}
    desk.emulator.edit_before(spreadsheet, sort, method=WRITE, skip=1)
    looks = count()

    def fail_the_first_write(_method: str, _user: str) -> None:
        if next(looks) == 0:
            desk.emulator.switch(fail_next=[{"status": status, "after": True}])

    with desk.emulator.between_calls(fail_the_first_write, methods="spreadsheets.getByDataFilter"):
        job = desk.drain(job)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert not desk.emulator.edits_to_come()
    emails = desk.columns(spreadsheet)["Email"]
    assert emails == {url: expected(url.rpartition("/")[2], ["email"])[0] for url in emails}


def test_a_row_that_a_dead_chunk_meant_to_write_is_not_taken_for_another_one_of_the_same_person(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would come to the same row in the end, and the person's other row would stay empty."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 1)
    header, person = people_rows(1)
    spreadsheet = desk.sheet([header, person, ["Second", person[1], "another note"]])
    job = desk.start(spreadsheet)
    assert run_chunk(desk.context) is ChunkResult.DONE  # the columns stand
    with monkeypatch.context() as dying:
        dying.setattr(GoogleSheet, "write", lambda *_: die())
        with pytest.raises(PowerCutError):
            run_chunk(desk.context, f"{job.id}-1")
    rows = {"startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 7}
    sort = {"sortRange": {"range": rows, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}}
    desk.emulator.edit(spreadsheet, sort)
    assert run_chunk(desk.context, f"{job.id}-2") is ChunkResult.DONE
    with desk.store.writing() as connection:
        connection.execute(schema.chunks.update().values(lease_expires_at=desk.context.clock()))
    job = desk.drain(job)
    header, *rows_now = desk.grid(spreadsheet)
    email = expected("person-0", ["email"])[0]
    assert [row[header.index("Email")] for row in rows_now] == [email, email]


def test_columns_that_another_attempt_has_just_made_are_no_refusal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was suspended prepares the sheet at the same moment as the one that took its place."""
    change, calls = GoogleSheet.change, count()

    def twice(self: GoogleSheet, requests: Sequence[Mapping[str, Any]]) -> None:
        if next(calls) == 0:
            change(self, requests)
        change(self, requests)

    monkeypatch.setattr(GoogleSheet, "change", twice)
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.run(spreadsheet)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert len(desk.grid(spreadsheet)[0]) == len(people_rows(1)[0]) + len(FIELDS)


def test_who_has_lost_the_lease_stops_no_run(desk: Desk) -> None:
    """What a late attempt meets, such as a tab that others have changed since, is no matter of the run any more."""
    job = desk.start(desk.sheet(people_rows(ROWS)))
    late = begin(desk.context, None)
    assert late is not None
    with desk.store.writing() as connection:
        connection.execute(schema.chunks.update().values(lease_expires_at=desk.context.clock()))
    assert run_chunk(desk.context) is ChunkResult.DONE
    late.end(stopped_by=SheetGone())
    job = desk.drain(job)
    assert job.message is None
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
