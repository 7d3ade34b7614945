"""Deletes the columns that a run made and that are empty again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.errors import BadRange
from functions.sheets.anchors import deletion
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import RowBlock, Tab
from functions.sheets.layout import ATTEMPTS, Layout
from functions.sheets.paging import CELL_BYTES, PAGE_BYTES


def remove_empty_columns(sheet: GoogleSheet, layout: Layout, titles: Sequence[str], *, header_row: int | None) -> bool:
    """Delete the columns that a run made if they hold only their header; doing it twice changes nothing more.

    Args:
        sheet: the spreadsheet.
        layout: the columns.
        titles: those that the run has given to its columns, by the field's number.
        header_row: where the run has put them; None: nowhere. They are looked for, since rows move.

    Returns:
        True if they were deleted, or there was nothing to do. False if Google cannot guard the deletion against moved
        columns, so that another column could be deleted.

    Raises:
        BadRange: they were moved again and again.
        SheetError: the spreadsheet cannot be read or changed.
    """
    titled = {column.anchor: title for column, title in zip(layout.columns, titles, strict=True)}
    header = None if header_row is None else _Header(header_row, titled)
    for _ in range(ATTEMPTS):
        head = sheet.read_rows(layout.sheet_id, 1, 1)
        places = {column.anchor: head.anchors.get(column.anchor) for column in layout.columns if column.inserted}
        there = {anchor: place for anchor, place in places.items() if place is not None}
        try:
            # In pages first, so that the one look that decides is at columns that hold next to nothing.
            for page_rows in (PAGE_BYTES // CELL_BYTES // max(len(there), 1), head.tab.rows):
                there = _still_empty(sheet, head.tab, there, header, page_rows)
            if not there:
                return True
            if not sheet.behaviour.proves_places:
                return False
            sheet.change(deletion(there, head))
        except BadRange:  # a column was moved or deleted: look again
            continue
        return True
    raise BadRange("Somebody kept moving the columns while Leadfill removed them; undo the run again.")


@dataclass(frozen=True, slots=True)
class _Header:
    """The titles of columns that a run made."""

    row: int
    """Where the run has put them, from 1."""
    titles: Mapping[int, str]
    """By anchor."""

    def row_in(self, block: RowBlock, there: Mapping[int, int]) -> int:
        """Return the first row in which one of these columns has its title; where none has, that of the run."""
        rows = (
            index + block.first_row
            for index in range(len(block.rows))
            if any(block.text(index, place) == self.titles[anchor] for anchor, place in there.items())
        )
        return next(rows, self.row)


def _still_empty(
    sheet: GoogleSheet, tab: Tab, there: dict[int, int], header: _Header | None, page_rows: int
) -> dict[int, int]:
    """Return those of these columns that hold only their header, read in pages.

    Raises:
        BadRange: one of them was moved or deleted.
    """
    start, header_row = 1, None
    while there and start <= tab.rows:
        end = min(start + page_rows - 1, tab.rows)
        block = sheet.read_rows(tab.sheet_id, start, end, columns=there.values())
        if any(block.anchors.get(anchor) != place for anchor, place in there.items()):
            raise BadRange("A column was moved.")
        if start == 1 and header is not None:
            header_row = header.row_in(block, there)
        for index in range(len(block.rows)):
            if start + index == header_row:
                continue
            there = {anchor: place for anchor, place in there.items() if block.content(index, place) == ""}
        start = end + 1
    return there
