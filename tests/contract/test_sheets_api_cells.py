"""What cells of the emulator have beside their values: links, chips, notes, rules; copied, cut and sorted along.

Sources: Google's reference of CellData, CellFormat and TextFormatRun, and CellData that others have recorded from a
live sheet (two links, or one over a part of the text, give no `hyperlink`). What no source says is a switch, tried both
ways.
"""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from local.sheets_api.client import SheetsEmulator
from tests.support.sheets_client import Client, ClientOf, Json, cells, span

LINK = "https://www.linkedin.com/in/one"


def put(client: Client, row: int, column: int, data: Json, fields: str = "*") -> None:
    """Write one cell."""
    start = {"sheetId": 0, "rowIndex": row, "columnIndex": column}
    client.change({"updateCells": {"start": start, "rows": [{"values": [data]}], "fields": fields}})


def cell(client: Client, where: str, fields: str = "*") -> Json:
    """What `spreadsheets.get` tells of one cell."""
    answer = client.resource(f"sheets.data.rowData.values({fields})", ranges=where)
    rows = answer["sheets"][0]["data"][0].get("rowData", [{}])
    found: Json = rows[0].get("values", [{}])[0]
    return found


def text(shown: str, **beside: Any) -> Json:  # noqa: ANN401 - any JSON
    """CellData of a text."""
    return {"userEnteredValue": {"stringValue": shown}, **beside}


def run(address: str, start: int = 0) -> Json:
    """A text format run with a link, or without one."""
    linked = {"format": {"link": {"uri": address}} if address else {}}
    return {"startIndex": start, **linked} if start else linked


@pytest.mark.parametrize(
    ("data", "hyperlink"),
    [
        (text("Ada", userEnteredFormat={"textFormat": {"link": {"uri": LINK}}}), LINK),
        (text("Ada", textFormatRuns=[run(LINK)]), LINK),
        (text("Ada Lovelace", textFormatRuns=[run("", 0), run(LINK, 4)]), None),
        (text("Ada Lovelace", textFormatRuns=[run(LINK), run("", 3)]), None),
        (text("Ada, Bob", textFormatRuns=[run(LINK), run(LINK + "2", 5)]), None),
        ({"userEnteredValue": {"formulaValue": f'=HYPERLINK("{LINK}","Ada")'}}, LINK),
        ({"userEnteredValue": {"formulaValue": f'=HYPERLINK("{LINK}-"&A2,"Ada")'}}, f"{LINK}-u1"),
        (text("Ada"), None),
        (text(LINK), None),
    ],
)
def test_a_hyperlink_is_told_of_a_link_over_the_whole_cell(owner: Client, data: Json, hyperlink: str | None) -> None:
    """A link over a part, and two links, stand in `textFormatRuns` alone."""
    put(owner, 4, 3, data)
    told = cell(owner, "D5", "hyperlink,textFormatRuns,formattedValue")
    assert told.get("hyperlink") == hyperlink
    assert told.get("textFormatRuns") == data.get("textFormatRuns")


def test_a_new_value_erases_runs_and_a_link_of_the_cell_those_of_its_runs(owner: Client) -> None:
    """A link of the cell itself is a format, and stays."""
    put(owner, 4, 3, text("Ada", textFormatRuns=[run(LINK)]))
    put(owner, 4, 3, {"userEnteredFormat": {"textFormat": {"link": {"uri": LINK + "2"}}}}, "userEnteredFormat")
    assert cell(owner, "D5", "hyperlink,textFormatRuns") == {"hyperlink": LINK + "2"}
    put(owner, 4, 3, text("Ada", textFormatRuns=[run(LINK)]))
    owner.put("D5", [["Bob"]])
    assert "textFormatRuns" not in cell(owner, "D5")


