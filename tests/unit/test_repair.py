"""Cells that a write hit because rows moved under it get back what their own rows held (P5, P6)."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from functions.sheets.cells import Formula, SheetRow, Write
from functions.sheets.repair import (
    Repair,
    Sent,
    as_repaired,
    as_writes,
    giving_way,
    misplaced,
    sent_by,
    unseen,
)
from functions.sheets.row_matching import RowValues, match_rows

A, B = "linkedin.com/in/a-a", "linkedin.com/in/b-b"


def row(number: int, identity: str, cell: str = "", row_context: int = 0) -> SheetRow:
    return SheetRow(number, identity, {0: cell}, frozenset({row_context}) if row_context else frozenset())


def test_a_persons_other_row_that_holds_the_same_does_not_hide_a_stray() -> None:
    write = Write(0, A, 2, {}, {0: "x"}, frozenset({1}))
    before = [row(2, A, "", 1), row(3, B), row(4, A, "x", 2)]
    assert unseen([write], before, [row(2, B, "x"), row(3, A, "", 1), row(4, A, "x", 2)]) == [write]


def test_an_empty_row_that_somebody_inserts_does_not_hide_that_a_repair_hit_another_row() -> None:
    stray = Repair(row(3, "", "x"), {0: ""})
    before = as_repaired([row(2, A, "x", 1), row(3, "", "x")], [stray])
    moved = [row(2, A, "x", 1), row(3, ""), row(4, "", "x")]
    assert unseen(as_writes([stray]), before, moved, [stray]) == as_writes([stray])
    assert not unseen(as_writes([stray]), before, before, [stray])


def test_a_stranger_gets_back_what_its_own_row_held_also_among_rows_of_one_identity() -> None:
    before = [row(2, "text:", "one", 1), row(3, "text:", "two", 2), row(4, A, "", 3)]
    after = [row(2, A, "", 3), row(3, "text:", "one", 1), row(4, "text:", "x", 2)]
    sent = [Sent(A, frozenset({3}), {0: "x"})]
    repairs = misplaced(before, after, sent, sent)
    assert [(repair.row.number, repair.cells) for repair in repairs] == [(4, {0: "two"})]


def test_a_persons_two_rows_are_told_apart_so_that_what_one_of_them_held_is_not_lost_to_the_other() -> None:
    before = [row(2, A, "", 1), row(3, A, "mine", 2), row(4, B, "", 3)]
    after = [row(2, A, "x", 2), row(3, B, "", 3), row(4, A, "", 1)]  # sorted under the write of x into row 2
    write = Write(0, A, 2, {}, {0: "x"}, frozenset({1}))
    missing = unseen([write], before, after)
    assert missing == [write]
    repairs = misplaced(before, after, sent_by([write]), sent_by(missing))
    assert [(repair.row.number, repair.cells) for repair in repairs] == [(2, {0: "mine"})]


def test_a_value_stays_where_it_is_its_own_although_its_row_was_edited_meanwhile() -> None:
    before = [row(2, A, "", 1), row(3, A, "", 2), row(4, B, "mine", 3)]
    after = [row(2, A, "x", 5), row(3, B, "x", 3), row(4, A, "", 2)]  # row 2 was edited; 3 and 4 were swapped
    sent = [Sent(A, frozenset({1}), {0: "x"}), Sent(A, frozenset({2}), {0: "x"})]
    repairs = misplaced(before, after, sent, sent[1:])
    assert [(repair.row.number, repair.cells) for repair in repairs] == [(3, {0: "mine"})]


def test_what_a_persons_rows_held_is_no_stray_in_a_row_of_theirs_that_nothing_tells_apart() -> None:
    before = [SheetRow(0, A, {0: "x", 1: "y"}, frozenset({1})), SheetRow(0, A, {0: "x", 1: "z"}, frozenset({2}))]
    sent = [Sent("linkedin.com/in/c-c", frozenset(), {0: "x"}, {0: ""})]
    after = [SheetRow(5, A, {0: "x", 1: ""}), row(6, B, "x")]  # the columns that told the rows apart were deleted
    assert [(fix.row.number, fix.cells) for fix in misplaced(before, after, sent, sent)] == [(6, {0: ""})]


def test_a_stray_is_known_although_the_rows_own_formula_came_over_a_part_of_it() -> None:
    own = Formula("=LEN(A2)", 2)
    before = [SheetRow(2, A, {0: "a", 1: "x"}), SheetRow(3, B, {0: "b", 1: "y"})]
    sent = [Sent(A, frozenset(), {0: "mine", 1: ""}, {0: "a", 1: "x"}), Sent(B, frozenset(), {1: own}, {1: "y"})]
    after = [SheetRow(2, B, {0: "mine", 1: own}), SheetRow(3, A, {0: "a", 1: "x"})]
    assert [(fix.row.number, fix.cells) for fix in misplaced(before, after, sent, sent)] == [(2, {0: "b"})]


def test_what_hit_a_persons_other_row_is_a_stray_there_though_somebody_typed_in_the_row_that_it_was_for() -> None:
    both, noted = frozenset({2, 3}), frozenset({2, 4})
    before = [row(2, A, "", 1), SheetRow(3, A, {0: ""}, both)]
    write = Write(0, A, 3, {}, {0: "x"}, both)
    after = [SheetRow(2, A, {0: ""}, noted), row(3, A, "x", 1)]  # moved under the write; then a note was typed
    assert unseen([write], before, after) == [write]
    sent = sent_by([write])
    assert [(fix.row.number, fix.cells) for fix in misplaced(before, after, sent, sent)] == [(3, {0: ""})]
    right = [row(2, A, "", 1), SheetRow(3, A, {0: "x"}, noted)]
    assert not unseen([write], before, right)
    assert not misplaced(before, right, sent, sent)


def test_what_was_for_a_persons_deleted_row_is_a_stray_in_the_other_one() -> None:
    before = [row(3, A, "x", 1), row(4, A, "x", 2)]
    sent = [Sent(A, frozenset({1}), {0: ""}, {0: "x"}), Sent(A, frozenset({2}), {0: "mine"}, {0: "x"})]
    after = [row(3, A, "", 2), row(4, B, "mine")]
    repairs = misplaced(before, after, sent, sent)
    assert [(fix.row.number, fix.cells) for fix in repairs] == [(3, {0: "x"}), (4, {0: ""})]


def test_what_a_row_got_by_chance_does_not_hide_whom_its_own_hit() -> None:
    before = [SheetRow(2, A, {0: "a", 1: "a"}), SheetRow(3, B, {0: "b", 1: ""}), SheetRow(4, "text:", {0: "x", 1: "y"})]
    writes = [Write(0, A, 2, {}, {0: "", 1: ""}), Write(1, B, 3, {}, {0: ""})]
    after = [  # the row above was deleted under the write
        SheetRow(1, A, {0: "a", 1: "a"}),
        SheetRow(2, B, {0: "", 1: ""}),
        SheetRow(3, "text:", {0: "", 1: "y"}),
    ]
    assert unseen(writes, before, after) == writes[:1]  # B is empty, though by what was meant for A
    sent = sent_by(writes)
    assert [(fix.row.number, fix.cells) for fix in misplaced(before, after, sent, sent)] == [(3, {0: "x"})]


def test_a_cell_that_was_hit_stays_known_as_hit_until_it_is_repaired() -> None:
    before = [SheetRow(2, A, {0: "", 1: ""}), SheetRow(3, B, {0: "", 1: "mine"})]
    hit = [SheetRow(2, A, {0: "", 1: ""}), SheetRow(3, B, {0: "x", 1: "y"})]
    first = [Sent(A, frozenset(), {0: "x", 1: "y"})]
    planned = misplaced(before, hit, first, first)
    assert [fix.cells for fix in planned] == [{0: "", 1: "mine"}]
    # What was to repair it missed it, and something else has hit one of its two cells since.
    again = [SheetRow(2, A, {0: "", 1: ""}), SheetRow(4, B, {0: "z", 1: "y"})]
    second = [*first, Sent(A, frozenset(), {0: "z"})]
    repairs = misplaced(as_repaired(hit, planned), again, second, second, planned)
    assert [fix.cells for fix in repairs] == [{0: "", 1: "mine"}]


def test_a_cell_that_was_hit_stays_known_as_hit_if_somebody_types_around_it() -> None:
    other = SheetRow(2, A, {0: "", 1: ""})
    before = [other, SheetRow(3, B, {0: "", 1: "mine"}, frozenset({1}))]
    hit = [other, SheetRow(3, B, {0: "x", 1: "y"}, frozenset({1}))]
    sent = [Sent(A, frozenset(), {0: "x", 1: "y"})]
    planned = misplaced(before, hit, sent, sent)
    again = [other, SheetRow(4, B, {0: "", 1: "y"}, frozenset({2}))]  # another write has emptied one of the two
    repairs = misplaced(as_repaired(hit, planned), again, sent, sent, planned)
    assert [fix.cells for fix in repairs] == [{1: "mine"}]


def test_what_goes_to_one_row_counts_as_one_whether_it_is_its_own_or_a_repair() -> None:
    writes = [Write(0, A, 2, {}, {0: "x"}), Write(-1, A, 2, {}, {1: ""})]
    before = [SheetRow(2, A, {0: "", 1: "y"}), SheetRow(3, B, {0: "one", 1: "two"})]
    after = [SheetRow(2, B, {0: "x", 1: ""}), SheetRow(3, A, {0: "", 1: "y"})]
    sent = sent_by(writes)
    repairs = misplaced(before, after, sent, sent)
    assert [(repair.row.number, repair.cells) for repair in repairs] == [(2, {0: "one", 1: "two"})]


def test_the_formulas_of_a_row_may_hit_another_one_than_its_values() -> None:
    own = Formula('=IF(D2="","","own")')
    writes = [Write(0, A, 3, {}, {0: own, 1: "", 2: ""})]
    before = [SheetRow(2, B, {0: "b", 1: "one", 2: "two"}), SheetRow(3, A, {0: "a", 1: "x", 2: "y"})]
    # A row was inserted above once the values were there.
    after = [SheetRow(3, B, {0: own, 1: "one", 2: "two"}), SheetRow(4, A, {0: "a", 1: "", 2: ""})]
    sent = sent_by(writes)
    assert [(fix.row.number, fix.cells) for fix in misplaced(before, after, sent, sent)] == [(3, {0: "b"})]


def test_each_column_may_hit_another_row_where_they_are_sent_one_by_one() -> None:
    before = [SheetRow(2, B, {0: "", 1: "", 2: "own"}), SheetRow(3, A, {0: "", 1: "", 2: ""})]
    after = [SheetRow(3, B, {0: "", 1: "y", 2: "own"}), SheetRow(4, A, {0: "x", 1: "", 2: ""})]
    writes = [Write(0, A, 3, {}, {0: "x", 1: "y"})]
    at_once, each = sent_by(writes), sent_by(writes, by_column=True)
    assert misplaced(before, after, at_once, at_once) == []
    assert [(fix.row.number, fix.cells) for fix in misplaced(before, after, each, each)] == [(3, {1: ""})]


def test_a_hit_is_known_though_somebody_typed_over_one_of_two_cells() -> None:
    sent = [Sent(A, frozenset(), {0: "x", 1: "y"})]
    before = [SheetRow(2, B, {0: "", 1: ""}), SheetRow(3, A, {0: "", 1: ""})]
    after = [SheetRow(2, A, {0: "", 1: ""}), SheetRow(3, B, {0: "x", 1: "typed"})]
    assert [(fix.row.number, fix.cells) for fix in misplaced(before, after, sent, sent)] == [(3, {0: ""})]
    half = [SheetRow(2, A, {0: "", 1: ""}), SheetRow(3, B, {0: "x", 1: ""})]
    assert misplaced(before, half, sent, sent) == [], "the other one is as it was, so somebody typed the same"
    new = [SheetRow(2, A, {0: "", 1: ""}), SheetRow(3, "text:new", {0: "x", 1: "typed"})]
    assert misplaced(before[1:], new, sent, sent) == [], "what a new row held is not known"


def test_what_was_given_back_to_a_row_whose_url_was_edited_then_stays_there() -> None:
    given_back = as_writes([Repair(SheetRow(3, A, {0: ""}), {0: "mine"})])
    sent = sent_by(given_back)
    before = [SheetRow(2, B, {0: "b"}), SheetRow(3, A, {0: "mine"})]
    edited = [SheetRow(2, B, {0: "b"}), SheetRow(9, "text:", {0: "mine"})]
    assert misplaced(before, edited, sent, sent) == []
    elsewhere = [*edited, SheetRow(4, A, {0: ""})]  # so that the other row is a stranger's
    assert [fix.row.number for fix in misplaced(before, elsewhere, sent, sent)] == [9]


def test_a_row_whose_url_is_edited_under_its_undo_does_not_get_the_runs_values_back() -> None:
    before = [row(2, A, "x", 1), row(3, B, "", 2)]
    after = [row(2, B, "", 1), row(3, B, "", 2)]
    sent = [Sent(A, frozenset({1}), {0: ""}, {0: "x"})]
    assert not misplaced(before, after, sent, sent, whole_rows=True, undoing=True)
    assert [repair.cells for repair in misplaced(before, after, sent, sent, whole_rows=True)] == [{0: "x"}]


@given(st.integers(0, 2**32), st.integers(2, 12), st.integers(1, 6))
def test_no_permutation_between_read_and_write_leaves_a_value_beside_a_foreign_url(
    seed: int, count: int, disturbed: int
) -> None:
    draw = random.Random(seed)
    people = [
        draw.choice((f"linkedin.com/in/p-{number}", f"linkedin.com/in/q-{number}", f"text:{number}"))
        for number in range(count)
    ]
    # A row of the sheet: who, what else, the target cell; some hold something of their own.
    sheet: list[tuple[str, int, str]] = [
        (who, number + 1, draw.choice(("", f"own {number}"))) for number, who in enumerate(people)
    ]
    started = {line[1]: line[2] for line in sheet}
    wanted = [RowValues(n, n + 1, who, {0: f"of {who}"}) for n, who in enumerate(people) if not who.startswith("text:")]

    def read() -> list[SheetRow]:
        return [row(number, line[0], line[2], line[1]) for number, line in enumerate(sheet, 1)]

    rows, todo = read(), wanted
    repairs: list[Repair] = []
    strays: list[Sent] = []
    sent: list[Sent] = []
    for turn in range(disturbed + 3):
        placed = match_rows(todo, rows, overwrite=False)
        if not placed.writes and not repairs:
            break
        if turn < disturbed:
            draw.shuffle(sheet)
        repairs = giving_way(repairs, placed.writes)
        writes = as_writes(repairs) + placed.writes
        for write in writes:
            for content in write.pending.values():
                who, mark, _ = sheet[write.number - 1]
                sheet[write.number - 1] = (who, mark, str(content))
        after = read()
        missing = unseen(writes, rows, after, repairs)
        sent += sent_by(writes)
        strays += sent_by(writes) if missing else []
        repairs = misplaced(rows, after, sent, strays) if missing else []
        rows = as_repaired(after, repairs)
        todo = [want for want in wanted if want.position in {write.position for write in missing}]
    for who, mark, cell in sheet:
        own = started[mark]
        assert cell == own if own else cell in ("", f"of {who}"), (who, mark, cell, own)
