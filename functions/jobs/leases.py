"""While an attempt at a chunk runs: it says that it lives, hears that it shall stop, and has the tab to itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from datetime import timedelta

from functions.context import Deployment
from functions.errors import LeadfillError, SheetBusy
from functions.store import chunks as tasks
from functions.store import jobs
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
def watched(deployment: Deployment, chunk: Chunk, results: Sized) -> Iterator[threading.Event]:
    """While the block runs, a thread renews the lease; the event is set when the run shall stop looking people up."""
    stop, over = threading.Event(), threading.Event()
    until = deployment.clock() + BUDGET

    def watch() -> None:
        while not over.wait(WATCH_S):
            now = deployment.clock()
            try:
                alive = tasks.renew(deployment.store, chunk, len(results), now)
                with deployment.store.reading() as connection:
                    halted = jobs.get(connection, chunk.job_id).halted
            except LeadfillError:
                continue  # the run itself meets the store's trouble, and says so
            if not alive or halted or now >= until:
                stop.set()

    thread = threading.Thread(target=watch, name=f"watch {chunk.id}", daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        over.set()
        thread.join()


@contextmanager
def locked(deployment: Deployment, job: Job, chunk: Chunk) -> Iterator[None]:
    """Only one chunk at a time writes to a tab.

    Raises:
        SheetBusy: another one does.
    """
    name = f"{job.spreadsheet_id}/{job.sheet_id}"
    until = deployment.clock() + LOCK_WAIT
    while not tasks.lock(deployment.store, name, chunk.lease, deployment.clock()):
        if deployment.clock() < until:
            time.sleep(LOCK_POLL_S)
            continue
        raise SheetBusy("Another run writes to this tab at the moment.", retry_after_s=2)
    try:
        yield
    finally:
        tasks.unlock(deployment.store, name, chunk.lease)
