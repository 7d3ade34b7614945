"""A public client's tour: each common operation of gspread is right in the emulator, or is refused in words.

Sheets of others are edited by such clients while a run goes on. Nothing may be taken with a 200 and be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import gspread
import pytest
import requests
from google.oauth2.credentials import Credentials
from gspread.http_client import HTTPClient
from gspread.utils import (
    Dimension,
    InsertDataOption,
    MergeType,
    PasteOrientation,
    PasteType,
    ValidationConditionType,
    ValueInputOption,
    ValueRenderOption,
)
from gspread.worksheet import CellFormat, Worksheet
from requests.adapters import HTTPAdapter

from local.sheets_api.client import SheetsEmulator
from tests.support.sheets import PEOPLE

FORMULA, RAW, TYPED = ValueRenderOption.formula, ValueInputOption.raw, ValueInputOption.user_entered


class _ToEmulator(HTTPAdapter):
    """Sends to the emulator what is meant for Google."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - those of requests
        assert request.url is not None
        found = urlsplit(request.url)
        request.url = found._replace(scheme=self._to.scheme, netloc=self._to.netloc).geturl()
        return super().send(request, *arguments, **options)


@pytest.fixture
def sheet(emulator: SheetsEmulator) -> Worksheet:
    """A tab of three people, opened by gspread."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {emulator.token('owner@example.com')}"
    session.mount("https://sheets.googleapis.com/", _ToEmulator(emulator.url))
    client = gspread.Client(Credentials("unused"), session=session, http_client=HTTPClient)  # type: ignore[no-untyped-call] # google-auth leaves it untyped
    return client.open_by_key(emulator.spreadsheet(PEOPLE)).sheet1


Operation = Callable[[Worksheet], object]
NAMES = ["URL", "Email", "Note"]
FIRST, SECOND, THIRD = PEOPLE[1:]


def grid(sheet: Worksheet) -> list[list[Any]]:
    """What stands in the tab, formulas as such, and without what is empty at the ends."""
    return [list(row) for row in sheet.get(value_render_option=FORMULA)]


def then(*steps: Operation) -> Operation:
    """Carries out some operations; gives what the last one gives."""

    def run(sheet: Worksheet) -> object:
        results = [step(sheet) for step in steps]
        return results[-1]

    return run


def meta(*path: Any) -> Operation:  # noqa: ANN401 - keys and indices
    """A part of the spreadsheet's metadata; None where it is not there."""

    def run(sheet: Worksheet) -> object:
        found: Any = sheet.spreadsheet.fetch_sheet_metadata()["sheets"][0]
        for key in path:
            found = found.get(key) if isinstance(found, dict) else found[key] if found else None
        return found

    return run


def cell_data(cell: str, fields: str) -> Operation:
    """CellData of one cell."""

    def run(sheet: Worksheet) -> object:
        params: dict[str, Any] = {
            "ranges": f"Leads!{cell}",
            "includeGridData": True,
            "fields": f"sheets(data(rowData(values({fields}))))",
        }
        found = sheet.client.fetch_sheet_metadata(sheet.spreadsheet_id, params)
        rows = found["sheets"][0].get("data", [{}])[0].get("rowData", [{}])
        return rows[0].get("values", [{}])[0] if rows else {}

    return run


def line(place: str, *index: int) -> Operation:
    """`pixelSize` and the like of a row or column."""

    def run(sheet: Worksheet) -> object:
        params: dict[str, Any] = {"includeGridData": True, "fields": f"sheets(data({place}))"}
        found = sheet.client.fetch_sheet_metadata(sheet.spreadsheet_id, params)["sheets"][0]["data"][0][place]
        return [found[at] for at in index]

    return run


