"""What tabs of the emulator have beside their cells: filters, hidden rows, tables, named ranges, groups.

Sources: Google's reference of BasicFilter, FilterView, FilterCriteria, Table and NamedRange, the guides on filters and
tables, and recorded answers. What no source says is a switch, tried both ways.
"""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from local.sheets_api.client import SheetsEmulator
from tests.support.sheets_client import Client, Json, cells, span


def hidden(client: Client) -> list[int]:
    """The rows, from 1, that a filter hides."""
    mask = "sheets.data.rowMetadata.hiddenByFilter"
    rows = client.resource(mask, ranges="A1:C6")["sheets"][0]["data"][0]["rowMetadata"]
    return [number for number, row in enumerate(rows, 1) if row.get("hiddenByFilter")]


def of_tab(client: Client, name: str) -> Any:  # noqa: ANN401 - any JSON
    """One property of the first sheet."""
    return client.resource(f"sheets.{name}")["sheets"][0].get(name)


def only(kind: str, *values: str) -> Json:
    """Criteria of a filter."""
    return {"condition": {"type": kind, "values": [{"userEnteredValue": value} for value in values]}}


@pytest.mark.parametrize(
    ("column", "criteria", "rows"),
    [
        (0, {"hiddenValues": ["u2"]}, [3]),
        (1, only("TEXT_CONTAINS", "E3"), [2, 3]),
        (1, only("TEXT_EQ", "e1") | {"hiddenValues": ["e1"]}, [2, 3, 4]),
        (2, only("NOT_BLANK"), []),
    ],
)
def test_a_filter_hides_rows_and_shows_them_again(owner: Client, column: int, criteria: Json, rows: list[int]) -> None:
    """The header row is never hidden; both `criteria` and `filterSpecs` are told."""
    specs = [{"columnIndex": column, "filterCriteria": criteria}]
    owner.change({"setBasicFilter": {"filter": {"range": cells(0, 0, 4, 3), "filterSpecs": specs}}})
    assert hidden(owner) == rows
    told = of_tab(owner, "basicFilter")
    assert told["criteria"] == {str(column): criteria}
    assert told["filterSpecs"][0]["filterCriteria"] == criteria
    owner.change({"clearBasicFilter": {"sheetId": 0}})
    assert hidden(owner) == []
    assert of_tab(owner, "basicFilter") is None


