"""P6: nobody's cell is touched by a run, and after an undo the workbook is what it was, to the byte."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from functions.outcomes import Outcome
from functions.sheets import paging, tab_reader
from functions.store.job_states import JobState
from tests.support.desk import FIELDS, Desk, expected, url_of

ROWS = 12
SMALL_AND_LARGE = pytest.mark.parametrize("whole_cells", [paging.WHOLE_CELLS, 0], ids=["small", "large"])


def sheet_of_all_kinds(desk: Desk) -> str:
    """Dates, amounts, formulas, switches, text that looks like them, styles, merged cells; some of it in targets."""
    header = ["Since", "LinkedIn", "Email", "Amount", "Done", "Code", "Company size"]
    rows: list[list[Any]] = [header]
    for number in range(ROWS):
        own = ["", "mine@example.com", "=A2", "1-10"][number % 4]
        size = ["", "", "", 45_000.5, True, "=1+1"][number % 6]
        rows.append([45_000 + number, url_of(f"byte-{number}"), own, number / 8, number % 2 == 0, f"00{number}", size])
    spreadsheet = desk.sheet(rows)
    desk.emulator.write(spreadsheet, "Leads!C5", [["=UPPER(A2)"]], option="USER_ENTERED")
    desk.emulator.write(spreadsheet, "Leads!G3", [["2026-01-31"]], option="USER_ENTERED")
    desk.emulator.edit(
        spreadsheet,
        styled(0, {"numberFormat": {"type": "DATE", "pattern": "yyyy-MM-dd"}}, "numberFormat"),
        styled(3, {"numberFormat": {"type": "CURRENCY", "pattern": "#,##0.00 €"}}, "numberFormat"),
        styled(2, {"textFormat": {"bold": True}}, "textFormat.bold"),
        {"mergeCells": {"mergeType": "MERGE_ALL", "range": cells(20, 22, 0, 7)}},
        {"addSheet": {"properties": {"title": "Other", "sheetId": 77}}},
    )
    return spreadsheet


def cells(top: int, bottom: int, left: int, right: int) -> dict[str, int]:
    ends = {"startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}
    return {"sheetId": 0, **ends}


def styled(column: int, style: dict[str, Any], field: str) -> dict[str, Any]:
    change = {"range": cells(1, ROWS + 1, column, column + 1), "cell": {"userEnteredFormat": style}}
    return {"repeatCell": change | {"fields": f"userEnteredFormat.{field}"}}


def workbook(desk: Desk, spreadsheet: str) -> dict[str, bytes]:
    """The exported .xlsx, part by part, but for the one that holds the hour of the export."""
    with zipfile.ZipFile(io.BytesIO(desk.emulator.file(spreadsheet, kind="xlsx"))) as parts:
        return {name: parts.read(name) for name in parts.namelist() if name != "docProps/core.xml"}


def dump(desk: Desk, spreadsheet: str) -> Any:  # noqa: ANN401 - JSON
    """All that the API tells of the spreadsheet, but for the anchors."""

    def without_anchors(found: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(found, dict):
            return {name: without_anchors(value) for name, value in found.items() if name != "developerMetadata"}
        return [without_anchors(item) for item in found] if isinstance(found, list) else found

    return without_anchors(desk.emulator.call("spreadsheets.get", spreadsheet, includeGridData=True))


def held(desk: Desk, spreadsheet: str) -> dict[tuple[str, int], Any]:
    """Every cell that holds something or looks like something, whole, by header and row."""
    header, *rows = dump(desk, spreadsheet)["sheets"][0]["data"][0]["rowData"]
    titles = [cell.get("formattedValue", "") for cell in header["values"]]
    return {
        (titles[column] if column < len(titles) else "", number): cell
        for number, row in enumerate(rows)
        for column, cell in enumerate(row.get("values", ()))
        if cell
    }


@SMALL_AND_LARGE
@pytest.mark.parametrize("write", ["empty", "all"])
def test_after_an_undo_the_workbook_is_what_it_was_to_the_byte(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, write: str, whole_cells: int
) -> None:
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", whole_cells)
    spreadsheet = sheet_of_all_kinds(desk)
    before = workbook(desk, spreadsheet), dump(desk, spreadsheet)
    job = desk.run(spreadsheet, write=write)
    assert (job.state, job.message) == (JobState.DONE, None)
    assert workbook(desk, spreadsheet) != before[0]
    job = desk.undo(job)
    assert (job.state, job.message) == (JobState.UNDONE, None)
    assert (workbook(desk, spreadsheet), dump(desk, spreadsheet)) == before


def test_a_run_leaves_every_cell_that_holds_something_as_it_was_with_its_format(desk: Desk) -> None:
    spreadsheet = sheet_of_all_kinds(desk)
    before = held(desk, spreadsheet)
    desk.run(spreadsheet)
    after = held(desk, spreadsheet)
    for place, cell in before.items():
        if cell.get("userEnteredValue"):
            assert after[place] == cell, place
        else:  # an empty cell with a format may be filled, and keeps its format
            assert after[place].get("userEnteredFormat") == cell.get("userEnteredFormat"), place


@SMALL_AND_LARGE
def test_what_a_person_changes_after_the_run_is_not_undone_and_is_reported(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, whole_cells: int
) -> None:
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", whole_cells)
    spreadsheet = desk.sheet([["Name", "LinkedIn"], *[[f"Name {n}", url_of(f"later-{n}")] for n in range(6)]])
    job = desk.run(spreadsheet)
    desk.emulator.write(spreadsheet, "Leads!C3:D3", [["by hand", "by hand too"]])
    desk.emulator.write(spreadsheet, "Leads!G4", [["a note beside"]])
    desk.emulator.edit(spreadsheet, {"deleteDimension": {"range": rows(6, 7)}})
    job = desk.undo(job)
    assert job.state is JobState.UNDONE
    assert job.message
    assert "2 cells were changed" in job.message
    assert "row 3" in job.message
    assert "1 row is not there" in job.message
    assert desk.counts(job) == {Outcome.ENRICHED: 6}
    header, *lines = desk.grid(spreadsheet)
    assert header == ["Name", "LinkedIn", "Email", "Title"]  # the two that hold something by hand
    assert [line[2:] for line in lines] == [[], ["by hand", "by hand too"], ["", "", "a note beside"], [], []]


def rows(start: int, end: int) -> dict[str, Any]:
    return {"sheetId": 0, "dimension": "ROWS", "startIndex": start, "endIndex": end}


@SMALL_AND_LARGE
def test_a_row_of_the_same_person_that_held_the_same_before_the_run_keeps_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, whole_cells: int
) -> None:
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", whole_cells)
    own = expected("twin")
    values = [["Id", "LinkedIn", "Email", "Title", "Company", "Company size"], ["1", url_of("twin"), *own]]
    values += [["2", url_of("twin")], ["3", url_of("twin"), "mine@example.com"]]
    spreadsheet = desk.sheet(values)
    before = desk.grid(spreadsheet)
    job = desk.run(spreadsheet, fields=FIELDS)
    assert desk.grid(spreadsheet) != before
    change = {"range": cells(1, 4, 0, 6), "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}
    desk.emulator.edit(spreadsheet, {"sortRange": change})
    desk.undo(job)
    assert desk.grid(spreadsheet) == [before[0], *reversed(before[1:])]
