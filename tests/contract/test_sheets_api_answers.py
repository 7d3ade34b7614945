"""What the emulator answers to programs: metadata lookups, totals, refusals by their reason, bytes.

Sources: Google's reference of DeveloperMetadataLookup and InsertDimensionRequest, its metadata guide, what others have
seen on the live API, and Google's error model (https://cloud.google.com/apis/design/errors). What no source says is a
switch, tried both ways.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from googleapiclient.errors import HttpError

from local.sheets_api.client import SheetsEmulator
from tests.support.sheets_client import Client, ClientOf, Json, anchor, by_key, cells, refusal, span


def at(kind: str) -> Json:
    """A location."""
    places: dict[str, Json] = {
        "SPREADSHEET": {"spreadsheet": True},
        "SHEET": {"sheetId": 0},
        "ROW": {"dimensionRange": span("ROWS", 1, 2)},
        "COLUMN": {"dimensionRange": span("COLUMNS", 1, 2)},
        "OTHER ROW": {"dimensionRange": span("ROWS", 2, 3)},
    }
    return places[kind]


def mark_everything(client: Client) -> None:
    """Metadata on the spreadsheet, the sheet, a row, another row and a column; the key says where."""
    for kind in ("SPREADSHEET", "SHEET", "ROW", "COLUMN", "OTHER ROW"):
        entry = {"metadataKey": kind, "visibility": "DOCUMENT", "location": at(kind)}
        client.change({"createDeveloperMetadata": {"developerMetadata": entry}})


def found(client: Client, lookup: Json) -> list[str]:
    """The keys that a lookup finds."""
    body = {"dataFilters": [{"developerMetadataLookup": lookup}]}
    answer = client.api.developerMetadata().search(spreadsheetId=client.id, body=body).execute()
    return [entry["developerMetadata"]["metadataKey"] for entry in answer.get("matchedDeveloperMetadata", [])]


@pytest.mark.parametrize(
    ("location", "strategy", "keys"),
    [
        ("SHEET", None, ["SHEET", "COLUMN", "ROW", "OTHER ROW"]),
        ("SHEET", "EXACT_LOCATION", ["SHEET"]),
        ("ROW", None, ["SHEET", "COLUMN", "ROW"]),
        ("ROW", "INTERSECTING_LOCATION", ["SHEET", "COLUMN", "ROW"]),
        ("ROW", "EXACT_LOCATION", ["ROW"]),
        ("SPREADSHEET", "EXACT_LOCATION", ["SPREADSHEET"]),
    ],
)
def test_a_location_matches_what_intersects_it_by_default(
    owner: Client, location: str, strategy: str | None, keys: list[str]
) -> None:
    """The spreadsheet's own metadata intersects nothing."""
    mark_everything(owner)
    matching = {"locationMatchingStrategy": strategy} if strategy else {}
    assert found(owner, {"metadataLocation": at(location), **matching}) == keys


def test_an_empty_lookup_matches_everything_and_one_without_a_match_answers_nothing(owner: Client) -> None:
    """A delete by an empty lookup would take every anchor."""
    mark_everything(owner)
    assert len(found(owner, {})) == 5
    body = {"dataFilters": [by_key("none")]}
    assert owner.api.developerMetadata().search(spreadsheetId=owner.id, body=body).execute() == {}
    owner.change({"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": {}}}})
    assert found(owner, {}) == []


@pytest.mark.parametrize(
    ("lookup", "sentence"),
    [
        ({"metadataLocation": at("SPREADSHEET"), "locationMatchingStrategy": "INTERSECTING_LOCATION"}, "INTERSECTING"),
        ({"metadataKey": "x", "locationMatchingStrategy": "EXACT_LOCATION"}, "metadataLocation must be specified"),
        ({"metadataLocation": {"dimensionRange": span("ROWS", 1, 3)}}, "must represent a single row or column"),
    ],
)
def test_a_lookup_that_cannot_be_is_refused(owner: Client, lookup: Json, sentence: str) -> None:
    """400, in words."""
    with pytest.raises(HttpError, match=sentence) as caught:
        found(owner, lookup)
    assert caught.value.status_code == 400


def test_an_id_in_use_is_refused_and_two_lines_cannot_share_an_entry(owner: Client) -> None:
    """Such a create "will be unsuccessful", says the guide."""
    entry = {"metadataId": 7, "metadataKey": "k", "visibility": "DOCUMENT", "location": at("ROW")}
    create = {"createDeveloperMetadata": {"developerMetadata": entry}}
    owner.change(create)
    with pytest.raises(HttpError, match="already exists"):
        owner.change(create)
    entry |= {"metadataId": 8, "location": {"dimensionRange": span("COLUMNS", 0, 2)}}
    with pytest.raises(HttpError, match="DimensionRange must represent a single row or column"):
        owner.change(create)


