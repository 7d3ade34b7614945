"""P4 and P8: rows that are hidden when a run begins are counted apart and left out, unless somebody includes them."""

from __future__ import annotations

import pytest

from functions.entrypoints import responses
from functions.errors import WrongJobState
from functions.jobs import service
from functions.jobs.request import JobRequest
from functions.outcomes import LeftOut, Outcome
from functions.sheets.scan import FILTER_VIEWS
from tests.support.desk import CALLER, Desk, people_rows, url_of

ROWS = 8


def hide(desk: Desk, spreadsheet: str, first: int, last: int, *, hidden: bool = True) -> None:
    """Hides rows by hand, as their numbers say."""
    span = {"sheetId": 0, "dimension": "ROWS", "startIndex": first - 1, "endIndex": last}
    update = {"range": span, "properties": {"hiddenByUser": hidden}, "fields": "hiddenByUser"}
    desk.emulator.edit(spreadsheet, {"updateDimensionProperties": update})


def filter_out(desk: Desk, spreadsheet: str, *notes: str) -> None:
    """Sets a filter on the notes, which hides these."""
    criteria = {"2": {"hiddenValues": list(notes)}}
    area = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": ROWS + 1, "startColumnIndex": 0, "endColumnIndex": 3}
    desk.emulator.edit(spreadsheet, {"setBasicFilter": {"filter": {"range": area, "criteria": criteria}}})


def planned(desk: Desk, spreadsheet: str, *, include_hidden: bool = False) -> responses.Plan:
    request = JobRequest(
        spreadsheet_id=spreadsheet, range="Leads!B2:B", fields=("email",), include_hidden=include_hidden
    )
    return responses.plan(request, *service.plan_run(desk.context, request, CALLER, desk.token), desk.context.clock())


def test_rows_hidden_by_hand_and_by_a_filter_are_counted_apart_left_out_and_cost_nothing(desk: Desk) -> None:
    rows = people_rows(ROWS)
    rows[2][1] = "nobody"  # hidden, and unusable all the same
    spreadsheet = desk.sheet(rows)
    hide(desk, spreadsheet, 3, 5)
    filter_out(desk, spreadsheet, "note 3", "note 7")
    plan = planned(desk, spreadsheet)
    assert (plan.rows, plan.unusable, plan.left_out, plan.lookups, plan.costs[0].max_credits) == (ROWS, 1, 3, 4, "4")
    assert plan.left_out_reasons == {LeftOut.HIDDEN: 1, LeftOut.FILTERED: 2}
    job = desk.run(spreadsheet, fields=("email",))
    assert desk.counts(job) == {Outcome.ENRICHED: 4, Outcome.UNUSABLE: 1, Outcome.LEFT_OUT: 3}
    left = {row.row: row.detail for row in desk.rows(job) if row.outcome is Outcome.LEFT_OUT}
    assert left == {4: LeftOut.HIDDEN.meaning, 5: LeftOut.FILTERED.meaning, 9: LeftOut.FILTERED.meaning}
    emails = desk.columns(spreadsheet)["Email"]
    assert [slug for n in range(ROWS) if emails.get(slug := url_of(f"person-{n}"))] == [
        url_of(f"person-{n}") for n in (0, 4, 5, 6)
    ]
    assert desk.charged(job) == (4, 0)


def test_one_word_includes_what_is_hidden(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    hide(desk, spreadsheet, 3, 5)
    filter_out(desk, spreadsheet, "note 7")
    assert planned(desk, spreadsheet).left_out == 4
    plan = planned(desk, spreadsheet, include_hidden=True)
    assert (plan.left_out, plan.left_out_reasons, plan.lookups) == (0, {}, ROWS)
    job = desk.run(spreadsheet, fields=("email",), include_hidden=True)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}


def test_a_row_that_is_hidden_and_filled_is_already_filled(desk: Desk) -> None:
    rows = [[*row, ""] for row in people_rows(ROWS)]
    rows[0][3], rows[3][3] = "Email", "own@list.example"
    spreadsheet = desk.sheet(rows)
    hide(desk, spreadsheet, 4, 5)
    job = desk.run(spreadsheet, fields=("email",))
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS - 2, Outcome.ALREADY_FILLED: 1, Outcome.LEFT_OUT: 1}


def test_visibility_is_read_once_at_the_start(desk: Desk) -> None:
    """A filter that somebody sets while the run goes on takes nothing away, and one that is cleared adds nothing."""
    spreadsheet = desk.sheet(people_rows(ROWS))
    hide(desk, spreadsheet, 2, 3)
    job = desk.start(spreadsheet, fields=("email",))
    hide(desk, spreadsheet, 2, 3, hidden=False)
    hide(desk, spreadsheet, 6, 9)
    assert desk.counts(desk.drain(job)) == {Outcome.ENRICHED: ROWS - 2, Outcome.LEFT_OUT: 2}


def test_a_retry_never_opens_what_was_left_out(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    hide(desk, spreadsheet, 2, 3)
    job = desk.run(spreadsheet, fields=("email",))
    with pytest.raises(WrongJobState):
        desk.retry(job, 10, in_doubt=True)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS - 2, Outcome.LEFT_OUT: 2}


def test_the_plan_says_where_filter_views_hide_what_nobody_else_can_see(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    assert planned(desk, spreadsheet).notices == []
    area = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": ROWS + 1, "startColumnIndex": 0, "endColumnIndex": 3}
    view = {"title": "Mine", "range": area, "criteria": {"2": {"hiddenValues": ["note 1"]}}}
    desk.emulator.edit(spreadsheet, {"addFilterView": {"filter": view}})
    plan = planned(desk, spreadsheet)
    assert (plan.notices, plan.left_out, plan.lookups) == ([FILTER_VIEWS], 0, ROWS)
    assert planned(desk, spreadsheet, include_hidden=True).notices == []
