"""P8: a column that refuses its values affects only itself, and is inserted once, whatever its header becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.jobs import new_job
from functions.outcomes import Outcome
from functions.sheets import client, paging, tab_reader
from functions.store.job_states import JobState
from tests.support.desk import FIELDS, Desk, expected, people_rows, url_of

ROWS = 6
HEADERS = dict(zip(FIELDS, ("Email", "Title", "Company", "Company size"), strict=True))
LIST = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "yes"}]}


def area(column: int) -> dict[str, Any]:
    return {"sheetId": 0, "startRowIndex": 1, "startColumnIndex": column, "endColumnIndex": column + 1}


def dropdown(column: int) -> dict[str, Any]:
    return {"setDataValidation": {"range": area(column), "rule": {"condition": LIST, "strict": True}}}


def numbers(column: int) -> dict[str, Any]:
    whole = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": ROWS + 1, "startColumnIndex": 0, "endColumnIndex": 4}
    typed = [{"columnIndex": column, "columnType": "DOUBLE"}]
    return {"addTable": {"table": {"name": "People", "range": whole, "columnProperties": typed}}}


def protected(column: int) -> dict[str, Any]:
    return {
        "addProtectedRange": {"protectedRange": {"range": area(column), "editors": {"users": ["owner@example.com"]}}}
    }


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 3)


@pytest.mark.parametrize("in_blocks", [False, True], ids=["by anchor", "in blocks"])
@pytest.mark.parametrize("rule", [dropdown, numbers, protected])
def test_a_column_that_refuses_its_values_costs_that_column(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    rule: Callable[[int], dict[str, Any]],
    in_blocks: bool,  # noqa: FBT001 - parametrised
) -> None:
    if in_blocks:
        monkeypatch.setattr(client, "MAX_BYTES", 900)
    spreadsheet = desk.sheet(
        [[*row, header] for row, header in zip(people_rows(ROWS), ["Title", *[""] * ROWS], strict=True)]
    )
    desk.emulator.switch(strict_validation_refuses=True, typed_column_refuses=True)
    job = desk.start(spreadsheet)
    desk.emulator.edit(spreadsheet, rule(3))
    job = desk.drain(job)
    assert job.state is JobState.DONE
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    held = desk.columns(spreadsheet)
    for number in range(ROWS):
        want = dict(zip(HEADERS.values(), expected(f"person-{number}"), strict=True)) | {"Title": ""}
        assert {title: held[title][url_of(f"person-{number}")] for title in want} == want
    for row in desk.rows(job):
        assert "“Title” did not accept its value" in row.detail
        assert any(word in row.detail for word in ("validation", "type of its table", "protected"))
    calls = desk.emulator.calls()["by_method"]
    job = desk.undo(job)
    assert (job.state, job.message) == (JobState.UNDONE, None)
    assert desk.grid(spreadsheet)[1] == people_rows(ROWS)[1]
    assert sum(calls.values()) < 40, "the second chunk knows what the first one has learned"


@pytest.mark.parametrize("whole_cells", [paging.WHOLE_CELLS, 0], ids=["small", "large"])
def test_an_undo_says_what_it_left_in_a_column_that_accepts_nothing_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, whole_cells: int
) -> None:
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", whole_cells)
    spreadsheet = desk.sheet(
        [[*row, header] for row, header in zip(people_rows(ROWS), ["Title", *[""] * ROWS], strict=True)]
    )
    job = desk.run(spreadsheet, fields=("email", "title"))
    desk.emulator.edit(spreadsheet, protected(4))
    job = desk.undo(job)
    assert job.state is JobState.UNDONE
    assert job.message is not None
    assert job.message.startswith(f"{ROWS} cells were left as they are in the column “Title”, which accepts nothing: ")
    assert "protected" in job.message
    header, *rows = desk.grid(spreadsheet)
    assert header == ["Name", "LinkedIn", "Notes", "Title"], "the other column is gone"
    assert [row[3] for row in rows] == [expected(f"person-{number}")[1] for number in range(ROWS)]


def test_a_row_into_which_nothing_could_be_written_fails_with_the_reason_and_can_be_tried_again(desk: Desk) -> None:
    spreadsheet = desk.sheet(
        [[*row, header] for row, header in zip(people_rows(ROWS), ["Title", *[""] * ROWS], strict=True)]
    )
    desk.emulator.switch(strict_validation_refuses=True)
    desk.emulator.edit(spreadsheet, dropdown(3))
    job = desk.run(spreadsheet, fields=("title",))
    assert desk.counts(job) == {Outcome.FAILED: ROWS}
    assert all("validation" in row.detail for row in desk.rows(job))
    charged = desk.charged()
    desk.emulator.edit(spreadsheet, {"setDataValidation": {"range": area(3)}})
    job = desk.drain(desk.retry(job, ROWS))
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert desk.charged() == charged
    assert [row[3] for row in desk.grid(spreadsheet)[1:]] == [expected(f"person-{n}")[1] for n in range(ROWS)]


def test_a_header_that_reads_back_differently_is_no_reason_to_insert_again(desk: Desk) -> None:
    """A table gives a new column a name of its own where the wanted one is taken."""
    rows = [[*row, ""] for row in people_rows(ROWS)]
    rows[0][3] = "Email"
    spreadsheet = desk.sheet(rows)
    desk.emulator.switch(table_renames_header=True)
    whole = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": ROWS + 1, "startColumnIndex": 0, "endColumnIndex": 4}
    desk.emulator.edit(spreadsheet, {"addTable": {"table": {"name": "People", "range": whole}}})
    job = desk.run(spreadsheet, fields=("email",), placement="new")
    assert (job.state, desk.counts(job)) == (JobState.DONE, {Outcome.ENRICHED: ROWS})
    header, first, *_ = desk.grid(spreadsheet)
    assert len(header) == 5, header
    assert header[2] != "Email"
    assert first[2] == expected("person-0")[0]