READ: dict[str, tuple[Operation, object]] = {
    "acell": (lambda s: s.acell("B2").value, "e1"),
    "acell of a formula": (
        then(lambda s: s.update_acell("D2", "=LEN(A2)"), lambda s: s.acell("D2", value_render_option=FORMULA).value),
        "=LEN(A2)",
    ),
    "cell": (lambda s: s.cell(3, 3).value, "n2"),
    "cell that is empty": (lambda s: s.cell(3, 3 + 1).value if s.col_count > 3 else None, None),
    "range": (lambda s: [cell.value for cell in s.range("A2:B3")], ["u1", "e1", "u2", "e2"]),
    "row_values": (lambda s: s.row_values(2), FIRST),
    "col_values": (lambda s: s.col_values(2), ["Email", "e1", "e2", "e3"]),
    "get_all_values": (lambda s: s.get_all_values(), PEOPLE),
    "get_all_records": (lambda s: s.get_all_records()[1], dict(zip(NAMES, SECOND, strict=True))),
    "get_all_cells": (lambda s: [c.value for c in s.get_all_cells() if c.value][:4], [*NAMES, "u1"]),
    "get": (lambda s: [list(row) for row in s.get("A2:C2")], [FIRST]),
    "get of a whole column": (lambda s: [list(row) for row in s.get("C2:C")], [["n1"], ["n2"], ["n3"]]),
    "get by columns": (
        lambda s: [list(row) for row in s.get("A1:B2", major_dimension=Dimension.cols)],
        [["URL", "u1"], ["Email", "e1"]],
    ),
    "get_values": (lambda s: s.get_values("B2:C3"), [["e1", "n1"], ["e2", "n2"]]),
    "batch_get": (
        lambda s: [[list(row) for row in part] for part in s.batch_get(["A1", "B2:B3"])],
        [[["URL"]], [["e1"], ["e2"]]],
    ),
    "find": (lambda s: s.find("e2").address, "B3"),  # type: ignore[union-attr] # it is there
    "find what is not there": (lambda s: s.find("nobody"), None),
    "findall": (lambda s: [cell.address for cell in s.findall("n1")], ["C2"]),
    "expand": (lambda s: s.expand("A1"), PEOPLE),
    "title": (lambda s: (s.title, s.id, s.index), ("Leads", 0, 0)),
    "size": (lambda s: (s.row_count >= 4, s.col_count >= 3), (True, True)),
    "worksheets": (lambda s: [one.title for one in s.spreadsheet.worksheets()], ["Leads"]),
    "worksheet by title": (lambda s: s.spreadsheet.worksheet("Leads").id, 0),
    "worksheet by id": (lambda s: s.spreadsheet.get_worksheet_by_id(0).title, "Leads"),
    "values_get": (lambda s: s.spreadsheet.values_get("Leads!A1:A2")["values"], [["URL"], ["u1"]]),
    "values_batch_get": (
        lambda s: s.spreadsheet.values_batch_get(["Leads!A1", "Leads!C4"])["valueRanges"][1]["values"],
        [["n3"]],
    ),
    "locale": (lambda s: bool(s.spreadsheet.locale), True),
    "frozen": (lambda s: (s.frozen_row_count, s.frozen_col_count), (0, 0)),
    "named ranges": (lambda s: s.spreadsheet.list_named_ranges(), []),
    "protected ranges": (lambda s: s.spreadsheet.list_protected_ranges(0), []),
}

