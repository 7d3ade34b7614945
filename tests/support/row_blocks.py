"""Rows of a tab, without a spreadsheet behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from functions.sheets.grid import RowBlock, row_block_of


def block_of(rows: Sequence[Sequence[str | int]], first_row: int = 1) -> RowBlock:
    """The rows, as Google answers them; a number is shown with commas."""
    data = [{"values": [_cell(value) for value in row]} for row in rows]
    size = {"rowCount": 100, "columnCount": 4}
    properties = {"sheetId": 3, "title": "Leads", "gridProperties": size}
    sheet = {"properties": properties, "data": [{"startRow": first_row - 1, "rowData": data}]}
    block = row_block_of(json.dumps({"sheets": [sheet]}).encode())
    assert block is not None
    return block


def _cell(value: str | int) -> dict[str, object]:
    if isinstance(value, int):
        return {"userEnteredValue": {"numberValue": value}, "formattedValue": f"{value:,}"}
    return {"userEnteredValue": {"stringValue": value}, "formattedValue": value} if value else {}
