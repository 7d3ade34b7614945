"""Requests on cells: written with values and formats, sorted, merged."""

from __future__ import annotations

from local.sheets_api import calculation, fields_mask, merging, sorting, structure
from local.sheets_api.a1 import Box
from local.sheets_api.cells import ERROR_TEXTS, Cell, CellError, Formula, check_length, value_of
from local.sheets_api.fields_mask import Mask
from local.sheets_api.formats import normal
from local.sheets_api.formulas import evaluate
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Row, Sheet
from local.sheets_api.requests.target import Target


def update(target: Target, given: Json) -> None:
    """Write cells from a start, or over a range (then what `rows` does not reach is emptied)."""
    mask = fields_mask.update_mask(given, "CellData")
    rows = given.get("rows", [])
    if "range" in given:
        sheet, box = target.editable(given["range"])
    else:
        start = given.get("start", {})
        top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
        width = max((len(row.get("values", [])) for row in rows), default=0)
        sheet, box = target.editable(
            {
                "sheetId": start.get("sheetId", 0),
                "startRowIndex": top,
                "endRowIndex": top + max(len(rows), 1),
                "startColumnIndex": left,
                "endColumnIndex": left + max(width, 1),
            }
        )
        if box.top + len(rows) > box.bottom or box.left + width > box.right:
            raise sheet.beyond(Box(top, left, top + len(rows), left + width))
    for index in range(box.top, box.bottom):
        offset = index - box.top
        values = rows[offset].get("values", []) if offset < len(rows) else []
        if "range" in given:
            values = [*values, *[{}] * (box.right - box.left - len(values))][: box.right - box.left]
        _put_row(sheet, index, box.left, values, mask)


def _put_row(sheet: Sheet, index: int, left: int, values: list[Json], mask: Mask) -> None:
    covered = sheet.hidden_under_merge(Box(index, left, index + 1, left + len(values))) if sheet.merges else set()
    row = sheet.writable(index)
    for column, data in enumerate(values, left):
        if (index, column) not in covered:
            put(row, column, data, mask)


def put(row: Row, column: int, data: Json, mask: Mask) -> None:
    """Set the masked parts of one cell from CellData. Raises GoogleError, 400."""
    if fields_mask.wants(mask, "userEnteredValue"):
        row.put(column, cell_of(data.get("userEnteredValue", {})))
    if fields_mask.wants(mask, "userEnteredFormat"):
        inner = mask.get("userEnteredFormat", {})
        merged = fields_mask.merge(row.format(column) or {}, normal(data.get("userEnteredFormat", {})), _styled(inner))
        row.put_format(column, merged or None)


def _styled(mask: Mask) -> Mask:
    """Return a format's mask that takes with each colour its style too."""
    widened = {name: dict(inner) for name, inner in mask.items()}
    for level in (widened, widened.get("textFormat", {})):
        for name in ("backgroundColor", "foregroundColor"):
            if name in level:
                level[name + "Style"] = {}
    return widened


def cell_of(value: Json) -> Cell:
    """Return an ExtendedValue as a cell. Raises GoogleError, 400."""
    if len(value) > 1:
        raise invalid("Only one kind of value may be set in userEnteredValue.")
    if "formulaValue" in value:
        text = value["formulaValue"]
        check_length(text)
        if not text.startswith("="):
            raise invalid(f"Invalid formula: {text}")
        return Formula(text, evaluate(text))
    if "stringValue" in value:
        check_length(value["stringValue"])
        return str(value["stringValue"]) or None
    if "errorValue" in value:
        kind = value["errorValue"].get("type", "ERROR")
        return CellError(kind if kind in ERROR_TEXTS else "ERROR")
    found: Cell = value.get("numberValue", value.get("boolValue"))
    return found


def repeat(target: Target, given: Json) -> None:
    """Write one cell's masked parts over a range."""
    mask = fields_mask.update_mask(given, "CellData")
    sheet, box = target.editable(given.get("range", {}))
    for index in range(box.top, box.bottom):
        _put_row(sheet, index, box.left, [given.get("cell", {})] * (box.right - box.left), mask)


def append(target: Target, given: Json) -> None:
    """Write rows after the last row with data, extending the grid."""
    mask = fields_mask.update_mask(given, "CellData")
    sheet, rows = target.workbook.sheet_by_id(given.get("sheetId", 0)), given.get("rows", [])
    last = max((i for i, row in enumerate(sheet.rows) if any(c is not None for c in row.cells)), default=-1)
    missing = last + 1 + len(rows) - len(sheet.rows)
    if missing > 0:
        structure.append(target.workbook, sheet, "ROWS", missing)
    for index, row in enumerate(rows, last + 1):
        _put_row(sheet, index, 0, row.get("values", []), mask)


def sort(target: Target, given: Json) -> None:
    """Sort the rows of a range."""
    sheet, box = target.editable(given.get("range", {}))
    keys = []
    for spec in given.get("sortSpecs", []):
        column = spec.get("dimensionIndex", 0)
        if not box.left <= column < box.right:
            raise invalid(f"The sort column {column} is not inside the range.")
        keys.append((column, spec.get("sortOrder") == "DESCENDING"))
    calculation.calculate(target.workbook)
    sorting.sort(sheet, box, keys)


def paste(target: Target, given: Json) -> None:
    """Paste the values of a range, to a range of its size."""
    if given.get("pasteType", "PASTE_NORMAL") != "PASTE_VALUES" or given.get("pasteOrientation") == "TRANSPOSE":
        raise invalid("The emulator pastes values only, and as they stand.")
    origin, source = target.workbook.grid_range(given.get("source", {}))
    sheet, box = target.editable(given.get("destination", {}))
    calculation.calculate(target.workbook)
    if (box.bottom - box.top, box.right - box.left) != (source.bottom - source.top, source.right - source.left):
        raise invalid("The emulator pastes into a range of the same size only.")
    taken = [
        [value_of(origin.rows[index].cell(column)) for column in range(source.left, source.right)]
        for index in range(source.top, source.bottom)
    ]
    for index, values in enumerate(taken, box.top):
        row = sheet.writable(index)
        for column, value in enumerate(values, box.left):
            row.put(column, None if value == "" else value)


def merge(target: Target, given: Json) -> None:
    """Merge cells."""
    sheet, box = target.editable(given.get("range", {}))
    merging.merge(sheet, box, given.get("mergeType", "MERGE_ALL"))


def unmerge(target: Target, given: Json) -> None:
    """Undo merges."""
    sheet, box = target.editable(given.get("range", {}))
    merging.unmerge(sheet, box)
