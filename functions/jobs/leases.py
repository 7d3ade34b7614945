"""While an attempt at a chunk runs: it says that it lives, hears that it shall stop, and has the tab to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import contextmanager
from datetime import timedelta

from functions.context import AppContext
from functions.errors import LeadfillError, SheetBusy
from functions.runtime import Event
from functions.store import chunks, jobs
from functions.store.chunks import Chunk
from functions.store.jobs import Job

BUDGET = timedelta(minutes=8)
"""How long one attempt looks people up: the queue waits ten minutes for an answer."""
WATCH_S = 1.0
"""How often an attempt says that it lives, and looks whether it shall stop."""
LOCK_WAIT = timedelta(seconds=20)
"""How long a chunk waits for its turn to write before it is put back into the queue."""
LOCK_POLL_S = 0.1


@contextmanager
def heartbeat(context: AppContext, chunk: Chunk, results: Sized) -> Iterator[Event]:
    """While the block runs, a thread renews the lease; the event is set when the run shall stop looking people up."""
    stop, over = context.runtime.event(), context.runtime.event()
    until = context.clock() + BUDGET

    def watch() -> None:
        while not over.wait(WATCH_S):
            now = context.clock()
            try:
                alive = chunks.renew(context.store, chunk, len(results), now)
                with context.store.reading() as connection:
                    stop_requested = jobs.get(connection, chunk.job_id).stop_requested
            except LeadfillError:
                continue  # the run itself meets the store's trouble, and says so
            if not alive or stop_requested or now >= until:
                stop.set()

    thread = context.runtime.spawn(watch, name=f"heartbeat of {chunk.id}")
    try:
        yield stop
    finally:
        over.set()
        thread.join()


@contextmanager
def tab_lock(context: AppContext, job: Job, chunk: Chunk) -> Iterator[None]:
    """Only one chunk at a time writes to a tab.

    Raises:
        SheetBusy: another one does.
    """
    name = f"{job.spreadsheet_id}/{job.sheet_id}"
    until = context.clock() + LOCK_WAIT
    while not chunks.lock(context.store, name, chunk.lease, context.clock()):
        if context.clock() < until:
            context.runtime.sleep(LOCK_POLL_S)
            continue
        raise SheetBusy("Another run writes to this tab at the moment.", retry_after_s=2)
    try:
        yield
    finally:
        chunks.unlock(context.store, name, chunk.lease)
