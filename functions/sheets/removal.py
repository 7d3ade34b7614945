"""Deletes the columns that a run made and that hold nothing of anybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.errors import BadRange
from functions.sheets.anchors import deletion
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import Tab
from functions.sheets.layout import ATTEMPTS, Layout
from functions.sheets.paging import CELL_BYTES, PAGE_BYTES


@dataclass(frozen=True, slots=True)
class Removal:
    """The reasons why columns of a run stay although their values are gone."""

    unguarded: bool = False
    """Google cannot guard the deletion against moved columns, so that another column could be deleted."""
    marked: tuple[str, ...] = ()
    """Titles of columns that have somebody's notes, or rules for what may be typed."""


def remove_empty_columns(
    sheet: GoogleSheet, layout: Layout, titles: Sequence[str], *, header_row: int | None
) -> Removal:
    """Delete the columns that a run made if they hold only the run's title; doing it twice changes nothing more.

    A title that somebody has changed is theirs, and so are notes and dropdowns: such columns stay. (Comments are kept
    by Google Drive, and cannot be seen through the Sheets API; they outlive their cells.)

    Args:
        sheet: the spreadsheet.
        layout: the columns.
        titles: those that the run has given to its columns, by the field's number.
        header_row: where the run has put them; None: nowhere. Rows move, so that they may be in any row.

    Raises:
        BadRange: they were moved again and again.
        SheetError: the spreadsheet cannot be read or changed.
    """
    named = {column.anchor: title for column, title in zip(layout.columns, titles, strict=True)}
    for _ in range(ATTEMPTS):
        head = sheet.read_rows(layout.sheet_id, 1, 1)
        places = {column.anchor: head.anchors.get(column.anchor) for column in layout.columns if column.inserted}
        there = {anchor: place for anchor, place in places.items() if place is not None}
        look = _Look(sheet, head.tab, {} if header_row is None else named)
        try:
            # In pages first, so that the one look that decides is at columns that hold next to nothing.
            for page_rows in (PAGE_BYTES // CELL_BYTES // max(len(there), 1), head.tab.rows):
                there = look.still_empty(there, page_rows)
            marked = tuple(title for anchor, title in named.items() if anchor in look.marked)
            if there and not sheet.behaviour.proves_places:
                return Removal(unguarded=True, marked=marked)
            if there:
                sheet.change(deletion(there, head))
        except BadRange:  # a column was moved or deleted: look again
            continue
        return Removal(marked=marked)
    raise BadRange("Somebody kept moving the columns while Leadfill removed them; undo the run again.")


class _Look:
    """A look at columns of one tab."""

    def __init__(self, sheet: GoogleSheet, tab: Tab, titles: Mapping[int, str]) -> None:
        """Take the titles by anchor; each may stand once in its column."""
        self._sheet, self._tab, self._titles = sheet, tab, titles
        self.marked: set[int] = set()
        """Anchors of columns in which notes or rules were seen."""

    def still_empty(self, there: Mapping[int, int], page_rows: int) -> dict[int, int]:
        """Return those of these columns that hold nothing but their title, read in pages.

        Raises:
            BadRange: one of them was moved or deleted.
        """
        bare, titled, start = dict(there), set[int](), 1
        while bare and start <= self._tab.rows:
            end = min(start + page_rows - 1, self._tab.rows)
            block = self._sheet.read_rows(self._tab.sheet_id, start, end, columns=bare.values(), marks=True)
            if any(block.anchors.get(anchor) != place for anchor, place in bare.items()):
                raise BadRange("A column was moved.")
            for index in range(len(block.rows)):
                for anchor, place in list(bare.items()):
                    found = block.content(index, place)
                    if block.is_marked(index, place):
                        self.marked.add(anchor)
                        del bare[anchor]
                    elif found != "" and (found != self._titles.get(anchor) or anchor in titled):
                        del bare[anchor]
                    elif found != "":
                        titled.add(anchor)
            start = end + 1
        return bare
