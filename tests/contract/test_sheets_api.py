"""The Sheets emulator through Google's own client over HTTP: what a person and a program do to a spreadsheet."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests

from local.sheets_api.client import SheetsEmulator
from tests.support.sheets_client import Client, ClientOf, Json, anchor, by_key, cells, refusal, span


@pytest.mark.parametrize(
    ("typed", "shown", "unformatted", "formula"),
    [
        ("1-10", "1-10", int, int),
        ("=1+1", "2", 2, "=1+1"),
        ("5%", "5%", 0.05, 0.05),
        ("007", "7", 7, 7),
        ("'007", "007", "007", "007"),
        ("TRUE", "TRUE", True, True),
        ("1/2/2024", "1/2/2024", 45293, 45293),
        ("@ann", "@ann", "@ann", "@ann"),
        ("+1 555 0100", "+1 555 0100", "+1 555 0100", "+1 555 0100"),
        ('=HYPERLINK("http://localhost","here")', "here", "here", '=HYPERLINK("http://localhost","here")'),
    ],
)
def test_what_is_typed_is_parsed_and_what_is_raw_is_kept(
    owner: Client, typed: str, shown: str, unformatted: object, formula: object
) -> None:
    """`1-10` becomes a date when typed and stays a text when RAW; so do formulas, numbers, percentages."""
    owner.put("E1", [[typed]], "USER_ENTERED")
    owner.put("E2", [[typed]], "RAW")
    for render, wanted in (("FORMATTED_VALUE", shown), ("UNFORMATTED_VALUE", unformatted), ("FORMULA", formula)):
        ((as_typed,), (raw,)) = owner.get("E1:E2", valueRenderOption=render)
        assert isinstance(as_typed, wanted) if isinstance(wanted, type) else as_typed == wanted
        assert type(as_typed) is (wanted if isinstance(wanted, type) else type(wanted))
        assert raw == typed


def test_raw_values_keep_their_types_and_null_leaves_a_cell_alone(owner: Client) -> None:
    """A number is a number, a truth value one, null skips, "" empties; the counts say what was written."""
    summary = owner.put("A2:C2", [[None, 1.5, True]])
    assert owner.get("A2:C2", valueRenderOption="UNFORMATTED_VALUE") == [["u1", 1.5, True]]
    assert (summary["updatedCells"], summary["updatedColumns"], summary["updatedRows"]) == (2, 2, 1)
    owner.put("B2:C2", [["", ""]])
    assert owner.get("A2:C2") == [["u1"]]


def test_trailing_empty_cells_and_rows_are_left_out(owner: Client) -> None:
    """An answer ends with the last filled row, each row with its last filled cell; a gap inside is "" or []."""
    owner.put("A6:D6", [["", "x", "", ""]])
    assert owner.get("A4:D9") == [["u3", "e3", "n3"], [], ["", "x"]]
    assert owner.get("A5:D5") == []
    assert owner.get("A4:D6", majorDimension="COLUMNS") == [["u3"], ["e3", "", "x"], ["n3"]]


def test_every_method_of_values(owner: Client) -> None:
    """Get, update, clear, append, and their batches, by range and by data filter."""
    values, identifier = owner.api.values(), owner.id
    owner.change(anchor("email", 1))
    body: Json = {"valueInputOption": "RAW", "data": [{"range": "B2", "values": [["b2"]]}, {"range": "C2:C3"}]}
    answer = values.batchUpdate(spreadsheetId=identifier, body=body).execute()
    assert answer["totalUpdatedCells"] == 1
    assert [given["updatedRange"] for given in answer["responses"]] == ["Leads!B2", "Leads!C2"]
    answer = values.batchGet(spreadsheetId=identifier, ranges=["A1:B1", "B2"]).execute()
    assert [given["values"] for given in answer["valueRanges"]] == [[["URL", "Email"]], [["b2"]]]
    answer = values.batchGetByDataFilter(spreadsheetId=identifier, body={"dataFilters": [by_key("email")]}).execute()
    (found,) = answer["valueRanges"]
    assert found["valueRange"]["range"] == "Leads!B1:B1000"
    assert found["valueRange"]["values"] == [["Email"], ["b2"], ["e2"], ["e3"]]
    assert found["dataFilters"] == [by_key("email")]
    data: list[Json] = [
        {"dataFilter": by_key("email"), "majorDimension": "COLUMNS", "values": [[None, "x", None, "z"]]},
        {"dataFilter": {"gridRange": cells(2, 0, 3, 1)}, "values": [["by grid"]]},
        {"dataFilter": {"a1Range": "Leads!C4"}, "values": [["by A1"]]},
    ]
    body = {"valueInputOption": "RAW", "data": data}
    answer = values.batchUpdateByDataFilter(spreadsheetId=identifier, body=body).execute()
    assert answer["totalUpdatedCells"] == 4
    assert owner.get("A2:C4") == [["u1", "x", "n1"], ["by grid", "e2", "n2"], ["u3", "z", "by A1"]]
    answer = values.append(
        spreadsheetId=identifier, range="A1", valueInputOption="RAW", body={"values": [["u4", "e4"]]}
    ).execute()
    assert (answer["tableRange"], answer["updates"]["updatedRange"]) == ("Leads!A1:C4", "Leads!A5:B5")
    assert values.clear(spreadsheetId=identifier, range="A5:Z5").execute()["clearedRange"] == "Leads!A5:Z5"
    answer = values.batchClear(spreadsheetId=identifier, body={"ranges": ["A4", "C4"]}).execute()
    assert answer["clearedRanges"] == ["Leads!A4", "Leads!C4"]
    values.batchClearByDataFilter(spreadsheetId=identifier, body={"dataFilters": [by_key("email")]}).execute()
    assert owner.get("A1:C9") == [["URL", "", "Note"], ["u1", "", "n1"], ["by grid", "", "n2"]]


def test_a_spreadsheet_is_made_and_described(owner: Client) -> None:
    """Create and get, with grid data, ranges, and field masks that cut the answer to what they name."""
    given = {"properties": {"title": "New"}, "sheets": [{"properties": {"title": "One"}}]}
    made = owner.api.create(body=given).execute()
    assert made["properties"]["title"] == "New"
    assert [sheet["properties"]["title"] for sheet in made["sheets"]] == ["One"]
    answer = owner.resource("sheets(properties(title,gridProperties.rowCount))")
    assert answer == {"sheets": [{"properties": {"title": "Leads", "gridProperties": {"rowCount": 1000}}}]}
    mask = "sheets.data(startColumn,rowData.values(userEnteredValue,formattedValue))"
    (sheet,) = owner.resource(mask, ranges="Leads!B1:B2")["sheets"]
    email = {"userEnteredValue": {"stringValue": "Email"}, "formattedValue": "Email"}
    assert sheet["data"][0]["startColumn"] == 1
    assert sheet["data"][0]["rowData"][0] == {"values": [email]}
    whole = owner.api.get(spreadsheetId=owner.id, includeGridData=True, ranges=["A1"]).execute()
    assert whole["sheets"][0]["data"][0]["rowData"][0]["values"][0]["formattedValue"] == "URL"
    assert "data" not in owner.api.get(spreadsheetId=owner.id).execute()["sheets"][0]


def test_sheets_are_added_changed_and_deleted(owner: Client) -> None:
    """AddSheet replies with its properties; a size is a size; a batch is carried out whole or not at all."""
    (added,) = owner.change({"addSheet": {"properties": {"title": "Log", "gridProperties": {"rowCount": 5}}}})
    properties = added["addSheet"]["properties"]
    renamed = {"sheetId": properties["sheetId"], "title": "Journal", "gridProperties": {"frozenRowCount": 1}}
    fields = "title,gridProperties.frozenRowCount"
    owner.change({"updateSheetProperties": {"properties": renamed, "fields": fields}})
    listed = [sheet["properties"] for sheet in owner.resource("sheets.properties")["sheets"]]
    assert [(one["title"], one["gridProperties"]["rowCount"]) for one in listed] == [("Leads", 1000), ("Journal", 5)]
    wrong = {"requests": [{"deleteSheet": {"sheetId": properties["sheetId"]}}, {"deleteSheet": {"sheetId": 99}}]}
    status, message, _ = refusal(owner.api.batchUpdate(spreadsheetId=owner.id, body=wrong))
    assert (status, message) == (400, "Invalid requests[1].deleteSheet: No sheet with id: 99")
    assert len(owner.resource("sheets.properties.sheetId")["sheets"]) == 2
    owner.change({"deleteSheet": {"sheetId": properties["sheetId"]}})
    assert refusal(owner.api.values().get(spreadsheetId=owner.id, range="Journal!A1"))[1] == (
        "Unable to parse range: Journal!A1"
    )


def test_cells_are_updated_and_repeated_by_field(owner: Client) -> None:
    """UpdateCells and repeatCell change what their mask names: values without formats, formats without values."""
    blue = {"userEnteredFormat": {"backgroundColor": {"blue": 1}}}
    owner.change({"repeatCell": {"range": cells(1, 0, 3, 2), "cell": blue, "fields": "userEnteredFormat"}})
    assert owner.get("A2:B3") == [["u1", "e1"], ["u2", "e2"]]
    row = {"values": [{"userEnteredValue": {"stringValue": "=1+1"}}, {"userEnteredValue": {"formulaValue": "=1+1"}}]}
    start = {"sheetId": 0, "rowIndex": 1, "columnIndex": 0}
    owner.change({"updateCells": {"start": start, "rows": [row], "fields": "userEnteredValue"}})
    assert owner.get("A2:C2") == [["=1+1", "2", "n1"]]
    mask = "sheets.data.rowData.values.userEnteredFormat.backgroundColor"
    (sheet,) = owner.resource(mask, ranges="A2")["sheets"]
    assert sheet["data"][0]["rowData"] == [{"values": [{"userEnteredFormat": {"backgroundColor": {"blue": 1}}}]}]
    owner.change({"updateCells": {"range": cells(1, 0, 4, 2), "rows": [], "fields": "userEnteredValue"}})
    assert owner.get("A1:B4") == [["URL", "Email"]]


def test_metadata_travels_with_its_column_and_dies_with_it(owner: Client) -> None:
    """Inserting, moving and deleting columns leaves an anchor on the column that it was put on; sorting does not."""
    owner.change(anchor("email", 1))

    def anchored() -> list[tuple[int, str]]:
        body = {"dataFilters": [by_key("email")]}
        found = owner.api.developerMetadata().search(spreadsheetId=owner.id, body=body).execute()
        places = [
            entry["developerMetadata"]["location"]["dimensionRange"]["startIndex"]
            for entry in found.get("matchedDeveloperMetadata", [])
        ]
        read = owner.api.values().batchGetByDataFilter(spreadsheetId=owner.id, body=body).execute()
        firsts = [given["valueRange"]["values"][0][0] for given in read.get("valueRanges", [])]
        return list(zip(places, firsts, strict=True))

    assert anchored() == [(1, "Email")]
    owner.change({"insertDimension": {"range": span("COLUMNS", 0, 2)}})
    assert anchored() == [(3, "Email")]
    owner.change({"insertDimension": {"range": span("COLUMNS", 3, 4)}})
    assert anchored() == [(4, "Email")]
    owner.change({"deleteDimension": {"range": span("COLUMNS", 0, 2)}})
    assert anchored() == [(2, "Email")]
    owner.change({"moveDimension": {"source": span("COLUMNS", 2, 3), "destinationIndex": 10}})
    assert anchored() == [(9, "Email")]
    owner.change({"moveDimension": {"source": span("COLUMNS", 0, 1), "destinationIndex": 10}})
    assert anchored() == [(8, "Email")]
    owner.change({"sortRange": {"range": {"sheetId": 0, "startRowIndex": 1}, "sortSpecs": [{"dimensionIndex": 7}]}})
    assert anchored() == [(8, "Email")]
    owner.change({"deleteDimension": {"range": span("COLUMNS", 8, 9)}})
    assert anchored() == []


def test_metadata_is_searched_updated_deleted_and_seen_by_its_own_project_only(
    owner: Client, client_of: ClientOf
) -> None:
    """By id, key, value and place; PROJECT visibility hides it from another cloud project."""
    on_sheet = {"metadataKey": "job", "metadataValue": "7", "visibility": "DOCUMENT", "location": {"sheetId": 0}}
    replies = owner.change(
        anchor("email", 1, "a"), anchor("email", 2, "b"), {"createDeveloperMetadata": {"developerMetadata": on_sheet}}
    )
    first = replies[0]["createDeveloperMetadata"]["developerMetadata"]
    search = owner.api.developerMetadata().search

    def found(lookup: Json) -> list[str]:
        body = {"dataFilters": [{"developerMetadataLookup": lookup}]}
        matched = search(spreadsheetId=owner.id, body=body).execute().get("matchedDeveloperMetadata", [])
        return [entry["developerMetadata"].get("metadataValue", "") for entry in matched]

    assert found({"metadataKey": "email"}) == ["a", "b"]
    assert found({"metadataId": first["metadataId"]}) == ["a"]
    assert found({"metadataKey": "email", "metadataValue": "b"}) == ["b"]
    assert found({"locationType": "SHEET"}) == ["7"]
    exactly = {"locationMatchingStrategy": "EXACT_LOCATION"}
    assert found({"metadataLocation": {"dimensionRange": span("COLUMNS", 2, 3)}, **exactly}) == ["b"]
    one = owner.api.developerMetadata().get(spreadsheetId=owner.id, metadataId=first["metadataId"]).execute()
    assert one == first
    update = {"dataFilters": [by_key("job")], "developerMetadata": {"metadataValue": "8"}, "fields": "metadataValue"}
    owner.change({"updateDeveloperMetadata": update})
    assert found({"metadataKey": "job"}) == ["8"]
    elsewhere = client_of("owner@example.com", owner.id, project="another")
    everything = {"dataFilters": [by_key("email"), by_key("job")]}
    seen = elsewhere.api.developerMetadata().search(spreadsheetId=owner.id, body=everything).execute()
    assert [entry["developerMetadata"]["metadataKey"] for entry in seen["matchedDeveloperMetadata"]] == ["job"]
    (reply,) = owner.change({"deleteDeveloperMetadata": {"dataFilter": by_key("email")}})
    assert len(reply["deleteDeveloperMetadata"]["deletedDeveloperMetadata"]) == 2
    assert found({"metadataKey": "email"}) == []
    assert refusal(owner.api.developerMetadata().get(spreadsheetId=owner.id, metadataId=first["metadataId"]))[0] == 404


def test_sorting_moves_whole_rows_of_the_range_and_empty_cells_go_last(owner: Client) -> None:
    """Numbers before texts, empty last either way, equal ones in the order in which they were."""
    owner.put("A2:C6", [["b", 2, "x"], ["a", 2, "y"], ["", 1, "z"], [3, 1, "w"], ["B", 0, "v"]])
    specs = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    owner.change({"sortRange": {"range": cells(1, 0, 6, 2), "sortSpecs": specs}})
    assert owner.get("A2:C6") == [
        ["b", "2", "x"],
        ["B", "0", "y"],
        ["a", "2", "z"],
        ["3", "1", "w"],
        ["", "1", "v"],
    ]
    owner.change(
        {"sortRange": {"range": cells(1, 0, 6, 3), "sortSpecs": [{"dimensionIndex": 1}, {"dimensionIndex": 2}]}}
    )
    assert [row[2] for row in owner.get("A2:C6")] == ["y", "v", "w", "x", "z"]


def test_pasting_values_leaves_what_was_shown_and_no_formula(owner: Client) -> None:
    """A text that looks like a date or a formula stays the text that it is."""
    owner.put("A2:B3", [["=1+1", "'1-10"], ["'=2+2", ""]], "USER_ENTERED")
    paste = {"source": cells(1, 0, 3, 2), "destination": cells(1, 0, 3, 2), "pasteType": "PASTE_VALUES"}
    owner.change({"copyPaste": paste})
    assert owner.get("A2:B3", valueRenderOption="FORMULA") == [[2, "1-10"], ["=2+2"]]
    owner.change({"copyPaste": {**paste, "destination": cells(3, 0, 5, 2)}})
    assert owner.get("A4:B5", valueRenderOption="UNFORMATTED_VALUE") == [[2, "1-10"], ["=2+2"]]


def test_rows_and_columns_are_inserted_deleted_and_moved(owner: Client) -> None:
    """Cells go with their rows and columns, and the grid has the size that it then has."""
    owner.change({"insertDimension": {"range": span("ROWS", 1, 3)}})
    assert owner.get("A1:A6") == [["URL"], [], [], ["u1"], ["u2"], ["u3"]]
    owner.change({"moveDimension": {"source": span("ROWS", 5, 6), "destinationIndex": 1}})
    assert owner.get("A1:A6") == [["URL"], ["u3"], [], [], ["u1"], ["u2"]]
    owner.change({"deleteDimension": {"range": span("ROWS", 2, 4)}})
    owner.change({"moveDimension": {"source": span("COLUMNS", 0, 1), "destinationIndex": 3}})
    assert owner.get("A1:C4") == [
        ["Email", "Note", "URL"],
        ["e3", "n3", "u3"],
        ["e1", "n1", "u1"],
        ["e2", "n2", "u2"],
    ]
    owner.change({"appendDimension": {"sheetId": 0, "dimension": "COLUMNS", "length": 4}})
    grid = owner.resource("sheets.properties.gridProperties")["sheets"][0]["properties"]["gridProperties"]
    assert grid == {"rowCount": 1000, "columnCount": 30}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"insertDimension": {"range": span("COLUMNS", 26, 27)}},
            "insertDimension: range.startIndex must be less than the grid size (26) if inheritFromBefore is false.",
        ),
        (
            {"insertDimension": {"range": span("COLUMNS", 27, 28), "inheritFromBefore": True}},
            "insertDimension: range.startIndex is larger than current grid size (26)",
        ),
        (
            {"deleteDimension": {"range": span("ROWS", 1000, 1001)}},
            (
                "deleteDimension: Cannot delete a row that doesn't exist. "
                "Tried to delete row index 1000 but there are only 1000 rows."
            ),
        ),
        (
            {"deleteDimension": {"range": span("ROWS", 0, 1000)}},
            "deleteDimension: You can't delete all the rows on the sheet.",
        ),
        (
            {"repeatCell": {"range": cells(1000, 0, 1001, 1), "cell": {}, "fields": "userEnteredValue"}},
            "repeatCell: Range (Leads!A1001) exceeds grid limits. Max rows: 1000, max columns: 26",
        ),
        (
            {"addSheet": {"properties": {"title": "Leads"}}},
            'addSheet: A sheet with the name "Leads" already exists. Please enter another name.',
        ),
        ({"deleteSheet": {"sheetId": 0}}, "deleteSheet: You can't remove all the visible sheets in a document."),
        ({"sortRange": {"range": {"sheetId": 5}}}, "sortRange: No grid with id: 5"),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_googles_words(owner: Client, change: Json, sentence: str) -> None:
    """The error names the request of the batch and says why; nothing of the batch is carried out."""
    fill = {"repeatCell": {"range": cells(0, 0, 1, 1), "cell": {}, "fields": "userEnteredValue"}}
    call = owner.api.batchUpdate(spreadsheetId=owner.id, body={"requests": [fill, change]})
    status, message, error = refusal(call)
    assert (status, message, error["status"]) == (400, f"Invalid requests[1].{sentence}", "INVALID_ARGUMENT")
    assert owner.get("A1") == [["URL"]]


def test_ranges_beyond_the_grid_are_refused_in_googles_words(owner: Client) -> None:
    """Reading past the grid is cut to it, starting past it refused; writing must fit; ranges must name something."""
    values = owner.api.values()
    assert owner.api.values().get(spreadsheetId=owner.id, range="A1:ZZ5000").execute()["range"] == "Leads!A1:Z1000"
    limits = "exceeds grid limits. Max rows: 1000, max columns: 26"
    read = refusal(values.get(spreadsheetId=owner.id, range="Leads!A2000:B2001"))
    assert read[:2] == (400, f"Range (Leads!A2000:B2001) {limits}")
    for where, rows, sentence in (
        ("Leads!A1001", [["x"]], f"Range (Leads!A1001) {limits}"),
        ("'Leads'!Z1", [["x", "y"]], "Requested writing within range ['Leads'!Z1], but tried writing to column [AA]"),
        ("A2:B3", [["x"]] * 3, "Requested writing within range [A2:B3], but tried writing to row [4]"),
        ("Nowhere!A1", [["x"]], "Unable to parse range: Nowhere!A1"),
    ):
        call = values.update(spreadsheetId=owner.id, range=where, valueInputOption="RAW", body={"values": rows})
        assert refusal(call)[:2] == (400, sentence)
    body = {"valueInputOption": "RAW", "data": [{"range": "A2", "values": [["x"]]}, {"range": "Nowhere!A1"}]}
    assert refusal(values.batchUpdate(spreadsheetId=owner.id, body=body))[1] == (
        "Invalid data[1]: Unable to parse range: Nowhere!A1"
    )
    assert owner.get("A2") == [["u1"]]
    assert (
        "50000 characters"
        in refusal(
            values.update(spreadsheetId=owner.id, range="A2", valueInputOption="RAW", body={"values": [["x" * 50_001]]})
        )[1]
    )


def test_a_misspelt_field_is_a_400_that_names_it(owner: Client, emulator: SheetsEmulator) -> None:
    """Bodies, queries, enums and field masks are held against the discovery document."""
    values = owner.api.values()
    call = values.update(spreadsheetId=owner.id, range="A1", valueInputOption="RAW", body={"valuez": []})
    status, message, error = refusal(call)
    assert (status, message) == (400, 'Invalid JSON payload received. Unknown name "valuez": Cannot find field.')
    assert error["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    wrong = [{"insertDimension": {"range": {"sheetId": 0, "dimenson": "ROWS"}}}]
    assert refusal(owner.api.batchUpdate(spreadsheetId=owner.id, body={"requests": wrong}))[1] == (
        "Invalid JSON payload received. Unknown name \"dimenson\" at 'requests[0].insert_dimension.range': "
        "Cannot find field."
    )
    wrong = [{"insertDimension": {"range": {"sheetId": 0, "dimension": "DIAGONAL"}}}]
    message = refusal(owner.api.batchUpdate(spreadsheetId=owner.id, body={"requests": wrong}))[1]
    assert message.startswith("Invalid value at 'requests[0].insert_dimension.range.dimension'")
    assert refusal(owner.api.get(spreadsheetId=owner.id, fields="sheets.colour"))[0] == 400
    token = owner.api._http.credentials.token
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{emulator.url}/v4/spreadsheets/{owner.id}/values/A1"
    answer = requests.get(url, params={"valueRender": "RAW"}, headers=headers, timeout=60)
    assert answer.status_code == 400
    assert 'Unknown name "valueRender"' in answer.json()["error"]["message"]


def test_who_may_not_is_told_so_in_googles_shape(owner: Client, emulator: SheetsEmulator, client_of: ClientOf) -> None:
    """401 for no valid token, 403 for a stranger or a reader who writes, 404 for what there is not."""
    stranger = client_of("ann@example.com", owner.id, spreadsheets=[])
    status, message, error = refusal(stranger.api.values().get(spreadsheetId=owner.id, range="A1"))
    assert (status, message) == (403, "The caller does not have permission")
    assert error["status"] == "PERMISSION_DENIED"
    reader = client_of("ben@example.com", owner.id, role="reader")
    assert reader.get("A1") == [["URL"]]
    clear = reader.api.values().clear(spreadsheetId=owner.id, range="A1")
    assert refusal(clear)[0] == 403
    assert refusal(owner.api.get(spreadsheetId="there-is-none"))[:2] == (404, "Requested entity was not found.")
    answer = requests.get(f"{emulator.url}/v4/spreadsheets/{owner.id}", timeout=60)
    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    headers = {"Authorization": "Bearer expired"}
    answer = requests.get(f"{emulator.url}/v4/spreadsheets/{owner.id}", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_protected_cells_are_for_those_who_may_edit_them(owner: Client, client_of: ClientOf) -> None:
    """The owner and the editors write, others meet Google's 400; protection moves with its cells."""
    ann = client_of("ann@example.com", owner.id)
    ben = client_of("ben@example.com", owner.id)
    protected = {"range": cells(1, 1, 2, 2), "editors": {"users": ["ann@example.com"]}}
    (reply,) = owner.change({"addProtectedRange": {"protectedRange": protected}})
    ann.put("B2", [["by ann"]])
    owner.change({"insertDimension": {"range": span("ROWS", 0, 1)}})
    ben.put("B2", [["free now"]])
    body = {"values": [["by ben"]]}
    call = ben.api.values().update(spreadsheetId=owner.id, range="B3", valueInputOption="RAW", body=body)
    status, message, _ = refusal(call)
    assert status == 400
    assert message.startswith("You are trying to edit a protected cell or object.")
    sort = {"sortRange": {"range": cells(1, 0, 4, 3), "sortSpecs": [{"dimensionIndex": 0}]}}
    assert refusal(ben.api.batchUpdate(spreadsheetId=owner.id, body={"requests": [sort]}))[0] == 400
    mask = "sheets.protectedRanges(range,requestingUserCanEdit)"
    assert "requestingUserCanEdit" not in ben.resource(mask)["sheets"][0]["protectedRanges"][0]
    assert ann.resource(mask)["sheets"][0]["protectedRanges"][0]["requestingUserCanEdit"] is True
    number = reply["addProtectedRange"]["protectedRange"]["protectedRangeId"]
    owner.change({"deleteProtectedRange": {"protectedRangeId": number}})
    ben.put("B3", [["by ben"]])
    assert owner.get("B2:B3") == [["free now"], ["by ben"]]


