"""Run one chunk of a job: prepare the sheet, look up and write the chunk's rows, or undo the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from functions import logs
from functions.context import AppContext
from functions.credits.caps import Spender
from functions.enrichment.result import WITH_VALUES, Result
from functions.errors import (
    CapReached,
    Forbidden,
    LeadfillError,
    ProviderError,
    SheetAccessExpired,
    SheetBusy,
    StoreError,
)
from functions.jobs.attempt import Attempt, ChunkResult, LeaseLost, begin
from functions.jobs.attempt_limit import give_up, has_failed_too_often
from functions.jobs.delivery import Delivery
from functions.jobs.leases import Lease, access_lasts, heartbeat, tab_lock
from functions.jobs.row_statuses import write_statuses
from functions.outcomes import Outcome
from functions.profiles.parsing import of_key
from functions.sheet_writes.undo import undo_rows
from functions.sheets.a1 import parse_range
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import ColumnRequest, Layout, ensure_columns
from functions.sheets.tab_reader import Page, TabReader
from functions.store import cell_history, chunks, job_rows, jobs, ledger
from functions.store.chunks import PREPARE, UNDO
from functions.store.job_states import JobState
from functions.store.jobs import Job

AT_LEAST_S = 1.0
"""Seconds until a task comes again, at the least."""
RETRY_THEN = "Whoever started the run can retry it then: what was looked up is kept, and costs nothing again."
UNDO_THEN = "Whoever undid the run can undo it again then."
SAMPLE_ROWS = 200
"""Rows whose people show which column holds the URLs."""


def run_chunk(context: AppContext, chunk_id: str | None = None) -> ChunkResult:
    """Takes a chunk that is due (this one, or any) and runs it.

    Raises:
        StoreError: the store cannot be used; the chunk is tried again once its lease is over.
    """
    attempt = begin(context, chunk_id)
    if attempt is None:
        if chunk_id is not None:
            _come_again(context, chunk_id)
        return ChunkResult.NONE
    if has_failed_too_often(attempt):
        return give_up(attempt)
    ended = False
    try:
        with heartbeat(attempt) as lease:
            result = _run(attempt, lease)
        ended = True
    except StoreError:
        ended = True  # or nothing can be recorded now: its lease runs out
        raise
    finally:
        if not ended:
            attempt.give_back()
    return result


def _come_again(context: AppContext, chunk_id: str) -> None:
    """Queues a chunk that cannot be taken now for when it perhaps can be: its task may be the only one that it has.

    An error would do the same, and make the queue slow down for everybody.
    """
    with context.store.reading() as connection:
        at = chunks.taken_again_at(connection, chunk_id)
    if at is not None:
        context.queue.enqueue(chunk_id, delay_s=max(AT_LEAST_S, (at - context.clock()).total_seconds()))


def _run(attempt: Attempt, lease: Lease) -> ChunkResult:
    try:
        if attempt.job.state is JobState.WAITING_FOR_QUOTA:
            attempt = attempt.wake()
        if attempt.chunk.number == PREPARE:
            return prepare(attempt)
        return undo(attempt) if attempt.chunk.number == UNDO else fill(attempt, lease)
    except SheetAccessExpired as error:
        return attempt.wait_for_access(str(error))
    except LeaseLost:
        logs.event("Chunk attempt was too slow: another one has its chunk.", chunk_id=attempt.chunk.id)
        return ChunkResult.LATER
    except SheetBusy as error:
        logs.event("Chunk postponed: the sheet is busy.", chunk_id=attempt.chunk.id, why=str(error))
        return attempt.postpone(timedelta(seconds=error.retry_after_s or 0))
    except LeadfillError as error:
        if error.status == 503:  # the store: nothing can be recorded now
            raise
        return attempt.end(stopped_by=_with_a_way_on(error, attempt.chunk.number))


def _with_a_way_on(error: LeadfillError, chunk_number: int) -> LeadfillError:
    """Return the error, with what to do once an account that has lost its right to the cells has it again."""
    if not isinstance(error, Forbidden):
        return error
    return type(error)(f"{error} {UNDO_THEN if chunk_number == UNDO else RETRY_THEN}")


def prepare(attempt: Attempt) -> ChunkResult:
    """Anchor the columns and insert missing ones, then queue the chunks that hold rows."""
    context, sheet = attempt.context, attempt.sheet()
    layout = attempt.layout  # a retry by somebody else writes into the same columns
    if layout is None:
        with tab_lock(attempt) as lock:  # columns that a dead worker sends for may still come, and would be made twice
            sheet.guard_writes(lock.write)
            layout = _ensure_columns(attempt, sheet)
    if any(not column.inserted for column in layout.columns):
        _take_snapshot(attempt, TabReader(sheet, layout))

    def record(connection: sa.Connection, job: Job) -> list[str]:
        jobs.change(connection, job.id, layout=layout.to_record())
        numbers = [] if job.stop_requested else job_rows.chunk_numbers(connection, job.id)
        return chunks.add(connection, job.id, numbers, context.clock())

    return attempt.end(record)


def _take_snapshot(attempt: Attempt, reader: TabReader) -> None:
    """Record the contents of reused columns page by page, since a large tab is never held in memory as a whole."""
    for page in reader.settling_pages():

        def save(connection: sa.Connection, job: Job, page: Page = page) -> None:
            cell_history.save_snapshot(connection, job.id, page.rows, first=page.first, last=page.last)

        if not attempt.record(save, seen=0):  # what the run has written since would be taken for what was there before
            raise SheetBusy("Another worker has taken this part of the run over.", retry_after_s=0)


def _ensure_columns(attempt: Attempt, sheet: GoogleSheet) -> Layout:
    job, request = attempt.job, attempt.request
    covered = parse_range(request.range)
    with attempt.context.store.reading() as connection:
        sample = job_rows.first_people(connection, job.id, SAMPLE_ROWS)
    wanted = ColumnRequest(
        job_id=job.id,
        sheet_id=job.sheet_id,
        fields=request.chosen(),
        url_column=covered.column,
        first_row=sample[0].row if sample else covered.first_row,
        last_row=covered.last_row or covered.first_row,
        header_row=request.header_row,
        reuse=request.placement == "reuse",
        choices=request.choices(),
        keys={row.key for row in sample if row.key},
    )
    return ensure_columns(sheet, wanted)


def fill(attempt: Attempt, lease: Lease) -> ChunkResult:
    """Look up the chunk's open rows, and write the results as they come; or the Status of rows without a profile."""
    job, number = attempt.job, attempt.chunk.number
    with attempt.context.store.reading() as connection:
        all_rows = job_rows.of_chunk(connection, job.id, number)
    if not access_lasts(job, attempt.context.clock()):
        raise SheetAccessExpired
    write_statuses(attempt, all_rows)
    rows = [row for row in all_rows if row.is_open]
    delivery, ending = Delivery(attempt, rows), _Ending()
    if rows:
        lease.waiting = delivery
        ending = _look_up(attempt, delivery, lease)
        delivery.finish()
    unfinished = delivery.settled < len(rows) or bool(delivery.waiting)
    return attempt.end(unfinished=unfinished, stopped_by=ending.stopped_by, until=ending.until)


