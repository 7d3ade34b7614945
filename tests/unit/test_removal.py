"""An undo deletes a run's columns if they hold only their title, wherever it was moved; otherwise they stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from functions.sheets.anchors import anchored_at
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import Column, Layout
from functions.sheets.removal import remove_empty_columns
from local.sheets_api.client import SheetsEmulator
from tests.support.simulation import Process, World

TITLES = ("Email", "Title")
ROW = {"insertDimension": {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": 0, "endIndex": 1}}}
NO_ROW = {"deleteDimension": {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": 0, "endIndex": 1}}}


@pytest.fixture(scope="module", name="emulator")
def running() -> Iterator[SheetsEmulator]:
    with SheetsEmulator() as emulator:
        yield emulator


def typed(row: int, column: int, text: str) -> dict[str, Any]:
    cells = [{"values": [{"userEnteredValue": {"stringValue": text}}]}]
    start = {"sheetId": 0, "rowIndex": row - 1, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": cells, "fields": "userEnteredValue"}}


@pytest.mark.parametrize(
    ("edits", "left"),
    [
        ([], []),
        ([ROW, ROW], []),
        ([NO_ROW], []),
        ([ROW, typed(4, 1, "Their title")], []),
        ([typed(3, 1, "Their title"), typed(3, 2, "Another")], []),
        ([NO_ROW, typed(3, 1, "by hand")], ["Email"]),
        ([typed(2, 2, "by hand")], ["Title"]),
        ([ROW, typed(6, 2, "by hand")], ["Title"]),
    ],
)
def test_columns_without_contents_go(emulator: SheetsEmulator, edits: list[dict[str, Any]], left: list[str]) -> None:
    spreadsheet = emulator.spreadsheet([["Leads"], [], ["LinkedIn", *TITLES], ["url"], ["url"]])
    emulator.edit(spreadsheet, anchored_at(1, 0, 0), anchored_at(2, 0, 1), anchored_at(3, 0, 2), *edits)
    columns = (Column(anchor=2, inserted=True), Column(anchor=3, inserted=True))
    layout = Layout(sheet_id=0, url=1, columns=columns, tab_rows=5, tab_columns=3)
    token = emulator.token("owner@example.com")
    sheet = GoogleSheet(spreadsheet, token, endpoint=f"{emulator.url}/", runtime=Process(World(0), "client"))
    remove_empty_columns(sheet, layout, TITLES, header_row=3)
    remove_empty_columns(sheet, layout, TITLES, header_row=3)
    anchors = sheet.read_rows(0, 1, 1).anchors
    assert [title for anchor, title in ((2, "Email"), (3, "Title")) if anchor in anchors] == left
