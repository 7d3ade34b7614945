"""Leases of a running attempt: its heartbeat renews the chunk's, and the tab lock keeps other writers away.

A lease is short, so that the work of a dead worker goes on soon; and a worker that only stood still has lost it when it
goes on. Until then neither the lease nor the lock protects anything from it: it must find out before it acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from functions.errors import LeadfillError, SheetBusy, StoreError
from functions.jobs.attempt import Attempt, LeaseLost
from functions.runtime import Event
from functions.sheet_writes.writer import SheetWriter
from functions.sheets.layout import Layout
from functions.store import chunks, jobs
from functions.store.jobs import Job
from functions.task_queue import QueueError

BUDGET = timedelta(minutes=7)
"""The time for which one attempt looks people up: the queue waits ten minutes for an answer."""
WRITING = timedelta(minutes=8)
"""The time within which the last flush of an attempt begins."""
WATCH_S = 1.0
"""Seconds between two renewals of the lease, at which an attempt also checks whether it shall stop."""
SURE_FOR_S = 5.0
"""Seconds for which a lock that was renewed need not be renewed again before a write is sent."""
HANGS = timedelta(minutes=15)
"""The time after which an attempt that is still there hangs, and another one takes over."""
WRITING_TAKES = timedelta(seconds=20)
"""Seconds before the end of its access in which a job looks nobody up any more, so that what came is written."""
LOCK_WAIT = timedelta(seconds=20)
"""Seconds for which a chunk waits for its turn to write before it is put back into the queue."""
LOCK_POLL_S = 0.1
OCCUPIED = "Another run is writing to this tab; this one goes on by itself."


def access_lasts(job: Job, now: datetime) -> bool:
    """Return whether a job's access to the sheet lasts long enough to pay for a lookup and write its result."""
    return job.access_until is None or now < job.access_until - WRITING_TAKES


@dataclass(slots=True)
class Lease:
    """An attempt's lease, as its threads see it: a stop signal that is set once nobody may be looked up any more.

    It is set by whoever wants that, and by itself when the lease was not renewed in time: a process that stood still,
    or has lost the database, sends nothing of which another attempt cannot know. Asked right before each request.
    """

    attempt: Attempt
    waiting: Sized = ()
    """The rows that have come back and have no outcome yet."""
    _stop: Event = field(init=False)
    _renewed_at: datetime = field(init=False)
    _renewed_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._stop = self.attempt.context.runtime.event()
        self._renewed()

    @property
    def is_over(self) -> bool:
        """True if nothing was heard of the lease for as long as it lives."""
        runtime = self.attempt.context.runtime
        # By both of this machine's clocks: the one may stand still while it is suspended, the other may be set back.
        silent_s = max(runtime.monotonic() - self._renewed_s, (runtime.now() - self._renewed_at).total_seconds())
        return silent_s >= chunks.LEASE.total_seconds() - WATCH_S

    def is_set(self) -> bool:
        """Return whether nobody may be looked up any more."""
        if self.is_over:  # for good: lookups are recalled by now, also if the lease is renewed in the next moment
            self._stop.set()
        return self._stop.is_set()

    def wait(self, timeout: float, /) -> bool:
        """Sleeps for so many seconds, or until somebody sets it; whether it is set."""
        self._stop.wait(timeout)
        return self.is_set()

    def set(self) -> None:
        """Looks nobody up any more."""
        self._stop.set()

    def clear(self) -> None:
        """Does nothing: an attempt that was told to stop does not begin again."""

    def renew(self) -> None:
        """Renews the lease, and looks whether the run shall stop.

        Raises:
            StoreError: the store cannot be used; the lease ends in a moment.
        """
        context, chunk = self.attempt.context, self.attempt.chunk
        began = self._now()
        now = context.clock()
        alive = chunks.renew(context.store, chunk, len(self.waiting), now)
        if alive:
            self._renewed(*began)
        with context.store.reading() as connection:
            job = jobs.get(connection, chunk.job_id)
        if not alive or job.stop_requested or not access_lasts(job, now):
            self.set()

    def _now(self) -> tuple[datetime, float]:
        runtime = self.attempt.context.runtime
        return runtime.now(), runtime.monotonic()

    def _renewed(self, at: datetime | None = None, at_s: float | None = None) -> None:
        now, now_s = self._now()
        self._renewed_at, self._renewed_s = at or now, now_s if at_s is None else at_s


