"""Undoes a job: cells that still hold the run's values get their earlier contents back; columns it made are deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from functions.errors import SheetGone
from functions.sheet_writes.writer import SheetWriter, calls_of, overlaid
from functions.sheets.cells import CellChange, Cells, SheetRow, Write, by_identity
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import Layout
from functions.sheets.removal import Removal, remove_empty_columns
from functions.sheets.row_matching import RowMatches, RowValues
from functions.sheets.undo_matching import LeftAlone, match_undo
from functions.store import cell_history, job_rows
from functions.store.cell_history import WrittenRow
from functions.store.database import Store
from functions.store.jobs import Job

MAX_NAMED = 5
"""Rows that a sentence names."""
PEOPLE = 10_000
"""People whose rows are looked for in a whole large tab at once; each such look takes a dozen requests."""


def undo_rows(
    store: Store, sheet: GoogleSheet, job: Job, layout: Layout, *, titles: Sequence[str], renew_lock: Callable[[], None]
) -> str | None:
    """Give cells their earlier contents back; doing it twice changes nothing more.

    Args:
        store: the store.
        sheet: the job's.
        job: which has ended.
        layout: of its columns.
        titles: those of the columns that it made, by the field's number.
        renew_lock: as of a `SheetWriter`.

    Returns:
        A sentence about the cells that were left as they are; None if there are none.

    Raises:
        SheetError: the sheet cannot be used; cells that were restored so far stay restored.
    """
    # What refused the run's values may take their earlier contents now.
    writer = SheetWriter(store, job.id, sheet, replace(layout, refused=()), renew_lock)
    left = _Leftovers(titles, writer.refusals.reasons)
    try:
        _undo_all(writer, left)
    except SheetGone:
        anchors = writer.sheet.read_rows(layout.sheet_id, 1, 1).anchors
        if any(column.anchor in anchors for column in layout.columns):
            raise  # else an earlier attempt, or a person, has removed all columns: nothing is left to be given back
    header = job.request["header"]
    header_row = header if isinstance(header, int) else None
    left.removal = remove_empty_columns(writer.sheet, layout, titles, header_row=header_row)
    return left.sentence()


def _undo_all(writer: SheetWriter, left: _Leftovers) -> None:
    looked = _remember(writer)
    if writer.small:
        _undo(writer, looked, left, people=sorted({row.identity for row in looked}))
    else:
        for rows in writer.read_pages():
            _undo(writer, rows, left)
        _undo_across_pages(writer, left)
    with writer.store.reading() as connection:
        left.gone = cell_history.count_to_undo(connection, writer.job_id)


def _undo_across_pages(writer: SheetWriter, left: _Leftovers) -> None:
    """Undo what the pages have left: rows of people with several, and those that moved between two pages.

    Only these people are asked for, some thousands at a time. Each time the tab is read anew, or what somebody types
    meanwhile would not be seen.
    """
    after = ""
    while True:
        with writer.store.reading() as connection:
            people = cell_history.people_to_undo(connection, writer.job_id, after=after, limit=PEOPLE)
        if not people:
            return
        after, rows = people[-1], writer.read_all()
        _undo(writer, rows, left, people=sorted({row.identity for row in rows} & set(people)))


@dataclass(slots=True)
class _Leftovers:
    """Cells that an undo leaves as they are."""

    titles: Sequence[str]
    reasons: Mapping[int, str]
    """Why columns accept nothing, by the field's number."""
    refused: dict[int, frozenset[int]] = field(default_factory=dict)
    """By position, the numbers of the fields whose columns did not accept what they held before."""
    alone: LeftAlone = field(default_factory=LeftAlone)
    gone: int = 0
    """Rows that are not there any more."""
    removal: Removal = field(default_factory=Removal)

    def sentence(self) -> str | None:
        said = []
        if self.alone.changed:
            cells, rows = _counted(self.alone.changed)
            as_is = (
                "was changed since the run and left as it is"
                if cells == 1
                else ("were changed since the run and left as they are")
            )
            said.append(f"{cells} {'cell' if cells == 1 else 'cells'} {as_is} ({rows}).")
        if self.alone.ambiguous:
            cells, rows = _counted(self.alone.ambiguous)
            as_is = "was left as it is" if cells == 1 else "were left as they are"
            why = "several rows of the same person look alike, and it is not known which of them held what"
            said.append(f"{cells} {'cell' if cells == 1 else 'cells'} {as_is}, since {why} ({rows}).")
        for number, rows_refused in sorted(Counter(at for them in self.refused.values() for at in them).items()):
            as_is = "cell was left as it is" if rows_refused == 1 else "cells were left as they are"
            why = self.reasons.get(number, "").removesuffix(".")
            said.append(f"{rows_refused} {as_is} in the column “{self.titles[number]}”, which accepts nothing: {why}.")
        if self.gone:
            said.append(f"{self.gone} {'row is' if self.gone == 1 else 'rows are'} not there any more.")
        said += [
            f"The column “{title}” stays, since it has got a note or a rule such as a dropdown since the run."
            for title in self.removal.marked
        ]
        if self.removal.unguarded:
            said.append("The columns that the run has made are left, without values; delete them where they are empty.")
        return " ".join(said) or None


def _counted(cells: Mapping[int, tuple[int, int]]) -> tuple[int, str]:
    """Say how many cells these are, and in which rows."""
    rows = sorted({row for row, _ in cells.values()})
    named = ", ".join(map(str, rows[:MAX_NAMED])) + (" …" if len(rows) > MAX_NAMED else "")
    return sum(count for _, count in cells.values()), f"{'row' if len(rows) == 1 else 'rows'} {named}"


