"""Jobs, as the store keeps them. Every change of state goes through `move`, along `outcomes.TRANSITIONS`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from functions.credits.terms import label_of
from functions.errors import NotFound, WrongJobState
from functions.outcomes import NOT_REACHED, Outcome
from functions.store import chunks, schema, unfinished_rows
from functions.store.database import insert
from functions.store.job_states import LIVE, TRANSITIONS, WAITING, ChunkState, JobState

NO_SUCH_JOB = "There is no such run; it may be somebody else's, or older than 180 days."

WITHOUT_ACCESS: dict[str, Any] = {"encrypted_token": None, "access_until": None}
"""The columns of a job that holds no access token."""

NOT_WAITING: dict[str, Any] = {"waiting_since": None, "goes_on_at": None}
"""The columns of a job that goes on or has ended."""

_jobs = schema.jobs


@dataclass(frozen=True, slots=True)
class Job:
    """A run over a range, in the background."""

    id: str
    spreadsheet_id: str
    user_id: str
    """The person who started it, and pays."""
    request: dict[str, Any]
    """The request as the store keeps it: the parts of `functions.jobs.request.JobRequest` but its spreadsheet."""
    request_digest: str
    """Of the request that the idempotency key came with."""
    state: JobState
    ceilings: Mapping[str, Decimal]
    """The most that it may cost with each provider, in credits, as confirmed."""
    encrypted_token: str | None
    """The sheet access token, encrypted; None once the job has ended."""
    sheet_id: int
    """The tab's; it survives renaming."""
    layout: dict[str, Any] | None
    """The columns of the URLs and the fields; None until the sheet is prepared."""
    rows: int
    message: str | None
    """A sentence: why it waits or stopped."""
    stop_requested: bool
    """Nothing more is looked up; what is known is still written."""
    created_at: datetime
    started_at: datetime | None
    """The time of its start or last retry: a retry asks for each person at most once since then."""
    resumed_at: datetime | None
    """The time at which it last began, was retried, or got access again: its pace is measured from then."""
    finished_at: datetime | None
    waiting_since: datetime | None = None
    """None unless it waits for access or for the end of a provider's limit."""
    goes_on_at: datetime | None = None
    """The time at which the provider's limit that it waits for ends; None if it waits for none."""
    access_until: datetime | None = None
    """The time at which its access token ends; None without one, and where that is not known."""
    user_email: str = ""
    """The starter's address when they started it."""


def add(connection: sa.Connection, job: Job, idempotency_key: str) -> str:
    """Records a job.

    Returns:
        Its id; or the id of the job that the same user started with the same key before.
    """
    values = {name: getattr(job, name) for name in Job.__slots__} | {"idempotency_key": idempotency_key}
    statement = insert(connection, _jobs).values(values).on_conflict_do_nothing().returning(_jobs.c.id)
    if connection.scalar(statement) is not None:
        return job.id
    found = _jobs.c.user_id == job.user_id, _jobs.c.idempotency_key == idempotency_key
    earlier: str = connection.execute(sa.select(_jobs.c.id).where(*found)).scalar_one()
    return earlier


