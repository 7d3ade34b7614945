"""P9: a run waits for the end of a provider's daily limit and goes on by itself, as soon as it may write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from functions.enrichment.dispatcher import Dispatcher
from functions.errors import WrongJobState
from functions.jobs import new_job, service
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.sweep import sweep
from functions.outcomes import Outcome
from functions.store.job_states import JobState
from functions.store.jobs import Job
from local.providers.client import Sandbox
from local.providers.people import draw, lead
from local.sheets_api.client import SheetsEmulator
from tests.support.desk import CALLER, Desk, desk_at, people_rows

ROWS = 30
PER_DAY = 12
SOON = timedelta(minutes=5)
"""Longer than the margin after the end of a limit."""


@dataclass
class Tasks:
    """A queue that only notes what is asked of it; the store is the queue."""

    delayed: dict[str, list[float]] = field(default_factory=dict)
    """Those that come in more than a minute; the others only look whether the worker of a chunk still lives."""

    def enqueue(self, chunk_id: str, *, delay_s: float = 0) -> None:
        if delay_s > 60:
            self.delayed.setdefault(chunk_id, []).append(delay_s)


@pytest.fixture
def tasks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Tasks:
    """Small chunks, a small day, and the tasks of the desk's queue."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 10)
    noted = Tasks()
    desk.context = replace(desk.context, queue=noted)
    desk.sandbox.switch(per_day=PER_DAY)
    return noted


@contextmanager
def after(desk: Desk, moment: datetime | None) -> Iterator[None]:
    """While the block runs it is as late as that, and the provider's day is a new one."""
    assert moment is not None
    ahead, now, enricher = moment - datetime.now(UTC), desk.context, desk.context.make_enricher()

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    dispatchers = {}
    for name, one in enricher.dispatchers.items():
        assert one.turns is not None
        dispatchers[name] = Dispatcher(one.provider, one.concurrency, turns=replace(one.turns, clock=clock))
    later = replace(enricher, clock=clock, dispatchers=dispatchers)
    desk.context = replace(now, clock=clock, make_enricher=lambda: later)
    desk.sandbox.switch(per_day=PER_DAY)
    try:
        yield
    finally:
        desk.context = now


def waiting(desk: Desk) -> tuple[str, Job]:
    """A spreadsheet, and its run, which has used the first day up."""
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.drain(desk.start(spreadsheet))
    assert job.state is JobState.WAITING_FOR_QUOTA
    return spreadsheet, job


def go_on(desk: Desk, job: Job) -> Job:
    """The job once it has ended or waits again, if its time has come."""
    run_chunk(desk.context)
    return desk.drain(job)


def test_a_run_waits_and_goes_on_by_itself_and_pays_once(desk: Desk, tasks: Tasks) -> None:
    _, job = waiting(desk)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert job.goes_on_at is not None
    assert timedelta(minutes=1) <= job.goes_on_at - midnight <= timedelta(minutes=4)
    assert f"{job.goes_on_at:%H:%M} UTC" in (job.message or "")
    assert desk.counts(job) == {Outcome.ENRICHED: PER_DAY}, "what came before is written"
    assert [len(delays) for delays in tasks.delayed.values()] == [1], "one task wakes the whole job"
    assert run_chunk(desk.context) is ChunkResult.NONE, "no worker is held"
    for day in range(2):
        with after(desk, job.goes_on_at + SOON):
            job = go_on(desk, job)
        assert job.state is (JobState.DONE if day else JobState.WAITING_FOR_QUOTA)
    assert (job.message, job.goes_on_at) == (None, None)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert desk.sandbox.charges()["total"] == ROWS == desk.charged(job)[0]


