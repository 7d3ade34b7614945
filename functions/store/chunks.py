"""Chunks that wait to be run, and the locks that let only one of them write to a tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from functions.store import schema
from functions.store.database import Instant, Store, insert
from functions.store.job_states import ChunkState

LEASE = timedelta(seconds=20)
"""The life of a lease on a chunk, and of a tab lock, whose worker is silent. Both are renewed each second."""
LANDING = timedelta(seconds=210)
"""The life of a tab lock from a write on whose answer does not come: Sheets gives up after 180 s, and before it is sent
a write may wait for its turn for 20 s. Nobody can call it back."""
STRAGGLING = timedelta(seconds=5)
"""The life of both once their process is known to be dead: the sheet may still hear what it sent at last."""
UNHEARD = timedelta(minutes=10)
"""A chunk that has been due for so long has perhaps no task in the queue any more."""
MAX_OVERDUE = 200
"""Chunks that one sweep queues again: in a long queue all are overdue, and have their tasks."""
EARLY = timedelta(seconds=2)
"""A task may come so much before its chunk is due: the queue's clock is not ours."""

SKEW = timedelta(minutes=1)
"""The queue's clock may differ from ours by so much. A task that comes sooner is an old one, and wakes no job."""

PREPARE, UNDO = 0, -1
"""Numbers of the chunks that hold no rows: one prepares the sheet, one undoes the job."""
FIRST = 1
"""Number of the first chunk that holds rows."""

