"""A refused write is sent column by column only where a column may have refused its values."""

from __future__ import annotations

import pytest

from functions.errors import BadRange
from functions.sheet_writes.refusals import Columns, Refusals

COLUMNS: Columns = {0: {2: "a"}, 1: {2: "b"}}
MOVED = "Invalid requests[0].createDeveloperMetadata: developer metadata with that ID already exists."
SHORTER = "Range (Leads!A9) exceeds grid limits. Max rows: 8, max columns: 3"


@pytest.mark.parametrize("reason", [MOVED, SHORTER])
def test_rows_and_columns_that_moved_are_looked_for_and_never_written_in_parts(reason: str) -> None:
    refusals, sent = Refusals(), list[Columns]()

    def write(columns: Columns) -> None:
        sent.append(columns)
        raise BadRange(reason)

    for _ in range(3):
        assert str(refusals.send(COLUMNS, write)) == reason
    assert sent == [COLUMNS] * 3
    assert not refusals.by_column
    assert not refusals.reasons


def test_a_column_that_refuses_its_values_twice_is_left_out() -> None:
    refusals = Refusals()

    def write(columns: Columns) -> None:
        if 1 in columns:
            raise BadRange("The value violates the data validation rules of this cell.")

    assert refusals.send(COLUMNS, write) is not None, "people may have moved it: look first"
    assert refusals.send(COLUMNS, write) is None
    assert refusals.by_column
    assert list(refusals.reasons) == [1]
