"""A chunk's values go beside their own URL, wherever the rows have moved; decided without reading or writing."""

from __future__ import annotations

from functions.sheets.cells import CellChange, SheetRow
from functions.sheets.row_matching import RowValues, match_rows, sure_pairs

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


def test_what_is_typed_once_a_cell_was_written_is_newer_than_the_run_and_stays() -> None:
    begun = RowValues(0, 2, A, {0: "x"}, {0: CellChange("mine", "x")})
    assert match_rows([begun], [row(2, A, "typed since")], overwrite=True).filled == [begun]
    assert match_rows([begun], [row(2, A, "mine")], overwrite=True).writes[0].pending == {0: "x"}


def test_what_was_sent_stays_recorded_though_somebody_has_typed_there_since() -> None:
    earlier = {0: CellChange("", "x"), 1: CellChange("", "y")}
    want = RowValues(0, 2, A, {0: "x", 1: "y"}, earlier)  # perhaps both stand in a wrong row
    [write] = match_rows([want], [SheetRow(2, A, {0: "typed since", 1: ""})], overwrite=False).writes
    assert (write.changes, write.pending) == (earlier, {1: "y"})


def test_only_the_words_of_an_earlier_run_give_way_and_only_in_its_own_column() -> None:
    wanted = [RowValues(0, 2, A, {0: "enriched"})]
    [write] = match_rows(wanted, [row(2, A, "not found")], overwrite=False, statuses=[0]).writes
    assert write.changes == {0: CellChange("not found", "enriched")}
    assert match_rows(wanted, [row(2, A, "not found")], overwrite=False).filled == wanted
    assert match_rows(wanted, [row(2, A, "call back")], overwrite=False, statuses=[0]).filled == wanted


def test_a_row_that_is_gone_is_absent() -> None:
    wanted = [RowValues(0, 2, A, {0: "x"})]
    assert match_rows(wanted, [row(2, B)], overwrite=False).absent == wanted


def test_what_an_earlier_attempt_described_is_known_again_by_what_stands_around_it() -> None:
    one = RowValues(0, 2, A, {0: "x"}, {0: CellChange("one", "x")}, frozenset({1}))
    two = RowValues(1, 3, A, {0: "x"}, {0: CellChange("two", "x")}, frozenset({2}))
    swapped = [row(2, A, "x", 2), row(3, A, "x", 1)]
    placed = match_rows([one, two], swapped, overwrite=True)
    assert {(write.number, write.changes[0].before) for write in placed.writes} == {(3, "one"), (2, "two")}


def test_what_an_earlier_attempt_has_written_is_remembered_where_a_later_one_has_less() -> None:
    """P6: it stands in the sheet all the same, and an undo takes it back."""
    earlier = {0: CellChange("", "a@example.com"), 1: CellChange("", "Title")}
    want = RowValues(0, 2, A, {1: "Title"}, earlier)
    [written] = match_rows([want], [SheetRow(2, A, {0: "a@example.com", 1: "Title"})], overwrite=False).writes
    assert (written.changes, written.pending) == (earlier, {})


def test_rows_of_one_person_are_served_once_each_though_nothing_tells_them_apart() -> None:
    one, two = RowValues(0, 2, A, {0: "x"}), RowValues(1, 3, A, {0: "x"})
    placed = match_rows([one, two], [row(2, A), row(9, A)], overwrite=False)
    assert sorted(write.number for write in placed.writes) == [2, 9]
    # One row is served by another chunk; what stood around it then has changed since.
    taken = {(A, frozenset({7})): 1}
    assert [
        w.number for w in match_rows([two], [row(3, A, "x", 8), row(9, A)], overwrite=False, taken=taken).writes
    ] == [9]
    assert match_rows([two], [row(3, A, "x", 8)], overwrite=False, taken=taken).absent == [two]


def test_in_a_part_of_the_tab_a_row_that_holds_the_values_may_be_somebody_elses() -> None:
    wanted = [RowValues(0, 2, A, {0: "x"})]
    assert match_rows(wanted, [row(5, A, "x")], overwrite=False, whole=False).absent == wanted
    assert not match_rows(wanted, [row(5, A, "x")], overwrite=False).absent


def test_rows_are_paired_only_where_what_is_typed_in_them_leaves_no_doubt() -> None:
    def pairs(olds: list[set[int]], rows: list[set[int]]) -> list[tuple[int, int]]:
        before = [SheetRow(at, A, {}, frozenset(typed)) for at, typed in enumerate(olds)]
        now = [SheetRow(at, A, {}, frozenset(typed)) for at, typed in enumerate(rows)]
        return sorted((old.number, new.number) for old, new in sure_pairs(before, now))

    assert pairs([{1}, {2}], [{2}, {1}]) == [(0, 1), (1, 0)]
    assert pairs([{1, 5}, {2, 5}], [{2}, {1}]) == [(0, 1), (1, 0)]  # a column was deleted
    assert pairs([set(), set()], [set(), set()]) == []
    assert pairs([{1, 2}, {3}], [{1, 3}, {2}]) == []  # somebody has mixed them up


def test_a_row_whose_write_missed_is_not_taken_for_the_one_that_another_chunk_has_served() -> None:
    """P5, P8: nothing is typed around either any more, and one of them still lacks the value."""
    taken = {(A, frozenset({7})): 1}
    missed = RowValues(1, 3, A, {0: "x"}, {0: CellChange("", "x")}, frozenset({8}))
    [written] = match_rows([missed], [row(3, A, "x"), row(9, A)], overwrite=False, taken=taken).writes
    assert (written.number, written.pending) == (9, {0: "x"})
    # With what was typed around it, or where no other row is left, it is the one that holds the value.
    for rows in ([row(3, A, "x", 8), row(9, A)], [row(3, A, "x")]):
        [written] = match_rows([missed], rows, overwrite=False, taken=taken).writes
        assert (written.number, written.pending) == (3, {})
