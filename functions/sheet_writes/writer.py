"""Writes contents into rows that people move meanwhile, in a run and in an undo, until a read confirms them.

Each round records the intended contents, writes them, and reads again. If rows moved in between, cells that the write
hit get back what their own row held, and the contents go to where their rows are now, until a read confirms both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from functions import logs
from functions.errors import BadRange, SheetBusy
from functions.sheet_writes.refusals import Columns, Refusals
from functions.sheets.cells import CellChange, Cells, Content, SheetRow, Write, by_identity, exact, same
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import Layout
from functions.sheets.repair import (
    Repair,
    Sent,
    as_repaired,
    as_writes,
    giving_way,
    misplaced,
    sent_by,
    unseen,
    unseen_nearby,
    with_repairs,
)
from functions.sheets.row_matching import RowMatches
from functions.sheets.row_pairing import without
from functions.sheets.tab_reader import TabReader
from functions.sheets.transport import Protected, UncertainWrite
from functions.store import cell_history, job_rows
from functions.store.cell_history import WrittenRow
from functions.store.database import Store

SLACK_ROWS = 50
"""Rows by which a few insertions may have pushed a row that is still found at the first look."""
PAGE_ROWS = 5_000
REMEMBERED = 5_000
"""People of whom is remembered whether they stand in several rows, some more or less."""
ROUNDS = 12
"""Writes of one delivery while people go on moving rows under it."""


class WriteTask(Protocol):
    """Values to bring into the sheet: in a run, or back in an undo."""

    at_undo: bool
    """Whether what the store remembers of untouched rows was read when the undo began, and not before the run."""

    def match(self, rows: Sequence[SheetRow], positions: Collection[int] | None, *, whole: bool) -> RowMatches:
        """Return the values to write into the job's rows at these positions, or into all (None).

        Args:
            rows: the sheet as it is now.
            positions: of rows of the job.
            whole: whether these are all the rows of the tab.
        """

    def unconfirmed(self) -> Sequence[Write]:
        """Return the writes that an earlier attempt began and did not confirm."""

    def record(self, writes: Sequence[Write]) -> None:
        """Record the writes before they are sent."""

    def believed_rows(self, rows: Sequence[WrittenRow], at_first: Sequence[SheetRow]) -> Sequence[SheetRow]:
        """Return the contents of rows as far as the store knows: their first contents and what was written since."""


@dataclass(slots=True)
class WriteResult:
    """The result of a task; each of its rows is in exactly one of these."""

    done: dict[int, Write] = field(default_factory=dict)
    """By position: the contents are seen beside their URL."""
    filled: set[int] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    """Positions whose row is gone or cannot be written."""
    refused: dict[int, frozenset[int]] = field(default_factory=dict)
    """By position, the numbers of the fields whose columns took no values."""
    unwritten: set[int] = field(default_factory=set)
    """Positions of rows into which nothing was written because of that."""


@dataclass(frozen=True, slots=True)
class SheetWriter:
    """Writes into the tab of one job."""

    store: Store
    job_id: str
    sheet: GoogleSheet
    layout: Layout
    renew_lock: Callable[[], None]
    """Keeps the tab's lock before each round; raises `SheetBusy` where another writer has had it since."""
    _in_several: dict[str, bool] = field(init=False, default_factory=dict)
    """Identity → whether it stands in several rows of the job, as far as was asked: the same people are met again."""
    reader: TabReader = field(init=False)
    refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "refusals", Refusals(dict(self.layout.refused)))
        object.__setattr__(self, "reader", TabReader(self.sheet, self.layout, self._several))

    def deliver(self, task: WriteTask, near: tuple[int, int], looked: list[SheetRow] | None = None) -> WriteResult:
        """Write each value beside its own URL, read the rows again, and repair what moved in between.

        Args:
            task: the values and their rows.
            near: the numbers of the first and the last row of the task.
            looked: these rows, or the whole of a small tab, if they were read just now.

        Raises:
            SheetError: the sheet cannot be used; what was recorded stays for the next attempt.
        """
        with self.store.reading() as connection:
            begun = cell_history.repairs(connection, self.job_id)
        result = self._deliver(task, near, looked, begun)
        if begun:
            with self.store.writing() as connection:
                cell_history.record_repairs(connection, self.job_id, [])
        return result

    def _deliver(
        self, task: WriteTask, near: tuple[int, int], looked: list[SheetRow] | None, begun: list[Repair]
    ) -> WriteResult:
        """Deliver; `begun` holds the repairs of an attempt that broke off, and takes those of this one."""
        # Google has no compare-and-set for cells: between reading and writing, people may sort, insert or delete
        # rows. So each round reads, writes by position, and reads again. A value that is not seen beside its own URL
        # may stand in another row: it is taken back there in the same call that writes it to the right one.
        result = WriteResult()
        rows, whole = self.read_near(*near) if looked is None else (looked, self.small)
        # An earlier attempt died: what it wrote may stand in a wrong row, and in the right one as well by now. So may
        # what it gave back to a row that such a write had hit.
        strays = sent_by([*task.unconfirmed(), *as_writes(begun)])
        placed = task.match(rows, None, whole=whole)
        # A row that is missing among its neighbours may only have been moved far away, so it counts as absent only
        # once the whole tab was read.
        if not whole and (strays or placed.absent):
            rows, whole = self.read_all(), True
            placed = task.match(rows, None, whole=True)
        sent: list[Sent] = []
        repairs: list[Repair] = []
        if strays:
            believed = with_repairs(self._believed(task, [], rows, strays), begun)
            repairs = misplaced(believed, rows, strays, strays, begun, whole_rows=self.small, undoing=task.at_undo)
            rows = as_repaired(rows, repairs)
            placed = task.match(rows, None, whole=whole)
        for _ in range(ROUNDS):
            result.filled |= {want.position for want in placed.filled}
            result.absent |= {want.position for want in placed.absent}
            if self.refusals.reasons:
                placed.writes = [self._without_refused(write, result) for write in placed.writes]
            if not placed.writes and not repairs:
                return result
            self.renew_lock()
            # Durable before visible: if this process dies during the write, the next attempt knows what may stand in
            # a wrong row, and an undo knows what the cells held.
            repairs = giving_way(repairs, placed.writes)
            begun += repairs
            self.store.retry(partial(self._record, task, placed.writes, begun if repairs else ()))
            before = rows
            refused = self._send(placed.writes, repairs)
            written = [*placed.writes, *as_writes(repairs)]
            looks = any(write.pending for write in written)
            after = rows if not looks else (self.read_all() if whole else self.read_near(*near)[0])
            missing = (
                unseen(written, before, after, repairs)
                if whole
                else unseen_nearby(written, after, self._several(sorted({write.key for write in written})))
            )
            lost = {write.position for write in missing}
            result.done |= {write.position: write for write in placed.writes if write.position not in lost}
            if not missing:
                return result
            # What the rows held before is known only here: a database that fails for a moment must not end this.
            going = sent_by(written, by_column=self.refusals.by_column)
            sent += going
            known, whole = whole, True
            if not known:  # the stray values may have landed anywhere
                after = self.read_all()
            strays += going
            believed = before if known else self.store.retry(partial(self._believed, task, before, after, strays))
            repairs = misplaced(believed, after, sent, strays, repairs, whole_rows=self.small, undoing=task.at_undo)
            rows = as_repaired(after, repairs)
            placed = self.store.retry(partial(task.match, rows, lost, whole=whole))
        if refused is not None:
            raise refused
        if repairs:
            raise SheetBusy("Rows are moved again and again at the moment; the run goes on by itself.", retry_after_s=2)
        result.absent |= {write.position for write in placed.writes}  # nothing of them stands anywhere
        return result

    @property
    def small(self) -> bool:
        """True if the whole tab is read each time, so that the contents of every row before a write are known."""
        return self.reader.is_small

    def read_near(self, first: int, last: int) -> tuple[list[SheetRow], bool]:
        """Read the rows around these, or a small tab as a whole; return whether it was whole, too."""
        if (rows := self.reader.small_tab()) is not None:
            return rows, True
        start, end = max(1, first - SLACK_ROWS), min(self.layout.tab_rows, last + SLACK_ROWS)
        try:
            return self.reader.rows(start, end), False
        except BadRange:  # rows were deleted: the tab is shorter than it was
            return self.read_all(), True

    def read_all(self) -> list[SheetRow]:
        """Read the whole tab as of one moment."""
        return self.reader.all_rows()

    def read_pages(self) -> Iterator[list[SheetRow]]:
        """Read every row of the tab, some thousands at a time; a small tab as a whole.

        Raises:
            SheetError: the sheet cannot be used.
        """
        if (rows := self.reader.small_tab()) is not None:
            yield rows
            return
        yield from self.reader.pages(PAGE_ROWS)

    def _several(self, keys: Sequence[str]) -> Collection[str]:
        if len(self._in_several) > REMEMBERED:
            self._in_several.clear()
        unknown = [key for key in keys if key not in self._in_several]
        if unknown:
            found = self.store.retry(partial(self._ask_for_several, unknown))
            self._in_several.update((key, key in found) for key in unknown)
        return {key for key in keys if self._in_several[key]}

    def _ask_for_several(self, keys: Sequence[str]) -> Collection[str]:
        with self.store.reading() as connection:
            return job_rows.several(connection, self.job_id, keys)

    def _send(self, writes: Sequence[Write], repairs: Sequence[Repair]) -> BadRange | Protected | None:
        """Send all; return Google's refusal, if any. Google applies one call as a whole or not at all."""
        columns: dict[int, dict[int, Content]] = defaultdict(dict)
        for repair in repairs:
            for number, content in repair.sent.items():
                columns[number][repair.row.number] = content
        for write in writes:
            for number, content in write.pending.items():
                columns[number][write.number] = content
        error = None
        try:
            error = self.refusals.send(columns, self._put) if columns else None
        except UncertainWrite as uncertain:  # made or not, or in part: the second look sees that too
            logs.event("Write unconfirmed.", job_id=self.job_id, why=str(uncertain))
        if error is not None:  # perhaps rows were deleted, so that the last of these lie beyond the tab: it is seen
            logs.event("Write refused by the sheet.", job_id=self.job_id, why=str(error))
        return error

    def _record(self, task: WriteTask, writes: Sequence[Write], repairs: Sequence[Repair]) -> None:
        """Record what is about to be sent; of repairs, those that were begun before are among them, if any are."""
        task.record(writes)
        if repairs:
            with self.store.writing() as connection:
                cell_history.record_repairs(connection, self.job_id, repairs)

    def _without_refused(self, write: Write, result: WriteResult) -> Write:
        left = self.refusals.without(write)
        if refused := write.pending.keys() - left.pending.keys():
            result.refused[write.position] = frozenset(refused)
            if not left.changes:
                result.unwritten.add(write.position)
        return left

    def _put(self, columns: Columns) -> None:
        anchored = {self.layout.columns[number].anchor: cells for number, cells in columns.items()}
        self.sheet.write(anchored, self.reader.seen)

    def _believed(
        self, task: WriteTask, before: Sequence[SheetRow], after: Sequence[SheetRow], strays: Sequence[Sent]
    ) -> list[SheetRow]:
        """Return the contents of rows before the write: as read just before it, or as recorded in the store."""
        seen, now = by_identity(before), by_identity(after)
        values = {(number, exact(content)) for stray in strays for number, content in stray.cells.items()}
        unknown = {
            name
            for name, group in now.items()
            if len(group) > len(seen.get(name, ()))
            and any((number, exact(content)) in values for row in group for number, content in row.cells.items())
        }
        # Whose URL was edited since may be known by what is typed around.
        unknown |= {stray.identity for stray in strays if stray.identity not in now and stray.identity not in seen}
        with self.store.reading() as connection:
            written = cell_history.written(connection, self.job_id, sorted(unknown))
            at_first = cell_history.read_snapshot(connection, self.job_id, sorted(unknown), at_undo=task.at_undo)
        believed = list(before)
        for identity, remembered in by_identity(task.believed_rows(written, at_first)).items():
            believed += without(remembered, seen.get(identity, ()))
        return believed


