"""Formulas in the emulator as in Google Sheets: references follow what they name, and blocks spill.

Sources: "Insert or delete rows & columns" (https://support.google.com/docs/answer/54813) and "Using arrays in Google
Sheets" (https://support.google.com/docs/answer/6208276); of cells that a block fills, CellData as others have recorded
it from a live sheet: no `userEnteredValue`, only `effectiveValue` and `formattedValue`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from local import secret
from local.sheets_api.client import SheetsEmulator
from tests.support.sheets_client import Client, Json, cells, refusal, span


def typed(client: Client, where: str, values: list[list[Any]]) -> None:
    """Type cells in, as a person does."""
    client.put(where, values, "USER_ENTERED")


def formulas(client: Client, where: str) -> list[list[Any]]:
    """The formulas of a range."""
    return client.get(where, valueRenderOption="FORMULA")


def block(client: Client, where: str) -> list[list[Json]]:
    """What `spreadsheets.get` tells of the cells of a range."""
    mask = "sheets.data.rowData.values(userEnteredValue,effectiveValue,formattedValue)"
    answer = client.resource(mask, ranges=where)
    return [row.get("values", []) for row in answer["sheets"][0]["data"][0].get("rowData", [])]


def test_references_follow_inserted_and_deleted_rows_and_columns(owner: Client) -> None:
    """Also fixed ones, ranges with an open end, those on other tabs; what is deleted is `#REF!`."""
    owner.change({"addSheet": {"properties": {"title": "Other tab"}}})
    typed(owner, "'Other tab'!A1:A3", [["=LEN(Leads!A3)"], ["=COUNTA(Leads!$A$2:$A)"], ['="A3"&A3']])
    typed(owner, "D2:D4", [["=LEN(A2)"], ["=UPPER($A$3)&B$2"], ["=COUNTA(A2:B4)"]])
    owner.change({"insertDimension": {"range": span("ROWS", 1, 2), "inheritFromBefore": True}})
    assert formulas(owner, "D3:D5") == [["=LEN(A3)"], ["=UPPER($A$4)&B$3"], ["=COUNTA(A3:B5)"]]
    assert formulas(owner, "'Other tab'!A1:A3") == [["=LEN(Leads!A4)"], ["=COUNTA(Leads!$A$3:$A)"], ['="A3"&A3']]
    owner.change({"insertDimension": {"range": span("COLUMNS", 0, 1)}})
    assert formulas(owner, "E3:E5") == [["=LEN(B3)"], ["=UPPER($B$4)&C$3"], ["=COUNTA(B3:C5)"]]
    assert owner.get("E3:E5") == [["2"], ["U2e1"], ["6"]]
    owner.change({"deleteDimension": {"range": span("ROWS", 3, 4)}})
    assert formulas(owner, "E3:E4") == [["=LEN(B3)"], ["=COUNTA(B3:C4)"]]
    assert formulas(owner, "'Other tab'!A1") == [["=LEN(#REF!)"]]
    assert owner.get("'Other tab'!A1") == [["#REF!"]]
    owner.change({"deleteDimension": {"range": span("COLUMNS", 1, 2)}})
    assert formulas(owner, "D3:D4") == [["=LEN(#REF!)"], ["=COUNTA(B3:B4)"]]


def test_references_follow_a_row_that_moves(owner: Client) -> None:
    """Its own formula and those that name it."""
    typed(owner, "D2:D4", [["=LEN(A2)"], ["=LEN(A3)"], ["=A2&A3"]])
    owner.change({"moveDimension": {"source": span("ROWS", 1, 2), "destinationIndex": 4}})
    assert formulas(owner, "A2:D4") == [
        ["u2", "e2", "n2", "=LEN(A2)"],
        ["u3", "e3", "n3", "=A4&A2"],
        ["u1", "e1", "n1", "=LEN(A4)"],
    ]
    owner.change({"moveDimension": {"source": span("COLUMNS", 0, 1), "destinationIndex": 3}})
    assert formulas(owner, "D2:D4") == [["=LEN(C2)"], ["=C4&C2"], ["=LEN(C4)"]]


def test_a_sort_shifts_the_references_of_the_rows_that_it_moves(owner: Client) -> None:
    """A formula in row 2 that names row 2 names row 4 once it stands there; fixed ones stay."""
    typed(owner, "D2:F4", [["=LEN(A2)", "=A$2", "=LEN(A1)"], ["=LEN(A3)", "=A$2", ""], ["=LEN(A4)", "=A$2", ""]])
    typed(owner, "H1", [["=A2"]])
    specs = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    owner.change({"sortRange": {"range": cells(1, 0, 4, 6), "sortSpecs": specs}})
    assert formulas(owner, "A2:F4") == [
        ["u3", "e3", "n3", "=LEN(A2)", "=A$2"],
        ["u2", "e2", "n2", "=LEN(A3)", "=A$2"],
        ["u1", "e1", "n1", "=LEN(A4)", "=A$2", "=LEN(A3)"],
    ]
    assert owner.get("E4") == [["u3"]]
    assert (formulas(owner, "H1"), owner.get("H1")) == ([["=A2"]], [["u3"]])


def test_a_sort_that_takes_a_reference_off_the_sheet_breaks_it(owner: Client) -> None:
    """A row that names the row above it and comes first names nothing."""
    owner.change({"deleteDimension": {"range": span("ROWS", 0, 1)}})
    typed(owner, "D3", [["=LEN(A2)"]])
    specs = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    owner.change({"sortRange": {"range": cells(0, 0, 3, 4), "sortSpecs": specs}})
    assert (formulas(owner, "D1"), owner.get("D1")) == ([["=LEN(#REF!)"]], [["#REF!"]])


def test_references_follow_a_tab_to_its_new_title_and_not_into_nothing(owner: Client) -> None:
    """A title that needs quotes gets them; a deleted tab is `#REF!`."""
    owner.change({"addSheet": {"properties": {"title": "Other", "sheetId": 7}}})
    typed(owner, "Other!A1", [["x"]])
    typed(owner, "D2", [['=Other!A1&"Other!A1"']])
    rename = {"properties": {"sheetId": 7, "title": "It's new"}, "fields": "title"}
    owner.change({"updateSheetProperties": rename})
    assert (formulas(owner, "D2"), owner.get("D2")) == ([["='It''s new'!A1&\"Other!A1\""]], [["xOther!A1"]])
    owner.change({"deleteSheet": {"sheetId": 7}})
    assert (formulas(owner, "D2"), owner.get("D2")) == ([['=#REF!&"Other!A1"']], [["#REF!"]])


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("=ARRAYFORMULA(LEN(A1:A4))", [["3"], ["2"], ["2"], ["2"]]),
        ('=ARRAYFORMULA(IF(A1:A4="u2","",A1:A4&B1:B4))', [["URLEmail"], ["u1e1"], [""], ["u3e3"]]),
        ('=FILTER(A1:B4,EXACT(LEFT(A1:A4,1),"u"))', [["u1", "e1"], ["u2", "e2"], ["u3", "e3"]]),
        ("=SEQUENCE(2,3)", [["1", "2", "3"], ["4", "5", "6"]]),
        ('={"a","b";A2:B2}', [["a", "b"], ["u1", "e1"]]),
        ("=ARRAYFORMULA(ROW(A2:A3))", [["2"], ["3"]]),
        ("=SUM(1,2)*LEN(A2)&A2", [["6u1"]]),
        ("=FILTER(A2:A4,A2:A4=1)", [["#N/A"]]),
        ('=IFERROR(1/0,"none")', [["none"]]),
        ("=A2:A4", [["#VALUE!"]]),
    ],
)
def test_a_formula_spills_and_only_its_anchor_has_it(owner: Client, formula: str, shown: list[list[str]]) -> None:
    """The other cells show values, and hold nothing that anybody entered."""
    typed(owner, "E1", [[formula]])
    assert owner.get("E1:H4") == shown
    told = block(owner, "E1:H4")
    assert told[0][0]["userEnteredValue"] == {"formulaValue": formula}
    others = [cell for index, cell in enumerate(cell for row in told for cell in row) if index]
    assert len(others) == sum(map(len, shown)) - 1
    assert all("userEnteredValue" not in cell and "effectiveValue" in cell for cell in others)
    assert formulas(owner, "E1") == [[formula]]


def test_what_is_typed_into_a_block_breaks_it_until_it_is_gone(owner: Client) -> None:
    """The anchor shows `#REF!` and the block is empty, whether a person or the API writes."""
    typed(owner, "E1", [["=SEQUENCE(3)"]])
    owner.put("E2", [["mine"]])
    assert owner.get("E1:E3") == [["#REF!"], ["mine"]]
    (told,) = block(owner, "E1")[0]
    message = "Array result was not expanded because it would overwrite data in E2."
    assert told["effectiveValue"] == {"errorValue": {"type": "REF", "message": message}}
    owner.put("E2", [[""]])
    assert owner.get("E1:E3") == [["1"], ["2"], ["3"]]
    typed(owner, "D2", [["=SEQUENCE(1,2)"]])
    assert owner.get("D1:E3") == [["", "1"], ["#REF!", "2"], ["", "3"]]
    owner.put("E1", [[""]])
    assert owner.get("D1:E3") == [[], ["1", "2"]]


def test_a_block_lies_where_its_anchor_is_now(owner: Client) -> None:
    """Rows inserted inside are filled, a deleted anchor leaves nothing, no room is `#REF!`."""
    typed(owner, "E2", [["=SEQUENCE(3)"]])
    owner.change({"insertDimension": {"range": span("ROWS", 2, 3)}})
    assert owner.get("E1:E6") == [[], ["1"], ["2"], ["3"]]
    owner.change({"deleteDimension": {"range": span("ROWS", 1, 2)}})
    assert owner.get("E1:E6") == []
    typed(owner, "Z1000", [["=SEQUENCE(2)"]])
    assert owner.get("Z1000") == [["#REF!"]]


def test_a_formula_that_the_emulator_cannot_compute_shows_what_it_is_given(
    owner: Client, emulator: SheetsEmulator
) -> None:
    """ENRICH and IMPORTRANGE are opaque: moved and rewritten as any other, with the values that a test has set."""
    typed(owner, "D2", [['=ENRICH(A2:A4,"email,title")']])
    assert owner.get("D2:E4") == [["#NAME?"]]
    emulator.computed(owner.id, "D2", [["a@x", "CEO"], ["b@x", None], ["c@x", ""]], block=True)
    assert owner.get("D2:E4") == [["a@x", "CEO"], ["b@x"], ["c@x", ""]]
    owner.change({"insertDimension": {"range": span("ROWS", 1, 2)}})
    assert formulas(owner, "D3") == [['=ENRICH(A3:A5,"email,title")']]
    assert owner.get("D2:E5") == [[], ["a@x", "CEO"], ["b@x"], ["c@x", ""]]
    told = block(owner, "D3:E5")
    assert "userEnteredValue" not in told[1][0]
    assert told[1][0]["formattedValue"] == "b@x"
    owner.put("E4", [["mine"]])
    assert owner.get("D3:E5") == [["#REF!"], ["", "mine"]]


def test_a_batch_that_is_refused_leaves_formulas_and_blocks_as_they_were(owner: Client) -> None:
    """References that were rewritten before the refusal read again as they did."""
    typed(owner, "E1:F1", [["=SEQUENCE(3)", "=LEN(A2)"]])
    before = block(owner, "A1:Z10")
    bad = {"deleteDimension": {"range": span("ROWS", 5000, 5001)}}
    requests = [{"insertDimension": {"range": span("ROWS", 1, 2)}}, bad]
    assert refusal(owner.api.batchUpdate(spreadsheetId=owner.id, body={"requests": requests}))[0] == 400
    assert block(owner, "A1:Z10") == before


def test_a_formula_that_shows_nothing_is_still_a_formula(owner: Client) -> None:
    """`=""` has no formattedValue (recorded by others), and neither has a reference to an empty cell."""
    typed(owner, "E1:F1", [['=""', "=A9"]])
    told = block(owner, "E1:F1")[0]
    assert [cell["userEnteredValue"]["formulaValue"] for cell in told] == ['=""', "=A9"]
    assert not any("formattedValue" in cell for cell in told)


def test_who_listens_hears_of_cells_that_show_something_else(owner: Client, emulator: SheetsEmulator) -> None:
    """A page that shows the sheet reads them again: those that were written, and formulas that depend on them."""
    typed(owner, "D2", [["=LEN(A2)"]])
    url = f"{emulator.url}/_emulator/spreadsheets/{owner.id}/events"
    with requests.get(url, headers={secret.HEADER: emulator.held}, stream=True, timeout=30) as events:
        lines = (line for line in events.iter_lines() if line.startswith(b"data: "))
        assert "revision" in json.loads(next(lines).removeprefix(b"data: "))
        owner.put("A2:A3", [["long text"], ["u2"]])
        assert json.loads(next(lines).removeprefix(b"data: "))["changed"] == ["Leads!A2:A3", "Leads!D2"]
        typed(owner, "E1", [["=SEQUENCE(60)"]])
        assert json.loads(next(lines).removeprefix(b"data: "))["changed"] == ["Leads!E1", "Leads"]


def test_what_is_typed_while_lines_change_lands_in_the_cell_that_was_seen(
    owner: Client, emulator: SheetsEmulator
) -> None:
    """A window says which revision it shows; columns and rows that came, went or moved since then are followed."""
    url = f"{emulator.url}/_emulator/spreadsheets/{owner.id}/events"
    with requests.get(url, headers={secret.HEADER: emulator.held}, stream=True, timeout=30) as events:
        opened = next(line for line in events.iter_lines() if line.startswith(b"data: "))
    seen = str(json.loads(opened.removeprefix(b"data: "))["revision"])
    columns, rows = {"sheetId": 0, "dimension": "COLUMNS"}, {"sheetId": 0, "dimension": "ROWS"}
    owner.change(
        {"insertDimension": {"range": {**columns, "startIndex": 2, "endIndex": 4}}},
        {"deleteDimension": {"range": {**rows, "startIndex": 4, "endIndex": 5}}},
        {"moveDimension": {"source": {**columns, "startIndex": 0, "endIndex": 1}, "destinationIndex": 2}},
    )
    body = [{"range": f"Leads!{cell}", "values": [[f"typed into {cell}"]]} for cell in ("A9", "D2", "D5")]
    call = owner.api.values().batchUpdate(spreadsheetId=owner.id, body={"valueInputOption": "RAW", "data": body})
    call.headers["X-Leadfill-Seen"] = seen
    assert call.execute()["totalUpdatedCells"] == 2, "row 5 is gone, and what was typed there with it"
    assert owner.get("B8") == [["typed into A9"]]
    assert owner.get("F2") == [["typed into D2"]]