def test_merged_cells_hold_their_first_value_only(owner: Client) -> None:
    """A write under a merge is dropped, a sort through it refused, and the merge is told and undone."""
    owner.change({"mergeCells": {"range": cells(1, 0, 3, 2), "mergeType": "MERGE_ALL"}})
    assert owner.get("A2:C3") == [["u1", "", "n1"], ["", "", "n2"]]
    owner.put("A2:C3", [["a", "b", "c"], ["d", "e", "f"]])
    assert owner.get("A2:C3") == [["a", "", "c"], ["", "", "f"]]
    merge = {"startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 2}
    assert owner.resource("sheets.merges")["sheets"][0]["merges"] == [merge]
    sort = {"sortRange": {"range": cells(1, 0, 4, 3), "sortSpecs": [{"dimensionIndex": 0}]}}
    assert refusal(owner.api.batchUpdate(spreadsheetId=owner.id, body={"requests": [sort]}))[0] == 400
    owner.change({"unmergeCells": {"range": cells(1, 0, 3, 2)}})
    assert owner.resource("sheets.merges") == {"sheets": [{}]}


def test_the_quota_is_googles(owner: Client, emulator: SheetsEmulator, client_of: ClientOf) -> None:
    """60 reads and 60 writes a minute and user: the 61st is a 429; another user's are not counted with them."""
    emulator.switch(quota_per_minute=60)
    for _ in range(60):
        owner.get("A1")
    status, message, error = refusal(owner.api.values().get(spreadsheetId=owner.id, range="A1"))
    assert (status, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert message.startswith(
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' "
        "of service 'sheets.googleapis.com'"
    )
    (info,) = error["details"]
    assert (info["reason"], info["metadata"]["quota_limit_value"]) == ("RATE_LIMIT_EXCEEDED", "60")
    for number in range(60):
        owner.put("A1", [[number]])
    clear = owner.api.values().clear(spreadsheetId=owner.id, range="A1")
    assert "'Write requests per minute per user'" in refusal(clear)[1]
    ann = client_of("ann@example.com", owner.id)
    assert ann.get("A1") == [["59"]]
    report = emulator.calls()
    assert (report["reads"], report["writes"]) == (62, 61)
    emulator.switch(quota_per_minute=1, minute_s=0.2)
    owner.get("A1")
    time.sleep(0.25)
    assert owner.get("A1") == [["59"]]
    emulator.switch(quota_per_minute_project=1)
    owner.get("A1")
    assert "'Read requests per minute' of" in refusal(ann.api.values().get(spreadsheetId=owner.id, range="A1"))[1]


def test_the_api_is_slow_and_fails_on_demand(owner: Client, emulator: SheetsEmulator) -> None:
    """Latency; failures before and after the work is done; a connection that closes; failures at random by seed."""
    values = owner.api.values()
    emulator.switch(latency_s=0.2)
    started = time.monotonic()
    owner.get("A1")
    assert time.monotonic() - started >= 0.2
    emulator.switch(fail_next=[503, {"status": 500, "after": True}, 429])
    body = {"values": [["once"]]}
    write = values.update(spreadsheetId=owner.id, range="A1", valueInputOption="RAW", body=body)
    assert refusal(write)[:2] == (503, "The service is currently unavailable.")
    assert emulator.values(owner.id, "A1") == [["URL"]]
    assert refusal(write)[0] == 500
    assert emulator.values(owner.id, "A1") == [["once"]]
    assert refusal(write)[2]["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    emulator.switch(fail_next=[0, 0])  # httplib2 asks once more by itself when a connection closes
    with pytest.raises((http.client.HTTPException, OSError)):
        write.execute()

    def met() -> list[int]:
        emulator.switch(error_rate=0.5, error_statuses=[429, 503], seed=4)
        url = f"{emulator.url}/v4/spreadsheets/{owner.id}/values/A1"
        headers = {"Authorization": f"Bearer {emulator.token('owner@example.com')}"}
        return [requests.get(url, headers=headers, timeout=60).status_code for _ in range(30)]

    first = met()
    assert set(first) == {200, 429, 503}
    assert met() == first
    with pytest.raises(ValueError, match="latencyy"):
        emulator.switch(latencyy=1)


def test_an_edit_comes_between_two_calls(owner: Client, emulator: SheetsEmulator) -> None:
    """A waiting edit is made right before the call that it waits for, and for no other."""
    swap = {"moveDimension": {"source": span("ROWS", 1, 2), "destinationIndex": 3}}
    emulator.edit_before(owner.id, swap, method="spreadsheets.values.get", skip=1)
    owner.put("D1", [["x"]])
    assert owner.get("A2:A3") == [["u1"], ["u2"]]
    assert emulator.edits_to_come() == 1
    assert owner.get("A2:A3") == [["u2"], ["u1"]]
    assert emulator.edits_to_come() == 0


def test_a_hook_runs_between_any_two_calls(owner: Client, emulator: SheetsEmulator, client_of: ClientOf) -> None:
    """It may edit, read, and decide that a call never arrives; calls of several threads wait for it."""
    seen: list[tuple[str, str]] = []

    def hook(method: str, user: str) -> bool:
        seen.append((method, user))
        emulator.write(owner.id, "D1", [[len(seen)]])
        return method != "spreadsheets.values.clear"

    with emulator.between_calls(hook, methods="spreadsheets.values.*"):
        assert owner.get("D1") == [["1"]]
        owner.resource("spreadsheetId")
        with pytest.raises((http.client.HTTPException, OSError)):
            owner.api.values().clear(spreadsheetId=owner.id, range="A1:Z9").execute(num_retries=0)
        clients = [client_of(f"p{n}@example.com", owner.id) for n in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda client: client.get("A1"), clients))
    owner.get("A1")
    assert seen[0] == ("spreadsheets.values.get", "owner@example.com")
    assert {user for _, user in seen[-4:]} == {f"p{n}@example.com" for n in range(4)}
    assert emulator.values(owner.id, "A1:D1") == [["URL", "Email", "Note", str(len(seen))]]

    def broken(_method: str, _user: str) -> bool:
        raise RuntimeError("seen by the test")

    with pytest.raises(RuntimeError, match="seen by the test"), emulator.between_calls(broken):
        owner.get("A1")


def random_edits(
    emulator: SheetsEmulator,
    client_of: ClientOf,
    seed: int,
    **choices: Any,  # noqa: ANN401 - as the client has it
) -> tuple[Json, list[list[Any]], list[list[Any]]]:
    """What a random editor did to 40 rows during 30 calls, and the sheet before and after."""
    rows = [["URL", "Email", "Note"]]
    rows += [[f"https://linkedin.com/in/p{n:02}", f"e{n:02}", f"n{n:02}"] for n in range(40)]
    spreadsheet = emulator.spreadsheet(rows)
    client = client_of("owner@example.com", spreadsheet)
    emulator.forget_calls()
    emulator.random_edits(spreadsheet, seed, **choices)
    for _ in range(30):
        client.get("A1")
    told = emulator.random_edits_made(stop=True)
    client.get("A1")
    return told, rows, emulator.values(spreadsheet, "Leads")


def test_a_random_editor_is_the_same_for_the_same_seed(emulator: SheetsEmulator, client_of: ClientOf) -> None:
    """Same seed, same edits, same sheet; another seed, others; it stops when told."""
    once, again, other = (random_edits(emulator, client_of, seed, probability=0.8) for seed in (1, 1, 2))
    assert once == again
    assert once[0]["log"] != other[0]["log"]
    assert 15 <= len(once[0]["log"]) <= 30
    assert len(random_edits(emulator, client_of, 1, probability=1, at_most=3)[0]["log"]) == 3
    with pytest.raises(ValueError, match="Unknown kinds of edits: dance"):
        random_edits(emulator, client_of, 1, kinds=["dance"])


@pytest.mark.parametrize("seed", range(8))
def test_a_random_editor_tears_no_row_apart_and_tells_what_it_did(
    emulator: SheetsEmulator, client_of: ClientOf, seed: int
) -> None:
    """Whatever it moves and sorts, a note stays beside its URL; what it typed stands; its log has every kind."""
    told, rows, after = random_edits(emulator, client_of, seed, probability=1)
    edited = {entry[name] for entry in told["log"] if "url" in entry for name in ("url", "after")}
    notes = {row[0]: row[2] for row in rows[1:]}
    for row in after:
        for url in set(row) & set(notes) - edited:
            others = {cell for cell in row if str(cell).startswith("n") and cell != url}
            assert others <= {notes[url]}
    texts = {cell for row in after for cell in row}
    assert set(told["typed"]) <= texts
    assert {text for text in texts if text.startswith("by hand")} == set(told["typed"])


def test_what_somebody_deletes_while_a_value_covers_it_must_not_stand_any_more(
    emulator: SheetsEmulator, client_of: ClientOf
) -> None:
    """The random editor's typed cell is followed though a program has written over it, through a sort as well."""
    spreadsheet = emulator.spreadsheet([["URL", "Email"], *([f"https://linkedin.com/in/p{n}", ""] for n in range(9))])
    owner = client_of("owner@example.com", spreadsheet)
    emulator.random_edits(spreadsheet, 1, probability=1, kinds=["fill_cell"], at_most=1)
    owner.get("A1")
    (edit,) = emulator.random_edits_made()["log"]
    owner.put(f"B{edit['row'] + 1}", [["ours"]])
    assert emulator.random_edits_made()["typed"] == [edit["after"]]
    specs = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    area = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 10}
    columns = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 1, "endIndex": 2}
    owner.change({"sortRange": {"range": area, "sortSpecs": specs}}, {"insertDimension": {"range": columns}})
    assert emulator.random_edits_made()["typed"] == [edit["after"]]
    row = 10 - edit["row"]
    assert owner.get(f"C{row + 1}") == [["ours"]]
    resource = owner.resource("sheets.data.rowData.values")
    assert edit["after"] not in str(resource)
    rows = {"sheetId": 0, "dimension": "ROWS", "startIndex": row, "endIndex": row + 1}
    owner.change({"deleteDimension": {"range": rows}})
    assert emulator.random_edits_made(stop=True)["typed"] == []


