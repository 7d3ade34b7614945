"""An undo deletes a run's columns if they hold only the run's title, wherever it was moved; otherwise they stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from functions.sheets.anchors import anchored_at
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import Column, Layout
from functions.sheets.removal import Removal, remove_empty_columns
from local.sheets_api.client import SheetsEmulator
from tests.support.simulation import Process, World

TITLES = ("Email", "Title")
DROPDOWN = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "yes"}]}}
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


def marked(row: int, column: int, **mark: object) -> dict[str, Any]:
    start = {"sheetId": 0, "rowIndex": row - 1, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": [mark]}], "fields": ",".join(mark)}}


@pytest.mark.parametrize(
    ("edits", "left"),
    [
        ([], []),
        ([ROW, ROW], []),
        ([NO_ROW], []),
        ([ROW, typed(4, 1, "Their title")], ["Email"]),
        ([typed(3, 1, "Their title"), typed(3, 2, "Another")], ["Email", "Title"]),
        ([typed(3, 1, ""), typed(4, 2, "Title")], ["Title"]),
        ([typed(3, 2, ""), typed(5, 2, "Title")], []),
        ([NO_ROW, typed(3, 1, "by hand")], ["Email"]),
        ([typed(2, 2, "by hand")], ["Title"]),
        ([ROW, typed(6, 2, "by hand")], ["Title"]),
    ],
)
def test_columns_without_contents_go(emulator: SheetsEmulator, edits: list[dict[str, Any]], left: list[str]) -> None:
    spreadsheet = emulator.spreadsheet([["Leads"], [], ["LinkedIn", *TITLES], ["url"], ["url"]])
    emulator.edit(spreadsheet, anchored_at(1, 0, 0), anchored_at(2, 0, 1), anchored_at(3, 0, 2), *edits)
    removal, still_there = remove_twice(emulator, spreadsheet)
    assert still_there == left
    assert removal == Removal()


@pytest.mark.parametrize("row", [3, 5])
@pytest.mark.parametrize("mark", [{"note": "ask Ann first"}, {"dataValidation": DROPDOWN}])
def test_a_column_with_somebodys_note_or_dropdown_stays(
    emulator: SheetsEmulator, row: int, mark: dict[str, Any]
) -> None:
    spreadsheet = emulator.spreadsheet([["Leads"], [], ["LinkedIn", *TITLES], ["url"], ["url"]])
    emulator.edit(spreadsheet, anchored_at(1, 0, 0), anchored_at(2, 0, 1), anchored_at(3, 0, 2), marked(row, 1, **mark))
    assert remove_twice(emulator, spreadsheet) == (Removal(marked=("Email",)), ["Email"])


def remove_twice(emulator: SheetsEmulator, spreadsheet: str) -> tuple[Removal, list[str]]:
    """Return what the second removal says, and the titles of the columns that are left."""
    columns = (Column(anchor=2, inserted=True), Column(anchor=3, inserted=True))
    layout = Layout(sheet_id=0, url=1, columns=columns, tab_rows=5, tab_columns=3)
    token = emulator.token("owner@example.com")
    sheet = GoogleSheet(spreadsheet, token, endpoint=f"{emulator.url}/", runtime=Process(World(0), "client"))
    remove_empty_columns(sheet, layout, TITLES, header_row=3)
    removal = remove_empty_columns(sheet, layout, TITLES, header_row=3)
    anchors = sheet.read_rows(0, 1, 1).anchors
    return removal, [title for anchor, title in ((2, "Email"), (3, "Title")) if anchor in anchors]
