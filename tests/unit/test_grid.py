"""An answer of Google Sheets becomes a block of rows, cell by cell the same, without being decoded as a whole."""

from __future__ import annotations

import json
import random
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import SheetBusy
from functions.outcomes import LeftOut
from functions.sheets.cells import Formula
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import ANCHOR_KEY, Box, ProtectedArea, content, row_block_of, tabs_of

texts = st.text(max_size=20)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(
    st.builds(lambda text: {"stringValue": text}, texts),
    st.builds(
        lambda number: {"numberValue": number},
        st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.builds(lambda truth: {"boolValue": truth}, st.booleans()),
    st.builds(lambda text: {"formulaValue": f"={text}"}, texts),
)
cells = st.fixed_dictionaries({}, optional={"userEnteredValue": values, "formattedValue": texts, "hyperlink": texts})
rows = st.lists(st.fixed_dictionaries({}, optional={"values": st.lists(cells, max_size=4)}), max_size=6)


def answered(row_data: list[Any], **data: Any) -> bytes:  # noqa: ANN401 - JSON
    """Google's answer about one range."""
    properties = {"sheetId": 3, "title": "Leads", "gridProperties": {"rowCount": 100, "columnCount": 9}}
    sheet = {"properties": properties, "data": [{"rowData": row_data, **data}]}
    return json.dumps({"sheets": [sheet]}, ensure_ascii=False, allow_nan=False).encode()


@given(rows, st.randoms())
def test_every_cell_is_what_came_in_whatever_order_they_are_looked_at(row_data: list[Any], draw: random.Random) -> None:
    block = row_block_of(answered(row_data, startRow=6))
    assert block is not None
    assert (block.first_row, len(block.rows), block.tab.sheet_id) == (7, len(row_data), 3)
    places = [(index, column) for index in range(len(row_data) + 2) for column in range(6)]
    draw.shuffle(places)
    for index, column in places:
        there = row_data[index].get("values", []) if index < len(row_data) else []
        cell = there[column] if column < len(there) else {}
        assert block.content(index, column) == content(cell)
        assert block.text(index, column) == cell.get("formattedValue", "")
        assert block.links(index, column) == tuple(filter(None, [cell.get("hyperlink")]))


@given(rows)
def test_a_rows_digests_hang_on_what_its_other_cells_hold_not_on_where_they_stand(row_data: list[Any]) -> None:
    moved = [{"values": [{}, *reversed(row.get("values", []))]} for row in row_data]
    before, after = row_block_of(answered(row_data)), row_block_of(answered(moved))
    assert before is not None
    assert after is not None
    for index, row in enumerate(row_data):
        assert before.digests(index, ()) == after.digests(index, ())
        assert before.digests(index, range(4)) == frozenset()
        values = [cell["userEnteredValue"] for cell in row.get("values", []) if cell.get("userEnteredValue")]
        held = {json.dumps(value) for value in values if "formulaValue" not in value}
        assert bool(before.digests(index, ())) == bool(held)


def test_a_formula_is_told_from_a_text_that_looks_like_one() -> None:
    line = [{"userEnteredValue": {"formulaValue": "=1"}}, {"userEnteredValue": {"stringValue": "=1"}}]
    block = row_block_of(answered([{"values": line}]))
    assert block is not None
    assert (block.content(0, 0), block.content(0, 1)) == (Formula("=1"), "=1")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ({"formattedValue": "Ada"}, ()),
        ({"hyperlink": "a"}, ("a",)),
        ({"userEnteredValue": {"formulaValue": '= hyperlink( "a""b" ; "Ada")'}}, ('a"b',)),
        ({"userEnteredValue": {"formulaValue": '=IF(FALSE, HYPERLINK("a", "Ada"), "no")'}}, ()),
        ({"userEnteredValue": {"formulaValue": '=HYPERLINK("a/"&B2, "Ada")'}}, ()),
        ({"hyperlink": "a/b", "userEnteredValue": {"formulaValue": '=HYPERLINK("a/"&B2, "Ada")'}}, ("a/b",)),
        ({"userEnteredValue": {"stringValue": '=HYPERLINK("a", "Ada")'}}, ()),
        ({"hyperlink": "a", "userEnteredValue": {"formulaValue": '=HYPERLINK("a")'}}, ("a",)),
        ({"textFormatRuns": [{"format": {}}, {"format": {"link": {"uri": "a"}}}, {"format": {"bold": True}}]}, ("a",)),
        ({"textFormatRuns": [{"format": {"link": {"uri": "a"}}}, {"format": {"link": {"uri": "b"}}}]}, ("a", "b")),
        ({"chipRuns": [{"chip": {}}, {"chip": {"richLinkProperties": {"uri": "a"}}}]}, ("a",)),
        ({"chipRuns": [{"chip": {"personProperties": {"email": "a"}}}]}, ()),
    ],
)
def test_every_address_that_a_cell_or_a_part_of_it_leads_to_is_found_once(
    cell: dict[str, Any], found: tuple[str, ...]
) -> None:
    block = row_block_of(answered([{"values": [cell]}]))
    assert block is not None
    assert block.links(0, 0) == found


