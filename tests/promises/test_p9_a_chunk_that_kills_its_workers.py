"""P9, P8, P11: a chunk at which worker after worker dies ends, with an outcome and a sentence for each of its rows."""

from __future__ import annotations

import signal
from datetime import timedelta
from unittest.mock import Mock

import pytest

from functions.errors import WrongJobState
from functions.jobs import attempt, attempt_limit, chunk_runner, delivery, leases, new_job, service
from functions.jobs.attempt import ChunkResult
from functions.jobs.attempt_limit import GIVEN_UP, MAX_ATTEMPTS, MAX_ATTEMPTS_CANCELLED, GivenUp
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.sweep import release_dead_owners
from functions.outcomes import NOT_REACHED, Outcome
from functions.store import chunks
from functions.store.job_states import JobState
from functions.store.jobs import Job
from functions.store.unfinished_rows import PAID_NOT_WRITTEN
from tests.support import dying_worker
from tests.support.accounts import assert_bracketed
from tests.support.desk import Desk, people_rows
from tests.support.waiting import wait_until_quiet

CHUNK_ROWS = 5
ALWAYS = 30
"""More deaths than any chunk may cost."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", CHUNK_ROWS)
    monkeypatch.setattr(chunks, "STRAGGLING", dying_worker.STRAGGLING)


def deaths_at(desk: Desk, step: str, after: int = 1) -> int:
    """Starts one worker after another, each of which dies at that step, until one finds nothing left to do."""
    for deaths in range(ALWAYS):
        ended = dying_worker.run(desk.variables, CHUNK_ROWS, step, after)
        if ended == 0:
            return deaths
        assert ended == -signal.SIGKILL
    pytest.fail(f"the chunk has killed {ALWAYS} workers and would kill more")


def details(desk: Desk, job: Job) -> set[tuple[Outcome | None, str]]:
    """Each kind of ending once."""
    desk.counts(job)  # P8: each row has one outcome
    return {(row.outcome, row.detail) for row in desk.rows(job)}


def retried(desk: Desk, job: Job, *, retry_in_doubt: bool = False) -> Job:
    return desk.drain(desk.retry(job, 100, in_doubt=retry_in_doubt))


def test_rows_on_which_nothing_was_spent_fail_and_can_be_retried(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    before = desk.grid(spreadsheet)
    job = desk.start(spreadsheet)
    assert deaths_at(desk, "rows: before claim") == MAX_ATTEMPTS
    job = desk.job(job)
    assert (job.state, job.encrypted_token) == (JobState.DONE, None)
    assert details(desk, job) == {(Outcome.FAILED, GIVEN_UP)}
    assert desk.charged() == (0, 0)
    assert retried(desk, job).state is JobState.DONE
    assert desk.counts(job) == {Outcome.ENRICHED: 3}
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before


def test_rows_that_were_paid_for_say_so_and_a_retry_writes_them_for_nothing(desk: Desk) -> None:
    job = desk.start(desk.sheet(people_rows(3)))
    assert deaths_at(desk, "rows: before lock") == 1 + MAX_ATTEMPTS  # the first one looked them up, which is progress
    job = desk.job(job)
    assert job.state is JobState.DONE
    assert details(desk, job) == {(Outcome.FAILED, PAID_NOT_WRITTEN)}
    assert desk.charged(job) == (3, 0)
    assert retried(desk, job).state is JobState.DONE
    assert desk.counts(job) == {Outcome.ENRICHED: 3}
    assert desk.sandbox.charges()["total"] == 3


def test_rows_that_may_have_been_paid_for_are_in_doubt(desk: Desk) -> None:
    job = desk.start(desk.sheet(people_rows(3)))
    deaths_at(desk, "rows: after claim")
    job = desk.job(job)
    wait_until_quiet(desk.sandbox)
    totals = assert_bracketed(desk.store, desk.sandbox)
    assert desk.counts(job) == {Outcome.IN_DOUBT: totals.in_doubt} == {Outcome.IN_DOUBT: 3}
    with pytest.raises(WrongJobState):
        retried(desk, job)  # a doubt is asked again only if somebody says so
    assert desk.counts(retried(desk, job, retry_in_doubt=True)) == {Outcome.ENRICHED: 3}


def test_a_sheet_that_cannot_be_prepared_ends_the_run(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    job = desk.start(spreadsheet)
    assert deaths_at(desk, "prepare: before change") == MAX_ATTEMPTS
    job = desk.job(job)
    assert (job.state, job.message) == (JobState.STOPPED, str(GivenUp()))
    assert details(desk, job) == {(Outcome.CANCELLED, str(GivenUp()))}
    assert desk.charged() == (0, 0)
    assert desk.counts(retried(desk, job)) == {Outcome.ENRICHED: 3}


def test_an_undo_that_kills_its_workers_ends_and_can_be_tried_again(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    before = desk.grid(spreadsheet)
    job = service.undo(desk.context, desk.run(spreadsheet), desk.token)
    assert deaths_at(desk, "undo: after read") == MAX_ATTEMPTS
    job = desk.job(job)
    assert (job.state, job.message) == (JobState.STOPPED, str(GivenUp()))
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before


@pytest.mark.parametrize("step", ["before claim", "before lock"])
def test_who_cancels_does_not_wait_for_all_attempts(desk: Desk, step: str) -> None:
    job = desk.start(desk.sheet(people_rows(3)))
    assert dying_worker.run(desk.variables, CHUNK_ROWS, f"rows: {step}", 1) == -signal.SIGKILL
    assert service.cancel(desk.context, job).state is JobState.CANCELLING
    assert deaths_at(desk, f"rows: {step}") <= MAX_ATTEMPTS_CANCELLED
    job = desk.job(job)
    assert (job.state, job.encrypted_token) == (JobState.CANCELLED, None)
    paid, nothing = (Outcome.FAILED, PAID_NOT_WRITTEN), (Outcome.CANCELLED, NOT_REACHED)
    assert details(desk, job) == {paid if step == "before lock" else nothing}
    assert desk.counts(retried(desk, job)) == {Outcome.ENRICHED: 3}
    assert desk.sandbox.charges()["total"] == 3


def test_a_restart_takes_up_no_chunk_that_has_been_given_up(desk: Desk) -> None:
    job = desk.start(desk.sheet(people_rows(3)))
    deaths_at(desk, "rows: before claim")
    release_dead_owners(desk.store, desk.context.clock())
    assert run_chunk(desk.context) is ChunkResult.NONE
    assert desk.job(job).state is JobState.DONE


def test_an_error_that_nobody_foresaw_counts_and_the_other_chunks_are_filled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    fill = chunk_runner.fill

    def failing(one: attempt.Attempt, lease: leases.Lease) -> ChunkResult:
        tried.append(one.chunk.number)
        if one.chunk.number == 1:
            raise RuntimeError("a fault of ours")
        return fill(one, lease)

    monkeypatch.setattr(chunk_runner, "fill", failing)
    monkeypatch.setattr(attempt, "AFTER_FAILURE", timedelta(0))
    job = desk.start(desk.sheet(people_rows(2 * CHUNK_ROWS)))
    while desk.job(job).state not in (JobState.DONE, JobState.STOPPED):
        try:
            run_chunk(desk.context)
        except RuntimeError:
            assert tried[-1] == 1
    assert tried.count(1) == MAX_ATTEMPTS
    assert desk.counts(job) == {Outcome.FAILED: CHUNK_ROWS, Outcome.ENRICHED: CHUNK_ROWS}


def test_waiting_is_no_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LOCK_WAIT", timedelta(0))
    monkeypatch.setattr(leases, "LOCK_POLL_S", 0.0)
    spreadsheet = desk.sheet(people_rows(3))
    job = desk.start(spreadsheet)
    assert run_chunk(desk.context) is ChunkResult.DONE  # the sheet is prepared
    name = f"{spreadsheet}/{job.sheet_id}"
    assert chunks.lock(desk.store, name, "another run", desk.context.clock())
    for _ in range(3 * MAX_ATTEMPTS):
        assert run_chunk(desk.context, f"{job.id}-1") is ChunkResult.LATER
    chunks.unlock(desk.store, name, "another run")
    assert desk.counts(desk.drain(job)) == {Outcome.ENRICHED: 3}


def test_who_cancels_waits_for_no_busy_tab(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LOCK_WAIT", timedelta(0))
    spreadsheet = desk.sheet(people_rows(3))
    job = desk.start(spreadsheet)
    assert run_chunk(desk.context) is ChunkResult.DONE  # the sheet is prepared
    assert chunks.lock(desk.store, f"{spreadsheet}/{job.sheet_id}", "another run", desk.context.clock())
    look_up = chunk_runner._look_up
    attempts = 0

    def then_cancel(one: attempt.Attempt, coming: delivery.Delivery, lease: leases.Lease) -> object:
        nonlocal attempts
        attempts += 1
        found = look_up(one, coming, lease)
        service.cancel(desk.context, one.job)
        return found

    monkeypatch.setattr(chunk_runner, "_look_up", then_cancel)
    while run_chunk(desk.context, f"{job.id}-1") is ChunkResult.LATER:
        assert attempts <= 1 + MAX_ATTEMPTS_CANCELLED
    assert desk.job(job).state is JobState.CANCELLED
    assert details(desk, job) == {(Outcome.FAILED, PAID_NOT_WRITTEN)}


def test_access_that_ends_under_a_cancelled_run_leaves_no_row_that_claims_it_cost_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.start(desk.sheet(people_rows(3)))
    assert run_chunk(desk.context) is ChunkResult.DONE  # the sheet is prepared
    look_up = chunk_runner._look_up

    def then_expire(one: attempt.Attempt, coming: delivery.Delivery, lease: leases.Lease) -> object:
        found = look_up(one, coming, lease)
        service.cancel(desk.context, one.job)
        desk.emulator.expire(desk.token)
        return found

    monkeypatch.setattr(chunk_runner, "_look_up", then_expire)
    run_chunk(desk.context, f"{job.id}-1")
    assert desk.job(job).state is JobState.CANCELLED
    assert desk.charged(job) == (3, 0)
    assert details(desk, job) == {(Outcome.FAILED, PAID_NOT_WRITTEN)}


def test_an_attempt_that_hangs_gives_its_lease_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "WATCH_S", 0.01)
    job = desk.start(desk.sheet(people_rows(3)))
    assert run_chunk(desk.context) is ChunkResult.DONE
    monkeypatch.setattr(leases, "HANGS", timedelta(0))
    renewals = Mock(return_value=True)
    monkeypatch.setattr(chunks, "renew", renewals)
    assert run_chunk(desk.context, f"{job.id}-1") is not ChunkResult.NONE
    assert renewals.call_count == 0, "an attempt whose time is over holds its chunk no longer than its last lease"


def test_the_sentence_names_the_limit() -> None:
    assert str(MAX_ATTEMPTS) in GIVEN_UP
    assert attempt_limit.GivenUp.__doc__
