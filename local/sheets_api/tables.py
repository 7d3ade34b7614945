"""Tables: what their columns accept, and what their headers are called."""

from __future__ import annotations

from local.sheets_api import conditions
from local.sheets_api.a1 import Box, letters
from local.sheets_api.cells import Cell, Formula, Scalar, value_of
from local.sheets_api.display import show
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Sheet
from local.sheets_api.users import box_of
from local.sheets_api.workbook import Workbook

_NUMBERS = frozenset({"DOUBLE", "CURRENCY", "PERCENT", "DATE", "TIME", "DATE_TIME", "RATINGS_CHIP"})


def shown(sheet: Sheet, table: Json) -> Json:
    """Return Google's Table; columns are called what their header cells say."""
    box = box_of(sheet, table["range"])
    columns = []
    for column in table["columnProperties"]:
        index = column["columnIndex"]
        name = value_of(sheet.rows[box.top].cell(box.left + index))
        named = {**column, "columnName": str(name) if name is not None else column.get("columnName", "")}
        columns.append({key: value for key, value in named.items() if value not in {"", 0} or key == "columnType"})
    return {**table, "columnProperties": columns}


def check_entry(workbook: Workbook, sheet: Sheet, place: tuple[int, int], cell: Cell) -> None:
    """Raise GoogleError, 400, for what a strict validation or a typed column rejects, as far as `choices` say so."""
    choices = workbook.choices
    value = value_of(cell)
    if value is None or isinstance(cell, Formula):
        return
    row, column = place
    name = f"{letters(column)}{row + 1}"
    if choices.strict_validation_refuses:
        rule = sheet.rows[row].aside(column, "dataValidation")
        if rule and rule.get("strict") and not _valid(workbook, rule, value):
            raise invalid(f"The data you entered in cell {name} violates the data validation rules set on this cell.")
    if choices.typed_column_refuses and not all(
        _fits(workbook, table["columnProperties"][column - box.left], value)
        for table in sheet.tables
        if (box := box_of(sheet, table["range"])).top < row < box.bottom and box.left <= column < box.right
    ):
        raise invalid(f"The data you entered in cell {name} does not match the type of its table column.")


def _valid(workbook: Workbook, rule: Json, value: Scalar) -> bool:
    return conditions.holds(workbook, rule["condition"], value, show(value))


def _fits(workbook: Workbook, column: Json, value: Scalar) -> bool:
    kind = column["columnType"]
    if kind in _NUMBERS:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    rule = column.get("dataValidationRule")
    return kind != "DROPDOWN" or not rule or _valid(workbook, rule, value)


def settle_headers(workbook: Workbook, sheet: Sheet, written: Box) -> None:
    """Rename the headers that were written to a table and are empty or there already, if `choices` say so."""
    if not workbook.choices.table_renames_header:
        return
    for table in sheet.tables:
        box = box_of(sheet, table["range"])
        if not written.intersects(Box(box.top, box.left, box.top + 1, box.right)):
            continue
        header = sheet.writable(box.top)
        for column in range(max(box.left, written.left), min(box.right, written.right)):
            others = {str(value_of(header.cell(c))).casefold() for c in range(box.left, box.right) if c != column}
            text = value_of(header.cell(column))
            name = wanted = f"Column {column - box.left + 1}" if text is None else str(text)
            number = 2
            while name.casefold() in others:
                name, number = f"{wanted} {number}", number + 1
            if name != text:
                header.put(column, name)
