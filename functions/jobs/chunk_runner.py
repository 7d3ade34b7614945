"""Runs one chunk of a job: prepare the sheet, or look its rows up and write them, or undo the job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from enum import StrEnum

from functions import logs
from functions.context import Deployment
from functions.credits.caps import Spender
from functions.enrichment.enricher import Result
from functions.errors import CapReached, LeadfillError, ProviderError, SheetAccessExpired, SheetBusy
from functions.fields import Facts, project
from functions.jobs.leases import locked, watched
from functions.jobs.request import wish_of
from functions.jobs.row_outcomes import credited, outcomes_of
from functions.jobs.service import PREPARE, UNDO, conclude
from functions.outcomes import JobState, Outcome
from functions.profiles.parsing import of_key
from functions.sheet_writes.fill import write
from functions.sheet_writes.undo import undo_rows
from functions.sheet_writes.writer import Courier, Delivered
from functions.sheets.a1 import parse_range
from functions.sheets.cells import Content
from functions.sheets.layout import Layout, Task, lay_out, layout_of
from functions.sheets.row_matching import Wanted
from functions.store import cell_history as images
from functions.store import chunks as tasks
from functions.store import jobs, ledger
from functions.store.chunks import Chunk
from functions.store.jobs import Job, JobRow
from functions.store.owners import this_process


class Ending(StrEnum):
    """How an attempt at a chunk ended."""

    DONE = "done"  # it needs no further attempt
    LATER = "later"  # it waits for its next attempt, or for access
    NONE = "none"  # it was not due, or another attempt has it


def run_chunk(deployment: Deployment, chunk_id: str | None = None) -> Ending:
    """Takes a chunk that is due (this one, or any) and runs it.

    Raises:
        StoreError: the store cannot be used; the chunk is tried again once its lease is over.
    """
    chunk = tasks.take(deployment.store, deployment.clock(), this_process(), chunk_id)
    if chunk is None:
        return Ending.NONE
    with deployment.store.writing() as connection:
        job = jobs.get(connection, chunk.job_id, lock=True)
        if job.state is JobState.QUEUED:
            jobs.move(connection, job, JobState.RUNNING, started_at=deployment.clock())
            job = jobs.get(connection, job.id)
    try:
        if chunk.number == PREPARE:
            _prepare(deployment, job, chunk)
        elif chunk.number == UNDO:
            _undo(deployment, job, chunk)
        elif not _rows(deployment, job, chunk):
            return Ending.LATER
    except SheetAccessExpired as error:
        _wait_for_access(deployment, chunk, str(error))
        return Ending.LATER
    except SheetBusy as error:
        logs.event("A chunk waits for the sheet.", chunk_id=chunk.id, why=str(error))
        _postpone(deployment, chunk, timedelta(seconds=error.retry_after_s or 0))
        return Ending.LATER
    except LeadfillError as error:
        if error.status == 503:  # the store: nothing can be recorded now
            raise
        _stop(deployment, chunk, str(error))
        logs.stopped(chunk.job_id, error.slug)
    return Ending.DONE


def _prepare(deployment: Deployment, job: Job, chunk: Chunk) -> None:
    """Anchors and inserts the columns, then queues the chunks that hold rows."""
    wish, covered = wish_of(job.request, job.spreadsheet_id), parse_range(job.request["range"])
    with deployment.store.reading() as connection:
        numbers = jobs.open_chunk_numbers(connection, job.id)
        sample = jobs.page_of_rows(connection, job.id, None, -1, 200)
    sheet = deployment.sheet_of(job)
    layout = lay_out(
        sheet,
        Task(
            job_id=job.id,
            sheet_id=job.sheet_id,
            fields=wish.chosen(),
            url_column=covered.column,
            first_row=covered.first_row,
            last_row=covered.last_row or covered.first_row,
            header=wish.header == "yes",
            reuse=wish.placement == "reuse",
            keys={row.key for row in sample if row.key},
        ),
    )
    reused = any(not column.inserted for column in layout.columns)
    # In one call: a row that moves between two pages would be remembered twice, or not at all.
    held = layout.each(sheet.window(layout.sheet_id, 1, None)) if reused else ()
    now = deployment.clock()
    with deployment.store.writing() as connection:
        if not tasks.finish(connection, chunk):
            return
        images.remember(connection, job.id, held)
        jobs.change(connection, job.id, layout=layout.kept())
        if jobs.get(connection, job.id).halted:
            numbers = []
        chunk_ids = tasks.add(connection, job.id, numbers, now)
        conclude(connection, jobs.get(connection, job.id), now)
    for chunk_id in chunk_ids:
        deployment.queue.enqueue(chunk_id)


def _rows(deployment: Deployment, job: Job, chunk: Chunk) -> bool:
    """Looks the chunk's open rows up and writes them; whether it is done."""
    with deployment.store.reading() as connection:
        rows = [row for row in jobs.rows_of_chunk(connection, job.id, chunk.number) if row.outcome is None and row.key]
    results, stopped_by = _look_up(deployment, job, chunk, rows) if rows else ({}, None)
    values = _values(job, rows, results)
    with ExitStack() as closing:
        written = Delivered()
        if values and job.layout is not None:
            # Until the outcomes are recorded: who repairs the tab takes what an open row holds for somebody's stray.
            closing.enter_context(locked(deployment, job, chunk))
            written = _write(deployment, job, layout_of(job.layout), values)
        outcomes = outcomes_of(values, results, written)
        unfinished = len(outcomes) < len(rows)
        now = deployment.clock()
        with deployment.store.writing() as connection:
            job = jobs.get(connection, job.id, lock=True)
            if stopped_by is not None:
                jobs.change(connection, job.id, halted=True, message=job.message or str(stopped_by))
                tasks.drop(connection, job.id)
                job = jobs.get(connection, job.id)
            later = unfinished and not job.halted
            held = tasks.postpone(connection, chunk, now) if later else tasks.finish(connection, chunk)
            if held:
                jobs.settle_rows(connection, job.id, credited(connection, job, rows, outcomes))
                conclude(connection, job, now)
    if stopped_by is not None:
        logs.stopped(job.id, stopped_by.slug)
    if later:
        deployment.queue.enqueue(chunk.id)
    return not later


