"""P6 and P5: titles are read and written where the header is, and each field goes where it belongs or was wanted."""

from __future__ import annotations

from typing import Any

import pytest

from functions.entrypoints import responses
from functions.errors import BadRange, InvalidRequest
from functions.jobs import service
from functions.jobs.request import ColumnChoice, JobRequest
from functions.outcomes import Outcome
from functions.store.job_states import JobState
from tests.support.desk import CALLER, Desk, expected, people_rows, url_of

ROWS = 4


def planned(desk: Desk, spreadsheet: str, *, cells: str = "Leads!B1:B", **request: Any) -> responses.Plan:  # noqa: ANN401 - any part of the request
    wanted = JobRequest(spreadsheet_id=spreadsheet, range=cells, **{"fields": ("email", "title"), **request})
    return responses.plan(wanted, *service.plan_run(desk.context, wanted, CALLER, desk.token), desk.context.clock())


def columns_of(plan: responses.Plan) -> list[tuple[str, str, bool]]:
    return [(column.field, column.column, column.new) for column in plan.columns]


def beside_urls(grid: list[list[Any]], header: int, title: str) -> dict[str, Any]:
    """URL → cell of the column of this title, of a tab whose header is the row `header` (from 1)."""
    titles = grid[header - 1]
    at, urls = titles.index(title), titles.index("LinkedIn")
    return {row[urls]: row[at] if at < len(row) else "" for row in grid[header:]}


def with_a_title_above(desk: Desk) -> str:
    """A merged title in row 1, nothing in row 2, the header in row 3 with a column for the e-mail."""
    header, *people = [[*row, ""] for row in people_rows(ROWS)]
    header[3] = "Work email"
    spreadsheet = desk.sheet([["Leads of spring"], [], header, *people])
    merge = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": 0, "endColumnIndex": 4}
    desk.emulator.edit(spreadsheet, {"mergeCells": {"range": merge, "mergeType": "MERGE_ALL"}})
    return spreadsheet


def test_a_header_in_row_3_under_a_merged_title_is_found_and_new_titles_go_there(desk: Desk) -> None:
    spreadsheet = with_a_title_above(desk)
    before = desk.grid(spreadsheet)
    plan = planned(desk, spreadsheet)
    assert (plan.header_row, plan.rows, plan.lookups, plan.range) == (3, ROWS, ROWS, f"Leads!B4:B{ROWS + 3}")
    assert columns_of(plan) == [("email", "E", False), ("title", "C", True)]
    job = desk.run(spreadsheet, "Leads!B1:B", fields=("email", "title"))
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    grid = desk.grid(spreadsheet)
    assert grid[:3] == [["Leads of spring"], [], ["Name", "LinkedIn", "Title", "Notes", "Work email"]]
    emails, titles = beside_urls(grid, 3, "Work email"), beside_urls(grid, 3, "Title")
    for number in range(ROWS):
        lead = expected(f"person-{number}", ("email", "title"))
        assert [emails[url_of(f"person-{number}")], titles[url_of(f"person-{number}")]] == lead
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before


def test_the_header_can_be_given_as_a_number(desk: Desk) -> None:
    spreadsheet = desk.sheet([["Ours", "Theirs"], ["A", "B"], *people_rows(ROWS)[1:]])
    assert planned(desk, spreadsheet).header_row == 1
    plan = planned(desk, spreadsheet, header=2)
    assert (plan.header_row, plan.rows) == (2, ROWS)
    desk.run(spreadsheet, "Leads!B1:B", fields=("email",), header=2)
    assert desk.grid(spreadsheet)[:2] == [["Ours", "Theirs"], ["A", "B", "Email"]]
    with pytest.raises(BadRange, match="ends at the header, which is row 6"):
        planned(desk, spreadsheet, cells="Leads!B1:B6", header=6)


