"""Areas of a sheet to values: valueRenderOption, dateTimeRenderOption, majorDimension, trailing empties left out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from local.sheets_api.a1 import Area, Box, render
from local.sheets_api.cells import Cell, CellError, Formula, Scalar, plain_number, value_of
from local.sheets_api.display import MOMENTS, show
from local.sheets_api.google_errors import Json
from local.sheets_api.grid import Row, Sheet


@dataclass(frozen=True, slots=True)
class Rendering:
    """How values are wanted. The fields are Google's options."""

    value: str = "FORMATTED_VALUE"
    date_time: str = "SERIAL_NUMBER"
    major: str = "ROWS"

    @classmethod
    def of(cls, given: Json, prefix: str = "") -> Rendering:
        """Read the options from query or body; `prefix` is `response` for those of a write."""

        def option(name: str, default: str) -> str:
            key = prefix + name[0].upper() + name[1:] if prefix else name
            chosen = given.get(key) or default
            return default if chosen.endswith("_UNSPECIFIED") else str(chosen)

        return cls(
            option("valueRenderOption", "FORMATTED_VALUE"),
            option("dateTimeRenderOption", "SERIAL_NUMBER"),
            "ROWS" if prefix else option("majorDimension", "ROWS"),
        )


def read(sheet: Sheet, box: Box, rendering: Rendering) -> list[list[Any]]:
    """Return the values of an area, without empty cells and rows at the ends."""
    if rendering.major == "COLUMNS":
        rows = [_row(row, box, rendering) for row in sheet.rows[box.top : box.bottom]]
        width = max((len(row) for row in rows), default=0)
        if width == 1:
            return _trimmed([_trimmed_row([row[0] if row else "" for row in rows])])
        lines = [_trimmed_row(list(column)) for column in zip_longest(*rows, fillvalue="")]
    else:
        lines = [_row(row, box, rendering) for row in sheet.rows[box.top : box.bottom]]
    return _trimmed(lines)


def value_range(sheet: Sheet, area: Area, rendering: Rendering) -> Json:
    """Return an area as Google's ValueRange. Raises GoogleError if it starts outside the grid."""
    box = sheet.fit(area, clip=True)
    shown: Json = {"range": render(sheet.title, box), "majorDimension": rendering.major}
    if values := read(sheet, box, rendering):
        shown["values"] = values
    return shown


def _row(row: Row, box: Box, rendering: Rendering) -> list[Any]:
    cells = row.cells[box.left : box.right]
    while cells and (cells[-1] is None or value_of(cells[-1]) is None):
        cells.pop()
    extras = row.extras
    return [
        cell if type(cell) is str else _one(cell, row.format(column) if extras else None, rendering)
        for column, cell in enumerate(cells, box.left)
    ]


def _one(cell: Cell, cell_format: Json | None, rendering: Rendering) -> str | float | bool:
    if cell is None:
        return ""
    if isinstance(cell, Formula) and rendering.value == "FORMULA":
        return cell.text
    value = value_of(cell)
    if value is None:
        return ""
    number_format = (cell_format or {}).get("numberFormat")
    if rendering.value == "FORMATTED_VALUE":
        return show(value, number_format)
    if rendering.date_time == "FORMATTED_STRING" and (number_format or {}).get("type") in MOMENTS:
        return show(value, number_format)
    return _unformatted(value)


def _unformatted(value: Scalar) -> str | float | bool:
    if isinstance(value, CellError):
        return value.text
    return value if isinstance(value, (str, bool)) else plain_number(value)


def _trimmed_row(values: list[Any]) -> list[Any]:
    while values and values[-1] == "":
        values.pop()
    return values


def _trimmed(lines: list[list[Any]]) -> list[list[Any]]:
    while lines and not lines[-1]:
        lines.pop()
    return lines