def test_a_filter_follows_rows_and_columns_and_sorts_its_rows(owner: Client) -> None:
    """Its range and its column move; a sort hides the rows that it then hides."""
    wanted: Json = {"range": cells(0, 0, 4, 3), "criteria": {"0": {"hiddenValues": ["u1"]}}}
    wanted["sortSpecs"] = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    owner.change({"setBasicFilter": {"filter": wanted}})
    assert owner.get("A2:A4") == [["u3"], ["u2"], ["u1"]]
    assert hidden(owner) == [4]
    owner.change({"sortRange": {"range": cells(1, 0, 4, 3), "sortSpecs": [{"dimensionIndex": 0}]}})
    assert hidden(owner) == [2]
    owner.change(
        {"insertDimension": {"range": span("COLUMNS", 0, 1)}}, {"deleteDimension": {"range": span("ROWS", 2, 3)}}
    )
    told = of_tab(owner, "basicFilter")
    assert told["range"] == {"startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 1, "endColumnIndex": 4}
    assert told["criteria"] == {"1": {"hiddenValues": ["u1"]}}
    owner.change({"deleteDimension": {"range": span("COLUMNS", 1, 2)}})
    assert "criteria" not in of_tab(owner, "basicFilter")


def test_a_filter_view_is_told_and_hides_nothing(owner: Client) -> None:
    """It hides rows only from who looks through it."""
    view = {"title": "Mine", "range": cells(0, 0, 4, 3), "criteria": {"0": {"hiddenValues": ["u2"]}}}
    (reply,) = owner.change({"addFilterView": {"filter": view}})
    number = reply["addFilterView"]["filter"]["filterViewId"]
    assert hidden(owner) == []
    renamed = {"filterViewId": number, "title": "Ours"}
    owner.change({"updateFilterView": {"filter": renamed, "fields": "title"}})
    assert [(each["title"], each["criteria"]) for each in of_tab(owner, "filterViews")] == [("Ours", view["criteria"])]
    owner.change({"deleteFilterView": {"filterId": number}})
    assert of_tab(owner, "filterViews") is None
    with pytest.raises(HttpError, match="No filter view with id"):
        owner.change({"deleteFilterView": {"filterId": number}})


def test_rows_hidden_by_hand_are_told_apart_from_filtered_ones(owner: Client) -> None:
    """A row may be both."""
    change = {"range": span("ROWS", 1, 2), "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
    owner.change({"updateDimensionProperties": change})
    wanted = {"range": cells(0, 0, 4, 3), "criteria": {"0": {"hiddenValues": ["u1", "u2"]}}}
    owner.change({"setBasicFilter": {"filter": wanted}})
    mask = "sheets.data.rowMetadata(hiddenByUser,hiddenByFilter)"
    rows = owner.resource(mask, ranges="A1:A4")["sheets"][0]["data"][0]["rowMetadata"]
    assert rows == [{}, {"hiddenByUser": True, "hiddenByFilter": True}, {"hiddenByFilter": True}, {}]


def table(**more: Any) -> Json:  # noqa: ANN401 - any JSON
    """A request that makes a table of the three people."""
    return {"addTable": {"table": {"name": "People", "range": cells(0, 0, 4, 3), **more}}}


def test_a_table_tells_its_columns_and_moves(owner: Client) -> None:
    """Columns are called what their header cells say, and keep their types where they go."""
    columns = [{"columnIndex": 1, "columnName": "Email", "columnType": "TEXT"}]
    (reply,) = owner.change(table(columnProperties=columns))
    made = reply["addTable"]["table"]
    assert [column.get("columnName") for column in made["columnProperties"]] == ["URL", "Email", "Note"]
    owner.change({"insertDimension": {"range": span("COLUMNS", 1, 2), "inheritFromBefore": True}})
    (told,) = of_tab(owner, "tables")
    assert [(c.get("columnIndex", 0), c["columnType"]) for c in told["columnProperties"]][2] == (2, "TEXT")
    assert told["range"]["endColumnIndex"] == 4
    with pytest.raises(HttpError, match="over another table"):
        owner.change({"addTable": {"table": {"name": "Other", "range": cells(2, 1, 6, 3)}}})
    changed = {"tableId": made["tableId"], "name": "Others"}
    owner.change({"updateTable": {"table": changed, "fields": "name"}})
    assert of_tab(owner, "tables")[0]["name"] == "Others"
    owner.change({"deleteTable": {"tableId": made["tableId"]}})
    assert (of_tab(owner, "tables"), owner.get("A1:D4")) == (None, [])


@pytest.mark.parametrize("refuses", [True, False])
def test_a_typed_column_refuses_or_not(owner: Client, emulator: SheetsEmulator, refuses: bool) -> None:  # noqa: FBT001 - parametrised
    """Whether the type of a table's column binds the API is not documented."""
    emulator.switch(typed_column_refuses=refuses)
    owner.change(table(columnProperties=[{"columnIndex": 2, "columnType": "DOUBLE"}]))
    owner.put("C2", [[5]])
    if refuses:
        with pytest.raises(HttpError, match="in cell C3 does not match the type of its table column"):
            owner.put("B3:C3", [["x", "five"]])
        assert owner.get("B3:C3") == [["e2", "n2"]]
    else:
        owner.put("C3", [["five"]])
        assert owner.get("C3") == [["five"]]
    owner.put("C1", [["Header"]])
    owner.put("C5", [["below"]])


@pytest.mark.parametrize("renames", [True, False])
def test_a_table_renames_a_header_that_it_has_already_or_not(
    owner: Client,
    emulator: SheetsEmulator,
    renames: bool,  # noqa: FBT001 - parametrised
) -> None:
    """Whether a duplicate header gets a number is not documented."""
    emulator.switch(table_renames_header=renames)
    owner.change(table())
    owner.put("C1", [["Email"]])
    assert owner.get("B1:C1") == [["Email", "Email 2" if renames else "Email"]]
    owner.put("C1", [[""]])
    assert owner.get("A1:C1") == [["URL", "Email", *(["Column 3"] if renames else [])]]


def test_named_ranges_follow_and_formulas_know_them(owner: Client) -> None:
    """A name is one for the whole spreadsheet, is no cell, and goes with its rows."""
    named = {"name": "people", "range": cells(1, 0, 4, 1)}
    (reply,) = owner.change({"addNamedRange": {"namedRange": named}})
    owner.put("E1", [["=COUNTA(people)"]], "USER_ENTERED")
    owner.change({"insertDimension": {"range": span("ROWS", 2, 3)}})
    (told,) = owner.resource("namedRanges")["namedRanges"]
    assert (told["range"]["startRowIndex"], told["range"]["endRowIndex"]) == (1, 5)
    assert owner.get("E1") == [["3"]]
    for bad, sentence in (("A1", "not valid"), ("two words", "not valid"), ("People", "already exists")):
        with pytest.raises(HttpError, match=sentence):
            owner.change({"addNamedRange": {"namedRange": {**named, "name": bad}}})
    owner.change({"deleteNamedRange": {"namedRangeId": reply["addNamedRange"]["namedRange"]["namedRangeId"]}})
    assert owner.get("E1") == [["#NAME?"]]


def test_groups_are_told_by_depth_and_move(owner: Client) -> None:
    """A group inside another one is deeper."""
    owner.change(
        {"addDimensionGroup": {"range": span("ROWS", 1, 4)}}, {"addDimensionGroup": {"range": span("ROWS", 2, 3)}}
    )
    assert [group["depth"] for group in of_tab(owner, "rowGroups")] == [1, 2]
    owner.change({"insertDimension": {"range": span("ROWS", 0, 1)}})
    assert [group["range"]["startIndex"] for group in of_tab(owner, "rowGroups")] == [2, 3]
    owner.change({"deleteDimensionGroup": {"range": span("ROWS", 2, 5)}})
    assert [group["depth"] for group in of_tab(owner, "rowGroups")] == [1]
    with pytest.raises(HttpError, match="exactly this range"):
        owner.change({"deleteDimensionGroup": {"range": span("ROWS", 2, 5)}})


@pytest.mark.parametrize(
    "request_",
    [
        {"setBasicFilter": {"filter": {"range": {"sheetId": 0}, "tableId": "1"}}},
        {"setBasicFilter": {"filter": {"range": {"sheetId": 0}, "criteria": {"0": {"visibleBackgroundColor": {}}}}}},
        {"addFilterView": {"filter": {"namedRangeId": "1"}}},
        {"findReplace": {"find": "a", "replacement": "b", "allSheets": True}},
        {"addConditionalFormatRule": {"rule": {}}},
    ],
)
def test_what_the_emulator_does_not_know_it_refuses(owner: Client, request_: Json) -> None:
    """A 400 instead of a 200 that does nothing."""
    with pytest.raises(HttpError, match="The emulator") as caught:
        owner.change(request_)
    assert caught.value.status_code == 400


def test_a_random_editor_filters_where_a_test_asks_for_it(owner: Client, emulator: SheetsEmulator) -> None:
    """Names that lead to a profile are a column of URLs to it, too."""
    for row in range(1, 4):
        linked = {"userEnteredFormat": {"textFormat": {"link": {"uri": f"https://www.linkedin.com/in/u{row}"}}}}
        start = {"sheetId": 0, "rowIndex": row, "columnIndex": 0}
        change = {"start": start, "rows": [{"values": [linked]}], "fields": "userEnteredFormat"}
        owner.change({"updateCells": change})
    emulator.random_edits(owner.id, 5, probability=1, kinds=["filter"], at_most=6)
    seen = [hidden(owner) for _ in range(6)]
    assert {entry["kind"] for entry in emulator.random_edits_made(stop=True)["log"]} == {"filter"}
    assert any(seen)