def test_chips_stand_on_their_placeholders(owner: Client) -> None:
    """All runs are told when reading, and only links to Drive can be written (guides/chips)."""
    drive = {"richLinkProperties": {"uri": "https://docs.google.com/document/d/1"}}
    put(owner, 4, 3, text("see @ now", chipRuns=[{"startIndex": 4, "chip": drive}]))
    runs = [{"chip": {}}, {"startIndex": 4, "chip": drive}, {"startIndex": 5, "chip": {}}]
    assert cell(owner, "D5", "chipRuns") == {"chipRuns": runs}
    for bad, sentence in (
        ({"startIndex": 0, "chip": drive}, "placeholder"),
        ({"startIndex": 4, "chip": {"richLinkProperties": {"uri": LINK}}}, "Only links to Google Drive"),
        ({"startIndex": 4, "chip": {}}, "personProperties or richLinkProperties"),
    ):
        with pytest.raises(HttpError, match=sentence):
            put(owner, 4, 3, text("see @ now", chipRuns=[bad]))


def test_a_person_can_put_a_chip_that_the_api_cannot_write(owner: Client, emulator: SheetsEmulator) -> None:
    """As the browser does where somebody turns a link into a chip."""
    chip = {"richLinkProperties": {"uri": LINK}}
    data = text("@", chipRuns=[{"chip": chip}])
    start = {"sheetId": 0, "rowIndex": 4, "columnIndex": 3}
    emulator.edit(owner.id, {"updateCells": {"start": start, "rows": [{"values": [data]}], "fields": "*"}})
    told = cell(owner, "D5", "chipRuns,formattedValue,hyperlink")
    assert told == {"chipRuns": [{"chip": chip}], "formattedValue": "@"}


@pytest.mark.parametrize(
    ("fields", "data", "sentence"),
    [
        ("pivotTable", {}, "does not know pivotTable"),
        ("*", text("x", dataSourceFormula={}), "does not know dataSourceFormula"),
        ("hyperlink", {"hyperlink": LINK}, "hyperlink is read-only"),
        ("textFormatRuns", {"textFormatRuns": [run(LINK)]}, "only be set on cells that hold a text"),
        ("*", text("Ada", textFormatRuns=[run(LINK, 3)]), "start inside the text"),
    ],
)
def test_what_a_cell_cannot_take_is_refused(owner: Client, fields: str, data: Json, sentence: str) -> None:
    """Nothing is taken with a 200 and dropped."""
    with pytest.raises(HttpError, match=sentence) as caught:
        put(owner, 4, 3, data, fields)
    assert caught.value.status_code == 400


def test_notes_and_rules_go_with_their_cells(owner: Client) -> None:
    """Under sort, insert, delete, move and copy; an inserted row takes the rule beside it but no note."""
    rule = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "n1"}]}, "strict": True}
    put(owner, 1, 2, {"note": "mine", "dataValidation": rule}, "note,dataValidation")
    owner.change({"insertDimension": {"range": span("ROWS", 2, 3), "inheritFromBefore": True}})
    assert cell(owner, "C3", "note,dataValidation") == {"dataValidation": rule}
    owner.change({"deleteDimension": {"range": span("ROWS", 2, 3)}})
    specs = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    owner.change({"sortRange": {"range": cells(1, 0, 4, 3), "sortSpecs": specs}})
    assert cell(owner, "C4", "note,dataValidation") == {"note": "mine", "dataValidation": rule}
    owner.change({"insertDimension": {"range": span("COLUMNS", 0, 1)}})
    assert cell(owner, "D4", "note") == {"note": "mine"}
    owner.change({"moveDimension": {"source": span("COLUMNS", 3, 4), "destinationIndex": 1}})
    assert cell(owner, "B4", "note") == {"note": "mine"}
    owner.change({"copyPaste": {"source": cells(3, 1, 4, 2), "destination": cells(5, 1, 7, 3)}})
    assert [cell(owner, where, "note") for where in ("B6", "C6", "B7", "C7")] == [{"note": "mine"}] * 4


@pytest.mark.parametrize("refuses", [True, False])
def test_a_strict_rule_refuses_or_not(owner: Client, emulator: SheetsEmulator, refuses: bool) -> None:  # noqa: FBT001 - parametrised
    """`strict` is "true if invalid data should be rejected"; whether that binds the API is not documented."""
    emulator.switch(strict_validation_refuses=refuses)
    condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "yes"}, {"userEnteredValue": "no"}]}
    rule = {"condition": condition, "strict": True}
    owner.change({"setDataValidation": {"range": cells(1, 2, 4, 3), "rule": rule}})
    owner.put("C2", [["yes"]])
    if refuses:
        with pytest.raises(HttpError, match="in cell C3 violates the data validation rules"):
            owner.put("C2:C3", [["no"], ["perhaps"]])
        with pytest.raises(HttpError, match="in cell C3 violates the data validation rules"):
            put(owner, 2, 2, text("perhaps"), "userEnteredValue")
        assert owner.get("C2:C3") == [["yes"], ["n2"]]
    else:
        owner.put("C3", [["perhaps"]])
    owner.change({"setDataValidation": {"range": cells(1, 2, 4, 3)}})
    owner.put("C3", [["perhaps"]])
    assert owner.get("C3") == [["perhaps"]]


