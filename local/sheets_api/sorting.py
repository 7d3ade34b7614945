"""The rows of an area sorted."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api import references
from local.sheets_api.a1 import Box
from local.sheets_api.cells import Cell, CellError, Formula, typed, value_of
from local.sheets_api.google_errors import invalid
from local.sheets_api.grid import Row, Sheet

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

    Only the area's cells and their formats move. References of a formula that moves shift along with it, as when it is
    copied: `=LEN(A2)` in row 2 is `=LEN(A5)` in row 5. Developer metadata of rows goes along when the area is as wide
    as the sheet (seen by others on the live API); sizes and hidden rows stay where they are.
    """
    if any(merge.intersects(box) for merge in sheet.merges):
        raise invalid("You can't sort a range that contains merged cells. Unmerge the cells and try again.")
    order = list(range(box.top, box.bottom))
    for column, descending in reversed(keys):
        shown = {index: value_of(sheet.rows[index].cell(column)) for index in order}
        filled = [index for index in order if shown[index] is not None]
        filled.sort(key=lambda index, s=shown: sort_key(s[index]), reverse=descending)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        order = filled + [index for index in order if shown[index] is None]
    before = {index: sheet.rows[index] for index in order}
    for target, source in enumerate(order, box.top):
        if target != source:
            _take_cells(sheet, (source, target), before[source], box)


def _take_cells(sheet: Sheet, way: tuple[int, int], source: Row, box: Box) -> None:
    old = sheet.rows[way[1]]
    row = Row(old.cells[:], sheet.generation)
    row.line, row.extras = old.line, dict(old.extras) if old.extras else None
    row.computed = old.computed or source.computed
    if old.line.metadata != source.line.metadata and box.left == 0 and box.right == len(sheet.columns):
        row.line = replace(old.line, metadata=source.line.metadata)
    width = box.right - box.left
    taken = source.cells[box.left : box.right]
    if source.computed:
        taken = [_moved(cell, way[1] - way[0]) for cell in taken]
    if len(row.cells) < box.left:
        row.cells.extend([None] * (box.left - len(row.cells)))
    row.cells[box.left : box.right] = taken + [None] * (width - len(taken))
    if old.extras or source.extras:
        formats = {c: f for c, f in (old.extras or {}).items() if not box.left <= c < box.right}
        formats |= {c: f for c, f in (source.extras or {}).items() if box.left <= c < box.right}
        row.extras = formats or None
    sheet.rows[way[1]] = row


def _moved(cell: Cell, rows: int) -> Cell:
    if isinstance(cell, Formula):
        return replace(cell, text=references.shifted(cell.text, rows, 0))
    return typed(cell)
