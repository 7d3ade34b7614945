"""Runs one chunk of a job: prepare the sheet, or look its rows up and write them, or undo the job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from functions import logs
from functions.context import AppContext
from functions.credits.caps import Spender
from functions.enrichment.enricher import Result
from functions.errors import CapReached, LeadfillError, ProviderError, SheetAccessExpired, SheetBusy
from functions.fields import Budget, project
from functions.jobs.leases import heartbeat, tab_lock
from functions.jobs.request import from_record
from functions.jobs.row_outcomes import mark_enriched, outcomes_of
from functions.jobs.service import PREPARE, UNDO, conclude
from functions.outcomes import JobState, Outcome
from functions.profiles.parsing import of_key
from functions.sheet_writes.fill import write
from functions.sheet_writes.undo import undo_rows
from functions.sheet_writes.writer import SheetWriter, WriteResult
from functions.sheets.a1 import parse_range
from functions.sheets.cells import Content
from functions.sheets.layout import ColumnRequest, Layout, ensure_columns, layout_from_record
from functions.sheets.row_matching import RowValues
from functions.store import cell_history, chunks, jobs, ledger
from functions.store.chunks import Chunk
from functions.store.jobs import Job, JobRow
from functions.store.owners import this_process


class ChunkResult(StrEnum):
    """How an attempt at a chunk ended."""

    DONE = "done"  # it needs no further attempt
    LATER = "later"  # it waits for its next attempt, or for access
    NONE = "none"  # it was not due, or another attempt has it


def run_chunk(context: AppContext, chunk_id: str | None = None) -> ChunkResult:
    """Takes a chunk that is due (this one, or any) and runs it.

    Raises:
        StoreError: the store cannot be used; the chunk is tried again once its lease is over.
    """
    chunk = chunks.take(context.store, context.clock(), this_process(), chunk_id)
    if chunk is None:
        return ChunkResult.NONE
    with context.store.writing() as connection:
        job = jobs.get(connection, chunk.job_id, lock=True)
        if job.state is JobState.QUEUED:
            now = context.clock()
            jobs.resume(connection, job, now, started_at=now)
            job = jobs.get(connection, job.id)
    try:
        if chunk.number == PREPARE:
            _prepare(context, job, chunk)
        elif chunk.number == UNDO:
            _undo(context, job, chunk)
        elif not _rows(context, job, chunk):
            return ChunkResult.LATER
    except SheetAccessExpired as error:
        _wait_for_access(context, chunk, str(error))
        return ChunkResult.LATER
    except SheetBusy as error:
        logs.event("A chunk waits for the sheet.", chunk_id=chunk.id, why=str(error))
        _postpone(context, chunk, timedelta(seconds=error.retry_after_s or 0))
        return ChunkResult.LATER
    except LeadfillError as error:
        if error.status == 503:  # the store: nothing can be recorded now
            raise
        _stop(context, chunk, str(error))
        logs.stopped(chunk.job_id, error.slug)
    return ChunkResult.DONE


def _prepare(context: AppContext, job: Job, chunk: Chunk) -> None:
    """Anchors and inserts the columns, then queues the chunks that hold rows."""
    job_request, covered = from_record(job.request, job.spreadsheet_id), parse_range(job.request["range"])
    with context.store.reading() as connection:
        numbers = jobs.open_chunk_numbers(connection, job.id)
        sample = jobs.page_of_rows(connection, job.id, None, -1, 200)
    sheet = context.sheet_of(job)
    layout = ensure_columns(
        sheet,
        ColumnRequest(
            job_id=job.id,
            sheet_id=job.sheet_id,
            fields=job_request.chosen(),
            url_column=covered.column,
            first_row=covered.first_row,
            last_row=covered.last_row or covered.first_row,
            header=job_request.header == "yes",
            reuse=job_request.placement == "reuse",
            keys={row.key for row in sample if row.key},
        ),
    )
    reused = any(not column.inserted for column in layout.columns)
    # In one call: a row that moves between two pages would be remembered twice, or not at all.
    held = layout.each(sheet.read_rows(layout.sheet_id, 1, None)) if reused else ()
    now = context.clock()
    with context.store.writing() as connection:
        if not chunks.finish(connection, chunk):
            return
        cell_history.save_snapshot(connection, job.id, held)
        jobs.change(connection, job.id, layout=layout.to_record())
        if jobs.get(connection, job.id).stop_requested:
            numbers = []
        chunk_ids = chunks.add(connection, job.id, numbers, now)
        conclude(connection, jobs.get(connection, job.id), now)
    for chunk_id in chunk_ids:
        context.queue.enqueue(chunk_id)


def _rows(context: AppContext, job: Job, chunk: Chunk) -> bool:
    """Looks the chunk's open rows up and writes them; whether it is done."""
    with context.store.reading() as connection:
        rows = [row for row in jobs.rows_of_chunk(connection, job.id, chunk.number) if row.outcome is None and row.key]
    results, stopped_by = _look_up(context, job, chunk, rows) if rows else ({}, None)
    values = _values(job, rows, results)
    with ExitStack() as closing:
        written = WriteResult()
        if values and job.layout is not None:
            # Until the outcomes are recorded: who repairs the tab takes what an open row holds for somebody's stray.
            closing.enter_context(tab_lock(context, job, chunk))
            written = _write(context, job, layout_from_record(job.layout), values)
        outcomes = outcomes_of(values, results, written)
        unfinished = len(outcomes) < len(rows)
        now = context.clock()
        with context.store.writing() as connection:
            job = jobs.get(connection, job.id, lock=True)
            if stopped_by is not None:
                jobs.change(connection, job.id, stop_requested=True, message=job.message or str(stopped_by))
                chunks.drop(connection, job.id)
                job = jobs.get(connection, job.id)
            later = unfinished and not job.stop_requested
            held = chunks.postpone(connection, chunk, now) if later else chunks.finish(connection, chunk)
            if held:
                jobs.settle_rows(connection, job.id, mark_enriched(connection, job, rows, outcomes))
                conclude(connection, job, now)
    if stopped_by is not None:
        logs.stopped(job.id, stopped_by.slug)
    if later:
        context.queue.enqueue(chunk.id)
    return not later


