"""One worker's attempt at a chunk: its lease, its job, and the transaction with which it ends.

Whatever an attempt has done is recorded only while it holds its lease: who has lost it was too slow, and another
attempt does the same work again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from functions import logs
from functions.context import AppContext
from functions.errors import LeadfillError
from functions.jobs.protection import refuse_protected
from functions.jobs.request import JobRequest, from_record
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import Layout, layout_from_record
from functions.store import chunks, claims, jobs
from functions.store.chunks import Chunk
from functions.store.job_states import WAITING, JobState
from functions.store.jobs import Job

SETTLES_S = 15.0
"""Seconds beyond the provider's time-out in which a lookup that was about to be sent is settled: it may have to connect
first, and to wait for the store."""
AFTER_FAILURE = timedelta(seconds=30)
"""Pause after a failed attempt: what made it fail may be over by then."""


class ChunkResult(StrEnum):
    """How an attempt at a chunk ended."""

    DONE = "done"  # it needs no further attempt
    LATER = "later"  # it waits for its next attempt, for access, or for the end of a provider's limit
    NONE = "none"  # it was not due, or another attempt has it


class LeaseLost(LeadfillError):
    """Another worker has taken over this chunk, and does the work again."""

    slug = "lease-lost"


Record = Callable[[sa.Connection, Job], Iterable[str] | None]
"""Writes what an attempt has done, in its last transaction; gives the chunks that are to be queued then."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A chunk whose lease this process has, with its job as it was at the beginning."""

    context: AppContext
    chunk: Chunk
    job: Job
    failures: int
    """Earlier attempts in a row that died, or failed, without any progress."""

    @property
    def request(self) -> JobRequest:
        """Return the job's request."""
        return from_record(self.job.request, self.job.spreadsheet_id)

    @property
    def layout(self) -> Layout | None:
        """Return the columns of the URLs and the fields; None until the sheet is prepared."""
        return None if self.job.layout is None else layout_from_record(self.job.layout)

    def sheet(self) -> GoogleSheet:
        """Return the job's spreadsheet.

        Raises:
            SheetAccessExpired: the job holds no token that can be opened.
        """
        return self.context.sheet_of(self.job)

    def wake(self) -> Attempt:
        """Continue a job whose provider's limit has ended: prove its access first, then queue all its chunks.

        So nothing is paid for that could not be written.

        Raises:
            SheetError: the spreadsheet cannot be edited now.
            Forbidden: the person who started the job may no longer edit the spreadsheet, or the cells.
        """
        sheet = self.sheet()
        refuse_protected(self.job, sheet, sheet.prove_editable())
        context, queued = self.context, list[str]()
        with context.store.writing() as connection:
            job = jobs.get(connection, self.job.id, lock=True)
            if job.state is JobState.WAITING_FOR_QUOTA:
                jobs.resume(connection, job, context.clock(), message=None)
                queued = chunks.wake(connection, job.id, context.clock(), limit_is_over=True)
                job = jobs.get(connection, job.id)
        context.enqueue(queued)
        return replace(self, job=job)

    def reload(self) -> Job:
        """The job as it is now."""
        with self.context.store.reading() as connection:
            return jobs.get(connection, self.job.id)

    def record(self, write: Callable[[sa.Connection, Job], None], *, seen: int) -> bool:
        """Record what was done so far, while the attempt goes on; return False if it has lost its lease.

        Args:
            write: writes what was done.
            seen: rows that have come back and have no outcome after that.
        """
        with self.context.store.writing() as connection:
            job = jobs.get(connection, self.chunk.job_id, lock=True)
            held = chunks.hold(connection, self.chunk, seen)
            if held:
                write(connection, job)
        return held

    def end(
        self,
        record: Record | None = None,
        *,
        unfinished: bool = False,
        stopped_by: LeadfillError | None = None,
        until: datetime | None = None,
    ) -> ChunkResult:
        """End the attempt: the chunk is done, or is queued again.

        Args:
            record: writes what was done.
            unfinished: rows are still open; the chunk runs again, unless the job shall stop.
            stopped_by: an error that concerns every chunk: the run ends, and what was looked up is kept.
            until: the end of a provider's limit that open rows wait for; the job waits once all its chunks do.
        """
        context, chunk, now = self.context, self.chunk, self.context.clock()
        queued: list[str] = []
        waker: tuple[str, datetime] | None = None
        with context.store.writing() as connection:
            job = jobs.get(connection, chunk.job_id, lock=True)
            later = unfinished and stopped_by is None and not job.stop_requested
            if later and until is not None:
                held = chunks.wait_for_quota(connection, chunk, until)
            else:
                held = chunks.postpone(connection, chunk, now) if later else chunks.finish(connection, chunk)
            if held and stopped_by is not None:
                earlier = None if job.state in WAITING else job.message  # what it waited for is over
                jobs.change(connection, job.id, stop_requested=True, message=earlier or str(stopped_by))
                chunks.drop(connection, job.id)
                job = jobs.get(connection, job.id)
            if held:
                queued += record(connection, job) or () if record else ()
                jobs.conclude(connection, job.id, now, undo_failed=stopped_by is not None)
                waker = jobs.wait_for_quota(connection, job.id, now)
        if held and stopped_by is not None:
            logs.stopped(job.id, stopped_by.slug)
        context.enqueue([*queued, *([chunk.id] if held and later and until is None else [])])
        if waker is not None:
            self._ask_to_be_woken(*waker)
        return ChunkResult.LATER if later else ChunkResult.DONE

    def postpone(self, delay: timedelta) -> ChunkResult:
        """End the attempt for now: the chunk runs again after a while.

        Waiting is not a failure, however often it happens; a job that is being cancelled does not wait.
        """
        with self.context.store.writing() as connection:
            job = jobs.get(connection, self.chunk.job_id, lock=True)
            is_cancelled = job.state is JobState.CANCELLING
            chunks.postpone(connection, self.chunk, self.context.clock() + delay, failed=is_cancelled)
        self.context.queue.enqueue(self.chunk.id, delay_s=delay.total_seconds())
        return ChunkResult.LATER

    def give_back(self) -> None:
        """End the attempt after an unexpected error: it counts as failed, and the next one follows soon."""
        with self.context.store.writing() as connection:
            chunks.postpone(connection, self.chunk, self.context.clock() + AFTER_FAILURE, failed=True)

    def wait_for_access(self, sentence: str) -> ChunkResult:
        """End the attempt until somebody renews the job's access; a job that is being cancelled does not wait."""
        now = self.context.clock()
        with self.context.store.writing() as connection:
            job = jobs.get(connection, self.chunk.job_id, lock=True)
            held = chunks.wait_for_access(connection, self.chunk, now)
            if held and job.state in (JobState.RUNNING, JobState.UNDOING, JobState.WAITING_FOR_QUOTA):
                jobs.wait_for_access(connection, job, now, sentence)
            elif job.state is JobState.CANCELLING:
                chunks.drop(connection, job.id)
                jobs.conclude(connection, job.id, now)
        return ChunkResult.LATER

    def _ask_to_be_woken(self, chunk_id: str, at: datetime) -> None:
        """Queue one task for a job that waits; if the task is lost, the sweep finds the chunk later."""
        delay_s = max(0.0, (at - self.context.clock()).total_seconds())
        self.context.queue.enqueue(chunk_id, delay_s=delay_s)
        logs.event("Job waits for the end of a provider's limit.", job_id=self.job.id, goes_on_at=at.isoformat())


