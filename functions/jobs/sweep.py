"""Periodic clean-up: expires claims, requeues lost chunks, finishes stuck jobs, purges old data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from functions import logs
from functions.context import AppContext
from functions.store import chunks, claims, jobs, retention
from functions.store.database import Store
from functions.store.job_states import JobState
from functions.store.owners import is_dead

KEEP_CELL_HISTORY = timedelta(days=30)
"""Period in which a run can be undone."""
KEEP_JOBS = timedelta(days=180)
KEEP_LEADS = timedelta(days=730)
"""Period for which a lead is kept that nobody has looked up again."""
KEEP_FORMULA_TOKENS = timedelta(days=30)
"""Period after its end in which the maker of a formula token is kept."""
KEEP_RATES = timedelta(days=2)
"""Longer than the longest window that requests are counted in."""
MAX_WAIT = timedelta(days=30)
"""Period for which a run waits for somebody to renew its access, or for the end of a provider's limit."""
NO_ACCESS = (
    "Nobody has renewed the access to the spreadsheet for 30 days, so the run ended; what was looked up is kept."
)
NO_QUOTA = "The run waited 30 days for a provider's limit to end, so it was stopped; what was looked up is kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """Counts of what a sweep repaired."""

    doubts: int
    queued_again: int
    ended: int
    purged: int

    def facts(self) -> dict[str, int]:
        """Return the counts for the log."""
        return asdict(self)


def sweep(context: AppContext) -> SweepReport:
    """Repair what processes left behind when they died; doing it twice changes nothing more.

    Raises:
        StoreError: the store cannot be used.
        QueueError: the queue cannot be reached; the next sweep queues again.
    """
    store, now = context.store, context.clock()
    doubts = claims.expire(store, now)
    logs.in_doubt(doubts)
    with store.writing() as connection:
        chunk_ids = chunks.overdue(connection, now)
        ended = 0
        for job_id in jobs.unended_without_chunks(connection):
            jobs.conclude(connection, job_id, now)
            ended += 1
        ended += _give_up_waiting(connection, now)
        purged = retention.purge(
            connection,
            cell_history=now - KEEP_CELL_HISTORY,
            jobs=now - KEEP_JOBS,
            leads=now - KEEP_LEADS,
            formula_tokens=now - KEEP_FORMULA_TOKENS,
            rates=now - KEEP_RATES,
        )
    for chunk_id in chunk_ids:
        context.queue.enqueue(chunk_id)
    return SweepReport(doubts=doubts, queued_again=len(chunk_ids), ended=ended, purged=purged)


def release_dead_owners(store: Store, now: datetime, is_dead: Callable[[str], bool] = is_dead) -> None:
    """Release at once the claims, chunks and locks of dead processes of this machine, before they expire.

    Their claims become doubts, as they do when they expire, because a lookup that was sent may have been charged. This
    works on one machine only; in the cloud, a dead process of another machine is noticed only when its leases expire.

    Raises:
        StoreError: the store cannot be used.
    """
    owners = {*claims.owners(store), *chunks.owners(store, now)}
    dead = sorted(owner for owner in owners if is_dead(owner))
    if dead:
        # First: who runs the chunk again must not wait for them.
        logs.in_doubt(claims.expire(store, now, dead=dead))
        chunks.release(store, dead, now)


def _give_up_waiting(connection: sa.Connection, now: datetime) -> int:
    """End runs that have waited too long, keep what was looked up, and return how many they were."""
    waiting = jobs.waiting_since(connection, now - MAX_WAIT)
    for job in waiting:
        message = NO_QUOTA if job.state is JobState.WAITING_FOR_QUOTA else NO_ACCESS
        chunks.drop(connection, job.id)
        jobs.change(connection, job.id, stop_requested=True, message=message, **jobs.WITHOUT_ACCESS)
        jobs.conclude(connection, job.id, now)
    return len(waiting)
