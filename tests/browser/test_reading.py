"""A sheet is read as people see it: linked names, a header below a title, hidden rows, chosen columns."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.window import FILL, OpenSheet, Window, charged, leads

pytestmark = pytest.mark.xdist_group("browser")

ROWS = 12


def edit(window: Window, *changes: dict[str, Any]) -> None:
    """Changes the sheet beside the page, as a colleague does."""
    token = window.page.context.request.get(f"{window.stack.urls['page']}/identity/access").json()["token"]
    url = f"{window.stack.urls['emulator']}/v4/spreadsheets/{window.spreadsheet_id}:batchUpdate"
    headers = {"Authorization": f"Bearer {token}"}
    requests.post(url, json={"requests": list(changes)}, headers=headers, timeout=10).raise_for_status()


def linked(row: list[Any]) -> dict[str, Any]:
    """A name that links to the person's profile."""
    link = {"textFormat": {"link": {"uri": row[1]}}}
    return {"values": [{"userEnteredValue": {"stringValue": row[0]}, "userEnteredFormat": link}]}


def test_linked_names_below_a_title_with_hidden_rows_and_chosen_columns(open_sheet: OpenSheet) -> None:
    """Found by themselves, planned apart, included with one click, and filled where they were wanted."""
    people = leads(ROWS)[1:]
    company = "https://www.linkedin.com/company/slintel"
    rows = [["", "", "Leads of spring"], [], ["Company", "Person", "Job Title", "Notes", "Where to write"]]
    window = open_sheet([*rows, *[[company] for _ in people]])
    cells = [linked(row) for row in people]
    start = {"sheetId": 0, "rowIndex": 3, "columnIndex": 1}
    hidden = {"sheetId": 0, "dimension": "ROWS", "startIndex": 5, "endIndex": 9}
    hide = {"range": hidden, "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
    edit(
        window,
        {"updateCells": {"start": start, "rows": cells, "fields": "*"}},
        {"updateDimensionProperties": hide},
    )
    inside = window.enrich()
    expect(inside.get_by_label("Column with LinkedIn URLs")).to_have_value("B")
    expect(inside.get_by_text(f"{ROWS} rows chosen")).to_be_visible()
    inside.get_by_role("button", name="Next: fields").click()
    expect(inside.get_by_role("button", name="Essentials")).to_be_disabled()  # all of it is chosen
    inside.get_by_role("button", name="Show the plan").click()
    expect(inside.get_by_role("button", name="Fill 8 rows")).to_be_visible()
    expect(inside.get_by_text("4 hidden by hand.")).to_be_visible()
    expect(inside.get_by_text("Their titles are in row 3.")).to_be_visible()
    expect(inside.get_by_label("Column for Title")).to_have_value("C")
    inside.get_by_label("Column for Email").select_option("E")
    expect(inside.get_by_role("button", name="Fill 8 rows")).to_be_visible()
    inside.get_by_label("Column for Company", exact=True).select_option("end")
    expect(inside.get_by_label("Column for Company", exact=True)).to_have_value("end")
    inside.get_by_label("Include 4 hidden rows").click()  # the plan is made anew with another box
    expect(inside.get_by_role("button", name=f"Fill {ROWS} rows")).to_be_visible()
    spent = charged(window.stack)
    inside.get_by_role("button", name=FILL).click()
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    assert charged(window.stack) - spent == ROWS
    header, *filled = window.cells("A3:Z15")
    assert header == ["Company", "Person", "Company size", "Job Title", "Notes", "Where to write", "Company"]
    assert len([row for row in filled if "@" in str(row[5:6])]) >= 1


def test_a_column_that_holds_no_person_is_chosen_by_hand(open_sheet: OpenSheet) -> None:
    """The list of columns is always there."""
    window = open_sheet([["Who", "Notes"], ["Ada", "x"], ["Eve", "y"]])
    inside = window.enrich()
    expect(inside.get_by_text("No column here seems to hold LinkedIn profile URLs")).to_be_visible()
    inside.get_by_role("button", name="Next: fields").click()
    expect(inside.get_by_text("Choose the column that holds the LinkedIn profile URLs first.")).to_be_visible()
    inside.get_by_label("Column with LinkedIn URLs").select_option("A")
    inside.get_by_role("button", name="Next: fields").click()
    inside.get_by_role("button", name="Show the plan").click()
    expect(inside.get_by_text("No row holds a LinkedIn profile URL.")).to_be_visible()