def test_a_rule_that_is_unknown_is_refused(owner: Client) -> None:
    """A custom formula is not computed, so it is not taken."""
    rule = {"condition": {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": "=A1>1"}]}}
    with pytest.raises(HttpError, match="does not know the condition CUSTOM_FORMULA"):
        owner.change({"setDataValidation": {"range": cells(1, 2, 4, 3), "rule": rule}})


def test_what_is_cut_moves_and_formulas_follow_it(owner: Client) -> None:
    """A copied formula shifts, a cut one does not; what names the cut cells names them where they are now."""
    owner.put("D2:E3", [["=LEN(A2)", "=D2"], ["=LEN($A$2)", "=SUM(D2:D3)"]], "USER_ENTERED")
    owner.change({"copyPaste": {"source": cells(1, 3, 2, 4), "destination": cells(4, 4, 5, 5)}})
    assert owner.get("E5", valueRenderOption="FORMULA") == [["=LEN(B5)"]]
    corner = {"sheetId": 0, "rowIndex": 8, "columnIndex": 6}
    owner.change({"cutPaste": {"source": cells(1, 3, 3, 4), "destination": corner, "pasteType": "PASTE_NORMAL"}})
    shown = owner.get("D2:G10", valueRenderOption="FORMULA")
    assert shown[0] == ["", "=G9"]
    assert shown[1] == ["", "=SUM(G9:G10)"]
    assert [shown[7][3], shown[8][3]] == ["=LEN(A2)", "=LEN($A$2)"]
    assert owner.get("E2:E3") == [["2"], ["4"]]


def test_a_displayed_value_is_formatted_and_an_entered_one_is_not(owner: Client) -> None:
    """`formattedValue` is what the cell shows, `effectiveValue` what it holds."""
    owner.put("D2:F2", [["5%", "1/2/2024", "$1,234.5"]], "USER_ENTERED")
    told = [cell(owner, where, "formattedValue,effectiveValue") for where in ("D2", "E2", "F2")]
    assert [each["formattedValue"] for each in told] == ["5%", "1/2/2024", "$1,234.50"]
    assert [each["effectiveValue"]["numberValue"] for each in told] == [0.05, 45293, 1234.5]


def test_columns_are_fitted_to_what_they_show(owner: Client) -> None:
    """A long text makes its column wide; an empty one keeps its size."""
    owner.put("B2", [["a" * 200]])
    owner.change({"autoResizeDimensions": {"dimensions": span("COLUMNS", 0, 5)}})
    mask = "sheets.data.columnMetadata.pixelSize"
    sizes = owner.resource(mask, ranges="A1:E1")["sheets"][0]["data"][0]["columnMetadata"]
    assert sizes[1]["pixelSize"] > 1000
    assert sizes[4]["pixelSize"] == 100


def test_what_somebody_else_may_not_edit_is_not_pasted_over(owner: Client, client_of: ClientOf) -> None:
    """Protection holds for each of the cells that a paste fills."""
    owner.change({"addProtectedRange": {"protectedRange": {"range": cells(6, 0, 7, 5)}}})
    guest = client_of("guest@example.com", owner.id)
    with pytest.raises(HttpError, match="protected cell"):
        guest.change({"copyPaste": {"source": cells(1, 0, 3, 2), "destination": cells(5, 0, 6, 1)}})
    corner = {"sheetId": 0, "rowIndex": 5, "columnIndex": 0}
    with pytest.raises(HttpError, match="protected cell"):
        guest.change({"cutPaste": {"source": cells(1, 0, 3, 2), "destination": corner, "pasteType": "PASTE_NORMAL"}})
