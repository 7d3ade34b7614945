"""P6: what a formula spills into a cell is somebody's data, though nothing is typed there: never written over."""

from __future__ import annotations

import pytest

from functions.outcomes import Outcome
from functions.sheets.cells import Spilled
from functions.sheets.grid import content
from tests.support.desk import Desk, people_rows, url_of

ROWS = 4


def with_a_spilled_email_column(desk: Desk) -> str:
    """Name, LinkedIn, Email, Notes; the e-mails are spilled by one formula over a hidden-away column."""
    rows = [["Name", "LinkedIn", "Email", "Notes", "", "Raw"]]
    rows += [[f"Name {n}", url_of(f"person-{n}"), "", f"note {n}", "", f"own-{n}@list.example"] for n in range(ROWS)]
    spreadsheet = desk.sheet(rows)
    formula = [[f"=ARRAYFORMULA(F2:F{ROWS + 1})"]]
    desk.emulator.write(spreadsheet, "Leads!C2", formula, option="USER_ENTERED")
    return spreadsheet


def shown(desk: Desk, spreadsheet: str, cells: str) -> list[list[object]]:
    return desk.emulator.values(spreadsheet, cells)


def emails(desk: Desk, spreadsheet: str) -> list[list[object]]:
    at = "ABCDEFGH"[desk.grid(spreadsheet)[0].index("Email")]
    return shown(desk, spreadsheet, f"Leads!{at}2:{at}{ROWS + 1}")


@pytest.mark.parametrize("write", ["empty", "all"])
def test_a_spilled_block_stays_whole_whatever_the_run_may_write_over(desk: Desk, write: str) -> None:
    spreadsheet = with_a_spilled_email_column(desk)
    before = emails(desk, spreadsheet)
    assert before == [[f"own-{n}@list.example"] for n in range(ROWS)]
    job = desk.run(spreadsheet, fields=("email", "title"), write=write)
    after = emails(desk, spreadsheet)
    if write == "empty":
        assert after == before
    else:  # a formula that is typed may be written over by who asks for that; a recipient never is
        assert "#REF!" not in str(after)
    assert sum(desk.counts(job).values()) == ROWS
    titles = desk.columns(spreadsheet)["Title"]
    assert len([title for title in titles.values() if title]) >= 1, "the other column is filled"


def test_a_row_whose_cells_are_all_spilled_is_filled_and_costs_nothing(desk: Desk) -> None:
    spreadsheet = with_a_spilled_email_column(desk)
    assert desk.plan(spreadsheet, fields=("email",)) == 0
    job = desk.run(spreadsheet, fields=("email",))
    assert desk.counts(job) == {Outcome.ALREADY_FILLED: ROWS}
    assert desk.charged() == (0, 0)


def test_an_undo_keeps_an_inserted_column_into_which_a_formula_spills(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    job = desk.run(spreadsheet, fields=("email",))
    header = desk.grid(spreadsheet)[0]
    at = "ABCDEF"[header.index("Email")]
    left = "ABCDEF"[header.index("Email") - 1]
    desk.emulator.write(spreadsheet, f"Leads!{at}2:{at}{ROWS + 1}", [[""]] * ROWS)
    two_wide = f'={{"{url_of("person-9")}","mine"}}'
    desk.emulator.write(spreadsheet, f"Leads!{left}{ROWS + 2}", [[two_wide]], option="USER_ENTERED")
    assert shown(desk, spreadsheet, f"Leads!{at}{ROWS + 2}") == [["mine"]]
    desk.undo(job)
    assert "Email" in desk.grid(spreadsheet)[0]
    assert shown(desk, spreadsheet, f"Leads!{at}{ROWS + 2}") == [["mine"]]


def test_a_recipient_is_told_from_an_empty_cell_and_from_a_typed_one() -> None:
    assert content({"formattedValue": "x", "effectiveValue": {"stringValue": "x"}}) == Spilled("x")
    assert content({"userEnteredValue": {"stringValue": "x"}, "formattedValue": "x"}) == "x"
    assert content({}) == ""