def _look_up(
    context: AppContext, job: Job, chunk: Chunk, rows: Sequence[JobRow]
) -> tuple[dict[int, Result], LeadfillError | None]:
    """A result for each row that got one (by position), and what stopped the run early, if something did."""
    job_request, enricher = from_record(job.request, job.spreadsheet_id), context.make_enricher()
    spender = Spender(run_id=job.id, user_id=job.user_id, spreadsheet_id=job.spreadsheet_id, ceiling=job.ceiling)
    with context.store.reading() as connection:
        keys = [row.key for row in rows if row.key]
        asked = ledger.keys_of_run(connection, job.id, keys, since=job.started_at) if job_request.retry else {}
    results: dict[int, Result] = {}
    with heartbeat(context, chunk, results) as stop:
        if job.stop_requested:
            stop.set()
        profiles = (of_key(row.key) for row in rows if row.key)
        run = enricher.enrich(profiles, spender, retry=job_request.retry, asked=asked, stop=stop)
        for result in run:
            if result.outcome is not Outcome.CANCELLED:
                results[rows[result.index].position] = result
    return results, run.stopped_by if isinstance(run.stopped_by, ProviderError | CapReached) else None


def _values(
    job: Job, rows: Sequence[JobRow], results: dict[int, Result]
) -> dict[int, tuple[JobRow, dict[int, Content]]]:
    """What each row that has a result should hold, by position; cells without a value are left out.

    A custom field that fails on a lead leaves its cell empty, and its sentence in the detail of the row's result.
    """
    fields = from_record(job.request, job.spreadsheet_id).chosen()
    values: dict[int, tuple[JobRow, dict[int, Content]]] = {}
    budget = Budget(len(rows))
    for row in rows:
        result = results.get(row.position)
        if result is None:
            continue
        failures: dict[str, None] = {}

        def failed(sentence: str, failures: dict[str, None] = failures) -> str:
            failures[sentence] = None
            return ""

        cells = project(result.lead, result.facts, fields, budget=budget, failed=failed)
        if failures:
            results[row.position] = replace(result, detail=" ".join(filter(None, [result.detail, *failures])))
        values[row.position] = (row, {number: cell for number, cell in enumerate(cells) if cell != ""})
    return values


def _write(
    context: AppContext, job: Job, layout: Layout, values: dict[int, tuple[JobRow, dict[int, Content]]]
) -> WriteResult:
    job_request = from_record(job.request, job.spreadsheet_id)
    wanted = [RowValues(position, row.row, row.key or "", cells) for position, (row, cells) in values.items() if cells]
    if not wanted:
        return WriteResult()
    writer = SheetWriter(context.store, job.id, context.sheet_of(job), layout)
    return write(writer, wanted, overwrite=job_request.overwrite)


def _undo(context: AppContext, job: Job, chunk: Chunk) -> None:
    left = None
    if job.layout is not None:
        with tab_lock(context, job, chunk):
            left = undo_rows(context.store, context.sheet_of(job), job, layout_from_record(job.layout))
    now = context.clock()
    with context.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if chunks.finish(connection, chunk):
            jobs.change(connection, job.id, message=left)
            conclude(connection, job, now)


def _wait_for_access(context: AppContext, chunk: Chunk, sentence: str) -> None:
    with context.store.writing() as connection:
        job = jobs.get(connection, chunk.job_id, lock=True)
        if chunks.wait(connection, chunk, context.clock()) and job.state in (JobState.RUNNING, JobState.UNDOING):
            jobs.move(connection, job, JobState.WAITING_FOR_ACCESS, message=sentence, encrypted_token=None)
        elif job.state is JobState.CANCELLING:
            chunks.drop(connection, job.id)
            conclude(connection, job, context.clock())


def _postpone(context: AppContext, chunk: Chunk, delay: timedelta) -> None:
    with context.store.writing() as connection:
        chunks.postpone(connection, chunk, context.clock() + delay)
    context.queue.enqueue(chunk.id, delay_s=delay.total_seconds())


def _stop(context: AppContext, chunk: Chunk, sentence: str) -> None:
    """What this chunk met, every other one would: the run ends, and what was looked up is kept."""
    with context.store.writing() as connection:
        job = jobs.get(connection, chunk.job_id, lock=True)
        jobs.change(connection, job.id, stop_requested=True, message=sentence)
        chunks.drop(connection, job.id)
        if not chunks.finish(connection, chunk):
            return
        job = jobs.get(connection, job.id)
        if job.state is JobState.UNDOING:
            jobs.move(connection, job, JobState.STOPPED, encrypted_token=None)
        else:
            conclude(connection, job, context.clock())
