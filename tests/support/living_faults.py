"""Faults that runs on living sheets once had, to be put back: the tests of these promises have to find them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence

import pytest

from functions.sheet_writes import undo, writer
from functions.sheet_writes.writer import SheetWriter
from functions.sheets import grid
from functions.sheets.cells import Content, Formula, SheetRow, Spilled, Write, by_identity, same
from functions.sheets.grid import CellData, RowBlock
from functions.store.cell_history import WrittenRow


def formulas_tell_rows_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of formulas belongs to what a row is known by, although it changes whenever the row moves."""

    def digests(self: RowBlock, index: int, without: Collection[int]) -> frozenset[int]:
        row = self.rows[index] if index < len(self.rows) else ()
        return frozenset(
            zlib.crc32(repr(sorted(value.items())).encode())
            for column, cell in enumerate(row)
            if column not in without and (value := cell.get("userEnteredValue"))
        )

    monkeypatch.setattr(RowBlock, "digests", digests)
    monkeypatch.setattr(Formula, "shape", property(lambda self: self.text))


def any_row_of_a_person_proves_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write counts as seen where another row of its person holds the same; an undo concludes so from each page."""

    def certain(_writer: SheetWriter, written: Sequence[WrittenRow], rows: Sequence[SheetRow]) -> list[WrittenRow]:
        here = {(row.identity, row.row_context) for row in rows}
        return [row for row in written if (row.key, row.row_context) in here]

    def unproven(writes: Sequence[Write], rows: Sequence[SheetRow]) -> list[Write]:
        there = by_identity(rows)
        return [write for write in writes if not any(_holds(row, write) for row in there.get(write.key, ()))]

    monkeypatch.setattr(undo, "_certain_in_a_page", certain)
    monkeypatch.setattr(writer, "unseen", lambda writes, _before, rows, _repairs: unproven(writes, rows))
    monkeypatch.setattr(writer, "unseen_nearby", lambda writes, rows, _several: unproven(writes, rows))


def _holds(row: SheetRow, write: Write) -> bool:
    return all(same(row.cells.get(number, content), content) for number, content in write.pending.items())


def spilled_cells_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a formula elsewhere shows in a cell counts as nothing."""
    real = grid.content

    def content(cell: CellData) -> Content:
        found = real(cell)
        return "" if isinstance(found, Spilled) else found

    monkeypatch.setattr(grid, "content", content)


FAULTS: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    fault.__name__: fault
    for fault in (formulas_tell_rows_apart, any_row_of_a_person_proves_a_write, spilled_cells_are_empty)
}
