"""P6, P7: new columns stand right of the URLs whatever stands around them, and take over nobody's formats."""

from __future__ import annotations

from typing import Any

import pytest

from functions.jobs import chunk_runner
from functions.outcomes import Outcome
from functions.sheets import layout
from functions.store.job_states import JobState
from tests.support.desk import Desk, expected, people_rows, url_of

HEADERS = ["Email", "Title", "Company", "Company size"]


def cut_behind(desk: Desk, spreadsheet: str, column: int) -> None:
    """Deletes every column of the grid behind this one (from 0)."""
    span = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": column + 1}
    desk.emulator.edit(spreadsheet, {"deleteDimension": {"range": span}})


@pytest.mark.parametrize("columns_left", [2, 3])
def test_urls_in_the_last_column_of_the_grid_get_their_fields_right_of_it(desk: Desk, columns_left: int) -> None:
    rows = [row[:columns_left] for row in people_rows(5)]
    spreadsheet = desk.sheet(rows)
    cut_behind(desk, spreadsheet, columns_left - 1)
    job = desk.run(spreadsheet)
    assert (job.state, job.message) == (JobState.DONE, None)
    assert desk.counts(job) == {Outcome.ENRICHED: 5}
    assert desk.grid(spreadsheet)[0] == [*rows[0][:2], *HEADERS, *rows[0][2:]]
    held = desk.columns(spreadsheet)
    for number in range(5):
        assert [held[header][url_of(f"person-{number}")] for header in HEADERS] == expected(f"person-{number}")
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == rows


@pytest.mark.parametrize("cell", ["", "n/a"], ids=["blank", "no address"])
def test_a_list_of_which_hundreds_of_first_rows_have_no_address_is_filled(desk: Desk, cell: str) -> None:
    header, *people = people_rows(2)
    spreadsheet = desk.sheet([header, *[[f"Company {number}", cell] for number in range(250)], *people])
    job = desk.run(spreadsheet, fields=("email",))
    assert (job.state, job.message) == (JobState.DONE, None)
    assert desk.counts(job) == {Outcome.ENRICHED: 2, Outcome.UNUSABLE: 250}
    held = desk.columns(spreadsheet)["Email"]
    assert [held[url_of(f"person-{number}")] for number in range(2)] == [
        expected(f"person-{number}", ("email",))[0] for number in range(2)
    ]


def test_a_list_that_is_sorted_before_its_columns_are_looked_for_is_filled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run may wait for its turn meanwhile; of its first people none stands in the first rows then."""
    for module in (chunk_runner, layout):
        monkeypatch.setattr(module, "SAMPLE_ROWS", 2)
    spreadsheet = desk.sheet(people_rows(8))
    job = desk.start(spreadsheet, fields=("email",))
    span = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 9, "startColumnIndex": 0, "endColumnIndex": 3}
    sort = {"range": span, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}
    desk.emulator.edit(spreadsheet, {"sortRange": sort})
    job = desk.drain(job)
    assert (job.state, job.message) == (JobState.DONE, None)
    held = desk.columns(spreadsheet)["Email"]
    assert [held[url_of(f"person-{number}")] for number in range(8)] == [
        expected(f"person-{number}", ("email",))[0] for number in range(8)
    ]


@pytest.mark.parametrize("dates_in", ["B", "C"], ids=["the URLs' column", "the next column"])
def test_a_number_beside_a_column_of_dates_is_no_date(desk: Desk, dates_in: str) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    column = ord(dates_in) - ord("A")
    if dates_in == "B":
        cut_behind(desk, spreadsheet, column)
    span = {"sheetId": 0, "startColumnIndex": column, "endColumnIndex": column + 1}
    style = {"userEnteredFormat": {"numberFormat": {"type": "DATE", "pattern": "yyyy-MM-dd"}}}
    change = {"range": span, "cell": style, "fields": "userEnteredFormat.numberFormat"}
    desk.emulator.edit(spreadsheet, {"repeatCell": change})
    desk.run(spreadsheet, fields=("skills_count", "status"))
    shown = desk.emulator.values(spreadsheet, "Leads!C2:C")
    held = desk.emulator.values(spreadsheet, "Leads!C2:C", render="UNFORMATTED_VALUE")
    assert all(isinstance(value, int) for (value,) in held)
    assert shown == [[str(value)] for (value,) in held]


def test_a_column_beside_a_dropdown_in_a_hidden_column_is_neither(desk: Desk) -> None:
    """Google lets a new column inherit both from its neighbour."""
    spreadsheet = desk.sheet(people_rows(3))
    notes = {"sheetId": 0, "startRowIndex": 1, "startColumnIndex": 2, "endColumnIndex": 3}
    rule = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "yes"}]}, "strict": True}
    column = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 2, "endIndex": 3}
    hidden = {"range": column, "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
    dropdown = {"setDataValidation": {"range": notes, "rule": rule}}
    desk.emulator.edit(spreadsheet, dropdown, {"updateDimensionProperties": hidden})
    desk.emulator.switch(strict_validation_refuses=True)
    job = desk.run(spreadsheet, fields=("email",))
    held = desk.columns(spreadsheet)["Email"]
    assert [held[url_of(f"person-{number}")] for number in range(3)] == [
        expected(f"person-{number}", ("email",))[0] for number in range(3)
    ]
    assert {row.detail for row in desk.rows(job)} == {""}
    fields = "sheets(data(columnMetadata(hiddenByUser),rowData(values(dataValidation(strict)))))"
    answer = desk.emulator.call("spreadsheets.get", spreadsheet, ranges=["Leads!C1:D4"], fields=fields)
    (data,) = answer["sheets"][0]["data"]
    assert [line.get("hiddenByUser", False) for line in data["columnMetadata"]] == [False, True]
    cells = [[bool(cell) for cell in row.get("values", [])] for row in data["rowData"][1:]]
    assert cells == [[False, True]] * 3


MOVES: dict[str, dict[str, Any]] = {
    "somebody's column moves to where the run's is": {
        "moveDimension": {
            "source": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 1},
            "destinationIndex": 6,
        }
    },
    "a column comes in": {
        "insertDimension": {"range": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 1, "endIndex": 2}}
    },
    "a column goes": {
        "deleteDimension": {"range": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 1}}
    },
}


@pytest.mark.parametrize("move", MOVES)
def test_an_undo_deletes_no_column_but_its_own_also_when_they_move_in_the_same_moment(desk: Desk, move: str) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    before = desk.columns(spreadsheet)
    job = desk.run(spreadsheet)
    desk.emulator.edit_before(spreadsheet, MOVES[move], method="spreadsheets.batchUpdate")
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.emulator.edits_to_come() == 0
    after = desk.columns(spreadsheet)
    assert not set(HEADERS) & set(after)
    assert {title: after[title] for title in after if title} == {
        title: before[title] for title in before if title != "Name" or move != "a column goes"
    }
