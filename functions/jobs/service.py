"""Operations on jobs: plan one, and find, cancel, retry, undo, and renew the access of one that exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.credits.plan import Plan, RowCounts
from functions.errors import NotFound, WrongJobState
from functions.jobs.check import require_runs
from functions.jobs.confirmation import Started, digest_of, given_before
from functions.jobs.request import JobRequest, from_record, plan_rows, plan_scan, scan_sheet
from functions.jobs.row_choice import choose_rows
from functions.outcomes import retryable
from functions.profiles.parsing import of_key
from functions.sheets.scan import SheetScan
from functions.store import chunks, confirmations, job_rows, jobs, ledger
from functions.store.chunks import PREPARE, UNDO
from functions.store.job_states import LIVE, WAITING, JobState
from functions.store.jobs import Job


def plan_run(context: AppContext, job_request: JobRequest, caller: Caller, access_token: str) -> tuple[SheetScan, Plan]:
    """Plan a run: what it would do, and the most it can cost.

    Raises:
        CannotRun: a check has found that runs cannot keep their promises here.
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    require_runs(context)
    scan = scan_sheet(context.sheet(job_request.spreadsheet_id, access_token), job_request)
    rows = choose_rows(context, scan, job_request)
    return scan, plan_scan(context, scan, rows, job_request, caller.subject)


def plan_retry(context: AppContext, job: Job, caller: Caller, *, retry_in_doubt: bool) -> Plan:
    """Plan a retry: the rows that it would open, those of them that can get values, and the most it can cost.

    Some rows fail for good, such as one with an address that no provider can look up: a retry opens such a row, but
    asks no provider and brings no values.

    Args:
        context: the parts.
        job: one that has ended.
        caller: who would pay: by the job's own caps who started it, else with a job of their own.
        retry_in_doubt: whether to ask again what may have been charged.

    Raises:
        InvalidRequest: a provider of the job cannot be used any more.
    """
    request = from_record(job.request | {"retry_in_doubt": retry_in_doubt}, job.spreadsheet_id)
    row_counts = RowCounts()
    with context.store.reading() as connection:
        for row in job_rows.ended_as(connection, job.id, retryable(in_doubt=retry_in_doubt)):
            row_counts.count(of_key(row.key or ""))
    run_id = job.id if job.user_id == caller.subject else ""
    return plan_rows(context, row_counts, request, caller.subject, run_id=run_id)


def find_visible(context: AppContext, job_id: str, caller: Caller, may_read: Callable[[str], bool]) -> Job:
    """Return a job to the person who started it, and to others who may open its spreadsheet.

    Args:
        context: the parts.
        job_id: which.
        caller: who asks.
        may_read: tells whether they may open a spreadsheet, by its id.

    Raises:
        NotFound: there is none, or not for this caller.
    """
    with context.store.reading() as connection:
        job = jobs.get(connection, job_id)
    if job.user_id != caller.subject and not may_read(job.spreadsheet_id):
        raise NotFound(jobs.NO_SUCH_JOB)
    return job


def cancel(context: AppContext, job: Job) -> Job:
    """Cancel a job: nothing more is looked up; lookups in flight are settled and written.

    Raises:
        WrongJobState: it has ended.
    """
    now = context.clock()
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        _cancel(connection, job, now)
        return jobs.get(connection, job.id)


def _cancel(connection: sa.Connection, job: Job, now: datetime) -> None:
    if job.state is not JobState.CANCELLING:
        message = None if job.state in WAITING else job.message  # nothing is waited for any more
        jobs.move(connection, job, JobState.CANCELLING, stop_requested=True, message=message, **jobs.NOT_WAITING)
    chunks.drop(connection, job.id)
    jobs.conclude(connection, job.id, now)


