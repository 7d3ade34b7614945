"""P6: a value that a formula spills into a cell counts as somebody's data, and is never written over."""

from __future__ import annotations

import pytest

from functions.errors import BadRange
from functions.jobs.request import ColumnChoice
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
def test_a_column_into_which_a_formula_spills_is_refused_and_nothing_is_spent(desk: Desk, write: str) -> None:
    spreadsheet = with_a_spilled_email_column(desk)
    before = emails(desk, spreadsheet)
    assert before == [[f"own-{n}@list.example"] for n in range(ROWS)]
    for act in (desk.plan, desk.run):
        with pytest.raises(BadRange, match=r"C3 shows what a formula elsewhere fills in.*another column for “Email”"):
            act(spreadsheet, fields=("email", "title"), write=write)
    assert emails(desk, spreadsheet) == before
    assert desk.charged() == (0, 0)
    elsewhere = {"email": ColumnChoice(column="end")}
    job = desk.run(spreadsheet, fields=("email", "title"), write=write, columns=elsewhere)
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert emails(desk, spreadsheet) == before


def test_a_block_of_enrich_takes_no_values_of_a_run(desk: Desk) -> None:
    """Its first cell holds the formula, the others show what it spills."""
    spreadsheet = desk.sheet(
        [[*row, title] for row, title in zip(people_rows(ROWS), ["Email", *[""] * ROWS], strict=True)]
    )
    desk.emulator.write(spreadsheet, "Leads!D2", [[f'=ENRICH(B2:B{ROWS + 1},"email")']], option="USER_ENTERED")
    desk.emulator.computed(spreadsheet, f"Leads!D2:D{ROWS + 1}", [[f"m{n}"] for n in range(ROWS)], block=True)
    with pytest.raises(BadRange, match="D3 shows what a formula elsewhere fills in"):
        desk.plan(spreadsheet, fields=("email",))


def test_no_column_is_pushed_into_the_midst_of_a_block(desk: Desk) -> None:
    """As IMPORTRANGE fills several columns, that of the URLs among them."""
    rows = [["Name", "LinkedIn", "Notes"]]
    spreadsheet = desk.sheet(rows)
    block = [[f"Name {n}", url_of(f"person-{n}"), f"note {n}"] for n in range(ROWS)]
    desk.emulator.write(spreadsheet, "Leads!A2", [['=IMPORTRANGE("other", "A2:C")']], option="USER_ENTERED")
    desk.emulator.computed(spreadsheet, f"Leads!A2:C{ROWS + 1}", block, block=True)
    with pytest.raises(BadRange, match="One formula fills B2 and C2"):
        desk.plan(spreadsheet, fields=("email",))
    job = desk.run(spreadsheet, fields=("email",), columns={"email": ColumnChoice(column="end")})
    assert desk.counts(job) == {Outcome.ENRICHED: ROWS}
    assert shown(desk, spreadsheet, f"Leads!A2:C{ROWS + 1}") == block


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
