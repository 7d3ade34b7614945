"""Runs one chunk of a job: prepare the sheet, or look its rows up and write them, or undo the job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from functions import logs
from functions.context import AppContext
from functions.credits.caps import Spender
from functions.enrichment.result import Result
from functions.errors import (
    CapReached,
    LeadfillError,
    ProviderError,
    SheetAccessExpired,
    SheetBusy,
    StoreError,
)
from functions.fields import Budget
from functions.jobs.attempt import Attempt, ChunkResult, begin
from functions.jobs.attempt_limit import give_up, has_failed_too_often
from functions.jobs.leases import access_lasts, heartbeat, tab_lock
from functions.jobs.row_outcomes import mark_enriched, outcomes_of, reasons_to_retry, refusal_sentence
from functions.outcomes import Outcome
from functions.profiles.parsing import of_key
from functions.sheet_writes.fill import write
from functions.sheet_writes.undo import undo_rows
from functions.sheet_writes.writer import SheetWriter, WriteResult
from functions.sheets.a1 import parse_range
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import ColumnRequest, Layout, ensure_columns
from functions.sheets.row_matching import RowValues
from functions.sheets.tab_reader import TabReader
from functions.store import cell_history, chunks, job_rows, jobs, ledger
from functions.store.chunks import PREPARE, UNDO
from functions.store.job_rows import JobRow
from functions.store.job_states import JobState
from functions.store.jobs import Job

SAMPLE_ROWS = 200
"""Rows whose people show which column holds the URLs."""


def run_chunk(context: AppContext, chunk_id: str | None = None) -> ChunkResult:
    """Takes a chunk that is due (this one, or any) and runs it.

    Raises:
        StoreError: the store cannot be used; the chunk is tried again once its lease is over.
    """
    attempt = begin(context, chunk_id)
    if attempt is None:
        return ChunkResult.NONE
    if has_failed_too_often(attempt):
        return give_up(attempt)
    ended = False
    try:
        result = _run(attempt)
        ended = True
    except StoreError:
        ended = True  # or nothing can be recorded now: its lease runs out
        raise
    finally:
        if not ended:
            attempt.give_back()
    return result


def _run(attempt: Attempt) -> ChunkResult:
    work = {PREPARE: prepare, UNDO: undo}.get(attempt.chunk.number, fill)
    try:
        if attempt.job.state is JobState.WAITING_FOR_QUOTA:
            attempt = attempt.wake()
        return work(attempt)
    except SheetAccessExpired as error:
        return attempt.wait_for_access(str(error))
    except SheetBusy as error:
        logs.event("Chunk postponed: the sheet is busy.", chunk_id=attempt.chunk.id, why=str(error))
        return attempt.postpone(timedelta(seconds=error.retry_after_s or 0))
    except LeadfillError as error:
        if error.status == 503:  # the store: nothing can be recorded now
            raise
        return attempt.end(stopped_by=error)


def prepare(attempt: Attempt) -> ChunkResult:
    """Anchors and inserts the columns, then queues the chunks that hold rows."""
    context, sheet = attempt.context, attempt.sheet()
    layout = attempt.layout or _ensure_columns(attempt, sheet)  # a retry by somebody else writes into the same columns
    reused = any(not column.inserted for column in layout.columns)
    held = TabReader(sheet, layout).all_rows() if reused else ()

    def record(connection: sa.Connection, job: Job) -> list[str]:
        cell_history.save_snapshot(connection, job.id, held)
        jobs.change(connection, job.id, layout=layout.to_record())
        numbers = [] if job.stop_requested else job_rows.open_chunk_numbers(connection, job.id)
        return chunks.add(connection, job.id, numbers, context.clock())

    return attempt.end(record)


def _ensure_columns(attempt: Attempt, sheet: GoogleSheet) -> Layout:
    job, request = attempt.job, attempt.request
    covered = parse_range(request.range)
    with attempt.context.store.reading() as connection:
        sample = job_rows.page(connection, job.id, None, -1, SAMPLE_ROWS)
    return ensure_columns(
        sheet,
        ColumnRequest(
            job_id=job.id,
            sheet_id=job.sheet_id,
            fields=request.chosen(),
            url_column=covered.column,
            first_row=covered.first_row,
            last_row=covered.last_row or covered.first_row,
            header_row=request.header_row,
            reuse=request.placement == "reuse",
            choices=request.choices(),
            keys={row.key for row in sample if row.key},
        ),
    )


def fill(attempt: Attempt) -> ChunkResult:
    """Looks the chunk's open rows up and writes them."""
    job, number = attempt.job, attempt.chunk.number
    with attempt.context.store.reading() as connection:
        rows = [row for row in job_rows.of_chunk(connection, job.id, number) if row.outcome is None and row.key]
    if not access_lasts(job, attempt.context.clock()):
        raise SheetAccessExpired
    found = _look_up(attempt, rows) if rows else _Found()
    wanted = _wanted(attempt, rows, found.results)
    with ExitStack() as closing:
        written, refused = WriteResult(), dict[int, str]()
        if found.results and attempt.layout is not None:
            # Until the outcomes are recorded: who repairs the tab takes what an open row holds for somebody's stray.
            closing.enter_context(tab_lock(attempt))
            if wanted:
                writer = SheetWriter(attempt.context.store, job.id, attempt.sheet(), attempt.layout)
                written = write(writer, wanted, overwrite=attempt.request.overwrite)
                refused = writer.refusals.reasons
        ended = [row.position for row in rows if row.position in found.results]
        headers = [chosen.header for chosen in attempt.request.chosen()]
        said = {number: refusal_sentence(headers[number], reason) for number, reason in refused.items()}
        outcomes = outcomes_of(ended, found.results, written, said)

        def record(connection: sa.Connection, job: Job) -> None:
            if attempt.layout is not None and len(refused) > len(attempt.layout.refused):  # the next chunk need not try
                layout = replace(attempt.layout, refused=tuple(refused.items()))
                jobs.change(connection, job.id, layout=layout.to_record())
            job_rows.settle(connection, job.id, mark_enriched(connection, job, rows, outcomes))
            job_rows.mark(connection, job.id, reasons_to_retry(ended, found.results))

        unfinished = len(outcomes) < len(rows)
        return attempt.end(record, unfinished=unfinished, stopped_by=found.stopped_by, until=found.until)