def retry(
    context: AppContext,
    job: Job,
    access_token: str,
    *,
    access_until: datetime | None = None,
    retry_in_doubt: bool,
    max_credits: Mapping[str, Decimal],
    idempotency_key: str,
) -> Started:
    """Open the rows again that failed, were cancelled or had moved, and those in doubt if that is wanted.

    Args:
        context: the parts.
        job: one that has ended.
        access_token: of who started it, for the spreadsheet.
        access_until: when it ends, where that is known.
        retry_in_doubt: whether to ask again what may have been charged.
        max_credits: what the retry may cost with each provider, on top of what was spent.
        idempotency_key: made once for each confirmation.

    Raises:
        Conflict: the key came with another request.
        WrongJobState: it has not ended, or nothing of it can be tried again.
    """
    digest = digest_of([job.id, retry_in_doubt], max_credits)
    with context.store.reading() as connection:
        if (earlier := given_before(connection, job.user_id, idempotency_key, digest)) is not None:
            return Started(earlier, replayed=True)
    require_runs(context)
    now = context.clock()
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if not confirmations.add_retry(connection, job, idempotency_key, digest):  # the same one, a moment ago
            earlier = given_before(connection, job.user_id, idempotency_key, digest)
            return Started(earlier or job, replayed=True)
        numbers = job_rows.reopen(connection, job.id, retryable(in_doubt=retry_in_doubt))
        jobs.check_retryable(connection, job, numbers)
        spent = ledger.totals(connection, job.id)
        jobs.resume(
            connection,
            job,
            now,
            ceilings={
                provider: sum_of.charged + sum_of.in_doubt + amount
                for provider, amount in max_credits.items()
                for sum_of in [spent.get(provider, ledger.Totals())]
            },
            request=job.request | {"retry_in_doubt": retry_in_doubt},
            encrypted_token=context.cipher.encrypt(access_token),
            access_until=access_until,
            stop_requested=False,
            message=None,
            started_at=now,
            finished_at=None,
            layout=None if job.layout is None else job.layout | {"refused": []},  # somebody may have changed the column
        )
        chunk_ids = chunks.add(connection, job.id, [PREPARE] if job.layout is None else numbers, now)
    context.enqueue(chunk_ids)
    return Started(reload(context, job), replayed=False)


def undo(context: AppContext, job: Job, access_token: str, *, access_until: datetime | None = None) -> Job:
    """Give cells that still hold the run's value their earlier content back; a run that only waits is cancelled first.

    An undo that goes on already goes on.

    Raises:
        WrongJobState: the job goes on at present, or was undone.
    """
    now = context.clock()
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if job.state is JobState.UNDOING:  # asked again because the first answer got lost, or by a second click
            return job
        if job.state is JobState.WAITING_FOR_QUOTA:
            _cancel(connection, job, now)
            job = jobs.get(connection, job.id)
        jobs.move(
            connection,
            job,
            JobState.UNDOING,
            encrypted_token=context.cipher.encrypt(access_token),
            access_until=access_until,
            message=None,
            stop_requested=True,
        )
        chunk_ids = chunks.add(connection, job.id, [UNDO], now)
    context.enqueue(chunk_ids)
    return reload(context, job)


def renew_access(context: AppContext, job: Job, access_token: str, *, access_until: datetime | None = None) -> Job:
    """Give a job a fresh access token. A job that waited for it continues; one that waits for a limit keeps waiting."""
    chunk_ids: list[str] = []
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if job.state not in LIVE:
            raise WrongJobState("The run has ended, so it no longer needs access.")
        token = context.cipher.encrypt(access_token)
        jobs.change(connection, job.id, encrypted_token=token, access_until=access_until)
        if job.state is JobState.WAITING_FOR_ACCESS:
            if chunks.is_open(connection, job.id, UNDO):
                jobs.move(connection, job, JobState.UNDOING, message=None, **jobs.NOT_WAITING)
            else:
                jobs.resume(connection, job, context.clock(), message=None)
            chunk_ids = chunks.wake(connection, job.id, context.clock())
    context.enqueue(chunk_ids)
    return reload(context, job)


def reload(context: AppContext, job: Job) -> Job:
    """The job as it is now."""
    with context.store.reading() as connection:
        return jobs.get(connection, job.id)