WRITTEN: dict[str, tuple[Operation, object]] = {
    "update": (then(lambda s: s.update([["x", "y"]], "A2"), grid), [NAMES, ["x", "y", "n1"], SECOND, THIRD]),
    "update raw": (then(lambda s: s.update([["=1+1"]], "C2"), lambda s: s.acell("C2").value), "=1+1"),
    "update typed": (
        then(lambda s: s.update([["=1+1"]], "C2", value_input_option=TYPED), lambda s: s.acell("C2").value),
        "2",
    ),
    "update a date as typed": (
        then(
            lambda s: s.update([["2026-03-01"]], "C2", value_input_option=TYPED),
            lambda s: s.get("C2", value_render_option=ValueRenderOption.unformatted)[0][0],
        ),
        46082,
    ),
    "update by columns": (
        then(lambda s: s.update([["x", "y"]], "A2", major_dimension=Dimension.cols), lambda s: s.col_values(1)),
        ["URL", "x", "y", "u3"],
    ),
    "update with nothing in between": (
        then(lambda s: s.update([["x", None, "z"]], "A2"), lambda s: s.row_values(2)),
        ["x", "e1", "z"],
    ),
    "update that empties": (then(lambda s: s.update([[""]], "B2"), lambda s: s.row_values(2)), ["u1", "", "n1"]),
    "update_acell": (then(lambda s: s.update_acell("B2", "new"), lambda s: s.acell("B2").value), "new"),
    "update_cell": (then(lambda s: s.update_cell(2, 2, 42), lambda s: s.acell("B2").value), "42"),
    "update_cells": (
        then(
            lambda s: s.update_cells([gspread.Cell(2, 1, "x"), gspread.Cell(3, 2, "y")]),
            lambda s: s.get_values("A2:B3"),
        ),
        [["x", "e1"], ["u2", "y"]],
    ),
    "batch_update": (
        then(lambda s: s.batch_update([{"range": "A2", "values": [["x"]]}, {"range": "C4", "values": [["z"]]}]), grid),
        [NAMES, ["x", "e1", "n1"], SECOND, ["u3", "e3", "z"]],
    ),
    "append_row": (then(lambda s: s.append_row(["u4", "e4"]), lambda s: grid(s)[4:]), [["u4", "e4"]]),
    "append_rows": (then(lambda s: s.append_rows([["a"], ["b"]]), lambda s: s.col_values(1)[4:]), ["a", "b"]),
    "append_rows inserting": (
        then(
            lambda s: s.append_rows([["a"]], insert_data_option=InsertDataOption.insert_rows),
            lambda s: s.col_values(1)[4:],
        ),
        ["a"],
    ),
    "insert_row": (
        then(lambda s: s.insert_row(["new"], 2), lambda s: s.col_values(1)),
        ["URL", "new", "u1", "u2", "u3"],
    ),
    "insert_rows": (
        then(lambda s: s.insert_rows([["x"], ["y"]], 3), lambda s: s.col_values(1)),
        ["URL", "u1", "x", "y", "u2", "u3"],
    ),
    "insert_cols": (
        then(lambda s: s.insert_cols([["new", "x"]], 2), lambda s: s.row_values(1)),
        ["URL", "new", "Email", "Note"],
    ),
    "delete_rows": (then(lambda s: s.delete_rows(2, 3), grid), [NAMES, THIRD]),
    "delete_columns": (then(lambda s: s.delete_columns(2), lambda s: s.row_values(2)), ["u1", "n1"]),
    "add_rows": (then(lambda s: s.add_rows(5), meta("properties", "gridProperties", "rowCount")), 1_005),
    "add_cols": (then(lambda s: s.add_cols(2), meta("properties", "gridProperties", "columnCount")), 28),
    "resize": (then(lambda s: s.resize(rows=2, cols=2), grid), [["URL", "Email"], ["u1", "e1"]]),
    "clear": (then(lambda s: s.clear(), grid), [[]]),
    "batch_clear": (
        then(lambda s: s.batch_clear(["A2:A3", "C4"]), grid),
        [NAMES, ["", "e1", "n1"], ["", "e2", "n2"], ["u3", "e3"]],
    ),
    "sort": (then(lambda s: s.sort((1, "des"), range="A2:C4"), lambda s: s.col_values(1)), ["URL", "u3", "u2", "u1"]),
    "sort by two": (
        then(
            lambda s: s.update([["a"], ["a"], ["b"]], "A2"),
            lambda s: s.sort((1, "des"), (2, "des"), range="A2:C4"),
            lambda s: s.col_values(2),
        ),
        ["Email", "e3", "e2", "e1"],
    ),
    "copy_range": (
        then(lambda s: s.copy_range("A2:B2", "A4"), lambda s: s.row_values(4)),
        ["u1", "e1", "n3"],
    ),
    "cut_range": (then(lambda s: s.cut_range("A2:C2", "A4"), grid), [NAMES, [], SECOND, FIRST]),
    "a formula follows its rows": (
        then(
            lambda s: s.update([["=LEN(A4)"]], "C2", value_input_option=TYPED),
            lambda s: s.delete_rows(3),
            lambda s: s.acell("C2", value_render_option=FORMULA).value,
        ),
        "=LEN(A3)",
    ),
    "values_append": (
        then(
            lambda s: s.spreadsheet.values_append("Leads!A1", {"valueInputOption": "RAW"}, {"values": [["u4"]]}),
            lambda s: s.col_values(1)[4:],
        ),
        ["u4"],
    ),
    "values_clear": (then(lambda s: s.spreadsheet.values_clear("Leads!B1:B4"), lambda s: s.col_values(2)), []),
    "values_batch_clear": (
        then(
            lambda s: s.spreadsheet.values_batch_clear(body={"ranges": ["Leads!A1", "Leads!B1"]}),
            lambda s: s.row_values(1),
        ),
        ["", "", "Note"],
    ),
    "values_batch_update": (
        then(
            lambda s: s.spreadsheet.values_batch_update(
                {"valueInputOption": "RAW", "data": [{"range": "Leads!C2", "values": [["x"]]}]}
            ),
            lambda s: s.acell("C2").value,
        ),
        "x",
    ),
    "a text of 50,000 characters": (
        then(lambda s: s.update_acell("C2", "x" * 50_000), lambda s: len(s.acell("C2").value or "")),
        50_000,
    ),
    "emoji": (then(lambda s: s.update_acell("C2", "👩‍🚀 é"), lambda s: s.acell("C2").value), "👩‍🚀 é"),
    "a boolean": (then(lambda s: s.update([[True]], "C2"), lambda s: s.acell("C2").value), "TRUE"),
    "a float": (then(lambda s: s.update([[1.5]], "C2"), lambda s: s.acell("C2").value), "1.5"),
}

