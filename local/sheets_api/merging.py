"""Cells merged and unmerged."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api.a1 import Box
from local.sheets_api.google_errors import invalid
from local.sheets_api.grid import Sheet


def merge(sheet: Sheet, box: Box, kind: str) -> None:
    """Merge an area wholly, by row or by column; of its values the first one stays. Raises GoogleError."""
    if any(m.intersects(box) and not box.contains(m) for m in sheet.merges):
        raise invalid("You must select all cells in a merged range to merge or unmerge them.")
    sheet.merges = [m for m in sheet.merges if not box.contains(m)]
    if kind == "MERGE_ROWS":
        parts = [replace(box, top=row, bottom=row + 1) for row in range(box.top, box.bottom)]
    elif kind == "MERGE_COLUMNS":
        parts = [replace(box, left=column, right=column + 1) for column in range(box.left, box.right)]
    else:
        parts = [box]
    for part in parts:
        if (part.bottom - part.top) * (part.right - part.left) > 1:
            sheet.merges.append(part)
            _keep_first(sheet, part)


def _keep_first(sheet: Sheet, box: Box) -> None:
    places = [(row, column) for row in range(box.top, box.bottom) for column in range(box.left, box.right)]
    first = next((cell for row, column in places if (cell := sheet.rows[row].cell(column)) is not None), None)
    for row, column in places:
        if sheet.rows[row].cell(column) is not None:
            sheet.writable(row).put(column, None)
    sheet.writable(box.top).put(box.left, first)


def unmerge(sheet: Sheet, box: Box) -> None:
    """Undo the merges inside an area. Raises GoogleError if one reaches beyond it."""
    if any(m.intersects(box) and not box.contains(m) for m in sheet.merges):
        raise invalid("You must select all cells in a merged range to merge or unmerge them.")
    sheet.merges = [m for m in sheet.merges if not box.contains(m)]
