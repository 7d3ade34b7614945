"""Cells become requests in blocks that are no longer than they may be, and each cell is in exactly one of them."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from functions.sheets.blocks import blocks, cell_data
from functions.sheets.cells import Content, Formula, Spilled

contents = st.one_of(
    st.text(max_size=30), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.builds(Formula, st.text())
)
cells = st.dictionaries(
    st.integers(1, 40), st.dictionaries(st.integers(0, 9), contents, min_size=1), min_size=1, max_size=30
)


def carried_out(requests: list[dict[str, Any]]) -> dict[tuple[int, int], Any]:
    """The cells that requests write: row (from 1) and column → CellData."""
    found: dict[tuple[int, int], Any] = {}
    for request in requests:
        update = request["updateCells"]
        assert update["fields"] == "userEnteredValue"
        assert update["start"]["sheetId"] == 7
        for index, line in enumerate(update["rows"], update["start"]["rowIndex"] + 1):
            for column, value in enumerate(line["values"], update["start"]["columnIndex"]):
                assert (index, column) not in found
                found[index, column] = value
    return found


@given(cells, st.integers(400, 5_000))
def test_every_cell_is_in_one_block_and_no_block_is_too_long(
    wanted: dict[int, dict[int, Content]], max_bytes: int
) -> None:
    found: dict[tuple[int, int], Any] = {}
    torn: set[int] = set()
    for block in blocks(wanted, 7, max_bytes):
        encoded = msgspec.json.encode(block)
        part = carried_out(msgspec.json.decode(encoded))
        assert len(encoded) <= max_bytes or len(part) == 1, "only a single cell may be longer"
        assert not found.keys() & part.keys()
        torn |= {row for row, _ in found} & {row for row, _ in part}
        found |= part
    for row in torn:  # only where its cells alone, with what stands around them, are longer
        around = 250 * len(wanted[row])
        assert sum(len(msgspec.json.encode(cell_data(cell, row))) for cell in wanted[row].values()) + around > max_bytes
    assert found == {
        (row, column): cell_data(content, row) for row, line in wanted.items() for column, content in line.items()
    }


def test_rows_of_the_same_columns_below_each_other_are_one_request() -> None:
    one = {row: {2: "a", 3: "b"} for row in range(90_000, 91_000)}
    (block,) = blocks(one | {91_500: {3: "c"}}, 7, 10**6)
    assert [len(request["updateCells"]["rows"]) for request in block] == [1_000, 1]
    assert len(msgspec.json.encode(block)) < 130_000, "nothing stands for the rows above"


def test_text_stays_text_and_what_was_spilled_is_emptied() -> None:
    assert cell_data("=1+1", 2) == {"userEnteredValue": {"stringValue": "=1+1"}}
    assert cell_data(Formula("=1+1"), 2) == {"userEnteredValue": {"formulaValue": "=1+1"}}
    assert cell_data(True, 2) == {"userEnteredValue": {"boolValue": True}}
    assert cell_data(1, 2) == {"userEnteredValue": {"numberValue": 1}}
    assert cell_data("", 2) == cell_data(Spilled("x"), 2) == {}
