"""Typed text goes into the cell that the person sees, even while rows and columns come, go and move.

A window that shows revision 7 may send what was typed while revision 8 inserts a column. Google's own page sends the
revision with it, and the server moves the change to where the cell is now; so does this.
"""

from __future__ import annotations

from local.sheets_api.a1 import Area, render
from local.sheets_api.google_errors import Json
from local.sheets_api.workbook import Workbook


def following(workbook: Workbook, data: list[Json], seen: int) -> list[Json]:
    """Return what was typed into single cells at revision `seen`, addressed as of now; without cells that are gone."""
    return [entry for given in data if (entry := _followed(workbook, given, seen)) is not None]


def _followed(workbook: Workbook, given: Json, seen: int) -> Json | None:
    sheet, area = workbook.resolve(given.get("range", ""))
    if not area.single_cell:
        return given
    row, column = (area.top, area.top + 1), (area.left, area.left + 1)
    for change in workbook.line_changes:
        if change.revision <= seen or change.sheet_id != sheet.id:
            continue
        after = change.moved(row if change.dimension == "ROWS" else column)
        if after is None:
            return None
        row, column = (after, column) if change.dimension == "ROWS" else (row, after)
    return {**given, "range": render(sheet.title, Area(row[0], column[0], row[1], column[1]))}