_IDLE = (ChunkState.QUEUED, ChunkState.WAITING_FOR_ACCESS, ChunkState.WAITING_FOR_QUOTA)
"""Nobody runs a chunk in one of these."""
_OWED = (ChunkState.QUEUED, ChunkState.WAITING_FOR_QUOTA)
"""The queue brings a chunk in one of these to a worker once it is due."""
_chunks, _locks = schema.chunks, schema.locks


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a job that one worker runs at a time."""

    id: str
    job_id: str
    number: int
    """`PREPARE`, `UNDO`, or from 1 on one that holds rows."""
    lease: str
    """Names this attempt: `owner/…`."""
    failed_attempts: int = 0
    """Earlier attempts since its last progress that died, or failed."""
    silent: str | None = None
    """The lease of the attempt whose silence let this one begin; it is dead, or stands still."""


def add(connection: sa.Connection, job_id: str, numbers: Iterable[int], now: datetime) -> list[str]:
    """Queue chunks of a job, or queue them again; return their ids."""
    ids = []
    for number in sorted(numbers):
        chunk_id = _id(job_id, number)
        values = {"state": ChunkState.QUEUED, "due_at": now, "lease": None, "lease_expires_at": None, "seen": 0}
        values |= {"failed_attempts": 0, "progress": 0, "wrote": False}
        row = values | {"id": chunk_id, "job_id": job_id, "number": number}
        statement = insert(connection, _chunks).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=[_chunks.c.id], set_=values))
        ids.append(chunk_id)
    return ids


def _id(job_id: str, number: int) -> str:
    return f"{job_id}-{number}"


def take(store: Store, now: datetime, owner: str, chunk_id: str | None = None) -> Chunk | None:
    """Take one chunk that is due, or whose attempt died; None if there is none.

    The attempt counts as failed until it reports otherwise, since a process that dies reports nothing.

    Args:
        store: the store.
        now: the present.
        owner: names this process, so that its attempts can be recognised should it die.
        chunk_id: this one and no other.
    """
    wanted = {"now": now, "early": now + EARLY, "skewed": now + SKEW, "chunk_id": chunk_id}
    first = _first(this_one=chunk_id is not None)
    with store.reading() as connection:
        if connection.execute(first, wanted).first() is None:
            return None
    lease = f"{owner}/{uuid4().hex}"
    with store.writing() as connection:
        row = connection.execute(_first(this_one=chunk_id is not None, lock=True), wanted).first()
        if row is None:
            return None
        values = {"lease": lease, "lease_expires_at": now + LEASE, "failed_attempts": row.failed_attempts + 1}
        taken = _chunks.update().where(_chunks.c.id == row.id)
        connection.execute(taken.values(state=ChunkState.RUNNING, seen=0, **values))
    return Chunk(row.id, row.job_id, row.number, lease, row.failed_attempts, silent=row.lease)


@cache
def _first(*, this_one: bool, lock: bool = False) -> sa.Select[Any]:
    """The statement for the first chunk that can be taken, made once: whoever has nothing to do asks for it."""
    now, early, skewed = (sa.bindparam(name, type_=Instant) for name in ("now", "early", "skewed"))
    queued = _chunks.c.state == ChunkState.QUEUED
    limit_over = sa.and_(_chunks.c.state == ChunkState.WAITING_FOR_QUOTA, _chunks.c.due_at <= skewed)
    died = sa.and_(_chunks.c.state == ChunkState.RUNNING, _chunks.c.lease_expires_at <= now)
    if this_one:
        wanted = sa.or_(sa.and_(queued, _chunks.c.due_at <= early), limit_over, died)
        wanted = sa.and_(wanted, _chunks.c.id == sa.bindparam("chunk_id"))
    else:
        wanted = sa.or_(sa.and_(sa.or_(queued, limit_over), _chunks.c.due_at <= now), died)
    columns = _chunks.c.id, _chunks.c.job_id, _chunks.c.number, _chunks.c.failed_attempts, _chunks.c.lease
    first = sa.select(*columns).where(wanted).order_by(_chunks.c.due_at, _chunks.c.number).limit(1)
    return first.with_for_update(skip_locked=True) if lock else first


def taken_again_at(connection: sa.Connection, chunk_id: str) -> datetime | None:
    """Return when a chunk that cannot be taken now perhaps can be; None where nobody need come back for it.

    One that is running can be once its lease is over, one that is queued once it is due. A chunk that waits for access
    or for the end of a limit is brought back by whoever ends that.
    """
    row = connection.execute(sa.select(_chunks).where(_chunks.c.id == chunk_id)).one_or_none()
    if row is None or row.state not in (ChunkState.RUNNING, ChunkState.QUEUED):
        return None
    at: datetime = row.due_at if row.state == ChunkState.QUEUED else row.lease_expires_at
    return at


def failures_since_progress(connection: sa.Connection, chunk: Chunk) -> int:
    """Return the number of failed attempts in a row before this one that made no progress.

    A row that was looked up, or is about to be written, is as much progress as one with an outcome, so that a chunk
    whose workers die too early to finish it still comes to its end.
    """
    if not chunk.failed_attempts:
        return 0
    rows, leads = schema.job_rows, schema.leads
    is_known = sa.exists().where(leads.c.key == rows.c.key)
    done = sa.case(
        (rows.c.outcome.is_not(None), 3),
        else_=sa.case((is_known, 1), else_=0) + sa.case((rows.c.cells.is_not(None), 1), else_=0),
    )
    total = sa.select(sa.func.coalesce(sa.func.sum(done), 0))
    progress = connection.scalar(total.where(rows.c.job_id == chunk.job_id, rows.c.chunk == chunk.number))
    further = _chunks.update().where(*_held(chunk), _chunks.c.progress < progress)
    moved = connection.execute(further.values(progress=progress, failed_attempts=1)).rowcount == 1
    return 0 if moved else chunk.failed_attempts


def begun(connection: sa.Connection, chunk: Chunk) -> Sequence[int]:
    """Return the numbers of the job's other chunks whose rows may be half written.

    They are worked on, or their latest attempt failed, or was put off while rows that it had begun to write were open.
    """
    of_job = _chunks.c.job_id == chunk.job_id, _chunks.c.id != chunk.id, _chunks.c.state != ChunkState.DONE
    is_begun = sa.or_(_chunks.c.failed_attempts > 0, _chunks.c.wrote)
    return connection.scalars(sa.select(_chunks.c.number).where(*of_job, is_begun)).all()


def renew(store: Store, chunk: Chunk, seen: int, now: datetime) -> bool:
    """Says that the attempt lives and how many rows came back and have no outcome; False where it lost its lease.

    The tab lock that it has, if any, is renewed with its lease.
    """
    until = now + LEASE
    with store.writing() as connection:
        held = _chunks.update().where(*_held(chunk)).values(lease_expires_at=until, seen=seen)
        if connection.execute(held).rowcount != 1:
            return False
        locked = _locks.c.holder == chunk.lease, _locks.c.expires_at < until
        connection.execute(_locks.update().where(*locked).values(expires_at=until))
    return True


def hold(connection: sa.Connection, chunk: Chunk, seen: int) -> bool:
    """Keep the chunk from other attempts until this transaction ends; return False if one has taken it.

    Args:
        connection: a transaction.
        chunk: which.
        seen: rows that have come back and have no outcome once the transaction is over.
    """
    return connection.execute(_chunks.update().where(*_held(chunk)).values(seen=seen)).rowcount == 1


def is_held(store: Store, chunk: Chunk) -> bool:
    """Return whether this attempt still has its chunk."""
    with store.reading() as connection:
        return connection.scalar(sa.select(_chunks.c.id).where(*_held(chunk))) is not None


def finish(connection: sa.Connection, chunk: Chunk) -> bool:
    """Mark the chunk as done; return False if this attempt has lost its lease and another one runs it."""
    return _leave(connection, chunk, state=ChunkState.DONE)


def postpone(connection: sa.Connection, chunk: Chunk, due_at: datetime, *, failed: bool = False) -> bool:
    """Queue the chunk again, for `due_at`.

    Args:
        connection: a transaction.
        chunk: which.
        due_at: not before.
        failed: whether this attempt counts among those that failed; one that only waits does not.
    """
    leave = _leave if failed else _leave_unfailed
    return leave(connection, chunk, state=ChunkState.QUEUED, due_at=due_at)


def wait_for_access(connection: sa.Connection, chunk: Chunk, since: datetime) -> bool:
    """Let the chunk wait until its job has access to the sheet again."""
    return _leave_unfailed(connection, chunk, state=ChunkState.WAITING_FOR_ACCESS, due_at=since)


def wait_for_quota(connection: sa.Connection, chunk: Chunk, until: datetime) -> bool:
    """Let the chunk wait for the end of a provider's limit."""
    return _leave_unfailed(connection, chunk, state=ChunkState.WAITING_FOR_QUOTA, due_at=until)


