"""Where a chunk's values go: beside their own URL, whatever became of the rows; decided without reading or writing."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from functions.placement import Image, Repair, Sent, SheetRow, Wanted, Write, astray, misplaced, place

A, B = "linkedin.com/in/a-a", "linkedin.com/in/b-b"


def row(number: int, identity: str, cell: str = "", around: int = 0) -> SheetRow:
    return SheetRow(number, identity, {0: cell}, frozenset({around}) if around else frozenset())


def test_a_row_is_found_where_it_is_now() -> None:
    placed = place([Wanted(0, 2, A, {0: "x"})], [row(2, B), row(3, A)], overwrite=False)
    assert [(write.number, write.pending) for write in placed.writes] == [(3, {0: "x"})]


def test_a_cell_that_holds_something_stays_unless_told_otherwise() -> None:
    wanted = [Wanted(0, 2, A, {0: "x"})]
    assert place(wanted, [row(2, A, "mine")], overwrite=False).filled == wanted
    assert place(wanted, [row(2, A, "mine")], overwrite=True).writes[0].images == {0: Image("mine", "x")}


def test_a_row_that_is_gone_is_absent() -> None:
    wanted = [Wanted(0, 2, A, {0: "x"})]
    assert place(wanted, [row(2, B)], overwrite=False).absent == wanted


def test_a_persons_other_row_that_holds_the_same_does_not_hide_a_stray() -> None:
    write = Write(0, A, 2, {}, {0: "x"}, frozenset({1}))
    assert astray([write], [row(2, B, "x"), row(3, A, "", 1), row(4, A, "x", 2)]) == [write]


def test_a_stranger_gets_back_what_its_own_row_held_also_among_rows_of_one_identity() -> None:
    before = [row(2, "text:", "one", 1), row(3, "text:", "two", 2), row(4, A, "", 3)]
    after = [row(2, A, "", 3), row(3, "text:", "one", 1), row(4, "text:", "x", 2)]
    repairs = misplaced(before, after, [(A, {0: "x"})], [(A, {0: "x"})])
    assert [(repair.row.number, repair.cells) for repair in repairs] == [(4, {0: "two"})]


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
    wanted = [Wanted(n, n + 1, who, {0: f"of {who}"}) for n, who in enumerate(people) if not who.startswith("text:")]

    def read() -> list[SheetRow]:
        return [row(number, line[0], line[2], line[1]) for number, line in enumerate(sheet, 1)]

    rows, todo = read(), wanted
    repairs: list[Repair] = []
    strays: list[Sent] = []
    sent: list[Sent] = []
    for turn in range(disturbed + 3):
        placed = place(todo, rows, overwrite=False)
        if not placed.writes and not repairs:
            break
        if turn < disturbed:
            draw.shuffle(sheet)
        writes = [Write(-1, fix.row.identity, fix.row.number, {}, fix.cells, fix.row.around) for fix in repairs]
        written = {write.number for write in placed.writes}
        writes = [write for write in writes if write.number not in written] + placed.writes
        for write in writes:
            for content in write.pending.values():
                who, mark, _ = sheet[write.number - 1]
                sheet[write.number - 1] = (who, mark, str(content))
        after = read()
        missing = astray(writes, after)
        sent += [(write.key, write.pending) for write in writes]
        strays += [(write.key, write.pending) for write in missing]
        repairs = misplaced(rows, after, sent, strays) if missing else []
        cells = {fix.row.number: fix.cells for fix in repairs}
        rows = [SheetRow(r.number, r.identity, {**r.cells, **cells.get(r.number, {})}, r.around) for r in after]
        todo = [want for want in wanted if want.position in {write.position for write in missing}]
    for who, mark, cell in sheet:
        own = started[mark]
        assert cell == own if own else cell in ("", f"of {who}"), (who, mark, cell, own)
