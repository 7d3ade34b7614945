"""Values to areas of a sheet: planned and checked first, then applied: a batch is written whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.sheets_api import reading, tables
from local.sheets_api.a1 import Area, Box, letters, render
from local.sheets_api.cells import Cell, NumberFormat, raw_cell
from local.sheets_api.entry import enter
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Sheet
from local.sheets_api.reading import Rendering
from local.sheets_api.users import User, check_protection
from local.sheets_api.workbook import Workbook

Planned = tuple[Cell, NumberFormat | None]
Line = list[Planned | None]
"""What a row's cells become, from the area's left; None leaves a cell alone."""


@dataclass(frozen=True, slots=True)
class Write:
    """A checked write: `box` is what the values cover, `area` what was asked for."""

    sheet: Sheet
    area: Area
    box: Box
    rows: Mapping[int, Line]
    """By their place in the box; rows that are left alone as a whole are left out."""
    cells: int
    columns: frozenset[int]
    """The columns in which cells are written, by their place in the box."""

    @property
    def range(self) -> str:
        """The range that is written, in A1 notation."""
        return render(self.sheet.title, self.box)

    def summary(self, spreadsheet_id: str) -> Json:
        """Return Google's UpdateValuesResponse; counts of 0 are left out."""
        counts = {
            "updatedRows": len(self.rows),
            "updatedColumns": len(self.columns),
            "updatedCells": self.cells,
        }
        shown: Json = {"spreadsheetId": spreadsheet_id, "updatedRange": self.range}
        return {**shown, **{name: count for name, count in counts.items() if count}}

    def apply(self) -> None:
        """Write the cells."""
        sheet, left = self.sheet, self.box.left
        dropped = sheet.hidden_under_merge(self.box) if sheet.merges else set()
        for number, line in self.rows.items():
            index = self.box.top + number
            row = sheet.writable(index)
            for column, planned in enumerate(line, left):
                if planned is None or (index, column) in dropped:
                    continue
                row.enter(column, planned[0])
                if planned[1] is not None:
                    row.put_format(column, {**(row.format(column) or {}), "numberFormat": planned[1]})

    def values_written(self, rendering: Rendering) -> Json:
        """Return the ValueRange of `includeValuesInResponse`: all that was asked for, as it is now."""
        area = (
            Area(self.box.top, self.box.left, self.box.bottom, self.box.right) if self.area.single_cell else self.area
        )
        return reading.value_range(self.sheet, area, rendering)


def input_option(given: Json) -> str:
    """Return RAW or USER_ENTERED from query or body. Raises GoogleError, 400, where neither is said."""
    option = str(given.get("valueInputOption", ""))
    if option not in {"RAW", "USER_ENTERED"}:
        raise invalid("'valueInputOption' is required but not specified")
    return option


@dataclass(frozen=True, slots=True)
class _Onto:
    """Where values go, and whether they are parsed as typed."""

    sheet: Sheet
    box: Box
    typed: bool
    columns_first: bool
    today: dt.date


def plan(
    workbook: Workbook, user: User, target: tuple[Sheet, Area], given: Json, option: str, *, text: str = ""
) -> Write:
    """Check a ValueRange against a place and return the write. Raises GoogleError, 400.

    `option` is Google's ValueInputOption, `text` the range as the caller wrote it.
    """
    sheet, area = target
    values = given.get("values") or []
    columns_first = given.get("majorDimension") == "COLUMNS"
    height, width = len(values), max((len(line) for line in values), default=0)
    if columns_first:
        height, width = width, height
    box = _box(sheet, area, text, (height, width))
    check_protection(workbook, sheet, box, user)
    onto = _Onto(sheet, box, option == "USER_ENTERED", columns_first, workbook.today())
    rows = _by_row(onto, values) if columns_first else _each_row(onto, values)
    if workbook.choices.strict_validation_refuses or workbook.choices.typed_column_refuses:
        for number, line in rows.items():
            for column, planned in enumerate(line, box.left):
                if planned is not None:
                    tables.check_entry(workbook, sheet, (box.top + number, column), planned[0])
    return _counted(sheet, area, box, rows)


def _box(sheet: Sheet, area: Area, text: str, size: tuple[int, int]) -> Box:
    """Return what the values cover; the error says the range as it was asked for, `text`."""
    height, width = size
    asked = sheet.fit(area, clip=False)
    limit = sheet.box if area.single_cell else asked
    beyond = ""
    if area.top + height > limit.bottom:
        beyond = f"row [{limit.bottom + 1}]"
    elif area.left + width > limit.right:
        beyond = f"column [{letters(limit.right)}]"
    if beyond:
        within = text or render(sheet.title, area)
        raise invalid(f"Requested writing within range [{within}], but tried writing to {beyond}")
    return Box(area.top, area.left, area.top + max(height, 1), area.left + max(width, 1))


