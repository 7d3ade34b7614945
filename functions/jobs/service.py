"""Jobs: start, cancel, retry, undo, renew their access."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import uuid4

from functions.auth.access import Caller
from functions.context import AppContext
from functions.credits.caps import Spender
from functions.credits.plan import Plan, RowCounts
from functions.errors import Forbidden, NotFound, SheetError, WrongJobState
from functions.jobs.request import JobRequest, make_plan, scan_sheet, to_record
from functions.outcomes import LIVE, RETRYABLE, JobState, Outcome
from functions.profiles import Profile
from functions.sheets.scan import SheetScan
from functions.store import chunks, job_rows, jobs, ledger
from functions.store.chunks import PREPARE, UNDO
from functions.store.job_rows import JobRow
from functions.store.jobs import Job

CHUNK_ROWS = 1_000
"""Rows of a chunk: three calls to Sheets whatever their number, and a lookup each."""


def plan_run(context: AppContext, job_request: JobRequest, caller: Caller, access_token: str) -> tuple[SheetScan, Plan]:
    """What a run would do and cost.

    Raises:
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    scan = scan_sheet(context.sheet(job_request.spreadsheet_id, access_token), job_request)
    row_counts = RowCounts()
    for row in scan.rows():
        row_counts.count(row.found, filled=row.filled)
    spender = Spender(run_id=uuid4().hex, user_id=caller.subject, ceiling=context.limits.per_run)
    return scan, make_plan(context, row_counts, spender, job_request.retry)


