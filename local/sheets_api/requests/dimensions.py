"""Requests on rows and columns."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api import calculation, fields_mask, structure
from local.sheets_api.cells import value_of
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Sheet
from local.sheets_api.requests.target import Target


def insert(target: Target, given: Json) -> None:
    """Insert empty rows or columns."""
    if "endIndex" not in given.get("range", {}):
        raise invalid("range.endIndex must be specified: both the start and the end of an insert must be bounded.")
    sheet, dimension, start, end = target.workbook.dimension_range(given["range"])
    if dimension == "COLUMNS" and target.workbook.choices.insert_into_blocks_refused:
        _refuse_at_blocks(target, sheet, start)
    inherit = given.get("inheritFromBefore", False)
    structure.insert(target.workbook, sheet, dimension, start, end, inherit=inherit)


def _refuse_at_blocks(target: Target, sheet: Sheet, column: int) -> None:
    ranges = [block["range"] for block in (*sheet.tables, *sheet.bands, *filter(None, [sheet.basic_filter]))]
    for box in (target.workbook.grid_range(given)[1] for given in ranges):
        if box.left <= column <= box.right:
            raise invalid("This operation is not allowed on cells in a table, a filter or alternating colors.")


def append(target: Target, given: Json) -> None:
    """Append empty rows or columns."""
    sheet = target.workbook.sheet_by_id(given.get("sheetId", 0))
    if given.get("dimension") not in {"ROWS", "COLUMNS"}:
        raise invalid("dimension must be specified.")
    if given.get("length", 0) <= 0:
        raise invalid("length must be greater than 0.")
    structure.append(target.workbook, sheet, given["dimension"], given["length"])


def delete(target: Target, given: Json) -> None:
    """Delete rows or columns."""
    sheet, dimension, start, end = target.editable_lines(given.get("range", {}))
    structure.delete(target.workbook, sheet, dimension, start, end)


def move(target: Target, given: Json) -> None:
    """Move rows or columns; the destination counts before the move."""
    sheet, dimension, start, end = target.editable_lines(given.get("source", {}))
    structure.move(target.workbook, sheet, dimension, (start, end), given.get("destinationIndex", 0))


def auto_resize(target: Target, given: Json) -> None:
    """Fit rows or columns to what they show. Without fonts the widths are near Google's, not equal to them."""
    if "dataSourceSheetDimensions" in given:
        raise invalid("The emulator does not know data source sheets.")
    sheet, dimension, start, end = target.workbook.dimension_range(given.get("dimensions", {}))
    calculation.calculate(target.workbook)
    size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    for index in range(start, min(end, size)):
        cells = sheet.rows[index].cells if dimension == "ROWS" else (row.cell(index) for row in sheet.rows)
        texts = [str(value) for cell in cells if (value := value_of(cell)) is not None]
        if texts:
            pixels = _height(texts) if dimension == "ROWS" else _width(texts)
            line = target.workbook.line_of(sheet, dimension, index)
            target.workbook.set_line(sheet, dimension, index, replace(line, pixel_size=pixels))


def _height(texts: list[str]) -> int:
    return 21 + 15 * max(text.count("\n") for text in texts)


def _width(texts: list[str]) -> int:
    """Return the width of the longest text in capitals of the default font: 1,024 were recorded as 8,691 pixels."""
    return 21 + round(8670 / 1024 * max(map(len, texts)))


def update_properties(target: Target, given: Json) -> None:
    """Hide, show or size rows or columns."""
    workbook, properties = target.workbook, given.get("properties", {})
    mask = fields_mask.update_mask(given, "DimensionProperties")
    sheet, dimension, start, end = workbook.dimension_range(given.get("range", {}))
    size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    for index in range(start, min(end, size)):
        line = workbook.line_of(sheet, dimension, index)
        if fields_mask.wants(mask, "hiddenByUser"):
            line = replace(line, hidden=properties.get("hiddenByUser", False))
        if fields_mask.wants(mask, "pixelSize"):
            line = replace(line, pixel_size=properties.get("pixelSize"))
        if line != workbook.line_of(sheet, dimension, index):
            workbook.set_line(sheet, dimension, index, line)
