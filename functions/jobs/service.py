"""Jobs: start, cancel, retry, undo, renew their access."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from uuid import uuid4

import sqlalchemy as sa

from functions.auth.access import Caller
from functions.context import Deployment
from functions.credits.caps import Spender
from functions.credits.plan import Census, Plan
from functions.errors import Forbidden, NotFound, SheetError, WrongJobState
from functions.jobs.request import Wish, kept, look, reckon
from functions.outcomes import JobState, Outcome
from functions.profiles import Profile
from functions.sheets.survey import Survey
from functions.store import chunks as tasks
from functions.store import jobs, ledger
from functions.store.jobs import Job, JobRow

CHUNK_ROWS = 1_000
"""Rows of a chunk: three calls to Sheets whatever their number, and a lookup each."""
PREPARE, UNDO = 0, -1
"""Numbers of the chunks that hold no rows."""
STOPPED_ROW = "The run was stopped before this row's turn; nothing was spent on it."
RETRYABLE = (Outcome.FAILED, Outcome.CANCELLED, Outcome.MOVED)
ENDED = (JobState.CANCELLED, JobState.STOPPED, JobState.DONE)
"""A job in one of these can be retried and undone."""


def plan_run(deployment: Deployment, wish: Wish, caller: Caller, access_token: str) -> tuple[Survey, Plan]:
    """What a run would do and cost.

    Raises:
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    survey = look(deployment.sheet(wish.spreadsheet_id, access_token), wish)
    census = Census()
    for row in survey.rows():
        census.count(row.found, filled=row.filled)
    spender = Spender(run_id=uuid4().hex, user_id=caller.subject, ceiling=deployment.limits.per_run)
    return survey, reckon(deployment, census, spender, wish.retry)


