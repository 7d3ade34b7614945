"""The header row is found where it is: above the first address, in frozen rows, under a title that spans columns."""

from __future__ import annotations

import pytest

from functions.sheets.grid import Box, RowBlock, Tab
from functions.sheets.header_row import find_header_row

JANE, JOHN = "linkedin.com/in/jane-doe", "linkedin.com/in/john-doe"
TITLES, NAMES = ["Name", "LinkedIn", "Notes"], ["Person", "Ansprache", "Anmerkung"]


def top(*rows: list[str], frozen: int = 0, merges: tuple[Box, ...] = ()) -> RowBlock:
    """The first rows of a tab."""
    cells = [[{"formattedValue": text} if text else {} for text in row] for row in rows]
    return RowBlock(Tab(3, "Leads", 100, 3, merges, frozen_rows=frozen), 1, {}, cells)


ADA = ["Ada", JANE, "x"]
WITHOUT = ["Eve", "n/a", "y"]


@pytest.mark.parametrize(
    ("block", "number"),
    [
        (top(TITLES, ADA), 1),
        (top(NAMES, ADA), 1),
        (top(ADA, TITLES), None),
        (top(["Leads of spring"], [], TITLES, ADA), 3),
        (top(["", "Leads of spring"], [], TITLES, ADA), 3),
        (top(["", "Leads of spring"], [], NAMES, ADA), 1),
        (top(["", "Leads of spring"], [], NAMES, ADA, merges=(Box(0, 1, 1, 3),)), 3),
        (top(NAMES, WITHOUT, ADA), 1),
        (top(["Total", "120", "3"], NAMES, ADA), 2),
        (top(["Name", "", "Email"], ADA), 1),
        (top(["Anna", "", "y"], ADA), None),
        (top(["Ours", "Theirs", ""], NAMES, ["Eve", "n/a", ""], ADA, frozen=2), 2),
        (top(["Ours"], NAMES, ["Eve", "n/a", ""], ADA, frozen=2), 2),
        (top(["", "Leads of spring"], ["", "as of May"], TITLES, ADA, frozen=2), 3),
        (top(["", "", ""], ADA, frozen=1), None),
        (top(TITLES, WITHOUT, WITHOUT), 1),
        (top(["Leads of spring"], TITLES, WITHOUT, frozen=2), 2),
        (top(["Eve", "https://www.linkedin.com/sales/lead/1", ""], TITLES, ADA), None),
        (top([]), None),
        (top(), None),
    ],
    ids=lambda value: None if isinstance(value, RowBlock) else str(value),
)
def test_the_row_that_names_the_columns(block: RowBlock, number: int | None) -> None:
    assert find_header_row(block, 1) == number


def test_what_links_to_a_profile_is_no_title() -> None:
    linked = {"formattedValue": "LinkedIn", "hyperlink": f"https://{JOHN}"}
    block = RowBlock(Tab(3, "Leads", 100, 2), 1, {}, [[{"formattedValue": "Name"}, linked]])
    assert find_header_row(block, 1) is None


def test_far_above_the_first_address_only_so_many_rows_are_looked_at() -> None:
    rows = [[f"note {n}", "", ""] for n in range(300)]
    assert find_header_row(top(TITLES, *rows, ADA), 1) == 1
    assert find_header_row(top(*rows, TITLES, ADA), 1) is None