def start(
    context: AppContext,
    job_request: JobRequest,
    caller: Caller,
    access_token: str,
    *,
    max_credits: int,
    idempotency_key: str,
) -> Job:
    """Starts a job; with a key that the caller has used before, gives the job that it started then.

    Args:
        context: the parts.
        job_request: what to do.
        caller: who pays.
        access_token: theirs, for the spreadsheet.
        max_credits: the most that it may cost, as confirmed.
        idempotency_key: made once for each confirmation.

    Raises:
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    store, now = context.store, context.clock()
    with store.reading() as connection:
        earlier = jobs.started_with(connection, caller.subject, idempotency_key)
    if earlier is not None:
        return earlier
    scan = scan_sheet(context.sheet(job_request.spreadsheet_id, access_token), job_request)
    rows = list(_rows(scan))
    over = all(row.outcome is not None for row in rows)
    job = Job(
        id=uuid4().hex,
        spreadsheet_id=job_request.spreadsheet_id,
        user_id=caller.subject,
        request=to_record(job_request) | {"range": str(scan.range), "header": "yes" if scan.header_row else "no"},
        sheet_id=scan.tab.sheet_id,
        state=JobState.DONE if over else JobState.QUEUED,
        ceiling=max_credits,
        encrypted_token=None if over else context.cipher.encrypt(access_token),
        layout=None,
        rows=len(rows),
        message=None,
        stop_requested=False,
        created_at=now,
        started_at=None,
        resumed_at=None,
        done_at_resume=0,
        finished_at=now if over else None,
    )
    with store.writing() as connection:
        job_id = jobs.add(connection, job, idempotency_key)
        if job_id != job.id:
            return jobs.get(connection, job_id)
        job_rows.add(connection, job.id, rows)
        chunk_ids = [] if over else chunks.add(connection, job.id, [PREPARE], now)
    _enqueue(context, chunk_ids)
    return job


def _rows(scan: SheetScan) -> Iterator[JobRow]:
    open_rows = count()
    for position, row in enumerate(scan.rows()):
        if isinstance(row.found, Profile) and not row.filled:
            chunk = 1 + next(open_rows) // CHUNK_ROWS
            yield JobRow(position, chunk, row.number, row.found.key, None, "")
        elif isinstance(row.found, Profile):
            yield JobRow(position, PREPARE, row.number, row.found.key, Outcome.ALREADY_FILLED, "")
        else:
            yield JobRow(position, PREPARE, row.number, None, Outcome.UNUSABLE, row.sentence)


def find_visible(context: AppContext, job_id: str, caller: Caller, access_token: str | None) -> Job:
    """A job, to who started it, and to others whose own access token opens its spreadsheet.

    Raises:
        NotFound: there is none, or not for this caller.
    """
    with context.store.reading() as connection:
        job = jobs.get(connection, job_id)
    if job.user_id != caller.subject and not may_open(context, job.spreadsheet_id, access_token):
        raise NotFound(jobs.NO_SUCH_JOB)
    return job


def may_open(context: AppContext, spreadsheet_id: str, access_token: str | None) -> bool:
    """Whether an access token opens a spreadsheet."""
    if not access_token:
        return False
    try:
        context.sheet(spreadsheet_id, access_token).tabs()
    except (SheetError, Forbidden):
        return False
    return True


def cancel(context: AppContext, job: Job) -> Job:
    """Stops a job: nothing more is looked up, what is in flight is settled and written.

    Raises:
        WrongJobState: it has ended.
    """
    now = context.clock()
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if job.state is not JobState.CANCELLING:
            jobs.move(connection, job, JobState.CANCELLING, stop_requested=True)
        chunks.drop(connection, job.id)
        jobs.conclude(connection, job.id, now)
        return jobs.get(connection, job.id)


def retry(context: AppContext, job: Job, access_token: str, *, retry_in_doubt: bool, max_credits: int) -> Job:
    """Opens the rows again that failed, were cancelled or had moved, and those in doubt where that is wanted.

    Args:
        context: the parts.
        job: one that has ended.
        access_token: of who asks, for the spreadsheet.
        retry_in_doubt: whether to ask again what may have been charged.
        max_credits: what the retry may cost, on top of what was spent.

    Raises:
        WrongJobState: it has not ended, or nothing of it can be tried again.
    """
    now = context.clock()
    wanted = (*RETRYABLE, Outcome.IN_DOUBT) if retry_in_doubt else RETRYABLE
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        numbers = job_rows.reopen(connection, job.id, wanted)
        if not numbers:
            raise WrongJobState("There is no row in this run that could be tried again.")
        spent = ledger.totals(connection, job.id)
        jobs.resume(
            connection,
            job,
            now,
            ceiling=int(spent.charged + spent.in_doubt) + max_credits,
            request=job.request | {"retry_in_doubt": retry_in_doubt},
            encrypted_token=context.cipher.encrypt(access_token),
            stop_requested=False,
            message=None,
            started_at=now,
            finished_at=None,
        )
        chunk_ids = chunks.add(connection, job.id, [PREPARE] if job.layout is None else numbers, now)
    _enqueue(context, chunk_ids)
    return reload(context, job)


def undo(context: AppContext, job: Job, access_token: str) -> Job:
    """Gives every cell that still holds what the run wrote what it held before.

    Raises:
        WrongJobState: the job has not ended, or was undone.
    """
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        jobs.move(
            connection,
            job,
            JobState.UNDOING,
            encrypted_token=context.cipher.encrypt(access_token),
            message=None,
            stop_requested=True,
        )
        chunk_ids = chunks.add(connection, job.id, [UNDO], context.clock())
    _enqueue(context, chunk_ids)
    return reload(context, job)


def renew_access(context: AppContext, job: Job, access_token: str) -> Job:
    """Hands a job a fresh access token; one that waited for it goes on."""
    chunk_ids: list[str] = []
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if job.state not in LIVE:
            raise WrongJobState("The run has ended; it needs no access any more.")
        jobs.change(connection, job.id, encrypted_token=context.cipher.encrypt(access_token))
        if job.state is JobState.WAITING_FOR_ACCESS:
            if chunks.is_open(connection, job.id, UNDO):
                jobs.move(connection, job, JobState.UNDOING, message=None)
            else:
                jobs.resume(connection, job, context.clock(), message=None)
            chunk_ids = chunks.wake(connection, job.id, context.clock())
    _enqueue(context, chunk_ids)
    return reload(context, job)


def reload(context: AppContext, job: Job) -> Job:
    """The job as it is now."""
    with context.store.reading() as connection:
        return jobs.get(connection, job.id)


def _enqueue(context: AppContext, chunk_ids: list[str]) -> None:
    for chunk_id in chunk_ids:
        context.queue.enqueue(chunk_id)