def start(
    deployment: Deployment, wish: Wish, caller: Caller, access_token: str, *, max_credits: int, idempotency_key: str
) -> Job:
    """Starts a job; with a key that the caller has used before, gives the job that it started then.

    Args:
        deployment: the parts.
        wish: what to do.
        caller: who pays.
        access_token: theirs, for the spreadsheet.
        max_credits: the most that it may cost, as confirmed.
        idempotency_key: made once for each confirmation.

    Raises:
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    store, now = deployment.store, deployment.clock()
    with store.reading() as connection:
        earlier = jobs.started_with(connection, caller.subject, idempotency_key)
    if earlier is not None:
        return earlier
    survey = look(deployment.sheet(wish.spreadsheet_id, access_token), wish)
    rows = list(_rows(survey))
    over = all(row.outcome is not None for row in rows)
    job = Job(
        id=uuid4().hex,
        spreadsheet_id=wish.spreadsheet_id,
        user_id=caller.subject,
        request=kept(wish) | {"range": str(survey.range), "header": "yes" if survey.header_row else "no"},
        sheet_id=survey.tab.sheet_id,
        state=JobState.DONE if over else JobState.QUEUED,
        ceiling=max_credits,
        sealed_token=None if over else deployment.seal.seal(access_token),
        layout=None,
        rows=len(rows),
        message=None,
        halted=False,
        created_at=now,
        started_at=None,
        finished_at=now if over else None,
    )
    with store.writing() as connection:
        job_id = jobs.add(connection, job, idempotency_key)
        if job_id != job.id:
            return jobs.get(connection, job_id)
        jobs.add_rows(connection, job.id, rows)
        chunk_ids = [] if over else tasks.add(connection, job.id, [PREPARE], now)
    _enqueue(deployment, chunk_ids)
    return job


def _rows(survey: Survey) -> Iterator[JobRow]:
    open_rows = count()
    for position, row in enumerate(survey.rows()):
        if isinstance(row.found, Profile) and not row.filled:
            chunk = 1 + next(open_rows) // CHUNK_ROWS
            yield JobRow(position, chunk, row.number, row.found.key, None, "")
        elif isinstance(row.found, Profile):
            yield JobRow(position, PREPARE, row.number, row.found.key, Outcome.ALREADY_FILLED, "")
        else:
            yield JobRow(position, PREPARE, row.number, None, Outcome.UNUSABLE, row.sentence)


def visible(deployment: Deployment, job_id: str, caller: Caller, access_token: str | None) -> Job:
    """A job, to who started it, and to others whose own access token opens its spreadsheet.

    Raises:
        NotFound: there is none, or not for this caller.
    """
    with deployment.store.reading() as connection:
        job = jobs.get(connection, job_id)
    if job.user_id != caller.subject and not may_open(deployment, job.spreadsheet_id, access_token):
        raise NotFound(jobs.NO_SUCH_JOB)
    return job


def may_open(deployment: Deployment, spreadsheet_id: str, access_token: str | None) -> bool:
    """Whether an access token opens a spreadsheet."""
    if not access_token:
        return False
    try:
        deployment.sheet(spreadsheet_id, access_token).tabs()
    except (SheetError, Forbidden):
        return False
    return True


def cancel(deployment: Deployment, job: Job) -> Job:
    """Stops a job: nothing more is looked up, what is in flight is settled and written.

    Raises:
        WrongJobState: it has ended.
    """
    now = deployment.clock()
    with deployment.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if job.state is not JobState.CANCELLING:
            jobs.move(connection, job, JobState.CANCELLING, halted=True)
        tasks.drop(connection, job.id)
        conclude(connection, jobs.get(connection, job.id), now)
        return jobs.get(connection, job.id)


def retry(deployment: Deployment, job: Job, access_token: str, *, retry_in_doubt: bool, max_credits: int) -> Job:
    """Opens the rows again that failed, were cancelled or had moved, and those in doubt where that is wanted.

    Args:
        deployment: the parts.
        job: one that has ended.
        access_token: of who asks, for the spreadsheet.
        retry_in_doubt: whether to ask again what may have been charged.
        max_credits: what the retry may cost, on top of what was spent.

    Raises:
        WrongJobState: it has not ended, or nothing of it can be tried again.
    """
    now = deployment.clock()
    wanted = (*RETRYABLE, Outcome.IN_DOUBT) if retry_in_doubt else RETRYABLE
    with deployment.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        numbers = jobs.reopen_rows(connection, job.id, wanted)
        if not numbers:
            raise WrongJobState("There is no row in this run that could be tried again.")
        spent = ledger.totals(connection, job.id)
        jobs.move(
            connection,
            job,
            JobState.RUNNING,
            ceiling=int(spent.charged + spent.in_doubt) + max_credits,
            request=job.request | {"retry_in_doubt": retry_in_doubt},
            sealed_token=deployment.seal.seal(access_token),
            halted=False,
            message=None,
            started_at=now,
            finished_at=None,
        )
        chunk_ids = tasks.add(connection, job.id, [PREPARE] if job.layout is None else numbers, now)
    _enqueue(deployment, chunk_ids)
    return visible_again(deployment, job)


def undo(deployment: Deployment, job: Job, access_token: str) -> Job:
    """Gives every cell that still holds what the run wrote what it held before.

    Raises:
        WrongJobState: the job has not ended, or was undone.
    """
    with deployment.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        jobs.move(
            connection,
            job,
            JobState.UNDOING,
            sealed_token=deployment.seal.seal(access_token),
            message=None,
            halted=True,
        )
        chunk_ids = tasks.add(connection, job.id, [UNDO], deployment.clock())
    _enqueue(deployment, chunk_ids)
    return visible_again(deployment, job)


def renew_access(deployment: Deployment, job: Job, access_token: str) -> Job:
    """Hands a job a fresh access token; one that waited for it goes on."""
    chunk_ids: list[str] = []
    with deployment.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if job.state in (*ENDED, JobState.UNDONE):
            raise WrongJobState("The run has ended; it needs no access any more.")
        jobs.change(connection, job.id, sealed_token=deployment.seal.seal(access_token))
        if job.state is JobState.WAITING_FOR_ACCESS:
            undoing = tasks.is_open(connection, job.id, UNDO)
            jobs.move(connection, job, JobState.UNDOING if undoing else JobState.RUNNING, message=None)
            chunk_ids = tasks.wake(connection, job.id, deployment.clock())
    _enqueue(deployment, chunk_ids)
    return visible_again(deployment, job)


def visible_again(deployment: Deployment, job: Job) -> Job:
    """The job as it is now."""
    with deployment.store.reading() as connection:
        return jobs.get(connection, job.id)


def conclude(connection: sa.Connection, job: Job, now: datetime) -> None:
    """Ends a job none of whose chunks is open any more; its sheet access is erased."""
    if job.state in (*ENDED, JobState.UNDONE) or tasks.open_chunks(connection, job.id):
        return
    end = JobState.STOPPED if job.halted else JobState.DONE
    if job.state is JobState.CANCELLING:
        end = JobState.CANCELLED
    elif job.state is JobState.UNDOING:
        end = JobState.UNDONE
    else:
        jobs.settle_open_rows(connection, job.id, Outcome.CANCELLED, job.message or STOPPED_ROW)
    if end is JobState.CANCELLED:
        jobs.settle_open_rows(connection, job.id, Outcome.CANCELLED, STOPPED_ROW)
    jobs.move(connection, job, end, finished_at=now, sealed_token=None)


def _enqueue(deployment: Deployment, chunk_ids: list[str]) -> None:
    for chunk_id in chunk_ids:
        deployment.queue.enqueue(chunk_id)