def undo(attempt: Attempt) -> ChunkResult:
    """Gives every cell that still holds what the run wrote what it held before."""
    left: str | None = None
    if attempt.layout is not None:
        with tab_lock(attempt):
            left = undo_rows(attempt.context.store, attempt.sheet(), attempt.job, attempt.layout)

    def record(connection: sa.Connection, job: Job) -> None:
        jobs.change(connection, job.id, message=left)

    return attempt.end(record)


@dataclass(slots=True)
class _Found:
    """The result of looking people up."""

    results: dict[int, Result] = field(default_factory=dict)
    """By position; rows are missing that the run did not get to."""
    stopped_by: LeadfillError | None = None
    """The provider or a cap, where one of them ended the run."""
    until: datetime | None = None
    """The end of a provider's limit, where that is why rows are missing."""


def _look_up(attempt: Attempt, rows: Sequence[JobRow]) -> _Found:
    context, job, retry = attempt.context, attempt.job, attempt.request.retry
    spender = Spender(run_id=job.id, user_id=job.user_id, spreadsheet_id=job.spreadsheet_id, ceilings=job.ceilings)
    with context.store.reading() as connection:
        keys = [row.key for row in rows if row.key]
        asked = ledger.keys_of_run(connection, job.id, keys, since=job.started_at) if retry else {}
    found = _Found()
    with heartbeat(attempt, found.results) as stop:
        if job.stop_requested:
            stop.set()
        profiles = (of_key(row.key) for row in rows if row.key)
        run = context.make_enricher().enrich(
            profiles,
            spender,
            providers=attempt.request.asked(context.providers),
            needs=attempt.request.wanted(),
            go_on=attempt.request.go_on_without,
            retry=retry,
            retry_before=job.started_at,
            asked=asked,
            stop=stop,
        )
        partial: dict[int, Result] = {}
        for result in run:
            if result.outcome is not Outcome.CANCELLED:
                (partial if result.unfinished else found.results)[rows[result.index].position] = result
    if run.waits_for is not None and run.stopped_by in (None, run.waits_for):
        found.until = run.waits_for.until
    elif isinstance(run.stopped_by, ProviderError | CapReached):
        found.stopped_by = run.stopped_by
    # Nobody comes back to these rows if the job stops; else the next attempt asks the providers that are left.
    if partial and (found.stopped_by is not None or attempt.reload().stop_requested):
        found.results |= partial
    return found


def _wanted(attempt: Attempt, rows: Sequence[JobRow], results: dict[int, Result]) -> list[RowValues]:
    """Computes what each row that has a result should hold; cells without a value are left out.

    A custom field that fails on a lead leaves its cell empty, and its sentence in the detail of the row's result.
    """
    fields, budget = attempt.request.chosen(), Budget(len(rows))
    wanted = []
    for row in rows:
        if (result := results.get(row.position)) is None:
            continue
        failures: dict[str, None] = {}

        def failed(sentence: str, failures: dict[str, None] = failures) -> str:
            failures[sentence] = None
            return ""

        cells = result.cells(fields, budget=budget, failed=failed)
        if failures:
            results[row.position] = replace(result, detail=" ".join(filter(None, [result.detail, *failures])))
        if values := {number: cell for number, cell in enumerate(cells) if cell != ""}:
            wanted.append(RowValues(row.position, row.row, row.key or "", values))
    return wanted