def undo(attempt: Attempt) -> ChunkResult:
    """Give each cell that still holds the run's value its earlier content back."""
    left: str | None = None
    if attempt.layout is not None:
        with tab_lock(attempt) as lock:
            titles = [chosen.header for chosen in attempt.request.chosen()]
            store, sheet = attempt.context.store, attempt.sheet()
            sheet.guard_writes(lock.write)
            left = undo_rows(store, sheet, attempt.job, attempt.layout, titles=titles, renew_lock=lock.renew)

    def record(connection: sa.Connection, job: Job) -> None:
        jobs.change(connection, job.id, message=left)

    return attempt.end(record)


@dataclass(frozen=True, slots=True)
class _Ending:
    """The reason why an attempt looks up nobody any more although rows are open."""

    stopped_by: LeadfillError | None = None
    """The provider or a cap, where one of them ended the run."""
    until: datetime | None = None
    """The end of a provider's limit, where that is the reason."""


def _look_up(attempt: Attempt, delivery: Delivery, lease: Lease) -> _Ending:
    context, job, retry, rows = attempt.context, attempt.job, attempt.request.retry, delivery.rows
    spender = Spender(run_id=job.id, user_id=job.user_id, spreadsheet_id=job.spreadsheet_id, ceilings=job.ceilings)
    with context.store.reading() as connection:
        keys = [row.key for row in rows if row.key]
        asked = ledger.keys_of_run(connection, job.id, keys, since=job.started_at) if retry else {}
    partial: dict[int, Result] = {}
    if job.stop_requested:
        lease.set()
    run = context.make_enricher().enrich(
        (of_key(key) for key in keys),
        spender,
        owner=attempt.chunk.lease,
        providers=attempt.request.asked(context.providers),
        needs=attempt.request.wanted(),
        go_on=attempt.request.go_on_without,
        retry=retry,
        retry_before=job.started_at,
        asked=asked,
        stop=lease,
    )
    with delivery.beside(run, lease):
        for result in run:
            if result.unfinished and result.outcome is not Outcome.CANCELLED:
                partial[result.index] = result
            elif result.outcome is not Outcome.CANCELLED:
                delivery.take(rows[result.index].position, result)
    ending = _Ending()
    if run.waits_for is not None and run.stopped_by in (None, run.waits_for):
        ending = _Ending(until=run.waits_for.until)
    elif isinstance(run.stopped_by, ProviderError | CapReached):
        ending = _Ending(stopped_by=run.stopped_by)
    if partial:
        _take_partial(attempt, delivery, partial, ending)
    return ending


def _take_partial(attempt: Attempt, delivery: Delivery, partial: Mapping[int, Result], ending: _Ending) -> None:
    """Take rows, by their index, for which further providers were still to be asked.

    If the job stops, no attempt comes back to them; if it waits, nobody should wait a day for values that are there
    already. In all other cases the next attempt asks the remaining providers.
    """
    is_last = ending.stopped_by is not None or attempt.reload().stop_requested
    for index, result in partial.items():
        if is_last or (ending.until is not None and result.outcome in WITH_VALUES):
            delivery.take(delivery.rows[index].position, result, waits=not is_last)
