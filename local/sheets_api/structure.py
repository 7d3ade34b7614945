"""Rows and columns inserted, deleted, moved.

What is anchored to a row or column (formats, size, developer metadata, merges, protected ranges) goes where it goes.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter

from local.sheets_api import references
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import EMPTY_ROW, INHERITED, PLAIN_LINE, Dimension, Row, Sheet
from local.sheets_api.relocation import relocate
from local.sheets_api.workbook import Workbook


def insert(workbook: Workbook, sheet: Sheet, dimension: Dimension, start: int, end: int, *, inherit: bool) -> None:
    """Insert empty rows or columns before `start`. Raises GoogleError at the limits."""
    count, size = end - start, len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    if start > size:
        raise invalid(f"range.startIndex is larger than current grid size ({size})")
    if start == size and not inherit:
        raise invalid(f"range.startIndex must be less than the grid size ({size}) if inheritFromBefore is false.")
    if inherit and start == 0:
        raise invalid("inheritFromBefore cannot be true when startIndex is 0.")
    workbook.check_size(count * (len(sheet.columns) if dimension == "ROWS" else len(sheet.rows)))
    pattern = start - 1 if inherit else start
    if dimension == "ROWS":
        _insert_rows(sheet, start, count, pattern)
    else:
        _insert_columns(sheet, start, count, pattern)
    workbook.note(sheet, dimension, "insert", (start, end))
    relocate(workbook, sheet, dimension, references.inserted(start, count))


def _insert_rows(sheet: Sheet, start: int, count: int, pattern: int) -> None:
    model = sheet.rows[pattern] if pattern < len(sheet.rows) else EMPTY_ROW
    new = []
    for _ in range(count):
        row = EMPTY_ROW
        if extras := {column: kept for column, found in (model.extras or {}).items() if (kept := _inherited(found))}:
            row = Row([], sheet.generation)
            row.extras = extras
        new.append(row)
    sheet.rows[start:start] = new


def _inherited(extras: Json) -> Json:
    return {name: value for name, value in extras.items() if name in INHERITED}


def _insert_columns(sheet: Sheet, start: int, count: int, pattern: int) -> None:
    sheet.columns[start:start] = [PLAIN_LINE] * count
    for index, row in enumerate(sheet.rows):
        if len(row.cells) > start or row.extras:
            mine = sheet.writable(index)
            if len(mine.cells) > start:
                mine.cells[start:start] = [None] * count
            if mine.extras:
                shifted = {column + count * (column >= start): value for column, value in mine.extras.items()}
                if inherited := _inherited(mine.extras.get(pattern, {})):
                    shifted.update(dict.fromkeys(range(start, start + count), inherited))
                mine.extras = shifted


def append(workbook: Workbook, sheet: Sheet, dimension: Dimension, length: int) -> None:
    """Add empty rows or columns at the end. Raises GoogleError at the limit of cells."""
    workbook.check_size(length * (len(sheet.columns) if dimension == "ROWS" else len(sheet.rows)))
    if dimension == "ROWS":
        sheet.rows.extend([EMPTY_ROW] * length)
    else:
        sheet.columns.extend([PLAIN_LINE] * length)


def delete(workbook: Workbook, sheet: Sheet, dimension: Dimension, start: int, end: int) -> None:
    """Delete rows or columns with all that is anchored to them. Raises GoogleError if none would be left."""
    size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    if end > size:
        line = dimension.lower()
        raise invalid(
            f"Cannot delete a {line[:-1]} that doesn't exist. "
            f"Tried to delete {line[:-1]} index {max(start, size)} but there are only {size} {line}."
        )
    if end - start >= size:
        raise invalid(f"You can't delete all the {dimension.lower()} on the sheet.")
    if dimension == "ROWS":
        del sheet.rows[start:end]
    else:
        del sheet.columns[start:end]
        for index, row in enumerate(sheet.rows):
            if len(row.cells) > start or row.extras:
                mine = sheet.writable(index)
                del mine.cells[start:end]
                if mine.extras:
                    kept = {c: v for c, v in mine.extras.items() if not start <= c < end}
                    mine.extras = {c - (end - start) * (c >= end): v for c, v in kept.items()}
    workbook.note(sheet, dimension, "delete", (start, end))
    relocate(workbook, sheet, dimension, references.deleted(start, end))


def resize(workbook: Workbook, sheet: Sheet, dimension: Dimension, size: int) -> None:
    """Cut or extend the grid at its end. Raises GoogleError at the limits."""
    now = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    if size <= 0:
        raise invalid(f"You can't delete all the {dimension.lower()} on the sheet.")
    if size > now:
        append(workbook, sheet, dimension, size - now)
    elif size < now:
        delete(workbook, sheet, dimension, size, now)


def move(workbook: Workbook, sheet: Sheet, dimension: Dimension, span: references.Span, destination: int) -> None:
    """Move rows or columns so that they stand before what is now at `destination`. Raises GoogleError off the grid."""
    start, end = span
    size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    if end > size or not 0 <= destination <= size:
        raise invalid(f"Cannot move {dimension.lower()} beyond the end of the sheet[{size}].")
    if start < destination < end:
        raise invalid("destinationIndex must not be inside the source range.")
    order = [index for index in range(size) if not start <= index < end]
    target = destination - (end - start) if destination >= end else destination
    order[target:target] = range(start, end)
    if dimension == "ROWS":
        sheet.rows[:] = [sheet.rows[index] for index in order]
    else:
        sheet.columns[:] = [sheet.columns[index] for index in order]
        if workbook.choices.metadata_stays_in_place:
            held = sorted(zip(order, sheet.columns, strict=True), key=itemgetter(0))  # by where they stood before
            lines = zip(sheet.columns, held, strict=True)
            sheet.columns[:] = [replace(line, metadata=before.metadata) for line, (_, before) in lines]
        _permute_columns(sheet, order)
    workbook.note(sheet, dimension, "move", (start, end), destination)
    relocate(workbook, sheet, dimension, references.moved_to(start, end, destination))


def _permute_columns(sheet: Sheet, order: list[int]) -> None:
    first = next((i for i, old in enumerate(order) if i != old), len(order))
    place = {old: new for new, old in enumerate(order)}
    for index, row in enumerate(sheet.rows):
        if len(row.cells) > first or row.extras:
            mine = sheet.writable(index)
            width = len(mine.cells)
            cells = mine.cells
            mine.cells = [cells[old] if old < width else None for old in order]
            if mine.extras:
                mine.extras = {place[column]: value for column, value in mine.extras.items()}