BOLD: dict[str, Any] = {"textFormat": {"bold": True}}

STRUCTURE: dict[str, tuple[Operation, object]] = {
    "format": (
        then(lambda s: s.format("A1:C1", BOLD), cell_data("B1", "userEnteredFormat")),
        {"userEnteredFormat": BOLD},
    ),
    "batch_format": (
        then(lambda s: s.batch_format([CellFormat(range="A2", format=BOLD)]), cell_data("A2", "userEnteredFormat")),
        {"userEnteredFormat": BOLD},
    ),
    "a number format": (
        then(
            lambda s: s.update([[0.5]], "C2"),
            lambda s: s.format("C2", {"numberFormat": {"type": "PERCENT", "pattern": "0%"}}),
            lambda s: s.acell("C2").value,
        ),
        "50%",
    ),
    "insert_note": (then(lambda s: s.insert_note("B2", "mine"), lambda s: s.get_note("B2")), "mine"),
    "update_note": (
        then(lambda s: s.insert_note("B2", "mine"), lambda s: s.update_note("B2", "yours"), lambda s: s.get_note("B2")),
        "yours",
    ),
    "insert_notes": (
        then(lambda s: s.insert_notes({"A2": "a", "B2": "b"}), lambda s: (s.get_note("A2"), s.get_note("B2"))),
        ("a", "b"),
    ),
    "clear_note": (
        then(lambda s: s.insert_note("B2", "mine"), lambda s: s.clear_note("B2"), lambda s: s.get_note("B2")),
        "",
    ),
    "get_notes": (then(lambda s: s.insert_note("A2", "a"), lambda s: s.get_notes()), [[], ["a"]]),
    "freeze": (then(lambda s: s.freeze(rows=1, cols=2), lambda s: (s.frozen_row_count, s.frozen_col_count)), (1, 2)),
    "freeze as Google tells it": (
        then(lambda s: s.freeze(rows=1), meta("properties", "gridProperties", "frozenRowCount")),
        1,
    ),
    "hide_rows": (
        then(lambda s: s.hide_rows(1, 3), line("rowMetadata", 1, 3)),
        [{"pixelSize": 21, "hiddenByUser": True}, {"pixelSize": 21}],
    ),
    "unhide_rows": (
        then(lambda s: s.hide_rows(1, 3), lambda s: s.unhide_rows(1, 3), line("rowMetadata", 1)),
        [{"pixelSize": 21}],
    ),
    "hide_columns": (
        then(lambda s: s.hide_columns(1, 2), line("columnMetadata", 1, 2)),
        [{"pixelSize": 100, "hiddenByUser": True}, {"pixelSize": 100}],
    ),
    "unhide_columns": (
        then(lambda s: s.hide_columns(1, 2), lambda s: s.unhide_columns(1, 2), line("columnMetadata", 1)),
        [{"pixelSize": 100}],
    ),
    "hide": (
        then(lambda s: s.spreadsheet.add_worksheet("B", 2, 2), lambda s: s.hide(), meta("properties", "hidden")),
        True,
    ),
    "show": (
        then(
            lambda s: s.spreadsheet.add_worksheet("B", 2, 2),
            lambda s: s.hide(),
            lambda s: s.show(),
            meta("properties", "hidden"),
        ),
        None,
    ),
    "hide_gridlines": (then(lambda s: s.hide_gridlines(), meta("properties", "gridProperties", "hideGridlines")), True),
    "show_gridlines": (
        then(
            lambda s: s.hide_gridlines(),
            lambda s: s.show_gridlines(),
            meta("properties", "gridProperties", "hideGridlines"),
        ),
        None,
    ),
    "update_title": (then(lambda s: s.update_title("People"), meta("properties", "title")), "People"),
    "update_tab_color": (
        then(lambda s: s.update_tab_color("#ff0000"), meta("properties", "tabColorStyle")),
        {"rgbColor": {"red": 1}},
    ),
    "clear_tab_color": (
        then(lambda s: s.update_tab_color("#ff0000"), lambda s: s.clear_tab_color(), meta("properties", "tabColor")),
        None,
    ),
    "columns_auto_resize": (then(lambda s: s.columns_auto_resize(0, 2), grid), PEOPLE),
    "rows_auto_resize": (then(lambda s: s.rows_auto_resize(0, 2), grid), PEOPLE),
    "merge_cells": (then(lambda s: s.merge_cells("A2:B2"), meta("merges", 0, "endColumnIndex")), 2),
    "merge_cells by columns": (
        then(lambda s: s.merge_cells("A2:B3", MergeType.merge_columns), lambda s: len(meta("merges")(s))),  # type: ignore[arg-type] # a list
        2,
    ),
    "unmerge_cells": (then(lambda s: s.merge_cells("A2:B2"), lambda s: s.unmerge_cells("A2:B2"), meta("merges")), None),
    "batch_merge": (
        then(lambda s: s.batch_merge([{"range": "A2:B2"}, {"range": "A3:B3"}]), lambda s: len(meta("merges")(s))),  # type: ignore[arg-type] # a list
        2,
    ),
    "define_named_range": (
        then(lambda s: s.define_named_range("A2:A4", "people"), lambda s: s.spreadsheet.values_get("people")["values"]),
        [["u1"], ["u2"], ["u3"]],
    ),
    "a named range follows its rows": (
        then(
            lambda s: s.define_named_range("A3:A3", "second"),
            lambda s: s.delete_rows(2),
            lambda s: s.spreadsheet.values_get("second")["values"],
        ),
        [["u2"]],
    ),
    "delete_named_range": (
        then(
            lambda s: s.define_named_range("A2:A4", "people"),
            lambda s: s.delete_named_range(s.spreadsheet.list_named_ranges()[0]["namedRangeId"]),
            lambda s: s.spreadsheet.list_named_ranges(),
        ),
        [],
    ),
    "add_protected_range": (
        then(lambda s: s.add_protected_range("A1:C1"), lambda s: len(s.spreadsheet.list_protected_ranges(0))),
        1,
    ),
    "delete_protected_range": (
        then(
            lambda s: s.add_protected_range("A1:C1"),
            lambda s: s.delete_protected_range(s.spreadsheet.list_protected_ranges(0)[0]["protectedRangeId"]),
            lambda s: s.spreadsheet.list_protected_ranges(0),
        ),
        [],
    ),
    "add_validation": (
        then(
            lambda s: s.add_validation("C2:C4", ValidationConditionType.one_of_list, ["n1", "n2"], strict=True),
            cell_data("C2", "dataValidation(strict)"),
        ),
        {"dataValidation": {"strict": True}},
    ),
    "add_dimension_group_rows": (
        then(lambda s: s.add_dimension_group_rows(1, 3), lambda s: s.list_dimension_group_rows()[0]["depth"]),
        1,
    ),
    "delete_dimension_group_rows": (
        then(
            lambda s: s.add_dimension_group_rows(1, 3),
            lambda s: s.delete_dimension_group_rows(1, 3),
            lambda s: s.list_dimension_group_rows(),
        ),
        [],
    ),
    "add_dimension_group_columns": (
        then(lambda s: s.add_dimension_group_columns(1, 2), lambda s: s.list_dimension_group_columns()[0]["depth"]),
        1,
    ),
    "set_basic_filter": (then(lambda s: s.set_basic_filter("A1:C4"), meta("basicFilter", "range", "endRowIndex")), 4),
    "clear_basic_filter": (
        then(lambda s: s.set_basic_filter("A1:C4"), lambda s: s.clear_basic_filter(), meta("basicFilter")),
        None,
    ),
    "add_worksheet": (
        then(lambda s: s.spreadsheet.add_worksheet("B", 5, 4), lambda s: s.spreadsheet.worksheet("B").row_count),
        5,
    ),
    "del_worksheet": (
        then(
            lambda s: s.spreadsheet.del_worksheet(s.spreadsheet.add_worksheet("B", 5, 4)),
            lambda s: [one.title for one in s.spreadsheet.worksheets()],
        ),
        ["Leads"],
    ),
    "duplicate": (
        then(lambda s: s.duplicate(new_sheet_name="Copy"), lambda s: s.spreadsheet.worksheet("Copy").get_all_values()),
        PEOPLE,
    ),
    "reorder_worksheets": (
        then(
            lambda s: s.spreadsheet.add_worksheet("B", 2, 2),
            lambda s: s.spreadsheet.reorder_worksheets([s.spreadsheet.worksheet("B"), s]),
            lambda s: [one.title for one in s.spreadsheet.worksheets()],
        ),
        ["B", "Leads"],
    ),
    "update_index": (
        then(
            lambda s: s.spreadsheet.add_worksheet("B", 2, 2),
            lambda s: s.update_index(2),
            lambda s: [one.title for one in s.spreadsheet.worksheets()],
        ),
        ["B", "Leads"],
    ),
    "update_title of the spreadsheet": (
        then(
            lambda s: s.spreadsheet.update_title("Mine"),
            lambda s: s.spreadsheet.fetch_sheet_metadata()["properties"]["title"],
        ),
        "Mine",
    ),
    "update_locale": (
        then(
            lambda s: s.spreadsheet.update_locale("de_DE"),
            lambda s: s.spreadsheet.fetch_sheet_metadata()["properties"]["locale"],
        ),
        "de_DE",
    ),
    "update_timezone": (
        then(
            lambda s: s.spreadsheet.update_timezone("Europe/Berlin"),
            lambda s: s.spreadsheet.fetch_sheet_metadata()["properties"]["timeZone"],
        ),
        "Europe/Berlin",
    ),
}


