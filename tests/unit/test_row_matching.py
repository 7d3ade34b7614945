"""Where a chunk's values go: beside their own URL, whatever became of the rows; decided without reading or writing."""

from __future__ import annotations

from functions.sheets.cells import CellChange, SheetRow
from functions.sheets.row_matching import RowValues, match_rows, match_undo

A, B = "linkedin.com/in/a-a", "linkedin.com/in/b-b"


def row(number: int, identity: str, cell: str = "", row_context: int = 0) -> SheetRow:
    return SheetRow(number, identity, {0: cell}, frozenset({row_context}) if row_context else frozenset())


def test_a_row_is_found_where_it_is_now() -> None:
    placed = match_rows([RowValues(0, 2, A, {0: "x"})], [row(2, B), row(3, A)], overwrite=False)
    assert [(write.number, write.pending) for write in placed.writes] == [(3, {0: "x"})]


def test_a_cell_that_holds_something_stays_unless_told_otherwise() -> None:
    wanted = [RowValues(0, 2, A, {0: "x"})]
    assert match_rows(wanted, [row(2, A, "mine")], overwrite=False).filled == wanted
    assert match_rows(wanted, [row(2, A, "mine")], overwrite=True).writes[0].changes == {0: CellChange("mine", "x")}


def test_a_row_that_is_gone_is_absent() -> None:
    wanted = [RowValues(0, 2, A, {0: "x"})]
    assert match_rows(wanted, [row(2, B)], overwrite=False).absent == wanted


def test_what_an_earlier_attempt_described_is_known_again_by_what_stands_around_it() -> None:
    one = RowValues(0, 2, A, {0: "x"}, {0: CellChange("one", "x")}, frozenset({1}))
    two = RowValues(1, 3, A, {0: "x"}, {0: CellChange("two", "x")}, frozenset({2}))
    swapped = [row(2, A, "x", 2), row(3, A, "x", 1)]
    placed = match_rows([one, two], swapped, overwrite=True)
    assert {(write.number, write.changes[0].before) for write in placed.writes} == {(3, "one"), (2, "two")}


def back(position: int, number: int, key: str, now: str, before: str, row_context: int = 0) -> RowValues:
    """A row into which a run has written `now`."""
    return RowValues(
        position,
        number,
        key,
        {0: before},
        {0: CellChange(now, before)},
        frozenset({row_context} if row_context else ()),
    )


def test_an_undo_takes_back_what_still_stands_there_and_says_what_does_not() -> None:
    wanted = [back(0, 2, A, "x", "old"), back(1, 3, B, "y", "")]
    placed, changed = match_undo(wanted, [row(7, A, "x"), row(9, B, "by hand")])
    assert [(write.number, write.pending) for write in placed.writes] == [(7, {0: "old"}), (9, {})]
    assert changed == {1: (9, 1)}
    assert not placed.absent


def test_an_undo_leaves_a_persons_other_row_alone_although_it_holds_the_same() -> None:
    for rows in ([row(2, A, "x", 1), row(3, A, "x", 2)], [row(3, A, "x", 1), row(2, A, "x", 2)]):
        placed, _ = match_undo([back(0, 3, A, "x", "", row_context=2)], rows)
        assert [(write.number, write.pending) for write in placed.writes] == [(rows[1].number, {0: ""})]
    rows = [row(3, A, "mine"), row(4, A, "x")]  # nothing stands around; a row was inserted above
    assert [write.number for write in match_undo([back(0, 3, A, "x", "")], rows)[0].writes] == [4]


def test_an_undo_of_a_row_that_is_gone_says_so() -> None:
    wanted = [back(0, 2, A, "x", "")]
    assert match_undo(wanted, [row(2, B, "x")])[0].absent == wanted
