"""Rows that people moved are identified by their person and their typed contents, never by position alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from functions.sheets.cells import NOBODY, Cells, SheetRow
from functions.sheets.row_pairing import Who, paired, without

A, B = "linkedin.com/in/a-a", "linkedin.com/in/b-b"
NOTHING: Mapping[Who, Sequence[Cells]] = {}


def row(number: int, identity: str, cell: str = "", row_context: int = 0) -> SheetRow:
    return SheetRow(number, identity, {0: cell}, frozenset({row_context}) if row_context else frozenset())


def numbers(
    believed: list[SheetRow],
    rows: list[SheetRow],
    sent: Mapping[Who, Sequence[Cells]] = NOTHING,
    hit: Mapping[int, SheetRow] | None = None,
    *,
    whole_rows: bool = False,
) -> list[tuple[int, str | None]]:
    """Return each row's number with what the row held with which it is paired."""
    pairs = paired(believed, rows, sent, hit, whole_rows=whole_rows)
    return sorted((now.number, None if old is None else str(old.cells[0])) for now, old in pairs)


def test_a_person_is_found_anywhere_and_a_double_by_what_is_typed_beside_it() -> None:
    before = [row(2, A, "a"), row(3, B, "one", 1), row(4, B, "two", 2)]
    assert numbers(before, [row(2, B, "", 2), row(3, A), row(4, B, "", 1)]) == [(2, "two"), (3, "a"), (4, "one")]


def test_a_row_whose_url_was_edited_is_known_in_its_place_by_what_else_stands_there() -> None:
    before = [row(2, A, "mine", 7), row(3, B, "own")]
    assert numbers(before, [row(2, NOBODY, "x", 7), row(3, B, "own")]) == [(2, "mine"), (3, "own")]
    assert numbers([row(2, A, "mine")], [row(2, NOBODY, "mine")]) == [(2, "mine")]
    assert numbers([row(2, A, "mine")], [row(2, B, "sent")], {(A, frozenset()): [{0: "sent"}]}) == [(2, "mine")]


def test_a_row_whose_url_was_emptied_is_not_taken_for_one_without_a_url_that_was_deleted() -> None:
    before = [row(2, A, "a", 1), row(3, NOBODY, "mine", 2), row(4, NOBODY)]
    emptied_and_deleted = [row(2, NOBODY, "sent", 1), row(3, NOBODY)]
    assert numbers(before, emptied_and_deleted) == [(2, "a"), (3, "")]
    edited = [row(2, A, "", 2), row(3, B, "", 2)]  # of the second row, while the first one is deleted
    assert numbers([row(2, A, "a", 1), row(3, B, "b", 2)], edited[:1]) == [(2, "b")]
    assert numbers([row(2, A, "a", 1), row(3, B, "b", 2)], edited) == [(2, "a"), (3, "b")]


def test_the_only_row_without_a_url_in_a_large_tab_is_known_by_what_it_shows_once_there_are_two() -> None:
    before = [row(2, NOBODY, "mine")]  # what else stands there is read only where there are several
    assert numbers(before, [row(2, NOBODY, "mine", 7), row(4, NOBODY, "sent")]) == [(2, "mine"), (4, None)]


def test_the_only_row_without_a_url_in_a_large_tab_is_the_only_one_that_is_not_blank_when_it_was_hit() -> None:
    before, hit = [row(2, NOBODY, "mine")], row(5, NOBODY, "sent", 7)
    assert numbers(before, [row(2, NOBODY), hit, row(6, NOBODY)]) == [(2, None), (5, "mine"), (6, None)]
    assert numbers(before, [row(2, NOBODY, "", 8), hit]) == [(2, None), (5, None)], "either may be the one"


def test_of_rows_in_which_nothing_is_typed_the_inserted_ones_show_nothing() -> None:
    before = [row(2, NOBODY, "typed"), row(3, NOBODY, "mine", 7)]
    now = [row(2, NOBODY, "sent"), row(3, NOBODY), row(4, NOBODY)]  # one was deleted, and two were inserted
    assert numbers(before, now, whole_rows=True) == [(2, "typed"), (3, None), (4, None)]
    assert numbers(before, now) == [(2, None), (3, None), (4, None)], "what is typed in them was perhaps not read"


def test_a_place_alone_says_nothing_about_a_row() -> None:
    before = [row(2, A, "mine", 7), row(3, B, "own")]
    inserted = [row(2, NOBODY), row(3, B, "own")]  # where the deleted one stood
    assert numbers(before, inserted) == [(2, None), (3, "own")]
    assert numbers([row(2, A, "mine")], [row(2, NOBODY, "other")]) == [(2, None)]
    assert numbers([row(2, A, "mine")], [row(9, NOBODY)]) == [(9, None)], "nothing typed is nothing to be known by"