def test_anchors_are_found_where_their_columns_are_and_others_are_passed_over() -> None:
    ours, theirs = {"metadataId": 5, "metadataKey": ANCHOR_KEY}, {"metadataId": 6, "metadataKey": "theirs"}
    columns: list[Any] = [{}, {"developerMetadata": [theirs, ours]}, {"developerMetadata": [theirs]}]
    block = row_block_of(answered([], startColumn=2, columnMetadata=columns))
    assert block is not None
    assert block.anchors == {5: 3}


def test_rows_say_how_they_are_hidden_and_a_filter_goes_before_a_hand() -> None:
    hidden: list[Any] = [{}, {"hiddenByUser": True}, {"hiddenByFilter": True}]
    block = row_block_of(answered([], rowMetadata=[*hidden, {"hiddenByUser": True, "hiddenByFilter": True}]))
    assert block is not None
    assert block.hidden == {1: LeftOut.HIDDEN, 2: LeftOut.FILTERED, 3: LeftOut.FILTERED}


def test_a_tab_that_is_gone_has_no_window_and_an_empty_one_has_no_rows() -> None:
    assert row_block_of(b"{}") is None
    block = row_block_of(b'{"sheets": [{"properties": {"title": "Empty"}}]}')
    assert block is not None
    assert (len(block.rows), block.content(0, 0), block.text(5, 5)) == (0, "", "")


def test_open_ends_of_merges_and_protected_ranges_reach_the_ends_of_the_tab() -> None:
    properties = {"sheetId": 3, "title": "Leads", "gridProperties": {"rowCount": 100, "columnCount": 9}}
    protected = [
        {"range": {"startColumnIndex": 2}},
        {"range": {}, "unprotectedRanges": [{"startColumnIndex": 4, "endColumnIndex": 5}]},
        {"range": {}, "warningOnly": True},
        {"requestingUserCanEdit": True},
    ]
    merges = [{"startRowIndex": 4, "endRowIndex": 6}]
    sheet = {"properties": properties, "merges": merges, "protectedRanges": protected}
    (tab,) = tabs_of(json.dumps({"sheets": [sheet]}).encode())
    whole = ProtectedArea(Box(0, 0, 100, 9), (Box(0, 4, 100, 5),))
    assert (tab.rows, tab.columns, tab.merges) == (100, 9, (Box(4, 0, 6, 9),))
    assert tab.protected == (ProtectedArea(Box(0, 2, 100, 9)), whole)
    assert [tab.protects(Box(1, column, 9, column + 1)) for column in (1, 4)] == [True, True]
    only_whole = replace(tab, protected=(whole,))
    assert [only_whole.protects(Box(1, column, 9, column + 1)) for column in (1, 4)] == [True, False]
    assert only_whole.takes_no_columns
    assert not replace(tab, protected=tab.protected[:1]).takes_no_columns


def test_a_large_window_takes_little_more_memory_than_its_json() -> None:
    line = {
        "values": [{"userEnteredValue": {"stringValue": f"value {n}"}, "formattedValue": "shown"} for n in range(9)]
    }
    answer = answered([line] * 20_000)
    tracemalloc.start()
    block = row_block_of(answer)
    assert block is not None
    for index in range(len(block.rows)):
        assert block.content(index, 8) == "value 8"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(answer) / 2, "beside the answer itself, which is held as it came"


@pytest.fixture
def proxy() -> Iterator[str]:
    """Something between Leadfill and Google that answers with a page of its own, and with 200."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Sign in to the network</html>")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_an_answer_that_is_no_json_is_trouble_that_passes(proxy: str) -> None:
    with pytest.raises(SheetBusy, match="could not be reached"):
        GoogleSheet("1", "token", endpoint=proxy, max_wait_s=0.0).tabs()