def first_to_wake(connection: sa.Connection, job_id: str) -> tuple[str, datetime] | None:
    """Return the first due of a job's open chunks and when that is; None unless all wait for a provider's limit."""
    statement = sa.select(_chunks.c.id, _chunks.c.state, _chunks.c.due_at).where(
        _chunks.c.job_id == job_id, _chunks.c.state != ChunkState.DONE
    )
    opened = connection.execute(statement.order_by(_chunks.c.due_at, _chunks.c.number)).all()
    if not opened or any(row.state != ChunkState.WAITING_FOR_QUOTA for row in opened):
        return None
    return opened[0].id, opened[0].due_at


def wake(connection: sa.Connection, job_id: str, now: datetime, *, limit_is_over: bool = False) -> list[str]:
    """Queue the waiting chunks of a job; return the ids of all that are queued.

    Args:
        connection: a transaction.
        job_id: which.
        now: the present.
        limit_is_over: whether those that wait for a provider's limit are queued before their time, too.
    """
    due = sa.true() if limit_is_over else _chunks.c.due_at <= now
    waiting = sa.or_(
        _chunks.c.state == ChunkState.WAITING_FOR_ACCESS,
        sa.and_(_chunks.c.state == ChunkState.WAITING_FOR_QUOTA, due),
    )
    woken = _chunks.update().where(_chunks.c.job_id == job_id, waiting)
    connection.execute(woken.values(state=ChunkState.QUEUED, due_at=now))
    queued = _chunks.c.job_id == job_id, _chunks.c.state == ChunkState.QUEUED
    return list(connection.scalars(sa.select(_chunks.c.id).where(*queued)))


def drop(connection: sa.Connection, job_id: str) -> None:
    """Mark a job's chunks that no worker runs as done: their rows got their outcomes in another way."""
    idle = _chunks.c.job_id == job_id, _chunks.c.state.in_(_IDLE)
    connection.execute(_chunks.update().where(*idle).values(state=ChunkState.DONE))


def open_chunks(connection: sa.Connection, job_id: str) -> int:
    """Return the number of a job's chunks that are not done."""
    condition = _chunks.c.job_id == job_id, _chunks.c.state != ChunkState.DONE
    count: int = connection.execute(sa.select(sa.func.count()).where(*condition)).scalar_one()
    return count


def was_added(connection: sa.Connection, job_id: str, number: int) -> bool:
    """Return whether a job has, or has had, this chunk to be run."""
    return connection.scalar(sa.select(_chunks.c.id).where(_chunks.c.id == _id(job_id, number))) is not None


def is_open(connection: sa.Connection, job_id: str, number: int) -> bool:
    """Return whether this chunk of a job exists and is not done."""
    condition = _chunks.c.job_id == job_id, _chunks.c.number == number, _chunks.c.state != ChunkState.DONE
    return connection.scalar(sa.select(_chunks.c.id).where(*condition)) is not None


def seen(connection: sa.Connection, job_id: str) -> int:
    """Return the number of rows of running chunks that have come back and have no outcome yet."""
    condition = _chunks.c.job_id == job_id, _chunks.c.state == ChunkState.RUNNING
    total: int | None = connection.scalar(sa.select(sa.func.sum(_chunks.c.seen)).where(*condition))
    return int(total or 0)