def test_a_row_without_a_profile_that_is_remembered_need_not_be_the_one_that_is_there() -> None:
    assert numbers([row(0, NOBODY, "mine", 1)], [row(5, NOBODY, "", 2)]) == [(5, None)]
    assert numbers([row(0, NOBODY, "mine")], [row(5, NOBODY)]) == [(5, "mine")], "there is one as there was one"
    assert numbers([row(0, NOBODY, "mine", 1)], [row(5, NOBODY, "", 1)]) == [(5, "mine")]
    assert numbers([row(4, NOBODY, "mine", 1)], [row(5, NOBODY)]) == [(5, "mine")], "it was seen right before"
    assert numbers([row(0, A, "mine", 1)], [row(5, A)]) == [(5, "mine")], "the same person at least"
    two = [row(4, NOBODY, "seen", 1), row(0, NOBODY, "remembered", 2)]
    assert numbers(two, [row(4, NOBODY, "seen", 1), row(5, NOBODY)]) == [(4, "seen"), (5, None)]


def test_a_row_in_which_something_was_typed_is_not_the_empty_one_that_is_new() -> None:
    before = [row(3, NOBODY, "deleted", 1), row(9, NOBODY, "mine", 2)]
    assert numbers(before, [row(6, NOBODY, "mine", 2), row(8, NOBODY, "stray")]) == [(6, "mine"), (8, None)]


def test_a_row_that_was_deleted_is_not_the_empty_one_that_stands_in_its_place() -> None:
    alone = [row(4, NOBODY, "mine", 7)]
    assert numbers(alone, [row(9, NOBODY, "sent")], whole_rows=True) == [(9, None)]
    assert numbers(alone, [row(9, NOBODY, "sent")]) == [(9, "mine")], "something may be typed that was not read"
    deleted, blank = [row(4, A, "mine", 7)], [row(4, NOBODY, "sent")]
    sent = {(A, frozenset({7})): [{0: "sent"}]}
    assert [old for _, old in paired(deleted, blank, sent, whole_rows=True)] == [None]
    assert [old for _, old in paired(deleted, blank, sent)] == deleted, "something may be typed that was not read"


def test_an_inserted_row_that_got_a_repair_is_not_taken_for_the_row_that_was_hit() -> None:
    repaired, hit = [row(5, NOBODY, "mine")], {5: row(5, NOBODY, "stray")}
    missed = [row(5, NOBODY, "mine"), row(6, NOBODY, "stray", 1)]
    assert numbers(repaired, missed, hit=hit) == [(5, None), (6, "mine")]
    assert numbers(repaired, missed) == [(5, "mine"), (6, None)], "without a repair, who looks like it is it"
    emptied = [row(5, NOBODY, "mine"), row(6, NOBODY, "other", 1)]
    assert numbers(repaired, emptied, hit=hit) == [(5, "mine"), (6, None)], "somebody's address was deleted"


def test_rows_that_nothing_tells_apart_are_known_by_the_rows_beside_them() -> None:
    before = [row(2, A), row(3, NOBODY, "one"), row(4, B), row(5, NOBODY, "two")]
    moved = [row(2, B), row(3, NOBODY), row(4, A), row(5, NOBODY)]
    assert numbers(before, moved) == [(2, ""), (3, "two"), (4, ""), (5, "one")]


def test_an_emptied_row_is_not_taken_for_one_that_was_empty() -> None:
    before = [row(2, A, "a"), row(3, NOBODY, "mine"), row(4, B, "b"), row(5, NOBODY)]
    inserted_above = [row(3, A, "a"), row(4, NOBODY), row(5, B, "b"), row(6, NOBODY)]
    assert numbers(before, inserted_above) == [(3, "a"), (4, "mine"), (5, "b"), (6, "")]


def test_what_is_left_of_rows_that_were_seen() -> None:
    olds = [row(0, A, "one", 1), row(0, A, "two", 2)]
    assert without(olds, [row(5, A, "changed", 2)]) == olds[:1]
    assert without(olds, [row(5, A, "one", 1)]) == olds[1:]


def test_of_two_rows_where_a_row_without_a_url_stood_it_is_the_one_that_shows_something() -> None:
    before = [row(2, A, "a", 1), row(3, NOBODY, "mine"), row(4, B, "b", 2)]
    inserted_above = [row(2, A, "a", 1), row(3, NOBODY), row(4, NOBODY, "sent"), row(5, B, "b", 2)]
    assert numbers(before, inserted_above, whole_rows=True) == [(2, "a"), (3, None), (4, "mine"), (5, "b")]
    inserted_below = [row(2, A, "a", 1), row(3, NOBODY, "sent"), row(4, NOBODY), row(5, B, "b", 2)]
    assert numbers(before, inserted_below, whole_rows=True) == [(2, "a"), (3, "mine"), (4, None), (5, "b")]
