"""Two cells are the same where a sheet shows and calculates the same."""

from __future__ import annotations

import pytest

from functions.sheets.cells import Content, Formula, SheetRow, by_identity, same


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        ("", 0, False),
        (Formula("=A1"), Formula("=A1"), True),
        (Formula("=A1"), "=A1", False),
    ],
)
def test_cells_hold_the_same_or_not(one: Content, other: Content, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert same(one, other) is same(other, one) is expected


def test_rows_are_grouped_by_who_stands_in_them_in_their_order() -> None:
    rows = [SheetRow(number, identity, {}) for number, identity in ((2, "a"), (3, "b"), (4, "a"))]
    assert {name: [row.number for row in group] for name, group in by_identity(rows).items()} == {"a": [2, 4], "b": [3]}
