"""Faults that chaos has found, each as a small test: P5, P8 and P9 when several things go wrong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from functions.errors import SheetBusy, SheetGone
from functions.jobs import new_job
from functions.jobs.attempt import ChunkResult, begin
from functions.jobs.chunk_runner import run_chunk
from functions.outcomes import Outcome
from functions.sheet_writes import writer
from functions.sheets.client import GoogleSheet
from functions.sheets.repair import unseen
from functions.store import chunks, job_rows, schema, schema_version
from functions.store.database import Store
from functions.store.jobs import Job
from local.providers.client import Sandbox
from local.sheets_api.client import SheetsEmulator
from tests.support.desk import FIELDS, Desk, desk_at, expected, people_rows, url_of

ROWS, CHUNK = 12, 4
WRITE = "spreadsheets.values.batchUpdateByDataFilter"


class PowerCutError(Exception):
    """The process is no more."""


def die() -> None:
    raise PowerCutError


def go_on(desk: Desk, job: Job) -> None:
    """Run what is left at once, as if the earlier attempt had ended long ago."""
    with desk.store.writing() as connection:
        connection.execute(schema.chunks.update().values(due_at=desk.context.clock()))
        connection.execute(schema.locks.delete())
    desk.drain(job)


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
    go_on(desk, job)
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


TWO = ("title", "company")


def person(number: int, alike: str = "") -> str:
    """Return the last part of a person's address, by number; `alike`: of those with the same title as this one."""
    slugs = (f"person-{at}" for at in count() if f"person-{at}" != alike)
    title = expected(alike, ["title"]) if alike else None
    fitting = (slug for slug in slugs if all(expected(slug, TWO)) and title in (None, expected(slug, ["title"])))
    return next(islice(fitting, number, None))


def moved(row: int, before: int) -> dict[str, Any]:
    """The request that moves a row, by its number, before another one."""
    source = {"sheetId": 0, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row}
    return {"moveDimension": {"source": source, "destinationIndex": before - 1}}


def run_that_breaks_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, sheet: list[list[Any]], moves: Sequence[Mapping[str, Any]]
) -> tuple[str, Job]:
    """Start a run whose rows are moved under its first writes, and that breaks off before it looks at the last one."""
    spreadsheet = desk.sheet(sheet)
    job = desk.start(spreadsheet, fields=TWO)
    assert run_chunk(desk.context) is ChunkResult.DONE  # the columns stand
    for at, move in enumerate(moves):
        desk.emulator.edit_before(spreadsheet, dict(move), method=WRITE, skip=at)
    looks = count(1)

    def look(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - those of `unseen`
        return die() if next(looks) == len(moves) else unseen(*arguments, **more)

    with monkeypatch.context() as dying:
        dying.setattr(writer, "unseen", look)
        with pytest.raises(PowerCutError):
            run_chunk(desk.context)
    assert not desk.emulator.edits_to_come()
    return spreadsheet, job


def assert_right(desk: Desk, spreadsheet: str, own: Mapping[str, Sequence[str]]) -> None:
    """Each person's title and company stand beside the address, and beside other texts what stood there."""
    columns = desk.columns(spreadsheet)
    title, company = columns["Title"], columns["Company"]
    for url in title:
        slug = url.rpartition("/")[2]
        assert [title[url], company[url]] == own.get(slug, expected(slug, TWO)), url


def test_a_part_of_a_row_that_was_sent_alone_is_found_by_the_next_attempt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write hits a row that has the same title by chance, so the second one sends its company alone."""
    first = person(0)
    second = person(0, alike=first)
    sheet = [["Name", "LinkedIn"], ["", url_of(first)], ["", url_of(second)], ["", "nobody"], ["", "no profile"]]
    spreadsheet, job = run_that_breaks_off(desk, monkeypatch, sheet, [moved(2, 6), moved(4, 2)])
    company = expected(second, ["company"])[0]
    assert desk.columns(spreadsheet)["Company"]["no profile"] == company, "the second write has hit another row"
    go_on(desk, job)
    assert_right(desk, spreadsheet, {"nobody": ["", ""], "no profile": ["", ""]})


def test_a_value_that_was_to_be_overwritten_by_the_own_one_is_found_by_the_next_attempt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row gets the repair of another one instead, and looks like none of the writes any more."""
    first, second, third = (person(at) for at in range(3))
    assert expected(first, ["title"]) != expected(second, ["title"])
    sheet = [["Name", "LinkedIn", "Company"], ["", url_of(first), ""], ["", url_of(second), ""]]
    sheet += [["", url_of(third), "mine"], ["", "nobody", ""]]
    spreadsheet, job = run_that_breaks_off(desk, monkeypatch, sheet, [moved(2, 6), moved(2, 5)])
    columns = desk.columns(spreadsheet)
    there = [columns[name][url_of(second)] for name in ("Title", "Company")]
    assert there == ["", expected(first, ["company"])[0]], "the second write has hit other rows"
    go_on(desk, job)
    assert_right(desk, spreadsheet, {third: [expected(third, ["title"])[0], "mine"], "nobody": ["", ""]})


def test_what_a_chunk_has_begun_that_was_put_off_is_looked_for_by_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google may be busy after a write; the next chunk would take what that has hit for somebody's own."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 1)
    first, second = person(0), person(1)
    spreadsheet = desk.sheet([["Name", "LinkedIn"], ["", url_of(first)], ["", url_of(second)], ["", "nobody"]])
    job = desk.start(spreadsheet, fields=TWO)
    assert run_chunk(desk.context) is ChunkResult.DONE  # the columns stand
    desk.emulator.edit_before(spreadsheet, moved(2, 4), method=WRITE)

    def look(*_: Any, **__: Any) -> Any:  # noqa: ANN401 - as of `unseen`
        raise SheetBusy("Google is busy.", retry_after_s=3600)

    with monkeypatch.context() as busy:
        busy.setattr(writer, "unseen", look)
        assert run_chunk(desk.context, f"{job.id}-1") is not ChunkResult.DONE
    assert desk.columns(spreadsheet)["Company"][url_of(second)] == expected(first, ["company"])[0]
    assert run_chunk(desk.context, f"{job.id}-2") is ChunkResult.DONE
    assert_right(desk, spreadsheet, {first: ["", ""], "nobody": ["", ""]})
    go_on(desk, job)
    assert_right(desk, spreadsheet, {"nobody": ["", ""]})
