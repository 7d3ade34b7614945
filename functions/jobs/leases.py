"""Leases of a running attempt: its heartbeat renews the chunk's, and the tab lock keeps other writers away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from datetime import datetime, timedelta

from functions.errors import LeadfillError, SheetBusy
from functions.jobs.attempt import Attempt, LeaseLost
from functions.runtime import Event
from functions.store import chunks, jobs
from functions.store.jobs import Job

BUDGET = timedelta(minutes=7)
"""The time for which one attempt looks people up: the queue waits ten minutes for an answer."""
WRITING = timedelta(minutes=8)
"""The time within which the last flush of an attempt begins."""
WATCH_S = 1.0
"""Seconds between two renewals of the lease, at which an attempt also checks whether it shall stop."""
WRITING_TAKES = timedelta(seconds=20)
"""Seconds before the end of its access in which a job looks nobody up any more, so that what came is written."""
LOCK_WAIT = timedelta(seconds=20)
"""Seconds for which a chunk waits for its turn to write before it is put back into the queue."""
LOCK_POLL_S = 0.1
OCCUPIED = "Another run writes to this tab at the moment."


def access_lasts(job: Job, now: datetime) -> bool:
    """Tells whether a job's access to the sheet lasts long enough to pay for something and write it."""
    return job.access_until is None or now < job.access_until - WRITING_TAKES


@contextmanager
def heartbeat(attempt: Attempt, waiting: Sized) -> Iterator[Event]:
    """While the block runs, a thread renews the lease; the event is set when the run shall stop looking people up.

    Args:
        attempt: whose.
        waiting: the rows that have come back and have no outcome yet.
    """
    context, chunk = attempt.context, attempt.chunk
    stop, over = context.runtime.event(), context.runtime.event()
    until = context.clock() + BUDGET

    def watch() -> None:
        while not over.wait(WATCH_S):
            now = context.clock()
            if now >= until:  # and no renewal: should this attempt hang, another one takes over
                stop.set()
                continue
            try:
                alive = chunks.renew(context.store, chunk, len(waiting), now)
                with context.store.reading() as connection:
                    job = jobs.get(connection, chunk.job_id)
            except LeadfillError:
                continue  # the run itself meets the store's trouble, and says so
            if not alive or job.stop_requested or not access_lasts(job, now):
                stop.set()

    thread = context.runtime.spawn(watch, name=f"heartbeat of chunk {chunk.number}")
    try:
        yield stop
    finally:
        over.set()
        thread.join()


@contextmanager
def tab_lock(attempt: Attempt) -> Iterator[Callable[[], None]]:
    """Lets only one chunk at a time write to a tab; gives what renews the lock, before each round of a delivery.

    Raises:
        LeaseLost: another attempt has the chunk, and perhaps has ended it: who stood still for so long writes nothing.
        SheetBusy: another one does; or has done since, where it is renewed.
    """
    context, lease = attempt.context, attempt.chunk.lease
    name = f"{attempt.job.spreadsheet_id}/{attempt.job.sheet_id}"
    until = context.clock() + LOCK_WAIT
    while not chunks.lock(context.store, name, lease, context.clock()):
        if context.clock() < until:
            context.runtime.sleep(LOCK_POLL_S)
            continue
        raise SheetBusy(OCCUPIED, retry_after_s=2)

    def make_sure_of_the_chunk() -> None:
        if not chunks.is_held(context.store, attempt.chunk):
            raise LeaseLost

    def renew() -> None:
        if not chunks.renew_lock(context.store, name, lease, context.clock()):
            raise SheetBusy(OCCUPIED, retry_after_s=2)
        make_sure_of_the_chunk()

    try:
        make_sure_of_the_chunk()
        yield renew
    finally:
        chunks.unlock(context.store, name, lease)