def begin(context: AppContext, chunk_id: str | None) -> Attempt | None:
    """Take a chunk that is due (this one, or any); None if there is none. Its job is running from now on.

    Raises:
        StoreError: the store cannot be used.
    """
    chunk = chunks.take(context.store, context.clock(), context.owner(), chunk_id)
    if chunk is None:
        return None
    now = context.clock()
    silent_until = _answers_come_until(context, now) if chunk.silent and chunk.number >= chunks.FIRST else {}
    with context.store.writing() as connection:
        if chunk.silent is not None:
            claims.shorten(connection, chunk.silent, silent_until)
        job = jobs.get(connection, chunk.job_id, lock=True)
        if job.state is JobState.QUEUED:
            jobs.resume(connection, job, now, started_at=now)
            job = jobs.get(connection, job.id)
        failures = chunks.failures_since_progress(connection, chunk)
    if chunk.silent is not None:
        logs.event("Chunk taken over: its worker is silent.", chunk_id=chunk.id)
    return Attempt(context, chunk, job, failures)


def _answers_come_until(context: AppContext, now: datetime) -> dict[str, datetime]:
    """The time until which what was sent before now has its answer, by provider."""
    dispatchers = context.make_enricher().dispatchers
    return {name: now + timedelta(seconds=one.provider.timeout_s + SETTLES_S) for name, one in dispatchers.items()}