def test_frozen_rows_hold_the_header(desk: Desk) -> None:
    spreadsheet = desk.sheet([["Ours", "Theirs", "Other"], ["A", "B", "C"], ["x", "n/a", ""], *people_rows(ROWS)[1:]])
    frozen = {
        "properties": {"sheetId": 0, "gridProperties": {"frozenRowCount": 2}},
        "fields": "gridProperties.frozenRowCount",
    }
    assert planned(desk, spreadsheet).header_row == 1
    desk.emulator.edit(spreadsheet, {"updateSheetProperties": frozen})
    plan = planned(desk, spreadsheet)
    assert (plan.header_row, plan.rows, plan.unusable) == (2, ROWS + 1, 1)


def test_usual_titles_are_understood(desk: Desk) -> None:
    rows = [["Full Name", "LinkedIn", "Email Address", "Job Title", "Company Name", "Headcount"]]
    rows += [["", url_of(f"person-{n}")] for n in range(ROWS)]
    plan = planned(desk, desk.sheet(rows), fields=("email", "title", "company", "size", "name"))
    assert columns_of(plan) == [
        ("email", "C", False),
        ("title", "D", False),
        ("company", "E", False),
        ("size", "F", False),
        ("name", "A", False),
    ]


def test_an_own_column_is_recognised_though_it_was_renamed(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    desk.run(spreadsheet, "Leads!B2:B3", fields=("email",))
    desk.emulator.write(spreadsheet, "Leads!C1", [["Where to write to"]])
    assert columns_of(planned(desk, spreadsheet, fields=("email",))) == [("email", "C", False)]
    job = desk.run(spreadsheet, "Leads!B2:B", fields=("email",))
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS - 2, Outcome.ALREADY_FILLED: 2}
    assert desk.grid(spreadsheet)[0] == ["Name", "LinkedIn", "Where to write to", "Notes"]
    assert columns_of(planned(desk, spreadsheet, fields=("email",), placement="new")) == [("email", "C", True)]


def test_each_field_goes_where_somebody_wants_it(desk: Desk) -> None:
    spreadsheet = desk.sheet(
        [[*row, *more] for row, more in zip(people_rows(ROWS), [["Mine"], [], [], [], []], strict=True)]
    )
    columns = {
        "email": ColumnChoice(column="D", title="Mine"),
        "title": ColumnChoice(column="end"),
        "company": ColumnChoice(column="new"),
    }
    fields = ("email", "title", "company")
    plan = planned(desk, spreadsheet, fields=fields, columns=columns)
    assert columns_of(plan) == [("email", "E", False), ("title", "F", True), ("company", "C", True)]
    assert [(each.column, each.title) for each in plan.tab_columns] == [("A", "Name"), ("C", "Notes"), ("D", "Mine")]
    job = desk.start(spreadsheet, "Leads!B1:B", fields=fields, columns=columns)
    move = {"source": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 3, "endIndex": 4}, "destinationIndex": 0}
    desk.emulator.edit(spreadsheet, {"moveDimension": move})  # after the plan, before the columns are anchored
    desk.drain(job)
    grid = desk.grid(spreadsheet)
    assert grid[0] == ["Mine", "Name", "LinkedIn", "Company", "Notes", "Title"]
    held = [beside_urls(grid, 1, title) for title in ("Mine", "Title", "Company")]
    for number in range(ROWS):
        lead = expected(f"person-{number}", fields)
        assert [each[url_of(f"person-{number}")] for each in held] == lead


def test_a_column_that_cannot_take_its_field_is_refused_before_anything_is_spent(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    for column, sentence in (
        ("B", "column of the LinkedIn URLs"),
        ("ZZ", "has no column ZZ"),
        ("C", "no longer where"),
    ):
        with pytest.raises(BadRange, match=sentence):
            planned(
                desk,
                spreadsheet,
                columns={"email": ColumnChoice(column=column, title="gone" if column == "C" else None)},
            )
    with pytest.raises(InvalidRequest, match="not among the fields"):
        planned(desk, spreadsheet, columns={"company": ColumnChoice(column="end")})