def _each_row(onto: _Onto, values: list[list[Any]]) -> dict[int, Line]:
    rows = {}
    for row, line in enumerate(values):
        planned = [None if value is None else _planned(onto, row, column, value) for column, value in enumerate(line)]
        if any(planned):
            rows[row] = planned
    return rows


def _by_row(onto: _Onto, values: list[list[Any]]) -> dict[int, Line]:
    """Columns to rows. Most of a column may be nulls: who writes to a column by its metadata begins at row 1."""
    rows: dict[int, Line] = {}
    for column, line in enumerate(values):
        for row in [row for row, value in enumerate(line) if value is not None]:
            rows.setdefault(row, [None] * len(values))[column] = _planned(onto, row, column, line[row])
    return rows


def _planned(onto: _Onto, row: int, column: int, value: Any) -> Planned:  # noqa: ANN401  # any JSON
    if type(value) is str:
        if onto.typed:
            return _entered(onto, onto.box.top + row, onto.box.left + column, value)
        if len(value) < 1000:
            return value or None, None
    line, place = (column, row) if onto.columns_first else (row, column)
    return raw_cell(value, f"values[{line}][{place}]"), None


def _entered(onto: _Onto, row: int, column: int, text: str) -> Planned:
    number_format = (onto.sheet.rows[row].format(column) or {}).get("numberFormat", {})
    if number_format.get("type") == "TEXT":
        return raw_cell(text, ""), None
    cell, brought = enter(text, onto.today)
    same_kind = brought is not None and number_format.get("type") == brought.get("type")
    return cell, None if same_kind else brought


def _counted(sheet: Sheet, area: Area, box: Box, rows: Mapping[int, Line]) -> Write:
    cells = 0
    columns: set[int] = set()
    for line in rows.values():
        filled = len(line) - line.count(None)
        cells += filled
        if filled == len(line):
            if filled - 1 not in columns:
                columns.update(range(filled))
        else:
            columns.update(number for number, planned in enumerate(line) if planned is not None)
    return Write(sheet, area, box, rows, cells, frozenset(columns))


def clear(workbook: Workbook, user: User, target: tuple[Sheet, Area]) -> tuple[Sheet, Box]:
    """Check a clear and return what it empties. Raises GoogleError, 400."""
    sheet, area = target
    box = sheet.fit(area, clip=True)
    check_protection(workbook, sheet, box, user)
    return sheet, box


def empty(sheet: Sheet, box: Box) -> None:
    """Empty an area; formats stay."""
    for index in range(box.top, box.bottom):
        if any(cell is not None for cell in sheet.rows[index].cells[box.left : box.right]):
            row = sheet.writable(index)
            for column in range(box.left, min(box.right, len(row.cells))):
                row.enter(column, None)


def table_at(sheet: Sheet, box: Box) -> Box | None:
    """Return the last table that touches an area: the block of filled cells that its last filled cell belongs to.

    What a table is to `values.append`:
    https://developers.google.com/workspace/sheets/api/guides/values#append_values
    """
    for row in range(box.bottom - 1, box.top - 1, -1):
        filled = [c for c in range(box.left, box.right) if sheet.rows[row].cell(c) is not None]
        if filled:
            return _grown(sheet, Box(row, filled[-1], row + 1, filled[-1] + 1))
    return None


def _grown(sheet: Sheet, box: Box) -> Box:
    while True:
        left, right = max(box.left - 1, 0), min(box.right + 1, len(sheet.columns))
        top, bottom = box.top, box.bottom
        while top > 0 and _any(sheet, top - 1, left, right):
            top -= 1
        while bottom < len(sheet.rows) and _any(sheet, bottom, left, right):
            bottom += 1
        span = range(max(top - 1, 0), min(bottom + 1, len(sheet.rows)))
        wider_left = box.left - (left < box.left and any(_any(sheet, row, left, left + 1) for row in span))
        wider_right = box.right + (right > box.right and any(_any(sheet, row, right - 1, right) for row in span))
        grown = Box(top, wider_left, bottom, wider_right)
        if grown == box:
            return box
        box = grown


def _any(sheet: Sheet, row: int, left: int, right: int) -> bool:
    return any(cell is not None for cell in sheet.rows[row].cells[left:right])
