"""Requests that copy cells, or cut them out and put them elsewhere."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api import calculation, references
from local.sheets_api.a1 import Box
from local.sheets_api.cells import Cell, Formula, typed, value_of
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import EXTRAS, Row, Sheet
from local.sheets_api.relocation import rewrite_formulas
from local.sheets_api.requests.target import Target

_CONTENT = frozenset({"PASTE_NORMAL", "PASTE_NO_BORDERS", "PASTE_FORMULA"})
_EXTRAS = {
    "PASTE_NORMAL": EXTRAS,
    "PASTE_NO_BORDERS": EXTRAS,
    "PASTE_FORMAT": ("userEnteredFormat",),
    "PASTE_DATA_VALIDATION": ("dataValidation",),
}
"""What goes along beside the value, for each kind of paste."""

Copied = tuple[Cell, Json]


def _kind(given: Json) -> str:
    kind = str(given.get("pasteType", "PASTE_NORMAL"))
    if kind == "PASTE_CONDITIONAL_FORMATTING":
        raise invalid("The emulator does not know conditional formatting.")
    return kind


def _taken(target: Target, sheet: Sheet, box: Box) -> list[list[Copied]]:
    calculation.calculate(target.workbook)
    rows = sheet.rows[box.top : box.bottom]
    return [[(row.cell(c), dict((row.extras or {}).get(c, {}))) for c in range(box.left, box.right)] for row in rows]


def _put(row: Row, column: int, kind: str, copied: Copied) -> None:
    cell, extras = copied
    if kind == "PASTE_VALUES":
        shown = value_of(cell)
        row.enter(column, None if shown == "" else shown)
    if kind in _CONTENT:
        row.enter(column, typed(cell))
    for name in _EXTRAS.get(kind, ()):
        row.put_aside(column, name, extras.get(name))


def copy(target: Target, given: Json) -> None:
    """Copy a range; a destination of a multiple of its size is filled by repeating it."""
    kind = _kind(given)
    if given.get("pasteOrientation") == "TRANSPOSE":
        raise invalid("The emulator does not transpose what it pastes.")
    origin, source = target.workbook.grid_range(given.get("source", {}))
    height, width = source.bottom - source.top, source.right - source.left
    sheet, box = target.editable(given.get("destination", {}))
    whole = (box.bottom - box.top) % height == 0 and (box.right - box.left) % width == 0
    bottom, right = (box.bottom, box.right) if whole else (box.top + height, box.left + width)
    destination = _inside(target, sheet, Box(box.top, box.left, bottom, right))
    taken = _taken(target, origin, source)
    for index in range(destination.top, destination.bottom):
        row = sheet.writable(index)
        for column in range(destination.left, destination.right):
            r, c = (index - destination.top) % height, (column - destination.left) % width
            cell, extras = taken[r][c]
            if isinstance(cell, Formula):
                way = index - (source.top + r), column - (source.left + c)
                cell = replace(cell, text=references.shifted(cell.text, *way))
            _put(row, column, kind, (cell, extras))


def _inside(target: Target, sheet: Sheet, box: Box) -> Box:
    if box.bottom > len(sheet.rows) or box.right > len(sheet.columns):
        raise sheet.beyond(box)
    return target.editable(box.grid_range(sheet.id))[1]


def cut(target: Target, given: Json) -> None:
    """Move the cells of a range; formulas that name them follow. "All the source data will be cut" for any kind."""
    kind = _kind(given)
    origin, source = target.editable(given.get("source", {}))
    corner = given.get("destination", {})
    sheet = target.workbook.sheet_by_id(corner.get("sheetId", 0))
    down, right = corner.get("rowIndex", 0) - source.top, corner.get("columnIndex", 0) - source.left
    box = Box(source.top + down, source.left + right, source.bottom + down, source.right + right)
    box = _inside(target, sheet, box)
    taken = _taken(target, origin, source)
    for index in range(source.top, source.bottom):
        row = origin.writable(index)
        for column in range(source.left, source.right):
            _put(row, column, "PASTE_NORMAL", (None, {}))
    for index, line in enumerate(taken, box.top):
        row = sheet.writable(index)
        for column, copied in enumerate(line, box.left):
            _put(row, column, kind, copied)
    for other in target.workbook.sheets:
        change = references.carried(origin.title, source, (sheet.title, down, right), home=other.title)
        rewrite_formulas(other, change)