def raw(**request: Any) -> Operation:  # noqa: ANN401 - any request
    """One request of a batchUpdate."""
    return lambda s: s.spreadsheet.batch_update({"requests": [request]})


AREA = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 2}
UNKNOWN = "The emulator does not know"

REFUSED: dict[str, tuple[Operation, str]] = {
    "copy_to": (lambda s: s.copy_to(s.spreadsheet_id), "not found|does not know|404"),
    "copy_range transposed": (
        lambda s: s.copy_range("A2:C2", "A2", PasteType.normal, PasteOrientation.transpose),
        "The emulator does not transpose",
    ),
    "addChart": (raw(addChart={"chart": {}}), UNKNOWN),
    "addConditionalFormatRule": (raw(addConditionalFormatRule={"index": 0}), UNKNOWN),
    "findReplace": (raw(findReplace={"find": "a", "replacement": "b", "allSheets": True}), UNKNOWN),
    "addBanding without colours": (raw(addBanding={"bandedRange": {"range": AREA}}), "must be specified"),
    "textToColumns": (raw(textToColumns={"source": AREA}), UNKNOWN),
    "deleteDuplicates": (raw(deleteDuplicates={"range": AREA}), UNKNOWN),
    "trimWhitespace": (raw(trimWhitespace={"range": AREA}), UNKNOWN),
    "randomizeRange": (raw(randomizeRange={"range": AREA}), UNKNOWN),
    "addSlicer": (raw(addSlicer={"slicer": {}}), UNKNOWN),
    "autoFill": (raw(autoFill={"range": AREA}), UNKNOWN),
    "appendCells beyond what is known": (
        raw(appendCells={"sheetId": 0, "rows": [{"values": [{"pivotTable": {}}]}], "fields": "pivotTable"}),
        UNKNOWN,
    ),
    "a range that is none": (lambda s: s.get("Nowhere!A1"), "Unable to parse range"),
    "a tab that is there already": (lambda s: s.spreadsheet.add_worksheet("Leads", 2, 2), "already exists"),
    "the last tab": (lambda s: s.spreadsheet.del_worksheet(s), "remove all"),
    "beyond the grid": (lambda s: s.delete_rows(5_000), "beyond|exceed|Cannot|no rows"),
    "a value that is too long": (lambda s: s.update_acell("A1", "x" * 50_001), "50000"),
    "a custom formula as a rule": (
        lambda s: s.add_validation("C2", ValidationConditionType.custom_formula, ["=A1>1"]),
        UNKNOWN,
    ),
}


@pytest.mark.parametrize("name", [*READ, *WRITTEN, *STRUCTURE])
def test_an_operation_of_gspread_is_right(sheet: Worksheet, name: str) -> None:
    operation, expected = (READ | WRITTEN | STRUCTURE)[name]
    assert operation(sheet) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_emulator_does_not_know_is_refused_in_words_and_changes_nothing(sheet: Worksheet, name: str) -> None:
    operation, sentence = REFUSED[name]
    before = grid(sheet)
    with pytest.raises(gspread.exceptions.APIError, match=sentence):
        operation(sheet)
    assert grid(sheet) == before


def test_the_tour_has_some_hundred_stations() -> None:
    assert len(READ) + len(WRITTEN) + len(STRUCTURE) + len(REFUSED) >= 100