def test_every_kind_of_random_edit_does_what_it_says(emulator: SheetsEmulator, client_of: ClientOf) -> None:
    """Each kind by itself changes the sheet."""
    kinds = "sort insert_rows delete_rows move_rows insert_column delete_column move_column edit_url fill_cell".split()  # noqa: SIM905 - reads as a list
    for kind in kinds:
        told, before, after = random_edits(emulator, client_of, 3, probability=1, kinds=[kind], at_most=5)
        assert {entry["kind"] for entry in told["log"]} == {kind}
        assert after != before, kind


def test_workbooks_come_from_files_and_go_to_files(emulator: SheetsEmulator, tmp_path: Path) -> None:
    """CSV and xlsx in and out: text stays text, numbers numbers, formulas formulas, every sheet with its title."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "People"
    for row in (["URL", "Size"], ["007", 7], ["=1+1", True]):
        first.append(row)
    book.create_sheet("More")["B2"] = "there"
    book.save(tmp_path / "people.xlsx")
    loaded = emulator.spreadsheet(path=tmp_path / "people.xlsx")
    assert emulator.values(loaded, "People!A1:B3", render="UNFORMATTED_VALUE") == [
        ["URL", "Size"],
        ["007", 7],
        [2, True],
    ]
    assert emulator.values(loaded, "People!A3", render="FORMULA") == [["=1+1"]]
    (tmp_path / "again.xlsx").write_bytes(emulator.file(loaded, kind="xlsx"))
    again = openpyxl.load_workbook(tmp_path / "again.xlsx")
    assert again.sheetnames == ["People", "More"]
    assert [[cell.value for cell in row] for row in again["People"]["A1:B3"]] == [
        ["URL", "Size"],
        ["007", 7],
        ["=1+1", True],
    ]
    assert again["More"]["B2"].value == "there"
    (tmp_path / "people.csv").write_text('URL,Note\n1-10,"a, b"\n', encoding="utf-8")
    from_csv = emulator.spreadsheet(path=tmp_path / "people.csv")
    assert emulator.values(from_csv, "A1:B2") == [["URL", "Note"], ["1-10", "a, b"]]
    assert emulator.file(from_csv).decode() == 'URL,Note\n1-10,"a, b"\n'
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"no workbook")
    with pytest.raises(ValueError, match="cannot be read"):
        emulator.spreadsheet(path=broken)


def test_calls_are_counted_but_not_those_of_the_other_person(owner: Client, emulator: SheetsEmulator) -> None:
    """`calls` tells the methods, who called and how it ended; what a test does through the emulator is not in it."""
    owner.get("A1")
    owner.put("A1", [["x"]])
    refusal(owner.api.get(spreadsheetId="there-is-none"))
    emulator.write(owner.id, "A2", [["y"]])
    emulator.edit(owner.id, {"deleteDimension": {"range": span("ROWS", 2, 3)}})
    report = emulator.calls()
    assert (report["total"], report["reads"], report["writes"]) == (3, 2, 1)
    assert [(call["method"], call["status"]) for call in report["log"]] == [
        ("spreadsheets.values.get", 200),
        ("spreadsheets.values.update", 200),
        ("spreadsheets.get", 404),
    ]
    assert {call["user"] for call in report["log"]} == {"owner@example.com"}
    emulator.forget_calls()
    assert emulator.calls()["total"] == 0
    with pytest.raises(ValueError, match="Unable to parse range"):
        emulator.values(owner.id, "Nowhere!A1")


def test_many_callers_at_once_lose_nothing(owner: Client, client_of: ClientOf) -> None:
    """Each answer is atomic: appends from eight threads all arrive, each in a row of its own."""
    clients = [client_of(f"p{n}@example.com", owner.id) for n in range(8)]

    def append(number: int) -> None:
        body = {"values": [[f"row {number}"]]}
        clients[number % 8].api.values().append(
            spreadsheetId=owner.id, range="A1", valueInputOption="RAW", body=body
        ).execute()

    def append_all(thread: int) -> None:
        for number in range(thread, 80, 8):
            append(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append_all, range(8)))
    assert sorted(row[0] for row in owner.get("A5:A84")) == sorted(f"row {n}" for n in range(80))
