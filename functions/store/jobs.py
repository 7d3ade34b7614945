"""Jobs, their chunks and rows, as the store keeps them. Every change of state goes through `move`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from functions.errors import NotFound, WrongJobState
from functions.outcomes import TRANSITIONS, ChunkState, JobState, Outcome
from functions.store import schema
from functions.store.database import insert

NO_SUCH_JOB = "There is no such job; it may have been started by somebody else, or long ago."

_BATCH = 500
"""Keys in one query."""
_ROWS = 2_000
"""Rows that are inserted at once: each takes half a kilobyte until it is."""

_jobs, _rows = schema.jobs, schema.job_rows


@dataclass(frozen=True, slots=True)
class Job:
    """A run over a range, in the background."""

    id: str
    spreadsheet_id: str
    user_id: str
    """Who started it, and pays."""
    request: dict[str, Any]
    """As it was asked for: range, fields, header, write, placement, retry_in_doubt."""
    state: JobState
    ceiling: int
    """The most that it may cost, in credits, as confirmed."""
    encrypted_token: str | None
    """The sheet access token, encrypted; None once the job has ended."""
    sheet_id: int
    """The tab's; it survives renaming."""
    layout: dict[str, Any] | None
    """Where the URLs and the fields stand; None until the sheet is prepared."""
    rows: int
    message: str | None
    """A sentence: why it waits or stopped."""
    stop_requested: bool
    """Nothing more is looked up; what is known is still written."""
    created_at: datetime
    started_at: datetime | None
    """When it began, or was last retried: a retry asks again each person at most once since then."""
    resumed_at: datetime | None
    """When it last began, was retried, or got access again: what its rate is measured from."""
    done_at_resume: int
    """Rows that had their outcome at that time."""
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of a job."""

    position: int
    """Its place in the range, from 0."""
    chunk: int
    row: int
    """Its row in the sheet when it was read, from 1."""
    key: str | None
    """The profile's key; None where the cell holds no profile."""
    outcome: Outcome | None
    """None while the row is open."""
    detail: str


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
    statement = sa.select(*_columns()).where(_jobs.c.id == job_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
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


def move(connection: sa.Connection, job: Job, to: JobState, **changes: Any) -> None:  # noqa: ANN401 - columns of the table
    """Changes a job's state, if it still is where `job` has it and may go there.

    Raises:
        WrongJobState: it may not, or has moved meanwhile.
    """
    if to not in TRANSITIONS[job.state]:
        raise WrongJobState(f"The job is {_said(job.state)} and cannot become {_said(to)}.")
    statement = _jobs.update().where(_jobs.c.id == job.id, _jobs.c.state == job.state).values(state=to, **changes)
    if connection.execute(statement).rowcount != 1:
        raise WrongJobState("The job has changed meanwhile; look again.")


def resume(connection: sa.Connection, job: Job, now: datetime, **changes: Any) -> None:  # noqa: ANN401 - columns of the table
    """Moves a job to RUNNING, and notes how many of its rows are done: what comes from now on makes its rate.

    Raises:
        WrongJobState: it may not run, or has moved meanwhile.
    """
    done = sum(counts(connection, job.id).values())
    move(connection, job, JobState.RUNNING, resumed_at=now, done_at_resume=done, **changes)


def change(connection: sa.Connection, job_id: str, **changes: Any) -> None:  # noqa: ANN401 - columns of the table
    """Changes what a job holds, but not its state."""
    connection.execute(_jobs.update().where(_jobs.c.id == job_id).values(**changes))


def add_rows(connection: sa.Connection, job_id: str, rows: Iterable[JobRow]) -> None:
    """Records the rows of a job."""
    values = ({"job_id": job_id} | {name: getattr(row, name) for name in JobRow.__slots__} for row in rows)
    while batch := list(islice(values, _ROWS)):
        connection.execute(_rows.insert(), batch)


def rows_of_chunk(connection: sa.Connection, job_id: str, chunk: int) -> list[JobRow]:
    """The rows of one chunk, in order."""
    condition = _rows.c.job_id == job_id, _rows.c.chunk == chunk
    return _job_rows(connection, sa.and_(*condition), limit=None)


def page_of_rows(
    connection: sa.Connection, job_id: str, outcome: Outcome | None, after: int, limit: int
) -> list[JobRow]:
    """Rows behind position `after` in order, of one outcome or all."""
    conditions = [_rows.c.job_id == job_id, _rows.c.position > after]
    if outcome is not None:
        conditions.append(_rows.c.outcome == outcome)
    return _job_rows(connection, sa.and_(*conditions), limit=limit)


def settle_rows(connection: sa.Connection, job_id: str, outcomes: Sequence[tuple[int, Outcome, str]]) -> None:
    """Gives open rows their outcome: position, outcome, sentence. A row that has one keeps it."""
    if not outcomes:
        return
    statement = (
        _rows.update()
        .where(_rows.c.job_id == job_id, _rows.c.position == sa.bindparam("at"), _rows.c.outcome.is_(None))
        .values(outcome=sa.bindparam("as_outcome"), detail=sa.bindparam("as_detail"))
    )
    connection.execute(
        statement,
        [{"at": position, "as_outcome": outcome, "as_detail": detail} for position, outcome, detail in outcomes],
    )


def settle_open_rows(connection: sa.Connection, job_id: str, outcome: Outcome, detail: str) -> None:
    """Gives every row that is still open the same outcome."""
    condition = _rows.c.job_id == job_id, _rows.c.outcome.is_(None)
    connection.execute(_rows.update().where(*condition).values(outcome=outcome, detail=detail))


def reopen_rows(connection: sa.Connection, job_id: str, outcomes: Iterable[Outcome]) -> list[int]:
    """Opens rows that ended so, to be tried again; gives the numbers of their chunks."""
    condition = _rows.c.job_id == job_id, _rows.c.outcome.in_(list(outcomes)), _rows.c.key.is_not(None)
    numbers = list(connection.scalars(sa.select(_rows.c.chunk).where(*condition).distinct()))
    connection.execute(_rows.update().where(*condition).values(outcome=None, detail=""))
    return numbers


def open_chunk_numbers(connection: sa.Connection, job_id: str) -> list[int]:
    """The chunks in which rows are open."""
    condition = _rows.c.job_id == job_id, _rows.c.outcome.is_(None)
    return list(connection.scalars(sa.select(_rows.c.chunk).where(*condition).distinct()))


def unended_without_chunks(connection: sa.Connection) -> list[str]:
    """Jobs that should have ended: none of their chunks is open."""
    chunks = schema.chunks
    waits = sa.exists().where(chunks.c.job_id == _jobs.c.id, chunks.c.state != ChunkState.DONE)
    ended = (JobState.CANCELLED, JobState.STOPPED, JobState.DONE, JobState.UNDONE)
    return list(connection.scalars(sa.select(_jobs.c.id).where(_jobs.c.state.not_in(ended), ~waits)))


def waiting_since(connection: sa.Connection, moment: datetime) -> list[str]:
    """Jobs that have waited for access since then, or longer."""
    chunks = schema.chunks
    waits = sa.and_(chunks.c.job_id == _jobs.c.id, chunks.c.state == ChunkState.WAITING)
    newer = sa.exists().where(waits, chunks.c.due_at > moment)
    condition = _jobs.c.state == JobState.WAITING_FOR_ACCESS, sa.exists().where(waits), ~newer
    return list(connection.scalars(sa.select(_jobs.c.id).where(*condition)))


def ended(connection: sa.Connection, job_id: str, positions: Sequence[int]) -> set[int]:
    """Which of these rows have their outcome."""
    found: set[int] = set()
    for start in range(0, len(positions), 500):
        batch = list(positions[start : start + 500])
        condition = _rows.c.job_id == job_id, _rows.c.position.in_(batch), _rows.c.outcome.is_not(None)
        found |= set(connection.scalars(sa.select(_rows.c.position).where(*condition)))
    return found


def keys_with(connection: sa.Connection, job_id: str, outcome: Outcome, keys: Sequence[str]) -> set[str]:
    """Of these people those of whom a row ended so."""
    found: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        batch = _rows.c.key.in_(keys[start : start + _BATCH])
        condition = _rows.c.job_id == job_id, _rows.c.outcome == outcome, batch
        found.update(connection.scalars(sa.select(_rows.c.key).where(*condition)))
    return found


def counts(connection: sa.Connection, job_id: str) -> dict[Outcome, int]:
    """How many rows ended how; open rows are not counted."""
    statement = sa.select(_rows.c.outcome, sa.func.count()).where(_rows.c.job_id == job_id).group_by(_rows.c.outcome)
    return {Outcome(outcome): count for outcome, count in connection.execute(statement) if outcome is not None}


def _job_rows(connection: sa.Connection, condition: sa.ColumnElement[bool], limit: int | None) -> list[JobRow]:
    columns = [_rows.c[name] for name in JobRow.__slots__]
    statement = sa.select(*columns).where(condition).order_by(_rows.c.position).limit(limit)
    return [
        JobRow(row.position, row.chunk, row.row, row.key, Outcome(row.outcome) if row.outcome else None, row.detail)
        for row in connection.execute(statement)
    ]


def _columns() -> list[sa.Column[Any]]:
    return [_jobs.c[name] for name in Job.__slots__]


def _job(row: sa.Row[Any]) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Job(**values | {"state": JobState(values["state"])})


def _said(state: JobState) -> str:
    return state.value.replace("_", " ")