def _look_up(
    deployment: Deployment, job: Job, chunk: Chunk, rows: Sequence[JobRow]
) -> tuple[dict[int, Result], LeadfillError | None]:
    """A result for each row that got one (by position), and what stopped the run early, if something did."""
    wish, enricher = wish_of(job.request, job.spreadsheet_id), deployment.make_enricher()
    spender = Spender(run_id=job.id, user_id=job.user_id, spreadsheet_id=job.spreadsheet_id, ceiling=job.ceiling)
    with deployment.store.reading() as connection:
        keys = [row.key for row in rows if row.key]
        asked = ledger.keys_of_run(connection, job.id, keys, since=job.started_at) if wish.retry else {}
    results: dict[int, Result] = {}
    with watched(deployment, chunk, results) as stop:
        if job.halted:
            stop.set()
        profiles = (of_key(row.key) for row in rows if row.key)
        run = enricher.enrich(profiles, spender, retry=wish.retry, asked=asked, stop=stop)
        for result in run:
            if result.outcome is not Outcome.CANCELLED:
                results[rows[result.index].position] = result
    return results, run.stopped_by if isinstance(run.stopped_by, ProviderError | CapReached) else None


def _values(
    job: Job, rows: Sequence[JobRow], results: dict[int, Result]
) -> dict[int, tuple[JobRow, dict[int, Content]]]:
    """What each row that has a result should hold, by position; cells without a value are left out."""
    fields = wish_of(job.request, job.spreadsheet_id).chosen()
    values: dict[int, tuple[JobRow, dict[int, Content]]] = {}
    for row in rows:
        result = results.get(row.position)
        if result is None:
            continue
        learned_at = result.known.learned_at if result.known and result.lead is not None else None
        facts = Facts(status=result.outcome, enriched_at=learned_at, linkedin_url=result.profile.url)
        cells = project(result.lead, facts, fields)
        values[row.position] = (row, {number: cell for number, cell in enumerate(cells) if cell != ""})
    return values


def _write(
    deployment: Deployment, job: Job, layout: Layout, values: dict[int, tuple[JobRow, dict[int, Content]]]
) -> Delivered:
    wish = wish_of(job.request, job.spreadsheet_id)
    wanted = [Wanted(position, row.row, row.key or "", cells) for position, (row, cells) in values.items() if cells]
    if not wanted:
        return Delivered()
    courier = Courier(deployment, job.id, deployment.sheet_of(job), layout)
    return write(courier, wanted, overwrite=wish.overwrite)


def _undo(deployment: Deployment, job: Job, chunk: Chunk) -> None:
    left = None
    if job.layout is not None:
        with locked(deployment, job, chunk):
            left = undo_rows(deployment, job, layout_of(job.layout))
    now = deployment.clock()
    with deployment.store.writing() as connection:
        job = jobs.get(connection, job.id, lock=True)
        if tasks.finish(connection, chunk):
            jobs.change(connection, job.id, message=left)
            conclude(connection, job, now)


def _wait_for_access(deployment: Deployment, chunk: Chunk, sentence: str) -> None:
    with deployment.store.writing() as connection:
        job = jobs.get(connection, chunk.job_id, lock=True)
        if tasks.wait(connection, chunk, deployment.clock()) and job.state in (JobState.RUNNING, JobState.UNDOING):
            jobs.move(connection, job, JobState.WAITING_FOR_ACCESS, message=sentence, sealed_token=None)
        elif job.state is JobState.CANCELLING:
            tasks.drop(connection, job.id)
            conclude(connection, job, deployment.clock())


def _postpone(deployment: Deployment, chunk: Chunk, delay: timedelta) -> None:
    with deployment.store.writing() as connection:
        tasks.postpone(connection, chunk, deployment.clock() + delay)
    deployment.queue.enqueue(chunk.id, delay_s=delay.total_seconds())


def _stop(deployment: Deployment, chunk: Chunk, sentence: str) -> None:
    """What this chunk met, every other one would: the run ends, and what was looked up is kept."""
    with deployment.store.writing() as connection:
        job = jobs.get(connection, chunk.job_id, lock=True)
        jobs.change(connection, job.id, halted=True, message=sentence)
        tasks.drop(connection, job.id)
        if not tasks.finish(connection, chunk):
            return
        job = jobs.get(connection, job.id)
        if job.state is JobState.UNDOING:
            jobs.move(connection, job, JobState.STOPPED, sealed_token=None)
        else:
            conclude(connection, job, deployment.clock())
