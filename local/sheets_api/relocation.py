"""What goes along when rows or columns are inserted, deleted or moved: merges, protected ranges, references."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api.a1 import Box
from local.sheets_api.cells import Formula
from local.sheets_api.google_errors import Json
from local.sheets_api.grid import Dimension, Sheet
from local.sheets_api.references import Change, Moved, following, rewrite
from local.sheets_api.workbook import Workbook


def relocate(workbook: Workbook, sheet: Sheet, dimension: Dimension, moved: Moved) -> None:
    """Take along what names rows or columns of a sheet that are now elsewhere, or gone."""
    for other in workbook.sheets:
        rewrite_formulas(other, following(sheet.title, dimension, moved, at_home=other is sheet))
    merges = (_moved_box(box, dimension, moved) for box in sheet.merges)
    sheet.merges = [box for box in merges if box and (box.bottom - box.top) * (box.right - box.left) > 1]
    for number, protected in list(sheet.protected.items()):
        start, end = ("startRowIndex", "endRowIndex") if dimension == "ROWS" else ("startColumnIndex", "endColumnIndex")
        given: Json = protected["range"]
        if start not in given and end not in given:
            continue
        size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
        span = moved((given.get(start, 0), given.get(end, size)))
        if span is None:
            del sheet.protected[number]
        else:
            sheet.protected[number] = {**protected, "range": {**given, start: span[0], end: span[1]}}


def _moved_box(box: Box, dimension: Dimension, moved: Moved) -> Box | None:
    if dimension == "ROWS":
        span = moved((box.top, box.bottom))
        return replace(box, top=span[0], bottom=span[1]) if span else None
    span = moved((box.left, box.right))
    return replace(box, left=span[0], right=span[1]) if span else None


def rewrite_formulas(sheet: Sheet, change: Change) -> None:
    """Change the references in every formula of a sheet."""
    for index, row in enumerate(sheet.rows):
        if not row.computed:
            continue
        for column, cell in enumerate(row.cells):
            if isinstance(cell, Formula):
                text = rewrite(cell.text, change)
                if text != cell.text:
                    sheet.writable(index).put(column, replace(cell, text=text))