def another_goes_on(connection: sa.Connection, chunk: Chunk) -> bool:
    """Return whether another chunk of the job runs: some of its rows have not come back, or it ends before this one."""
    rows = schema.job_rows
    is_open = rows.c.job_id == chunk.job_id, rows.c.chunk == _chunks.c.number, rows.c.outcome.is_(None)
    open_rows = sa.select(sa.func.count()).where(*is_open).scalar_subquery()
    others = _chunks.c.job_id == chunk.job_id, _chunks.c.id != chunk.id, _chunks.c.state == ChunkState.RUNNING
    goes_on = sa.or_(open_rows > _chunks.c.seen, _chunks.c.number < chunk.number)
    return connection.scalar(sa.select(_chunks.c.id).where(*others, goes_on).limit(1)) is not None


def overdue(connection: sa.Connection, now: datetime) -> Sequence[str]:
    """Chunks whose attempt died or whose task was lost, to be put into the queue again; those first that died."""
    died = sa.and_(_chunks.c.state == ChunkState.RUNNING, _chunks.c.lease_expires_at <= now)
    lost = sa.and_(_chunks.c.state.in_(_OWED), _chunks.c.due_at <= now - UNHEARD)
    statement = sa.select(_chunks.c.id).where(sa.or_(died, lost))
    first = sa.case((_chunks.c.state == ChunkState.RUNNING, 0), else_=1)
    return list(connection.scalars(statement.order_by(first, _chunks.c.due_at, _chunks.c.number).limit(MAX_OVERDUE)))


def owners(store: Store, now: datetime) -> set[str]:
    """Return every process that holds a chunk or a tab."""
    running = _chunks.c.state == ChunkState.RUNNING, _chunks.c.lease_expires_at > now
    leases = sa.select(_chunks.c.lease).where(*running)
    holders = sa.select(_locks.c.holder).where(_locks.c.expires_at > now)
    with store.reading() as connection:
        return {lease.rpartition("/")[0] for lease in connection.scalars(leases.union(holders))}


def release(store: Store, dead: Iterable[str], now: datetime) -> None:
    """Release everything that these dead owners hold, in a moment; a second call changes nothing."""
    until = now + STRAGGLING
    with store.writing() as connection:
        for owner in dead:
            theirs = _chunks.c.state == ChunkState.RUNNING, _chunks.c.lease.startswith(f"{owner}/", autoescape=True)
            connection.execute(
                _chunks.update().where(*theirs, _chunks.c.lease_expires_at > until).values(lease_expires_at=until)
            )
            theirs = _locks.c.holder.startswith(f"{owner}/", autoescape=True), _locks.c.expires_at > until
            connection.execute(_locks.update().where(*theirs).values(expires_at=until))


def lock(store: Store, name: str, holder: str, now: datetime) -> bool:
    """Take or renew a lock, also one that has expired; return False if another holder has it."""
    until = now + LEASE
    values = {"name": name, "holder": holder, "expires_at": until}
    with store.writing() as connection:
        inserted = insert(connection, _locks).values(values)
        statement = inserted.on_conflict_do_update(
            index_elements=[_locks.c.name],
            set_={"holder": holder, "expires_at": until},
            where=sa.or_(_locks.c.holder == holder, _locks.c.expires_at <= now),
        ).returning(_locks.c.name)
        return connection.scalar(statement) is not None


def renew_lock(store: Store, name: str, holder: str, now: datetime, life: timedelta = LEASE) -> bool:
    """Renews a lock that is held, whoever is silent from now on; False where another one has had it since."""
    statement = _locks.update().where(_locks.c.name == name, _locks.c.holder == holder)
    with store.writing() as connection:
        return connection.execute(statement.values(expires_at=now + life)).rowcount == 1


def unlock(store: Store, name: str, holder: str) -> None:
    """Release a lock."""
    with store.writing() as connection:
        connection.execute(_locks.delete().where(_locks.c.name == name, _locks.c.holder == holder))


def _held(chunk: Chunk) -> tuple[sa.ColumnElement[bool], ...]:
    return (_chunks.c.id == chunk.id, _chunks.c.lease == chunk.lease, _chunks.c.state == ChunkState.RUNNING)


def _leave_unfailed(connection: sa.Connection, chunk: Chunk, **values: object) -> bool:
    """Leave the chunk to a later attempt; this one does not count among those that failed."""
    rows = schema.job_rows
    written = rows.c.job_id == chunk.job_id, rows.c.chunk == chunk.number, rows.c.cells.is_not(None)
    values |= {"wrote": sa.exists().where(*written, rows.c.outcome.is_(None))}
    return _leave(connection, chunk, failed_attempts=_chunks.c.failed_attempts - 1, **values)


def _leave(connection: sa.Connection, chunk: Chunk, **values: object) -> bool:
    values |= {"lease": None, "lease_expires_at": None}
    return connection.execute(_chunks.update().where(*_held(chunk)).values(**values)).rowcount == 1
