"""P9, P8: a run whose access nobody renews ends by itself after thirty days, and says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.jobs import new_job, service
from functions.jobs.sweep import sweep
from functions.outcomes import Outcome
from functions.store.job_states import JobState
from functions.store.jobs import Job
from tests.support.desk import CALLER, Desk, people_rows


def report(desk: Desk, job: Job, *, after: timedelta) -> Job:
    """The job after a sweep so long from now."""
    sweep(replace(desk.context, clock=lambda: datetime.now(UTC) + after))
    return desk.job(job)


def without_access(desk: Desk, job: Job) -> Job:
    with desk.emulator.between_calls(lambda _method, _user: desk.emulator.expire(desk.token)):
        job = desk.drain(job)
    assert job.state is JobState.WAITING_FOR_ACCESS
    return job


def test_a_run_that_waits_for_access_ends_after_thirty_days_and_can_be_taken_up_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 10)
    spreadsheet = desk.sheet(people_rows(30))
    job = without_access(desk, desk.start(spreadsheet))
    paid = desk.sandbox.charges()["total"]
    assert report(desk, job, after=timedelta(days=29)).state is JobState.WAITING_FOR_ACCESS
    for _ in range(2):
        job = report(desk, job, after=timedelta(days=30, minutes=1))
        assert job.state is JobState.STOPPED
    assert "30 days" in (job.message or "")
    assert job.encrypted_token is None
    assert job.finished_at is not None
    assert desk.counts(job) == {Outcome.CANCELLED: 30}
    desk.token = desk.emulator.token(CALLER.email)
    job = desk.drain(desk.retry(job, 30))
    assert desk.counts(job) == {Outcome.ENRICHED: 30}
    assert desk.sandbox.charges()["total"] == 30 >= paid


def test_who_renews_the_access_begins_the_thirty_days_anew(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    job = without_access(desk, desk.start(spreadsheet))
    later = replace(desk.context, clock=lambda: datetime.now(UTC) + timedelta(days=20))
    soon, desk.context = desk.context, later
    desk.token = desk.emulator.token(CALLER.email)
    job = without_access(desk, service.renew_access(later, job, desk.token))
    desk.context = soon
    assert report(desk, job, after=timedelta(days=40)).state is JobState.WAITING_FOR_ACCESS
    assert report(desk, job, after=timedelta(days=51)).state is JobState.STOPPED


def test_an_undo_that_waits_for_access_ends_too(desk: Desk) -> None:
    job = desk.run(desk.sheet(people_rows(3)))
    job = without_access(desk, service.undo(desk.context, job, desk.token))
    job = report(desk, job, after=timedelta(days=31))
    assert job.state is JobState.STOPPED
    assert "30 days" in (job.message or "")
    assert desk.counts(job) == {Outcome.ENRICHED: 3}
