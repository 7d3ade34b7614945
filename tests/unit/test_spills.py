"""P6: a run writes into no block that a formula fills, and pushes no column into its midst; both is refused before."""

from __future__ import annotations

from typing import Any

import pytest

from functions.errors import BadRange
from functions.sheets.grid import RowBlock, Tab
from functions.sheets.spills import SpillGuard

F: dict[str, Any] = {"userEnteredValue": {"formulaValue": "=X1:Y9"}, "formattedValue": "f"}
S: dict[str, Any] = {"formattedValue": "spilled"}
T: dict[str, Any] = {"userEnteredValue": {"stringValue": "typed"}, "formattedValue": "typed"}
E: dict[str, Any] = {}


def refusal(guard: SpillGuard, *rows: list[dict[str, Any]], first_row: int = 1, covered: bool = True) -> str:
    block = RowBlock(Tab(3, "Leads", 100, 3), first_row, {}, rows)
    try:
        for index in range(len(rows)):
            guard.look(block, index, covered=covered)
    except BadRange as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("rows", "crossing"),
    [
        ([[T, T, T], [T, F, S], [T, S, S]], "B2 and C2"),
        ([[T, T, T], [F, S, S]], "B2 and C2"),
        ([[T, T, T], [F, S, T]], ""),
        ([[T, T, T], [T, F, F], [T, S, S], [T, S, S]], ""),
        ([[T, T, T], [T, T, F], [T, F, S]], ""),
        ([[T, T, F], [T, T, S], [T, F, S]], ""),
        ([[T, T, E], [T, F, S]], "B2 and C2"),
        ([[T, T, E], [T, F, E], [T, E, T]], ""),
        ([[T, T, T], [T, T, F], [T, E, E], [T, T, S], [T, E, S]], ""),
        ([[T, T, T], [T, T, T], [T, E, E], [T, F, S]], "B4 and C4"),
    ],
)
def test_a_column_is_not_pushed_between_two_that_one_formula_fills(
    rows: list[list[dict[str, Any]]], crossing: str
) -> None:
    said = refusal(SpillGuard({}, 2), *rows, covered=False)
    assert (crossing in said) if crossing else not said
    assert not refusal(SpillGuard({}, None), *rows)


def test_far_below_what_stands_left_tells_whether_a_block_crosses() -> None:
    assert "B60 and C60" in refusal(SpillGuard({}, 2), [T, S, S], first_row=60)
    assert not refusal(SpillGuard({}, 2), [T, T, S], [T, F, S], first_row=60)


def test_a_target_inside_a_spill_is_refused_in_the_rows_of_the_run_only() -> None:
    rows = [[T, T, T], [T, T, S]]
    assert "C2 shows what a formula elsewhere fills in" in refusal(SpillGuard({2: "Email"}, None), *rows)
    assert "choose another column for “Email”" in refusal(SpillGuard({2: "Email"}, None), *rows)
    assert not refusal(SpillGuard({2: "Email"}, None), *rows, covered=False)
    assert not refusal(SpillGuard({1: "Email"}, None), *rows)
    assert not refusal(SpillGuard({2: "Email"}, None), [T, T, F])