def _remember(writer: SheetWriter) -> list[SheetRow]:
    """Record the present contents of the columns, to recognise misplaced values; return what was read of a small tab.

    Records nothing if an earlier attempt may have misplaced values: its own record counts then.
    """
    store, job_id = writer.store, writer.job_id
    with store.reading() as connection:
        resumed = cell_history.undo_in_flight(connection, job_id)
    if resumed:
        return writer.reader.small_tab() or []
    rows: list[SheetRow] = []
    for page in writer.reader.settling_pages():
        rows = page.rows
        with store.writing() as connection:
            cell_history.save_snapshot(connection, job_id, rows, at_undo=True, first=page.first, last=page.last)
    return rows


def _undo(writer: SheetWriter, rows: list[SheetRow], left: _Leftovers, *, people: Sequence[str] | None = None) -> None:
    """Undo the writes into rows of these people; `rows` is the whole tab then, else a page of it."""
    keys = sorted({row.identity for row in rows}) if people is None else people
    with writer.store.reading() as connection:
        written = cell_history.written(connection, writer.job_id, keys)
        kept = cell_history.read_snapshot(connection, writer.job_id, keys, at_undo=False)
    certain = _certain_in_a_page(writer, written, rows) if people is None else written
    theirs = {row.position: row for row in certain}
    if all(row.undone for row in theirs.values()):
        return
    task = _UndoTask(writer, theirs, by_identity(kept))
    delivered = writer.deliver(task, (rows[0].number, rows[-1].number), rows)
    with writer.store.writing() as connection:
        cell_history.record_undo(
            connection, writer.job_id, [msgspec.structs.replace(theirs[at], undone=True) for at in delivered.done]
        )
    left.refused |= delivered.refused
    left.alone.changed |= task.alone.changed
    left.alone.ambiguous |= task.alone.ambiguous


def _certain_in_a_page(
    writer: SheetWriter, written: Sequence[WrittenRow], rows: Sequence[SheetRow]
) -> list[WrittenRow]:
    """Return the writes for people whose only row is on this page; other rows are told apart in the whole tab."""
    count = Counter(row.identity for row in rows)
    with writer.store.reading() as connection:
        several = job_rows.several(connection, writer.job_id, sorted(count))
    several |= writer.reader.seen_in_several(count)
    here = {(row.identity, row.row_context) for row in rows}
    return [row for row in written if row.key not in several and (row.key, row.row_context) in here]


@dataclass(slots=True)
class _UndoTask:
    """The write task of an undo."""

    writer: SheetWriter
    rows: dict[int, WrittenRow]
    """By position."""
    kept: Mapping[str, Sequence[SheetRow]]
    """By person, rows as they were before the run."""
    alone: LeftAlone = field(default_factory=LeftAlone)
    at_undo: bool = field(default=True, init=False)
    _guessed: set[int] = field(default_factory=set, init=False)
    """Positions of rows whose place is a guess: what stands around there is nothing to know them by."""

    _absent: set[int] = field(default_factory=set, init=False)
    """Positions for which no row is left; none is kept for them."""

    def unconfirmed(self) -> Sequence[Write]:
        return [
            call
            for row in self.rows.values()
            if row.back and not row.undone
            for call in calls_of(row, {number: row.changes[number].before for number in row.back}, {})
        ]

    def match(self, rows: Sequence[SheetRow], positions: Collection[int] | None, *, whole: bool) -> RowMatches:  # noqa: ARG002 - of people with several rows it is asked only with the whole tab
        if positions is None:  # a first look, or one at the whole tab after one at a part
            self._absent.clear()
        keys = {row.key for row in self.rows.values() if positions is None or row.position in positions}
        done = {
            row.position
            for row in self.rows.values()
            if row.undone or (positions is not None and row.position not in positions)
        }
        wanted = [
            RowValues(
                row.position,
                row.row,
                row.key,
                {number: change.before for number, change in row.changes.items()},
                {number: CellChange(change.after, change.before) for number, change in row.changes.items()},
                row.row_context,
            )
            for row in self.rows.values()
            if row.key in keys and row.position not in self._absent
        ]
        kept = [row for key in keys for row in self.kept.get(key, ())]
        placed, alone = match_undo(wanted, rows, kept, done, whole_rows=self.writer.small)
        for want in wanted:
            if want.position in done:
                continue
            self.alone.changed.pop(want.position, None)
            self.alone.ambiguous.pop(want.position, None)
        self.alone.changed |= alone.changed
        self.alone.ambiguous |= alone.ambiguous
        self._guessed = placed.guessed
        self._absent |= {want.position for want in placed.absent}
        return placed

    def record(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if write.pending:
                row = self.rows[write.position]
                context = row.row_context if write.position in self._guessed else write.row_context
                now = frozenset(write.pending)
                sent = {*row.sent, now} if row.back else {now}  # before the undo, these are the calls of the run
                self.rows[write.position] = msgspec.structs.replace(
                    row, back=row.back | now, row_context=context, sent=tuple(sent)
                )
        begun = [self.rows[write.position] for write in writes if write.pending]
        with self.writer.store.writing() as connection:
            cell_history.record_undo(connection, self.writer.job_id, begun)

    def believed_rows(self, rows: Sequence[WrittenRow], at_first: Sequence[SheetRow]) -> list[SheetRow]:
        """Return what rows held when the undo began, and over it what has been given back."""

        def got(row: WrittenRow) -> Cells:
            return {number: row.changes[number].before for number in row.back} if row.undone else {}

        return overlaid(at_first, rows, got)
