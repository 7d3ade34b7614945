"""The recorded contents of rows are their first contents, overlaid with what was written since."""

from __future__ import annotations

from functions.sheet_writes.writer import overlaid
from functions.sheets.cells import CellChange, SheetRow
from functions.store.cell_history import WrittenRow

A = "linkedin.com/in/a-a"


def written(position: int, row_context: int, **after: str) -> WrittenRow:
    changes = {int(number.removeprefix("n")): CellChange("", content) for number, content in after.items()}
    return WrittenRow(position, position + 2, A, changes, frozenset({row_context}), frozenset(), undone=False)


def believed(at_first: list[SheetRow], rows: list[WrittenRow]) -> list[tuple[set[int], dict[int, object]]]:
    found = overlaid(at_first, rows, lambda row: {number: change.after for number, change in row.changes.items()})
    return [(set(row.row_context), dict(row.cells)) for row in found]


def test_two_rows_of_one_person_stay_two_though_only_one_held_something_at_first() -> None:
    at_first = [SheetRow(0, A, {0: "mine"}, frozenset({1}))]
    rows = [written(0, 1, n1="x"), written(1, 2, n0="y", n1="x")]
    assert believed(at_first, rows) == [({1}, {0: "mine", 1: "x"}), ({2}, {0: "y", 1: "x"})]


def test_a_row_around_which_something_changed_is_known_again_where_it_is_the_only_one() -> None:
    at_first = [SheetRow(0, A, {0: "mine"}, frozenset({1}))]
    assert believed(at_first, [written(0, 9, n1="x")]) == [({9}, {0: "mine", 1: "x"})]
    other = SheetRow(0, A, {0: "other"}, frozenset({2}))
    assert believed([*at_first, other], [written(0, 2, n1="x")]) == [({2}, {0: "other", 1: "x"}), ({1}, {0: "mine"})]


def test_what_stands_around_a_row_is_remembered_though_it_was_not_read_when_the_row_was_written() -> None:
    written_alone = WrittenRow(0, 2, A, {1: CellChange("", "x")}, frozenset(), frozenset(), undone=False)
    at_first = [SheetRow(0, A, {0: "mine", 1: "x"}, frozenset({1}))]  # since then, the person has two rows
    assert believed(at_first, [written_alone]) == [({1}, {0: "mine", 1: "x"})]