def test_metadata_of_a_row_goes_with_it_under_a_sort_of_whole_rows_only(owner: Client) -> None:
    """Seen by others on the live API; a sort of some columns leaves it where it is."""
    mark_everything(owner)
    specs = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]

    def row_of(key: str) -> int:
        body = {"dataFilters": [by_key(key)]}
        (entry,) = (
            owner.api.developerMetadata()
            .search(spreadsheetId=owner.id, body=body)
            .execute()["matchedDeveloperMetadata"]
        )
        index: int = entry["developerMetadata"]["location"]["dimensionRange"]["startIndex"]
        return index

    owner.change({"sortRange": {"range": cells(1, 0, 4, 3), "sortSpecs": specs}})
    assert row_of("ROW") == 1
    owner.change({"sortRange": {"range": cells(1, 0, 4, 26), "sortSpecs": [{"dimensionIndex": 0}]}})
    assert row_of("ROW") == 3


def test_an_insert_needs_an_end(owner: Client) -> None:
    """The reference says: both the start and end indexes must be bounded."""
    with pytest.raises(HttpError, match="must be bounded"):
        owner.change({"insertDimension": {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": 1}}})


def by_filter(client: Client, *data: Json) -> Json:
    """Write by data filters."""
    body = {"valueInputOption": "RAW", "data": list(data)}
    answer: Json = client.api.values().batchUpdateByDataFilter(spreadsheetId=client.id, body=body).execute()
    return answer


def test_totals_count_distinct_rows_and_columns(owner: Client) -> None:
    """Two ranges in the same rows are those rows once."""
    data = [{"range": "A2:A3", "values": [["x"], ["y"]]}, {"range": "B2:C2", "values": [["x", "y"]]}]
    body = {"valueInputOption": "RAW", "data": data}
    answer = owner.api.values().batchUpdate(spreadsheetId=owner.id, body=body).execute()
    totals = {name: value for name, value in answer.items() if name.startswith("total")}
    assert totals == {
        "totalUpdatedRows": 2,
        "totalUpdatedColumns": 3,
        "totalUpdatedCells": 4,
        "totalUpdatedSheets": 1,
    }


@pytest.mark.parametrize("refused", [True, False])
def test_a_write_whose_metadata_is_nowhere(owner: Client, emulator: SheetsEmulator, refused: bool) -> None:  # noqa: FBT001 - parametrised
    """A 400, or a 200 without an entry for it: not documented."""
    emulator.switch(missing_metadata_refused=refused)
    owner.change(anchor("email", 1))
    data = [{"dataFilter": by_key(key), "majorDimension": "COLUMNS", "values": [["x"]]} for key in ("email", "gone")]
    if refused:
        with pytest.raises(HttpError, match="No range matches the data filter"):
            by_filter(owner, *data)
        assert owner.get("B1") == [["Email"]]
    else:
        assert len(by_filter(owner, *data)["responses"]) == 1
        assert owner.get("B1") == [["x"]]


@pytest.mark.parametrize("clears", [True, False])
def test_a_null_by_data_filter(owner: Client, emulator: SheetsEmulator, clears: bool) -> None:  # noqa: FBT001 - parametrised
    """Documented to skip in `ValueRange`, not in `DataFilterValueRange`."""
    emulator.switch(null_by_data_filter_clears=clears)
    owner.change(anchor("email", 1))
    by_filter(owner, {"dataFilter": by_key("email"), "majorDimension": "COLUMNS", "values": [[None, "x"]]})
    assert owner.get("B1:B2") == [[] if clears else ["Email"], ["x"]]


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "Request had insufficient authentication scopes."),
        ("SERVICE_DISABLED", "Google Sheets API has not been used in project"),
    ],
)
def test_a_403_says_its_reason(client_of: ClientOf, owner: Client, reason: str, sentence: str) -> None:
    """In `details`, as ErrorInfo; the sentence alone would have to be parsed."""
    barred = client_of("barred@example.com", owner.id, refusal=reason)
    status, message, error = refusal(barred.api.get(spreadsheetId=owner.id))
    assert (status, error["status"]) == (403, "PERMISSION_DENIED")
    assert message.startswith(sentence)
    assert [detail["reason"] for detail in error["details"] if "reason" in detail] == [reason]


