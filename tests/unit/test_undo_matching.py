"""An undo restores the cells that still hold the run's values, in rows that are identified for certain (P6)."""

from __future__ import annotations

from functions.sheets.cells import CellChange, SheetRow
from functions.sheets.row_matching import RowValues
from functions.sheets.undo_matching import match_undo

A, B = "linkedin.com/in/a-a", "linkedin.com/in/b-b"


def row(number: int, identity: str, cell: str = "", row_context: int = 0) -> SheetRow:
    return SheetRow(number, identity, {0: cell}, frozenset({row_context}) if row_context else frozenset())


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
    placed, left = match_undo(wanted, [row(7, A, "x"), row(9, B, "by hand")])
    assert [(write.number, write.pending) for write in placed.writes] == [(7, {0: "old"}), (9, {})]
    assert left.changed == {1: (9, 1)}
    assert not left.ambiguous
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


def test_rows_that_all_held_nothing_need_not_be_told_apart() -> None:
    wanted = [back(0, 2, A, "x", ""), back(1, 3, A, "x", "")]
    placed, left = match_undo(wanted, [row(8, A, "x"), row(4, A, "x")])
    assert {write.number: write.pending for write in placed.writes} == {4: {0: ""}, 8: {0: ""}}
    assert not left.ambiguous


def test_rows_that_held_different_things_and_look_alike_are_left_and_said() -> None:
    wanted = [back(0, 2, A, "x", "one"), back(1, 3, A, "x", "two")]
    placed, left = match_undo(wanted, [row(8, A, "x"), row(4, A, "x")])
    assert not any(write.pending for write in placed.writes)
    assert sorted(left.ambiguous.values()) == [(4, 1), (8, 1)]
    assert placed.guessed == {0, 1}, "what is typed beside a guessed row is nothing to know it by next time"
    known = [back(0, 2, A, "x", "one", 1), back(1, 3, A, "x", "two", 2)]
    placed, left = match_undo(known, [row(8, A, "x", 2), row(4, A, "x", 1)])
    assert {write.number: write.pending for write in placed.writes} == {4: {0: "one"}, 8: {0: "two"}}
    assert not left.ambiguous
    assert not placed.guessed


def test_a_value_that_stood_there_before_the_run_is_not_taken_for_the_runs() -> None:
    kept = [SheetRow(0, A, {0: "x"})]
    placed, left = match_undo([back(0, 2, A, "x", "")], [row(3, A, "x")], kept)
    assert not any(write.pending for write in placed.writes)
    assert left.ambiguous == {0: (3, 1)}


def test_a_row_that_got_its_own_back_is_not_given_to_another() -> None:
    wanted = [back(0, 2, A, "x", ""), back(1, 3, A, "x", "")]
    placed, _ = match_undo(wanted, [row(2, A, "")], done=[1])
    assert placed.absent == [wanted[0]]


def test_a_row_that_was_left_as_it_is_does_not_stand_for_one_that_still_holds_a_value() -> None:
    wanted = [back(0, 2, A, "x", ""), back(1, 3, A, "x", "")]
    placed, _ = match_undo(wanted, [row(3, A, "by hand"), row(4, A, "x")], done=[1])
    assert [(write.position, write.number, write.pending) for write in placed.writes] == [(0, 4, {0: ""})]


def test_what_somebody_typed_after_the_run_had_begun_is_given_back() -> None:
    held = [SheetRow(0, A, {0: "x"}, frozenset({1}))]  # as the run began: another one had written it
    wanted = [back(0, 2, A, "x", "typed", 1)]
    assert [write.pending for write in match_undo(wanted, [row(2, A, "x", 1)], held)[0].writes] == [{0: "typed"}]
    placed, left = match_undo(wanted, [row(2, A, "x", 1)], [*held, *held])
    assert [write.pending for write in placed.writes] == [{}], "two held it, and one of them is gone"
    assert left.ambiguous == {0: (2, 1)}


def test_an_empty_row_that_got_a_persons_url_since_is_not_the_one_that_was_written_in_a_large_tab() -> None:
    rows, wanted = [row(2, A, "x", 1), row(3, A)], [back(0, 2, A, "x", "")]
    placed, _ = match_undo(wanted, rows, whole_rows=False)
    assert [(write.number, write.pending) for write in placed.writes] == [(2, {0: ""})]
    placed, _ = match_undo(wanted, rows)
    assert [(write.number, write.pending) for write in placed.writes] == [(3, {})], "nothing was typed in that row"


def test_a_row_that_somebody_gave_the_same_url_since_is_not_taken_for_the_one_that_the_run_wrote_into() -> None:
    wanted = [back(0, 2, A, "x", "", row_context=1)]
    placed, left = match_undo(wanted, [row(2, B, "x", 1), row(5, A, "mine", 2)])
    assert placed.absent == wanted, "its URL was edited, and it says so"
    assert not placed.writes
    assert not left.changed
    placed, _ = match_undo(wanted, [row(5, A, "x", 2)])  # somebody typed around it
    assert [write.pending for write in placed.writes] == [{0: ""}]
    known_alone = match_undo(wanted, [row(5, A, "mine", 2)], whole_rows=False)[1]
    assert known_alone.changed == {0: (5, 1)}, "in a large tab, what stands around is not read of each row"
