"""Requests on tables: ranges with a header, whose columns may have types."""

from __future__ import annotations

from local.sheets_api import fields_mask
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Sheet
from local.sheets_api.requests.target import Target
from local.sheets_api.tables import shown


def add(target: Target, given: Json) -> Json:
    """Make a table of a range; its first row is the header."""
    wanted, workbook = given.get("table", {}), target.workbook
    if "range" not in wanted:
        raise invalid("table.range must be specified.")
    sheet, box = target.editable(wanted["range"])
    if box.bottom - box.top < 2:
        raise invalid("A table must have a header and at least one row.")
    if any(workbook.grid_range(other["range"])[1].intersects(box) for other in sheet.tables):
        raise invalid("You can't add a table over another table.")
    names = {other["name"].casefold() for each in workbook.sheets for other in each.tables}
    name = wanted.get("name") or next(n for i in range(1, 10**6) if (n := f"Table{i}").casefold() not in names)
    if name.casefold() in names:
        raise invalid(f"A table with the name “{name}” already exists.")
    columns = _columns(wanted, box.right - box.left)
    table: Json = {"name": name, "tableId": wanted.get("tableId") or str(workbook.new_id())}
    table |= {"range": box.grid_range(sheet.id), "columnProperties": columns}
    sheet.tables = (*sheet.tables, table)
    for column in columns:
        place = box.left + column["columnIndex"]
        if column.get("columnName") and sheet.rows[box.top].cell(place) is None:
            sheet.writable(box.top).enter(place, column["columnName"])
    return {"table": shown(sheet, table)}


def _columns(wanted: Json, width: int) -> list[Json]:
    given = {column.get("columnIndex", 0): column for column in wanted.get("columnProperties", [])}
    if any(not 0 <= index < width for index in given):
        raise invalid("table.columnProperties.columnIndex must be inside the table.")
    for column in given.values():
        if "dataValidationRule" in column and column.get("columnType") != "DROPDOWN":
            raise invalid("dataValidationRule may only be set for a column of type DROPDOWN.")
    return [{"columnType": "COLUMN_TYPE_UNSPECIFIED", **given.get(i, {}), "columnIndex": i} for i in range(width)]


def update(target: Target, given: Json) -> None:
    """Change a table's name, range or columns."""
    mask = fields_mask.update_mask(given, "Table")
    new = given.get("table", {})
    sheet, old = _found(target, new.get("tableId", ""))
    changed = {**fields_mask.merge(old, new, mask), "tableId": old["tableId"]}
    _, box = target.editable(changed.get("range", {}))
    changed |= {"range": box.grid_range(sheet.id), "columnProperties": _columns(changed, box.right - box.left)}
    sheet.tables = tuple(changed if table is old else table for table in sheet.tables)


def delete(target: Target, given: Json) -> None:
    """Delete a table with what its cells hold (guides/tables)."""
    sheet, old = _found(target, given.get("tableId", ""))
    _, box = target.editable(old["range"])
    for index in range(box.top, box.bottom):
        row = sheet.writable(index)
        for column in range(box.left, min(box.right, len(row.cells))):
            row.enter(column, None)
    sheet.tables = tuple(table for table in sheet.tables if table is not old)


def _found(target: Target, number: str) -> tuple[Sheet, Json]:
    for sheet in target.workbook.sheets:
        for table in sheet.tables:
            if table["tableId"] == number:
                return sheet, table
    raise invalid(f"No table with id: {number}")
