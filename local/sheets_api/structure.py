"""Rows and columns inserted, deleted, moved; cells sorted and merged.

What is anchored to a row or column (formats, size, developer metadata, merges, protected ranges) goes where it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from local.sheets_api.a1 import Box
from local.sheets_api.cells import Cell, CellError, value_of
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import EMPTY_ROW, PLAIN_LINE, Dimension, Row, Sheet
from local.sheets_api.workbook import Workbook

Span = tuple[int, int]
Moved = Callable[[Span], Span | None]
"""Where a span of rows or columns is afterwards; None: it is gone."""


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
    _relocate(
        sheet,
        dimension,
        lambda span: (span[0] + count * (span[0] >= start), span[1] + count * (span[1] > start)),
    )


def _insert_rows(sheet: Sheet, start: int, count: int, pattern: int) -> None:
    model = sheet.rows[pattern] if pattern < len(sheet.rows) else EMPTY_ROW
    new = []
    for _ in range(count):
        row = EMPTY_ROW
        if model.formats:
            row = Row([], sheet.generation)
            row.formats = dict(model.formats)
        new.append(row)
    sheet.rows[start:start] = new


def _insert_columns(sheet: Sheet, start: int, count: int, pattern: int) -> None:
    sheet.columns[start:start] = [PLAIN_LINE] * count
    for index, row in enumerate(sheet.rows):
        if len(row.cells) > start or row.formats:
            mine = sheet.writable(index)
            if len(mine.cells) > start:
                mine.cells[start:start] = [None] * count
            if mine.formats:
                shifted = {column + count * (column >= start): value for column, value in mine.formats.items()}
                if pattern in mine.formats:
                    shifted.update(dict.fromkeys(range(start, start + count), mine.formats[pattern]))
                mine.formats = shifted


def append(workbook: Workbook, sheet: Sheet, dimension: Dimension, length: int) -> None:
    """Add empty rows or columns at the end. Raises GoogleError at the limit of cells."""
    workbook.check_size(length * (len(sheet.columns) if dimension == "ROWS" else len(sheet.rows)))
    if dimension == "ROWS":
        sheet.rows.extend([EMPTY_ROW] * length)
    else:
        sheet.columns.extend([PLAIN_LINE] * length)


def delete(sheet: Sheet, dimension: Dimension, start: int, end: int) -> None:
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
            if len(row.cells) > start or row.formats:
                mine = sheet.writable(index)
                del mine.cells[start:end]
                if mine.formats:
                    kept = {c: v for c, v in mine.formats.items() if not start <= c < end}
                    mine.formats = {c - (end - start) * (c >= end): v for c, v in kept.items()}

    def moved(span: Span) -> Span | None:
        first, last = (min(edge, start) + max(edge - end, 0) for edge in span)
        return (first, last) if last > first else None

    _relocate(sheet, dimension, moved)


def resize(workbook: Workbook, sheet: Sheet, dimension: Dimension, size: int) -> None:
    """Cut or extend the grid at its end. Raises GoogleError at the limits."""
    now = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    if size <= 0:
        raise invalid(f"You can't delete all the {dimension.lower()} on the sheet.")
    if size > now:
        append(workbook, sheet, dimension, size - now)
    elif size < now:
        delete(sheet, dimension, size, now)


def move(sheet: Sheet, dimension: Dimension, start: int, end: int, destination: int) -> None:
    """Move rows or columns so that they stand before what is now at `destination`. Raises GoogleError off the grid."""
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
        _permute_columns(sheet, order)
    place = {old: new for new, old in enumerate(order)}

    def moved(span: Span) -> Span:
        places = [place[index] for index in range(*span)]
        return min(places), max(places) + 1

    _relocate(sheet, dimension, moved)


def _permute_columns(sheet: Sheet, order: list[int]) -> None:
    first = next((i for i, old in enumerate(order) if i != old), len(order))
    place = {old: new for new, old in enumerate(order)}
    for index, row in enumerate(sheet.rows):
        if len(row.cells) > first or row.formats:
            mine = sheet.writable(index)
            width = len(mine.cells)
            cells = mine.cells
            mine.cells = [cells[old] if old < width else None for old in order]
            if mine.formats:
                mine.formats = {place[column]: value for column, value in mine.formats.items()}


def _relocate(sheet: Sheet, dimension: Dimension, moved: Moved) -> None:
    """Take merges and protected ranges along."""
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


SORT_NUMBERS, SORT_TEXTS, SORT_TRUTHS, SORT_ERRORS = range(4)


def sort_key(cell: Cell) -> tuple[int, float | str]:
    """Return the place of a filled cell in ascending order: numbers, texts (case aside), FALSE, TRUE, errors."""
    value = value_of(cell)
    if isinstance(value, bool):
        return SORT_TRUTHS, float(value)
    if isinstance(value, (int, float)):
        return SORT_NUMBERS, value
    if isinstance(value, CellError):
        return SORT_ERRORS, value.kind
    return SORT_TEXTS, str(value).casefold()


def sort(sheet: Sheet, box: Box, keys: list[tuple[int, bool]]) -> None:
    """Sort the rows of an area by (column, descending) keys; empty cells come last either way. The sort is stable.

    Only the area's cells and their formats move; rows keep their size and developer metadata.
    """
    if any(merge.intersects(box) for merge in sheet.merges):
        raise invalid("You can't sort a range that contains merged cells. Unmerge the cells and try again.")
    order = list(range(box.top, box.bottom))
    for column, descending in reversed(keys):
        filled = [index for index in order if sheet.rows[index].cell(column) is not None]
        empty = [index for index in order if sheet.rows[index].cell(column) is None]
        filled.sort(key=lambda index, c=column: sort_key(sheet.rows[index].cell(c)), reverse=descending)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        order = filled + empty
    before = {index: sheet.rows[index] for index in order}
    for target, source in enumerate(order, box.top):
        if target != source:
            _take_cells(sheet, target, before[source], box)


def _take_cells(sheet: Sheet, target: int, source: Row, box: Box) -> None:
    old = sheet.rows[target]
    row = Row(old.cells[:], sheet.generation)
    row.line, row.formats = old.line, dict(old.formats) if old.formats else None
    width = box.right - box.left
    taken = source.cells[box.left : box.right]
    if len(row.cells) < box.left:
        row.cells.extend([None] * (box.left - len(row.cells)))
    row.cells[box.left : box.right] = taken + [None] * (width - len(taken))
    if old.formats or source.formats:
        formats = {c: f for c, f in (old.formats or {}).items() if not box.left <= c < box.right}
        formats |= {c: f for c, f in (source.formats or {}).items() if box.left <= c < box.right}
        row.formats = formats or None
    sheet.rows[target] = row


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
