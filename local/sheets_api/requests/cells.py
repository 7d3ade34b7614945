"""Requests on cells: written with values and formats, sorted, merged."""

from __future__ import annotations

from local.sheets_api import calculation, conditions, fields_mask, filtering, merging, sorting, structure, tables
from local.sheets_api.a1 import Box
from local.sheets_api.cell_data import check_mask, put
from local.sheets_api.fields_mask import Mask
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Sheet
from local.sheets_api.requests.filters import sort_keys
from local.sheets_api.requests.target import Target


def _mask(given: Json) -> Mask:
    mask = fields_mask.update_mask(given, "CellData")
    check_mask(mask)
    return mask


def update(target: Target, given: Json) -> None:
    """Write cells from a start, or over a range (then what `rows` does not reach is emptied)."""
    mask = _mask(given)
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
        _put_row(target, sheet, (index, box.left), values, mask)


def _put_row(target: Target, sheet: Sheet, place: tuple[int, int], values: list[Json], mask: Mask) -> None:
    index, left = place
    covered = sheet.hidden_under_merge(Box(index, left, index + 1, left + len(values))) if sheet.merges else set()
    row = sheet.writable(index)
    for column, data in enumerate(values, left):
        if (index, column) not in covered:
            if "chipRuns" in data and target.workbook.choices.chips_refused and not target.by_hand:
                raise invalid("Chips cannot be written through the API.")
            put(row, column, data, mask, by_hand=target.by_hand)
            if "userEnteredValue" in data:
                tables.check_entry(target.workbook, sheet, (index, column), row.cell(column))
    tables.settle_headers(target.workbook, sheet, Box(index, left, index + 1, left + len(values)))


def repeat(target: Target, given: Json) -> None:
    """Write one cell's masked parts over a range."""
    mask = _mask(given)
    sheet, box = target.editable(given.get("range", {}))
    takes_away = not given.get("cell") and not fields_mask.wants(mask, "userEnteredValue")
    for index in range(box.top, box.bottom):
        if takes_away and not sheet.rows[index].extras:
            continue  # as nearly all of the rows beside which a column was inserted
        _put_row(target, sheet, (index, box.left), [given.get("cell", {})] * (box.right - box.left), mask)


def append(target: Target, given: Json) -> None:
    """Write rows after the last row with data, extending the grid."""
    mask = _mask(given)
    sheet, rows = target.workbook.sheet_by_id(given.get("sheetId", 0)), given.get("rows", [])
    last = max((i for i, row in enumerate(sheet.rows) if any(c is not None for c in row.cells)), default=-1)
    missing = last + 1 + len(rows) - len(sheet.rows)
    if missing > 0:
        structure.append(target.workbook, sheet, "ROWS", missing)
    for index, row in enumerate(rows, last + 1):
        _put_row(target, sheet, (index, 0), row.get("values", []), mask)


def sort(target: Target, given: Json) -> None:
    """Sort the rows of a range."""
    sheet, box = target.editable(given.get("range", {}))
    keys = sort_keys(given.get("sortSpecs", []), box)
    calculation.calculate(target.workbook)
    sorting.sort(sheet, box, keys)
    if sheet.basic_filter:
        target.workbook.stale = True
        calculation.calculate(target.workbook)
        filtering.apply(target.workbook, sheet)


def validate(target: Target, given: Json) -> None:
    """Set or, without a rule, clear the data validation of a range."""
    rule = given.get("rule")
    if rule is not None:
        conditions.check(rule.get("condition", {}))
    sheet, box = target.editable(given.get("range", {}))
    for index in range(box.top, box.bottom):
        if sheet.rows[index].line.filtered and not given.get("filteredRowsIncluded"):
            continue
        row = sheet.writable(index)
        for column in range(box.left, box.right):
            row.put_aside(column, "dataValidation", rule)


def merge(target: Target, given: Json) -> None:
    """Merge cells."""
    sheet, box = target.editable(given.get("range", {}))
    merging.merge(sheet, box, given.get("mergeType", "MERGE_ALL"))


def unmerge(target: Target, given: Json) -> None:
    """Undo merges."""
    sheet, box = target.editable(given.get("range", {}))
    merging.unmerge(sheet, box)
