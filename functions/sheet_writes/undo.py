"""Undoes a job: a cell that still holds what the run wrote gets back what it held; columns that it made go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from functions.context import Deployment
from functions.errors import SheetGone
from functions.sheet_writes.writer import Courier, overlaid
from functions.sheets.cells import Cells, Image, SheetRow, Write
from functions.sheets.layout import Layout, take_out
from functions.sheets.row_matching import Placement, Wanted, give_back
from functions.store import cell_history as images
from functions.store.cell_history import WrittenRow
from functions.store.jobs import Job

MOST_NAMED = 5
"""Rows that a sentence names."""


def undo_rows(deployment: Deployment, job: Job, layout: Layout) -> str | None:
    """Gives cells back what they held; carried out twice, it changes nothing more.

    Returns:
        A sentence about what was left as it is; None where nothing was.

    Raises:
        SheetError: the sheet cannot be used; what was given back so far stays so.
    """
    courier = Courier(deployment, job.id, deployment.sheet_of(job), layout)
    left = _Left()
    try:
        _undo_all(courier, left)
    except SheetGone:
        anchors = courier.sheet.window(layout.sheet_id, 1, 1).anchors
        if any(column.anchor in anchors for column in layout.columns):
            raise  # else an earlier attempt, or a person, has removed all columns: nothing is left to be given back
    take_out(courier.sheet, layout, header=job.request["header"] == "yes")
    return left.sentence()


def _undo_all(courier: Courier, left: _Left) -> None:
    looked = _remember(courier)
    if courier.small:
        _undo(courier, looked, left, everywhere=True)
    else:
        for rows in courier.pages():
            _undo(courier, rows, left, everywhere=False)
    store, job_id = courier.deployment.store, courier.job_id
    with store.reading() as connection:
        open_rows = images.to_undo(connection, job_id) - left.gone
    if open_rows and not courier.small:  # of people with several rows, or moved between two pages
        _undo(courier, courier.everything(), left, everywhere=True)
    with store.reading() as connection:
        left.gone |= images.to_undo(connection, job_id)


@dataclass(slots=True)
class _Left:
    """What an undo leaves as it is."""

    changed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By position: the row as it was numbered then, and how many of its cells somebody has changed."""
    gone: set[int] = field(default_factory=set)
    """Positions of rows that are not there any more."""

    def sentence(self) -> str | None:
        said = []
        if self.changed:
            cells = sum(count for _, count in self.changed.values())
            rows = sorted(row for row, _ in self.changed.values())
            named = ", ".join(map(str, rows[:MOST_NAMED])) + (" …" if len(rows) > MOST_NAMED else "")
            were, rows_are = ("cell was", "row") if cells == 1 else ("cells were", "row" if len(rows) == 1 else "rows")
            said.append(f"{cells} {were} changed since the run and left as they are ({rows_are} {named}).")
        if self.gone:
            said.append(f"{len(self.gone)} {'row is' if len(self.gone) == 1 else 'rows are'} not there any more.")
        return " ".join(said) or None


def _remember(courier: Courier) -> list[SheetRow]:
    """Records what the columns hold now, by which cells that are hit can be told; gives what was read of a small tab.

    Not where an earlier attempt may have hit some: what it has recorded is the truth.
    """
    store, job_id = courier.deployment.store, courier.job_id
    with store.reading() as connection:
        resumed = images.in_flight(connection, job_id)
    rows: list[SheetRow] = []
    for number, page in enumerate(courier.pages() if courier.small or not resumed else ()):
        rows = page
        if not resumed:
            with store.writing() as connection:
                images.remember(connection, job_id, page, anew=number == 0)
    return rows


def _undo(courier: Courier, rows: list[SheetRow], left: _Left, *, everywhere: bool) -> None:
    """Undoes what was written into these rows of the tab, or (everywhere) into any row."""
    with courier.deployment.store.reading() as connection:
        written = images.written(connection, courier.job_id, sorted({row.identity for row in rows}))
    open_rows = {row.position: row for row in written if not row.undone}
    if not everywhere:  # a person's other row may stand on another page
        alike = {(row.identity, row.around): row for row in rows}
        open_rows = {at: row for at, row in open_rows.items() if (row.key, row.around) in alike}
    if not open_rows:
        return
    errand = _Former(courier, open_rows)
    delivered = courier.deliver(errand, (rows[0].number, rows[-1].number), rows)
    with courier.deployment.store.writing() as connection:
        images.undoing(connection, courier.job_id, [replace(open_rows[at], undone=True) for at in delivered.done])
    left.changed |= errand.changed
    left.gone |= delivered.absent


@dataclass(slots=True)
class _Former:
    """The errand of an undo."""

    courier: Courier
    rows: dict[int, WrittenRow]
    """By position."""
    changed: dict[int, tuple[int, int]] = field(default_factory=dict)

    def meant(self) -> Sequence[Write]:
        return [
            Write(row.position, row.key, 0, {}, {number: row.images[number].before for number in row.back}, row.around)
            for row in self.rows.values()
            if row.back
        ]

    def decide(self, rows: Sequence[SheetRow], positions: Collection[int] | None) -> Placement:
        wanted = [
            Wanted(
                row.position,
                row.row,
                row.key,
                {number: image.before for number, image in row.images.items()},
                {number: Image(image.after, image.before) for number, image in row.images.items()},
                row.around,
            )
            for row in self.rows.values()
            if positions is None or row.position in positions
        ]
        placed, changed = give_back(wanted, rows)
        for want in wanted:
            self.changed.pop(want.position, None)
        self.changed |= changed
        return placed

    def record(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if write.pending:
                row = self.rows[write.position]
                self.rows[write.position] = replace(row, back=row.back | set(write.pending), around=write.around)
        begun = [self.rows[write.position] for write in writes if write.pending]
        with self.courier.deployment.store.writing() as connection:
            images.undoing(connection, self.courier.job_id, begun)

    def remembered(self, rows: Sequence[WrittenRow], at_first: Sequence[SheetRow]) -> list[SheetRow]:
        """What rows held when the undo began, and over it what has been given back."""

        def got(row: WrittenRow) -> Cells:
            return {number: row.images[number].before for number in row.back} if row.undone else {}

        return overlaid(at_first, rows, got)