@pytest.mark.parametrize("then", ["goes on", "cancelled"])
def test_values_of_the_first_provider_are_written_while_the_second_ones_limit_is_waited_for(
    tmp_path: Path, sandbox: Sandbox, prospeo: Sandbox, emulator: SheetsEmulator, then: str
) -> None:
    slugs = [slug for slug in (f"wait-{number}" for number in range(200)) if lead(slug).get("lead_title")]
    slugs = [slug for slug in slugs if draw("prospeo", "known", slug) < 0.8 and draw("prospeo", "email", slug) < 0.6][
        :8
    ]
    rows = [["Name", "LinkedIn"], *([slug, f"https://www.linkedin.com/in/{slug}"] for slug in slugs)]
    sandbox.switch(no_email_rate=1.0)
    both = {"PROSPEO_API_KEY": "key", "PROSPEO_BASE_URL": prospeo.url, "PROVIDERS": "slintel,prospeo"}
    with desk_at(tmp_path, sandbox, emulator, **both, PROSPEO_PER_DAY="5") as desk:
        spreadsheet = desk.sheet(rows)
        ceilings = {"slintel": Decimal(8), "prospeo": Decimal(8)}
        job = desk.drain(desk.start(spreadsheet, fields=("email", "title"), max_credits=ceilings))
        assert job.state is JobState.WAITING_FOR_QUOTA
        assert all(desk.columns(spreadsheet)["Title"].values())
        assert sum(map(bool, desk.columns(spreadsheet)["Email"].values())) == 5
        assert desk.counts(job) == {Outcome.ENRICHED: 8}
        if then == "cancelled":
            job = service.cancel(desk.context, job)
            assert job.state is JobState.CANCELLED
            assert [row.detail.partition(":")[0] for row in desk.rows(job) if row.detail] == [
                "Prospeo was not asked"
            ] * 3
            job = desk.retry(job, ceilings)
        assert job.goes_on_at or then == "cancelled"
        with after(desk, job.goes_on_at or datetime.now(UTC) + timedelta(days=1, hours=1)):
            job = go_on(desk, job)
        assert job.state is JobState.DONE
        assert desk.counts(job) == {Outcome.ENRICHED: 8}
        assert all(desk.columns(spreadsheet)["Email"].values())
        assert not any(row.detail for row in desk.rows(job))
        assert (sandbox.charges()["requests"], prospeo.charges()["requests"]) == (8, 8)


def test_its_own_count_of_a_day_is_kept_to_the_last_request(desk: Desk, tasks: Tasks, tmp_path: Path) -> None:
    assert not tasks.delayed
    desk.sandbox.switch(per_day=None)
    folder = tmp_path / "counted"
    folder.mkdir()
    with desk_at(folder, desk.sandbox, desk.emulator, SLINTEL_PER_DAY=str(PER_DAY)) as counted:
        _, job = waiting(counted)
        assert counted.sandbox.charges()["requests"] == PER_DAY == counted.charged(job)[0]
        with after(counted, job.goes_on_at):
            job = go_on(counted, job)
        assert counted.sandbox.charges()["requests"] == 2 * PER_DAY
        assert counted.counts(job) == {Outcome.ENRICHED: 2 * PER_DAY}


def test_a_second_refusal_waits_a_little_and_a_third_ends_the_run(desk: Desk, tasks: Tasks) -> None:
    assert not tasks.delayed
    _, job = waiting(desk)
    asked = desk.sandbox.charges()["requests"]
    for attempt in range(2):
        with after(desk, job.goes_on_at):
            desk.sandbox.switch(per_day=None, quota=PER_DAY)  # what Slintel says then sounds the same
            now = desk.context.clock()
            job = go_on(desk, job)
        assert desk.sandbox.charges()["requests"] == asked + attempt + 1, "one request finds out"
        if attempt == 0:
            assert job.state is JobState.WAITING_FOR_QUOTA
            assert job.goes_on_at is not None
            assert timedelta(minutes=14) < job.goes_on_at - now < timedelta(minutes=16)
    assert job.state is JobState.STOPPED
    assert "used up" in (job.message or "")
    assert desk.counts(job) == {Outcome.ENRICHED: PER_DAY, Outcome.CANCELLED: ROWS - PER_DAY}
    desk.sandbox.switch(quota=None)
    job = desk.retry(job, ROWS)
    assert desk.counts(desk.drain(job)) == {Outcome.ENRICHED: ROWS}
    assert desk.sandbox.charges()["total"] == ROWS == desk.charged()[0]


def test_an_old_task_wakes_no_job_before_its_time(desk: Desk, tasks: Tasks) -> None:
    waiting(desk)
    for chunk_id in tasks.delayed:
        assert run_chunk(desk.context, chunk_id) is ChunkResult.NONE