@pytest.mark.parametrize("role", ["commenter", "reader"])
def test_who_may_only_read_is_refused_every_write(owner: Client, client_of: ClientOf, role: str) -> None:
    """403 without details, also where nothing would change; what a protection says of them is no right either."""
    owner.change({"addProtectedRange": {"protectedRange": {"range": cells(0, 0, 1, 3)}}}, anchor("email", 1))
    guest = client_of("guest@example.com", owner.id, role=role)
    assert guest.get("A1") == [["URL"]]
    body = {"dataFilters": [by_key("email")]}
    assert guest.api.getByDataFilter(spreadsheetId=owner.id, body=body).execute()["sheets"]
    assert "requestingUserCanEdit" not in guest.resource("sheets.protectedRanges")["sheets"][0]["protectedRanges"][0]
    create = {"requests": [anchor("proof", 0)]}
    for call in (
        guest.api.batchUpdate(spreadsheetId=owner.id, body=create),
        guest.api.batchUpdate(spreadsheetId=owner.id, body={"requests": []}),
        guest.api.values().append(spreadsheetId=owner.id, range="A1", valueInputOption="RAW", body={"values": [["x"]]}),
    ):
        status, message, error = refusal(call)
        assert (status, message) == (403, "The caller does not have permission")
        assert "details" not in error


def test_a_file_that_was_never_converted_is_refused(emulator: SheetsEmulator, client_of: ClientOf) -> None:
    """An .xlsx that is opened in Sheets has no API."""
    client = client_of("owner@example.com", emulator.spreadsheet([["x"]], office_file=True))
    status, message, error = refusal(client.api.get(spreadsheetId=client.id))
    assert (status, error["status"]) == (400, "FAILED_PRECONDITION")
    assert message == "This operation is not supported for this document"


def raw(emulator: SheetsEmulator, spreadsheet: str, body: Any = None) -> requests.Response:  # noqa: ANN401 - any JSON
    """A write without Google's client."""
    headers = {"Authorization": f"Bearer {emulator.token('owner@example.com')}"}
    url = f"{emulator.url}/v4/spreadsheets/{spreadsheet}:batchUpdate"
    return requests.post(url, json=body or {"requests": [anchor("x", 0)]}, headers=headers, timeout=30)


def test_failures_have_the_shape_in_which_they_come(owner: Client, emulator: SheetsEmulator) -> None:
    """409 is ABORTED, a 502 and a 413 are pages of the front end, a 403 has the reason that was asked for."""
    emulator.switch(fail_next=[409, 502, {"status": 403, "reason": "SERVICE_DISABLED"}])
    aborted, gateway, disabled = (raw(emulator, owner.id) for _ in range(3))
    assert (aborted.status_code, aborted.json()["error"]["status"]) == (409, "ABORTED")
    assert gateway.status_code == 502
    assert gateway.headers["Content-Type"].startswith("text/html")
    with pytest.raises(json.JSONDecodeError):
        json.loads(gateway.text)
    assert disabled.json()["error"]["details"][1]["reason"] == "SERVICE_DISABLED"
    emulator.switch(max_request_bytes=1000)
    assert raw(emulator, owner.id).status_code == 200
    large = raw(emulator, owner.id, {"requests": [anchor("x" * 1000, 0)]})
    assert (large.status_code, large.headers["Content-Type"].startswith("text/html")) == (413, True)


def test_the_bytes_of_each_call_are_counted(owner: Client, emulator: SheetsEmulator) -> None:
    """By method and by call, bodies only."""
    emulator.forget_calls()
    answers = [raw(emulator, owner.id, {"requests": [anchor(key, 0)]}) for key in ("a", "b" * 100)]
    told = emulator.calls()
    traffic = told["bytes"]["spreadsheets.batchUpdate"]
    sizes = [len(answer.content) for answer in answers]
    assert (traffic["answers"], traffic["largest_answer"]) == (sum(sizes), max(sizes))
    bodies = [len(answer.request.body or b"") for answer in answers]
    assert (traffic["requests"], traffic["largest_request"]) == (sum(bodies), max(bodies))
    assert [call["request_bytes"] for call in told["log"]] == bodies


def test_a_batch_answers_with_its_ranges_as_they_are_then_and_a_mask_says_whether_with_cells(owner: Client) -> None:
    """By the reference of `batchUpdate`: `responseRanges`, `responseIncludeGridData`. It is what `get` shows, too."""
    body = {
        "requests": [{"insertDimension": {"range": span("COLUMNS", 1, 2)}}, anchor("made", 1)],
        "includeSpreadsheetInResponse": True,
        "responseRanges": ["'Leads'!1:2"],
    }
    inside = "sheets(properties(sheetId),data(startRow,rowData(values(formattedValue)),columnMetadata))"
    mask = f"updatedSpreadsheet({inside})"
    answer = owner.api.batchUpdate(spreadsheetId=owner.id, body=body, fields=mask).execute()
    updated = answer["updatedSpreadsheet"]
    assert updated == owner.resource(inside, ranges=["'Leads'!1:2"])
    [data] = updated["sheets"][0]["data"]
    shown = [[cell.get("formattedValue") for cell in row["values"]] for row in data["rowData"]]
    assert shown == [["URL", None, "Email", "Note"], ["u1", None, "e1", "n1"]]
    assert data["columnMetadata"][1]["developerMetadata"][0]["metadataKey"] == "made"
