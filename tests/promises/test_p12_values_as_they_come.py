"""P12: values appear in the sheet while others are still looked up, and no failure of a flush loses anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from functions.jobs import delivery, leases, service
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.outcomes import Outcome
from functions.store import chunks
from functions.store.job_states import JobState
from functions.store.jobs import Job
from functions.store.sheet_calls import flush_at_once
from tests.support.desk import CALLER, Desk, expected, people_rows, url_of
from tests.support.waiting import wait_until

ROWS = 250


def filled(desk: Desk, spreadsheet: str) -> int:
    """How many rows hold an e-mail address."""
    return sum(bool(email) for email in desk.columns(spreadsheet).get("Email", {}).values())


def prepared(desk: Desk) -> tuple[str, Job]:
    """A sheet whose columns are there, and a provider that takes its time."""
    desk.sandbox.switch(latency_s=0.3)
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.start(spreadsheet)
    assert run_chunk(desk.context) is ChunkResult.DONE
    return spreadsheet, job


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Does something in another thread, to its end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failed:
        raise failed[0]


def test_values_stand_in_the_sheet_while_others_are_looked_up(desk: Desk) -> None:
    """The first ones do not wait for the turn of a flush, which another run may have taken a moment ago."""
    spreadsheet, job = prepared(desk)
    flush_at_once(desk.store, job.user_id, desk.context.clock())
    charges: list[int] = []

    def watch() -> None:
        wait_until(lambda: filled(desk, spreadsheet) > 0)
        charges.append(desk.sandbox.charges()["total"])
        wait_until(lambda: desk.counts(job).get(Outcome.ENRICHED, 0) > 0)

    with meanwhile(watch):
        assert run_chunk(desk.context, f"{job.id}-1") is ChunkResult.DONE
    assert charges[0] < ROWS
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    emails = desk.columns(spreadsheet)["Email"]
    assert all(emails[url_of(f"person-{number}")] == expected(f"person-{number}")[0] for number in range(ROWS))


def test_access_that_ends_stops_the_lookups_at_the_next_flush_and_nothing_is_lost(desk: Desk) -> None:
    spreadsheet, job = prepared(desk)

    def expire() -> None:
        wait_until(lambda: desk.sandbox.charges()["total"] > 0)
        desk.emulator.expire(desk.token)

    with meanwhile(expire):
        assert run_chunk(desk.context, f"{job.id}-1") is ChunkResult.LATER
    assert desk.job(job).state is JobState.WAITING_FOR_ACCESS
    assert desk.sandbox.charges()["total"] < ROWS
    assert filled(desk, spreadsheet) == 0
    desk.sandbox.switch(latency_s=0.0)
    desk.token = desk.emulator.token(CALLER.email)
    service.renew_access(desk.context, desk.job(job), desk.token)
    assert desk.counts(desk.drain(job)) == {Outcome.ENRICHED: ROWS}
    assert desk.sandbox.charges()["total"] == ROWS


def test_a_busy_tab_ends_no_attempt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LOCK_WAIT", timedelta(0))
    monkeypatch.setattr(delivery, "BUSY_S", 0.1)
    spreadsheet, job = prepared(desk)
    name = f"{spreadsheet}/{job.sheet_id}"
    assert chunks.lock(desk.store, name, "another run", desk.context.clock())

    def free() -> None:
        wait_until(lambda: desk.sandbox.charges()["total"] > ROWS // 2)
        assert filled(desk, spreadsheet) == 0
        chunks.unlock(desk.store, name, "another run")

    with meanwhile(free):
        assert run_chunk(desk.context, f"{job.id}-1") is ChunkResult.DONE
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    known = [number for number in range(ROWS) if expected(f"person-{number}")[0]]
    assert filled(desk, spreadsheet) == len(known)