def get(connection: sa.Connection, job_id: str, *, lock: bool = False) -> Job:
    """One job.

    Args:
        connection: a transaction.
        job_id: which.
        lock: whether others wait until this transaction is over.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(_one(lock=lock), {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFound(NO_SUCH_JOB)
    return _job(row)


def started_with(connection: sa.Connection, user_id: str, idempotency_key: str) -> Job | None:
    """The job that this user started with this key, if there is one."""
    found = _jobs.c.user_id == user_id, _jobs.c.idempotency_key == idempotency_key
    row = connection.execute(sa.select(*_columns()).where(*found)).one_or_none()
    return None if row is None else _job(row)


def of_spreadsheet(connection: sa.Connection, spreadsheet_id: str, limit: int) -> list[Job]:
    """The newest jobs of a spreadsheet, newest first."""
    statement = sa.select(*_columns()).where(_jobs.c.spreadsheet_id == spreadsheet_id)
    return [_job(row) for row in connection.execute(statement.order_by(_jobs.c.created_at.desc()).limit(limit))]


def addresses(connection: sa.Connection) -> dict[str, str]:
    """Return the address of each account that has started a run, as of the newest run that is kept."""
    statement = sa.select(_jobs.c.user_id, _jobs.c.user_email).where(_jobs.c.user_email != "")
    return {row.user_id: row.user_email for row in connection.execute(statement.order_by(_jobs.c.created_at))}


def move(connection: sa.Connection, job: Job, to: JobState, **changes: Any) -> None:  # noqa: ANN401 - columns of the table
    """Change a job's state, if it is still the state in `job` and the transition is allowed.

    Raises:
        WrongJobState: it may not, or has moved meanwhile.
    """
    if to not in TRANSITIONS[job.state]:
        raise WrongJobState(f"The run is {_said(job.state)} and cannot become {_said(to)}; reload and look again.")
    statement = _jobs.update().where(_jobs.c.id == job.id, _jobs.c.state == job.state).values(state=to, **changes)
    if connection.execute(statement).rowcount != 1:
        raise WrongJobState("The run has changed in the meantime; reload and look again.")


def resume(connection: sa.Connection, job: Job, now: datetime, **changes: Any) -> None:  # noqa: ANN401 - columns of the table
    """Move a job to RUNNING; its pace is measured from now on.

    Raises:
        WrongJobState: it may not run, or has moved meanwhile.
    """
    move(connection, job, JobState.RUNNING, resumed_at=now, **NOT_WAITING, **changes)


def wait_for_access(connection: sa.Connection, job: Job, now: datetime, sentence: str) -> None:
    """Move a job to WAITING_FOR_ACCESS and delete its token; the time when it began to wait is kept.

    Raises:
        WrongJobState: it may not wait, or has moved meanwhile.
    """
    since = job.waiting_since or now
    changes = {"message": sentence, "waiting_since": since, "goes_on_at": None}
    move(connection, job, JobState.WAITING_FOR_ACCESS, **changes, **WITHOUT_ACCESS)


def wait_for_quota(connection: sa.Connection, job_id: str, now: datetime) -> tuple[str, datetime] | None:
    """Moves a job to WAITING_FOR_QUOTA once each of its open chunks waits for the end of a provider's limit.

    Returns:
        The chunk whose task wakes the whole job, and when; None if the job does not begin to wait now.
    """
    job = get(connection, job_id, lock=True)
    waker = chunks.first_to_wake(connection, job_id)
    if job.state is not JobState.RUNNING or waker is None:
        return None
    _, until = waker
    provider = label_of(next(iter(job.ceilings))) if len(job.ceilings) == 1 else "A provider"
    sentence = (
        f"{provider} accepts no more requests for now, because its limit is reached. "
        f"The run goes on by itself on {until.day} {until:%B} at {until:%H:%M} UTC."
    )
    move(connection, job, JobState.WAITING_FOR_QUOTA, message=sentence, waiting_since=now, goes_on_at=until)
    return waker


def check_retryable(connection: sa.Connection, job: Job, rows: Sequence[object]) -> None:
    """Makes sure that a job has ended, that nobody has begun to undo it, and that it has rows that can be tried again.

    Rows that an undo has emptied keep the outcomes of their lookups: a retry would leave them empty, and call them
    enriched.

    Raises:
        WrongJobState: it has not, somebody has, or it has none.
    """
    if job.state is JobState.UNDONE:
        raise WrongJobState("The run was undone. Start a new one: whom it has looked up is free.")
    if job.state in LIVE:
        raise WrongJobState(f"The run is {_said(job.state)}; you can retry it once it has ended.")
    if chunks.was_added(connection, job.id, chunks.UNDO):
        raise WrongJobState(
            "The undo of this run has begun, and has not come to its end. Undo it again, or start a new run: "
            "whom it has looked up is free."
        )
    if not rows:
        raise WrongJobState("No row of this run can be tried again.")


def conclude(connection: sa.Connection, job_id: str, now: datetime, *, undo_failed: bool = False) -> None:
    """End a job that has no open chunks: its open rows are cancelled, and its sheet access is erased.

    Args:
        connection: a transaction.
        job_id: which.
        now: the present.
        undo_failed: an undo has come to its end without having looked at every cell.
    """
    job = get(connection, job_id, lock=True)
    if job.state not in LIVE or chunks.open_chunks(connection, job_id):
        return
    if job.state is JobState.UNDOING:
        end = JobState.STOPPED if undo_failed else JobState.UNDONE
    elif job.state is JobState.CANCELLING:
        end = JobState.CANCELLED
        unfinished_rows.end(connection, job_id, Outcome.CANCELLED, NOT_REACHED)
    else:
        end = JobState.STOPPED if job.stop_requested else JobState.DONE
        unfinished_rows.end(connection, job_id, Outcome.CANCELLED, job.message or NOT_REACHED)
    move(connection, job, end, finished_at=now, **WITHOUT_ACCESS, **NOT_WAITING)


def change(connection: sa.Connection, job_id: str, **changes: Any) -> None:  # noqa: ANN401 - columns of the table
    """Changes what a job holds, but not its state."""
    connection.execute(_jobs.update().where(_jobs.c.id == job_id).values(**changes))


def unended_without_chunks(connection: sa.Connection) -> list[str]:
    """Jobs that should have ended: none of their chunks is open."""
    table = schema.chunks
    waits = sa.exists().where(table.c.job_id == _jobs.c.id, table.c.state != ChunkState.DONE)
    return list(connection.scalars(sa.select(_jobs.c.id).where(_jobs.c.state.in_(LIVE), ~waits)))


def waiting_since(connection: sa.Connection, moment: datetime) -> list[Job]:
    """Jobs that have waited since then, or longer, for access or for the end of a provider's limit."""
    condition = _jobs.c.state.in_(WAITING), _jobs.c.waiting_since <= moment
    return [_job(row) for row in connection.execute(sa.select(*_columns()).where(*condition))]


@cache
def _one(*, lock: bool) -> sa.Select[Any]:
    """The statement for one job, made once: every attempt asks it again and again."""
    statement = sa.select(*_columns()).where(_jobs.c.id == sa.bindparam("job_id"))
    return statement.with_for_update() if lock else statement


def _columns() -> list[sa.Column[Any]]:
    return [_jobs.c[name] for name in Job.__slots__]


def _job(row: sa.Row[Any]) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Job(**values | {"state": JobState(values["state"])})


def _said(state: JobState) -> str:
    return state.value.replace("_", " ")
