"""Delivers an attempt's results while it goes on: values into the sheet, outcomes into the store.

Each flush is a small, complete delivery of all results that have come and have no outcome yet. It holds the tab's lock
from the first read until the outcomes are recorded. Rows that a flush could not finish belong to the next one.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import sqlalchemy as sa

from functions import logs
from functions.enrichment.result import Result
from functions.errors import LeadfillError, SheetBusy, StoreError
from functions.fields import Budget
from functions.fields.catalogue import Field
from functions.jobs.attempt import Attempt, LeaseLost
from functions.jobs.flush_pace import FlushPace
from functions.jobs.leases import WRITING, tab_lock
from functions.jobs.row_outcomes import mark_enriched, outcomes_of, reasons_to_retry, refusal_sentence
from functions.runtime import Event
from functions.sheet_writes.fill import write
from functions.sheet_writes.writer import WriteResult
from functions.sheets.layout import layout_from_record
from functions.sheets.row_matching import RowValues
from functions.sheets.transport import hang_up
from functions.store import cell_history, chunks, job_rows, jobs
from functions.store.cell_history import WrittenRow
from functions.store.chunks import FIRST
from functions.store.job_rows import JobRow
from functions.store.jobs import Job
from functions.store.sheet_calls import FLUSH_INTERVAL, flush_at_once, take_flush

LOOK_S = 0.1
"""Seconds between two looks whether a flush is due, while something has come."""
IDLE_S = 60.0
"""The same while nothing has; the first row that comes ends the wait."""
BUSY_S = 2.0
"""Seconds until the next look after a flush that met a busy tab, or a store that failed."""
GIVES_WAY = timedelta(seconds=0.3)
"""The longest that a turn to write is left to others, by an attempt that has just had one."""
TURN_LOOK_S = 0.5
"""Seconds between two looks whether the last flush of a chunk still need not hurry."""
MAX_FLUSH_BYTES = 10_000_000
"""Memory of the values of one flush, unless a single row has more: writing them takes several times as much. Usual
values take a tenth of it."""
LATE = "The last answers came too late to be written in this attempt; the next one writes them."


class Lookups(Protocol):
    """The lookups of an attempt."""

    @property
    def is_waiting(self) -> bool:
        """True while further results take longer than a query to the store."""


@dataclass(slots=True)
class Delivery:
    """The results of one attempt. Its length is the number of rows that have come and have no outcome yet."""

    attempt: Attempt
    rows: Sequence[JobRow]
    settled: int = field(init=False, default=0)
    """Rows that have their outcome."""
    waiting: set[int] = field(init=False, default_factory=set)
    """Rows that have one provider's values, and wait for another one's limit with what is still open."""
    _open: dict[int, JobRow] = field(init=False)
    _came: dict[int, Result] = field(init=False, default_factory=dict)
    """By position, like the next two. A result that has its values keeps no lead."""
    _values: dict[int, RowValues | None] = field(init=False, default_factory=dict)
    _unconfirmed: set[int] = field(init=False)
    """Rows that an earlier attempt has perhaps written, without recording their outcomes."""
    _looked_for: set[object] = field(init=False, default_factory=set)
    """Rows of other chunks that were looked for in wrong places, without their values, which may be long."""
    _budget: Budget = field(init=False)
    _until: datetime = field(init=False)
    _wrote_s: float = field(init=False)
    """When the latest flush ended, or the attempt began, by the runtime's clock that never goes back."""
    _wake: Event = field(init=False)
    """Set when there is something to deliver, and at the end."""
    _guard: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        context = self.attempt.context
        self._wake = context.runtime.event()
        self._open = {row.position: row for row in self.rows}
        self._budget = Budget(len(self.rows))
        self._until = context.clock() + WRITING
        self._wrote_s = context.runtime.monotonic()
        job, chunk = self.attempt.job, self.attempt.chunk
        with context.store.reading() as connection:
            self._unconfirmed = cell_history.begun(connection, job.id, chunk.number) & self._open.keys()

    def __len__(self) -> int:
        return len(self._came)

    def take(self, position: int, result: Result, *, waits: bool = False) -> None:
        """Take the result of a row; with `waits`, the run opens the row again once a provider's limit is over."""
        with self._guard:
            if waits:
                self.waiting.add(position)
            is_first = not self._came
            self._came[position] = result
        if is_first:
            self._wake.set()

    @contextmanager
    def beside(self, lookups: Lookups, stop: Event) -> Iterator[None]:
        """Deliver results from a thread while the block looks people up; an error that no flush can avoid stops both.

        Raises:
            LeadfillError: the error of a flush.
        """
        runtime = self.attempt.context.runtime
        over, ended = runtime.event(), runtime.event()
        met: list[LeadfillError] = []

        def deliver() -> None:
            try:
                self._deliver(lookups, over)
                ended.set()
            except LeadfillError as error:
                met.append(error)
            finally:
                hang_up()
                if not ended.is_set():
                    stop.set()

        thread = runtime.spawn(deliver, name=f"delivery of chunk {self.attempt.chunk.number}")
        try:
            yield
        finally:
            over.set()
            self._wake.set()
            thread.join()
        if met:
            raise met[0]
        if not ended.is_set():
            raise RuntimeError("A flush broke off; its own traceback says why.")

    def finish(self) -> None:
        """Deliver the rest.

        Raises:
            LeadfillError: it could not be written.
        """
        context = self.attempt.context
        while self._came:  # values that take much memory need several flushes
            if context.clock() >= self._until:
                raise SheetBusy(LATE, retry_after_s=0)
            # Who has seen values every few seconds goes on to; the first ones wait for nobody.
            if not (self.settled and self._wait_for_turn()):
                flush_at_once(context.store, self.attempt.job.user_id, context.clock())
            self.flush()

    def flush(self) -> None:
        """Deliver results that have come: all, or as many as `MAX_FLUSH_BYTES` allows; others wait for the next flush.

        Those that an earlier flush could not finish are among them.

        Raises:
            LeaseLost: another attempt does the work.
            SheetError: the sheet cannot be used; the results stay here.
            StoreError: the store cannot be used; likewise.
        """
        attempt, rows = self.attempt, self._evaluated()
        wanted = [values for row in rows if (values := self._values[row.position]) is not None]
        job = attempt.reload()  # its access may be fresh, and another chunk may have met a column that takes no values
        with tab_lock(attempt) as lock:
            # Until the outcomes are recorded: who repairs the tab takes what an open row holds for somebody's stray.
            written, refused = WriteResult(), dict[int, str]()
            if wanted and job.layout is not None:
                writer, left = lock.writer(job, layout_from_record(job.layout)), self._left_by_others()
                written = write(writer, wanted, overwrite=attempt.request.overwrite, left=left)
                self._looked_for |= {_attempted(row) for row in left}
                refused = writer.refusals.reasons
            self._settle(rows, written, refused)
        self._wrote_s = attempt.context.runtime.monotonic()

    def _left_by_others(self) -> list[WrittenRow]:
        """Return the rows of other chunks that have perhaps been written by a delivery that broke off.

        This one has the tab's lock, which is held until outcomes are recorded. So none of these is on its way: their
        attempt has failed, or it lives, and tries again once it gets the lock.
        """
        attempt = self.attempt
        with attempt.context.store.reading() as connection:
            chunk_numbers = chunks.begun(connection, attempt.chunk)
            rows = cell_history.unsettled(connection, attempt.job.id, chunk_numbers)
        return [row for row in rows if _attempted(row) not in self._looked_for]

    def _deliver(self, lookups: Lookups, over: Event) -> None:
        context = self.attempt.context
        pace = FlushPace(len(self.rows), context.runtime.monotonic())
        pause_s = IDLE_S
        while True:
            self._wake.wait(pause_s)
            self._wake.clear()
            if over.is_set() or context.clock() >= self._until:
                return
            is_worthwhile = pace.is_worthwhile(self.settled, len(self), context.runtime.monotonic())
            pause_s = LOOK_S if len(self) else IDLE_S
            if is_worthwhile and lookups.is_waiting and self._is_whole():
                pause_s = self._flush_in_turn()

    def _flush_in_turn(self) -> float:
        """Flushes if it is this attempt's turn; return the seconds until the next look."""
        try:
            if (left_s := self._take_turn()) > 0:
                return left_s
            self.flush()
        except (SheetBusy, StoreError) as error:  # what came waits; the lookups meet the store's trouble themselves
            logs.event("Flush postponed.", chunk_id=self.attempt.chunk.id, why=str(error))
            return BUSY_S
        return LOOK_S

    def _take_turn(self) -> float:
        """Take the turn to write if it is free; return the seconds after which to ask again, 0 if it was taken.

        The first flush of a run waits for none: the one before it was perhaps the last one of another run. A part whose
        lookups go on leaves the turn to those that have ended, and to those that have waited longer than itself.
        """
        context, user_id = self.attempt.context, self.attempt.job.user_id
        if self.attempt.chunk.number == FIRST and not self.settled:
            flush_at_once(context.store, user_id, context.clock())
            return 0.0
        waited = timedelta(seconds=context.runtime.monotonic() - self._wrote_s)
        gives_way = GIVES_WAY * (FLUSH_INTERVAL / max(FLUSH_INTERVAL, waited))
        return take_flush(context.store, user_id, context.clock(), gives_way=gives_way).total_seconds()

    def _wait_for_turn(self) -> bool:
        """Wait for the turn of the last flush while another chunk is looked up; return whether it was taken."""
        context, chunk = self.attempt.context, self.attempt.chunk
        while left := take_flush(context.store, self.attempt.job.user_id, context.clock()):
            with context.store.reading() as connection:
                if not chunks.another_goes_on(connection, chunk):
                    return False
            if self.attempt.reload().stop_requested:  # somebody wants to see the end
                return False
            context.runtime.sleep(min(left.total_seconds(), TURN_LOOK_S))
        return True

    def _is_whole(self) -> bool:
        """Return whether all rows have come that an earlier attempt may have misplaced: one delivery looks for them."""
        with self._guard:
            return self._unconfirmed <= self._came.keys()

    def _evaluated(self) -> list[JobRow]:
        """Return rows that have come, in order, each with its computed values; as many as a flush takes.

        Rows that an earlier attempt may have misplaced come first, since one delivery looks for them, and then those
        that have their values: so what is held is bounded, however many flushes fail.
        """
        fields = self.attempt.request.chosen()
        with self._guard:
            came = dict(self._came)
        taken, size_bytes = list[int](), 0
        for position in sorted(came, key=lambda at: (at not in self._unconfirmed, at not in self._values, at)):
            if size_bytes >= MAX_FLUSH_BYTES and position not in self._unconfirmed:
                break
            if position not in self._values:
                self._evaluate(position, came[position], fields)
            taken.append(position)
            row_values = self._values[position]
            size_bytes += 0 if row_values is None else sum(map(sys.getsizeof, row_values.values.values()))
        return [self._open[position] for position in sorted(taken)]

    def _evaluate(self, position: int, result: Result, fields: Sequence[Field]) -> None:
        """Compute a row's values; a custom field that fails leaves its cell empty and its sentence in the detail."""
        row, failures = self._open[position], dict[str, None]()

        def failed(sentence: str) -> str:
            failures[sentence] = None
            return ""

        cells = result.cells(fields, budget=self._budget, failed=failed)
        values = {number: cell for number, cell in enumerate(cells) if cell != ""}
        detail = " ".join(filter(None, [result.detail, *failures])) if failures else result.detail
        self._values[position] = RowValues(position, row.row, row.key or "", values) if values else None
        self._came[position] = msgspec.structs.replace(result, known={}, detail=detail)

    def _settle(self, rows: Sequence[JobRow], written: WriteResult, refused: dict[int, str]) -> None:
        attempt, ended = self.attempt, [row.position for row in rows]
        headers = [chosen.header for chosen in attempt.request.chosen()]
        said = {number: refusal_sentence(headers[number], reason) for number, reason in refused.items()}
        outcomes = outcomes_of(ended, self._came, written, said)

        def record(connection: sa.Connection, job: Job) -> None:
            if job.layout is not None and len(refused) > len(job.layout["refused"]):  # the next flush need not try
                layout = replace(layout_from_record(job.layout), refused=tuple(refused.items()))
                jobs.change(connection, job.id, layout=layout.to_record())
            job_rows.go_on(connection, job.id, [row.position for row in rows if row.again])
            job_rows.settle(connection, job.id, mark_enriched(connection, job, rows, outcomes))
            job_rows.mark(connection, job.id, reasons_to_retry(ended, self._came, self.waiting))

        if not attempt.record(record, seen=len(self) - len(ended)):
            raise LeaseLost
        with self._guard:
            for position in ended:
                del self._came[position]
                del self._values[position]
            self.settled += len(ended)
            self._unconfirmed.clear()


def _attempted(row: WrittenRow) -> object:
    """Return which row was begun, and by which calls: it may be begun anew once it was looked for."""
    return row.position, row.row_context, frozenset(row.sent)
