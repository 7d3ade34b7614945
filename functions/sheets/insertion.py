"""Insert new columns, as requests of `batchUpdate`, without moving anything onto something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from functions.fields.catalogue import Field
from functions.sheets.anchors import anchored_at

LETTER_PX, MARGIN_PX = 8, 24
"""A letter of Google's default font, Arial 10, with a third more, since values are longer than the example."""
USUAL_LETTERS = {"name": 20, "email": 30, "title": 28, "current_title": 28, "company": 22, "industry": 24}
"""Of fields whose values are often much longer than the example, by name."""
MIN_WIDTH_PX, MAX_WIDTH_PX = 100, 320
"""A new column is 100 wide by default; a text that is longer than the widest is read in the cell."""


def insertion(
    new: Sequence[tuple[int, Field]], start: int, *, sheet_id: int, tab_columns: int, header_row: int | None
) -> list[dict[str, Any]]:
    """Insert a column for each field before the column `start` (from 0), as wide as its values, with title and anchor.

    They inherit the format of the column to their right, except its number format and dropdown: a number must not
    become a date, and a dropdown of that column would refuse every value. They are shown even where that column is
    hidden. After the last column, Google only inserts columns with that column's format.

    Args:
        new: fields, each with the anchor of its column.
        start: the first of the new columns.
        sheet_id: the tab's.
        tab_columns: the columns that the tab has.
        header_row: the row of the titles, from 1; None where there is none.
    """
    if not new:
        return []
    end = start + len(new)
    span = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": start, "endIndex": end}
    cells = {"sheetId": sheet_id, "startColumnIndex": start, "endColumnIndex": end}
    requests: list[dict[str, Any]] = [
        {"insertDimension": {"range": span, "inheritFromBefore": start == tab_columns}},
        {"repeatCell": {"range": cells, "cell": {}, "fields": "userEnteredFormat.numberFormat,dataValidation"}},
    ]
    requests += [_width(sheet_id, start + place, field) for place, (_, field) in enumerate(new)]
    if header_row is not None:
        titles = [{"userEnteredValue": {"stringValue": field.header}} for _, field in new]
        corner = {"sheetId": sheet_id, "rowIndex": header_row - 1, "columnIndex": start}
        update = {"start": corner, "rows": [{"values": titles}], "fields": "userEnteredValue"}
        requests.append({"updateCells": update})
    return requests + [
        anchored_at(anchor, sheet_id, start + place, made_for=field.name) for place, (anchor, field) in enumerate(new)
    ]


def _width(sheet_id: int, column: int, field: Field) -> dict[str, Any]:
    """Make a new column as wide as the field's usual values, since it has no values yet."""
    letters = max(len(field.header), len(field.example), USUAL_LETTERS.get(field.name, 0))
    pixels = max(MIN_WIDTH_PX, min(MAX_WIDTH_PX, letters * LETTER_PX + MARGIN_PX))
    span = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
    properties = {"pixelSize": pixels, "hiddenByUser": False}
    return {"updateDimensionProperties": {"range": span, "properties": properties, "fields": "pixelSize,hiddenByUser"}}