@contextmanager
def heartbeat(attempt: Attempt) -> Iterator[Lease]:
    """While the block runs, a thread renews the lease; it is set when the run shall stop looking people up."""
    context = attempt.context
    over, lease = context.runtime.event(), Lease(attempt)
    began = context.clock()

    def look_again() -> None:
        # Should this worker fall silent, the queue perhaps learns of it only in ten minutes.
        with suppress(QueueError):
            context.queue.enqueue(attempt.chunk.id, delay_s=chunks.LEASE.total_seconds() + WATCH_S)

    def watch() -> None:
        while not over.wait(WATCH_S):
            try:
                now = context.clock()
                if now >= began + BUDGET:
                    lease.set()
                if now < began + HANGS:
                    lease.renew()
            except LeadfillError:
                continue  # the run itself meets the store's trouble, and says so
            finally:
                if lease.is_over:
                    lease.set()

    number = attempt.chunk.number
    context.runtime.spawn(look_again, name=f"look again at chunk {number}")  # a call that takes long delays nothing
    thread = context.runtime.spawn(watch, name=f"heartbeat of chunk {number}")
    try:
        yield lease
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class TabLock:
    """An attempt's lock on its tab. Its life is that of a lease, and from a write on so long as that may still land."""

    attempt: Attempt
    name: str

    def renew(self) -> None:
        """Makes sure of the lock and of the chunk, before each round of a delivery.

        Raises:
            LeaseLost: another attempt has the chunk, and perhaps has ended it: who stood still writes nothing more.
            SheetBusy: another writer has had the lock since.
        """
        self._renew(chunks.LEASE)
        self.make_sure_of_the_chunk()

    def make_sure_of_the_chunk(self) -> None:
        """Makes sure that this attempt still has its chunk.

        Raises:
            LeaseLost: another one has it.
        """
        store, chunk = self.attempt.context.store, self.attempt.chunk
        if not store.retry(lambda: chunks.is_held(store, chunk)):
            raise LeaseLost

    @contextmanager
    def write(self) -> Iterator[None]:
        """Keeps every other writer away until what the block sends has landed, or can land no more.

        Raises:
            SheetBusy: another writer has had the lock since; nothing may be sent.
        """
        runtime = self.attempt.context.runtime
        while True:
            began_s = runtime.monotonic()
            self._renew(chunks.LANDING)
            if runtime.monotonic() - began_s < SURE_FOR_S:  # else this process stood still after all
                break
        yield
        with suppress(StoreError):  # what was sent has landed; then the others wait for nothing
            self._renew(chunks.LEASE)

    def writer(self, job: Job, layout: Layout) -> SheetWriter:
        """Return a writer to the tab that makes sure of this lock before each round and around each write.

        Raises:
            SheetAccessExpired: the job holds no token that can be opened.
        """
        context = self.attempt.context
        sheet = context.sheet_of(job)
        sheet.guard_writes(self.write)
        return SheetWriter(context.store, job.id, sheet, layout, self.renew)

    def _renew(self, life: timedelta) -> None:
        context, holder = self.attempt.context, self.attempt.chunk.lease

        def renew() -> bool:
            return chunks.renew_lock(context.store, self.name, holder, context.clock(), life)

        if not context.store.retry(renew):
            raise SheetBusy(OCCUPIED, retry_after_s=2)


@contextmanager
def tab_lock(attempt: Attempt) -> Iterator[TabLock]:
    """Lets only one attempt at a time write to a tab.

    Raises:
        LeaseLost: another attempt has the chunk.
        SheetBusy: another one writes.
    """
    context, lease = attempt.context, attempt.chunk.lease
    lock = TabLock(attempt, f"{attempt.job.spreadsheet_id}/{attempt.job.sheet_id}")
    until = context.clock() + LOCK_WAIT
    while not chunks.lock(context.store, lock.name, lease, context.clock()):
        if context.clock() < until:
            context.runtime.sleep(LOCK_POLL_S)
            continue
        raise SheetBusy(OCCUPIED, retry_after_s=2)
    try:
        lock.make_sure_of_the_chunk()
        yield lock
    finally:
        chunks.unlock(context.store, lock.name, lease)