def test_access_comes_before_money(desk: Desk, tasks: Tasks) -> None:
    assert not tasks.delayed
    _, job = waiting(desk)
    desk.emulator.expire(desk.token)
    asked = desk.sandbox.charges()["requests"]
    with after(desk, job.goes_on_at):
        job = go_on(desk, job)
        assert job.state is JobState.WAITING_FOR_ACCESS
        assert desk.sandbox.charges()["requests"] == asked, "nothing is paid for that cannot be written"
        desk.token = desk.emulator.token(CALLER.email)
        job = desk.drain(service.renew_access(desk.context, job, desk.token))
    assert job.state is JobState.WAITING_FOR_QUOTA, "and waits for the third day"
    assert desk.counts(job) == {Outcome.ENRICHED: 2 * PER_DAY}


def test_who_may_only_read_by_the_time_it_goes_on_pays_for_nothing(desk: Desk, tasks: Tasks) -> None:
    assert not tasks.delayed
    _, job = waiting(desk)
    desk.emulator.token(CALLER.email, role="reader", token=desk.token)
    asked = desk.sandbox.charges()["requests"]
    with after(desk, job.goes_on_at):
        job = go_on(desk, job)
    assert job.state is JobState.STOPPED
    assert "may not edit" in (job.message or "")
    assert desk.sandbox.charges()["requests"] == asked
    assert desk.counts(job) == {Outcome.ENRICHED: PER_DAY, Outcome.CANCELLED: ROWS - PER_DAY}


def test_a_fresh_token_is_kept_and_wakes_nobody(desk: Desk, tasks: Tasks) -> None:
    assert not tasks.delayed
    _, job = waiting(desk)
    desk.emulator.expire(desk.token)
    desk.token = desk.emulator.token(CALLER.email)
    renewed = service.renew_access(desk.context, job, desk.token)
    assert (renewed.state, renewed.goes_on_at) == (JobState.WAITING_FOR_QUOTA, job.goes_on_at)
    assert run_chunk(desk.context) is ChunkResult.NONE
    with after(desk, job.goes_on_at):
        job = go_on(desk, job)
    assert desk.counts(job) == {Outcome.ENRICHED: 2 * PER_DAY}


def test_who_waits_can_cancel(desk: Desk, tasks: Tasks) -> None:
    _, job = waiting(desk)
    cancelled = service.cancel(desk.context, job)
    assert (cancelled.state, cancelled.message, cancelled.goes_on_at) == (JobState.CANCELLED, None, None)
    assert desk.counts(cancelled) == {Outcome.ENRICHED: PER_DAY, Outcome.CANCELLED: ROWS - PER_DAY}
    with after(desk, job.goes_on_at):
        assert [run_chunk(desk.context, chunk_id) for chunk_id in tasks.delayed] == [ChunkResult.NONE]


def test_an_undo_cancels_first(desk: Desk, tasks: Tasks) -> None:
    assert not tasks.delayed
    spreadsheet, job = waiting(desk)
    job = desk.undo(job)
    assert job.state is JobState.UNDONE
    assert desk.grid(spreadsheet)[1][:3] == people_rows(ROWS)[1]
    assert desk.counts(job) == {Outcome.ENRICHED: PER_DAY, Outcome.CANCELLED: ROWS - PER_DAY}
    with pytest.raises(WrongJobState):
        service.undo(desk.context, job, desk.token)


def test_a_task_that_was_lost_is_queued_again_and_a_wait_of_thirty_days_ends(desk: Desk, tasks: Tasks) -> None:
    _, job = waiting(desk)
    tasks.delayed.clear()
    assert sweep(desk.context).queued_again == 0
    assert job.goes_on_at is not None
    with after(desk, job.goes_on_at + timedelta(minutes=15)):
        assert sweep(desk.context).queued_again > 0
    with after(desk, datetime.now(UTC) + timedelta(days=30, minutes=1)):
        assert sweep(desk.context).ended == 1
    job = desk.job(job)
    assert job.state is JobState.STOPPED
    assert "30 days" in (job.message or "")
    assert desk.counts(job) == {Outcome.ENRICHED: PER_DAY, Outcome.CANCELLED: ROWS - PER_DAY}