def calls_of(row: WrittenRow, contents: Cells, changes: Mapping[int, CellChange]) -> list[Write]:
    """Return what each call has sent of a row, as a write each; their numbers (0, -1 …) keep the calls apart."""
    return [
        Write(row.position, row.key, -call, changes, {number: contents[number] for number in cells}, row.row_context)
        for call, cells in enumerate(row.sent)
    ]


def overlaid(
    at_first: Sequence[SheetRow], written: Sequence[WrittenRow], put: Callable[[WrittenRow], Cells]
) -> list[SheetRow]:
    """Return the first contents of rows, overlaid with what was written since."""
    bases, several = by_identity(at_first), Counter(found.key for found in written)
    rows: list[SheetRow] = []

    def agreement(row: SheetRow, found: WrittenRow) -> int:
        held = ((row.cells.get(number, ""), change) for number, change in found.changes.items())
        return sum(same(cell, change.before) or same(cell, change.after) for cell, change in held)

    for found in written:
        group = bases.get(found.key, [])
        alike = [row for row in group if row.row_context == found.row_context]
        base = max(alike, key=lambda row, found=found: agreement(row, found), default=None)  # type: ignore[misc] # a default argument keeps the value
        is_only = base is None and len(group) == several[found.key] == 1
        if is_only and agreement(group[0], found) == len(found.changes):  # what stands around it has changed since
            base = group[0]  # who held nothing is not remembered, so another one of that person's rows may be
        if base is not None:
            group.remove(base)
        # What stood around a person's only row is not read in a large tab, until that person has another one.
        context = found.row_context or (base.row_context if base else frozenset())
        rows.append(SheetRow(0, found.key, {**(base.cells if base else {}), **put(found)}, context))
    return rows + [row for group in bases.values() for row in group]
