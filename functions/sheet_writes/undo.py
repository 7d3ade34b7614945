"""Undoes a job: a cell that still holds what the run wrote gets back what it held; columns that it made go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from functions.errors import SheetGone
from functions.sheet_writes.writer import SheetWriter, overlaid
from functions.sheets.cells import CellChange, Cells, SheetRow, Write
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import Layout, remove_empty_columns
from functions.sheets.row_matching import RowMatches, RowValues, match_undo
from functions.store import cell_history
from functions.store.cell_history import WrittenRow
from functions.store.database import Store
from functions.store.jobs import Job

MAX_NAMED = 5
"""Rows that a sentence names."""


def undo_rows(store: Store, sheet: GoogleSheet, job: Job, layout: Layout) -> str | None:
    """Gives cells back what they held; carried out twice, it changes nothing more.

    Returns:
        A sentence about what was left as it is; None where nothing was.

    Raises:
        SheetError: the sheet cannot be used; what was given back so far stays so.
    """
    writer = SheetWriter(store, job.id, sheet, layout)
    left = _Leftovers()
    try:
        _undo_all(writer, left)
    except SheetGone:
        anchors = writer.sheet.read_rows(layout.sheet_id, 1, 1).anchors
        if any(column.anchor in anchors for column in layout.columns):
            raise  # else an earlier attempt, or a person, has removed all columns: nothing is left to be given back
    header = job.request["header"]
    remove_empty_columns(writer.sheet, layout, header_row=header if isinstance(header, int) else None)
    return left.sentence()


def _undo_all(writer: SheetWriter, left: _Leftovers) -> None:
    looked = _remember(writer)
    if writer.small:
        _undo(writer, looked, left, whole_tab=True)
    else:
        for rows in writer.read_pages():
            _undo(writer, rows, left, whole_tab=False)
    store, job_id = writer.store, writer.job_id
    with store.reading() as connection:
        open_rows = cell_history.to_undo(connection, job_id) - left.gone
    if open_rows and not writer.small:  # of people with several rows, or moved between two pages
        _undo(writer, writer.read_all(), left, whole_tab=True)
    with store.reading() as connection:
        left.gone |= cell_history.to_undo(connection, job_id)


@dataclass(slots=True)
class _Leftovers:
    """Cells that an undo leaves as they are."""

    changed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By position: the row as it was numbered then, and how many of its cells somebody has changed."""
    gone: set[int] = field(default_factory=set)
    """Positions of rows that are not there any more."""

    def sentence(self) -> str | None:
        said = []
        if self.changed:
            cells = sum(count for _, count in self.changed.values())
            rows = sorted(row for row, _ in self.changed.values())
            named = ", ".join(map(str, rows[:MAX_NAMED])) + (" …" if len(rows) > MAX_NAMED else "")
            were, rows_are = ("cell was", "row") if cells == 1 else ("cells were", "row" if len(rows) == 1 else "rows")
            said.append(f"{cells} {were} changed since the run and left as they are ({rows_are} {named}).")
        if self.gone:
            said.append(f"{len(self.gone)} {'row is' if len(self.gone) == 1 else 'rows are'} not there any more.")
        return " ".join(said) or None


def _remember(writer: SheetWriter) -> list[SheetRow]:
    """Records what the columns hold now, by which cells that are hit can be told; gives what was read of a small tab.

    Not where an earlier attempt may have hit some: what it has recorded is the truth.
    """
    store, job_id = writer.store, writer.job_id
    with store.reading() as connection:
        resumed = cell_history.undo_in_flight(connection, job_id)
    rows: list[SheetRow] = []
    for number, page in enumerate(writer.read_pages() if writer.small or not resumed else ()):
        rows = page
        if not resumed:
            with store.writing() as connection:
                cell_history.save_snapshot(connection, job_id, page, anew=number == 0)
    return rows


def _undo(writer: SheetWriter, rows: list[SheetRow], left: _Leftovers, *, whole_tab: bool) -> None:
    """Undoes what was written into these rows of the tab, or (everywhere) into any row."""
    with writer.store.reading() as connection:
        written = cell_history.written(connection, writer.job_id, sorted({row.identity for row in rows}))
    open_rows = {row.position: row for row in written if not row.undone}
    if not whole_tab:  # a person's other row may stand on another page
        alike = {(row.identity, row.row_context): row for row in rows}
        open_rows = {at: row for at, row in open_rows.items() if (row.key, row.row_context) in alike}
    if not open_rows:
        return
    task = _UndoTask(writer, open_rows)
    delivered = writer.deliver(task, (rows[0].number, rows[-1].number), rows)
    with writer.store.writing() as connection:
        cell_history.record_undo(
            connection, writer.job_id, [replace(open_rows[at], undone=True) for at in delivered.done]
        )
    left.changed |= task.changed
    left.gone |= delivered.absent


@dataclass(slots=True)
class _UndoTask:
    """The write task of an undo."""

    writer: SheetWriter
    rows: dict[int, WrittenRow]
    """By position."""
    changed: dict[int, tuple[int, int]] = field(default_factory=dict)

    def unconfirmed(self) -> Sequence[Write]:
        return [
            Write(
                row.position,
                row.key,
                0,
                {},
                {number: row.changes[number].before for number in row.back},
                row.row_context,
            )
            for row in self.rows.values()
            if row.back
        ]

    def match(self, rows: Sequence[SheetRow], positions: Collection[int] | None) -> RowMatches:
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
            if positions is None or row.position in positions
        ]
        placed, changed = match_undo(wanted, rows)
        for want in wanted:
            self.changed.pop(want.position, None)
        self.changed |= changed
        return placed

    def record(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if write.pending:
                row = self.rows[write.position]
                self.rows[write.position] = replace(
                    row, back=row.back | set(write.pending), row_context=write.row_context
                )
        begun = [self.rows[write.position] for write in writes if write.pending]
        with self.writer.store.writing() as connection:
            cell_history.record_undo(connection, self.writer.job_id, begun)

    def believed_rows(self, rows: Sequence[WrittenRow], at_first: Sequence[SheetRow]) -> list[SheetRow]:
        """Return what rows held when the undo began, and over it what has been given back."""

        def got(row: WrittenRow) -> Cells:
            return {number: row.changes[number].before for number in row.back} if row.undone else {}

        return overlaid(at_first, rows, got)
