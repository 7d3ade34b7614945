"""Rows of a job and the sheet as it is now → what to write, and where; decides, never reads or writes.

Rows are known by who stands in them, not by their number: people sort, insert and delete while a run goes on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from functions.sheets.cells import CellChange, Cells, Content, SheetRow, Spilled, Write, by_identity, same


@dataclass(frozen=True, slots=True)
class RowValues:
    """A row of the job that has its values."""

    position: int
    row: int
    """Its number when it was read."""
    key: str
    values: Cells
    """Without those that are empty."""
    changes: Mapping[int, CellChange] = field(default_factory=dict)
    """Values that an earlier attempt meant to write; in an undo, values to be given back."""
    row_context: frozenset[int] = frozenset()
    """Of the row that the images are of."""


@dataclass(slots=True)
class RowMatches:
    """The places of a chunk's rows, and what to do with them. Each wanted row is in exactly one of the three."""

    writes: list[Write] = field(default_factory=list)
    filled: list[RowValues] = field(default_factory=list)
    """Rows whose cells all hold something else already."""
    absent: list[RowValues] = field(default_factory=list)
    """Rows that are not there."""


RowSignature = tuple[str, frozenset[int]]
"""The identity of a row: its person, and a digest of its other cells."""


def match_rows(
    wanted: Sequence[RowValues],
    rows: Sequence[SheetRow],
    *,
    overwrite: bool,
    taken: Mapping[RowSignature, int] | None = None,
) -> RowMatches:
    """Finds each wanted row among the rows of the sheet, and what to write there.

    Args:
        wanted: rows of the job.
        rows: the sheet as it is now, or a part of it.
        overwrite: whether a cell that holds something else is written over.
        taken: how many rows that look so other chunks write to, or have.
    """
    placed = RowMatches()
    for want, match in _pairs(wanted, _not_taken(rows, taken) if taken else rows):
        if match is None:
            placed.absent.append(want)
        elif (write := _write(want, match, overwrite=overwrite)) is None:
            placed.filled.append(want)
        else:
            placed.writes.append(write)
    return placed


def match_undo(wanted: Sequence[RowValues], rows: Sequence[SheetRow]) -> tuple[RowMatches, dict[int, tuple[int, int]]]:
    """Finds each row that the run wrote into, and which of its cells still hold what is to be taken back.

    Args:
        wanted: with images of what the run put there and what shall stand there again.
        rows: the sheet as it is now, or a part of it.

    Returns:
        The placement; and by position, where somebody has changed cells since, the row and how many they are.
    """
    placed = RowMatches()
    changed: dict[int, tuple[int, int]] = {}
    for want, row in _pairs(wanted, rows):
        if row is None:
            placed.absent.append(want)
            continue
        there = {number: change for number, change in want.changes.items() if number in row.cells}
        pending = {number: change.after for number, change in there.items() if same(row.cells[number], change.before)}
        pending = {number: content for number, content in pending.items() if not same(content, row.cells[number])}
        others = [
            number
            for number, change in there.items()
            if not same(row.cells[number], change.before) and not same(row.cells[number], change.after)
        ]
        if others:
            changed[want.position] = (row.number, len(others))
        placed.writes.append(Write(want.position, want.key, row.number, want.changes, pending, row.row_context))
    return placed, changed


def _not_taken(rows: Sequence[SheetRow], taken: Mapping[RowSignature, int]) -> list[SheetRow]:
    """Of rows that look alike those that hold something are taken first."""
    left, theirs = Counter(taken), set[int]()
    for row in sorted(rows, key=lambda row: all(cell == "" for cell in row.cells.values())):
        if left.get((row.identity, row.row_context)):
            left[row.identity, row.row_context] -= 1
            theirs.add(row.number)
    return [row for row in rows if row.number not in theirs]


def _pairs(wanted: Sequence[RowValues], rows: Sequence[SheetRow]) -> Iterator[tuple[RowValues, SheetRow | None]]:
    there = by_identity(rows)
    for_key: dict[str, list[RowValues]] = defaultdict(list)
    for want in wanted:
        for_key[want.key].append(want)
    for key, wants in for_key.items():
        yield from _matched(wants, there.get(key, []))


def _matched(wants: Sequence[RowValues], rows: Sequence[SheetRow]) -> list[tuple[RowValues, SheetRow | None]]:
    """One person's rows of the job, each with a row of the sheet.

    First those that an earlier attempt has described, with what is likest; then those that stayed where they were; then
    those that nobody serves yet.
    """
    free = {row.number: row for row in rows}
    found = _likest(wants, rows)
    for row in found.values():
        del free[row.number]
    for want in wants:
        if want.position not in found and want.row in free:
            found[want.position] = free.pop(want.row)

    def served(row: SheetRow) -> tuple[bool, int]:
        holds = all(same(row.cells.get(number, ""), value) for number, value in wants[0].values.items())
        return holds, row.number

    rest = iter(sorted(free.values(), key=served))
    return [(want, found.get(want.position) or next(rest, None)) for want in wants]


MAX_COMPARED = 40_000
"""Pairs of rows of one identity that are compared one by one."""


def _likest(wants: Sequence[RowValues], rows: Sequence[SheetRow]) -> dict[int, SheetRow]:
    """By position, the row that looks like the one described: what stands around, what it holds, where it is."""
    described = [want for want in wants if want.changes]
    if len(described) * len(rows) > MAX_COMPARED:
        return {}

    def likeness(want: RowValues, row: SheetRow) -> tuple[bool, int, int, bool]:
        held = sum(
            number in row.cells and (same(row.cells[number], change.before) or same(row.cells[number], change.after))
            for number, change in want.changes.items()
        )
        return (
            row.row_context == want.row_context,
            held,
            len(row.row_context & want.row_context),
            row.number == want.row,
        )

    pairs = [(likeness(want, row), want, row) for want in described for row in rows]
    pairs.sort(key=lambda pair: pair[0], reverse=True)
    found: dict[int, SheetRow] = {}
    taken: set[int] = set()
    for _, want, row in pairs:
        if want.position not in found and row.number not in taken:
            found[want.position] = row
            taken.add(row.number)
    return found


def _write(want: RowValues, row: SheetRow, *, overwrite: bool) -> Write | None:
    """Return the values for the row; None if every cell of it holds something else that stays."""
    changes: dict[int, CellChange] = {}
    pending: dict[int, Content] = {}
    blocked = 0
    for number, value in want.values.items():
        if number not in row.cells:
            continue  # its column was deleted
        now, earlier = row.cells[number], want.changes.get(number)
        ours = earlier is not None and same(now, earlier.after)
        if same(now, value):
            if ours and earlier is not None:
                changes[number] = earlier
        elif now == "" or ours or (overwrite and not isinstance(now, Spilled)):
            changes[number] = CellChange(earlier.before if ours and earlier is not None else now, value)
            pending[number] = value
        else:
            blocked += 1
    if blocked and blocked == len([number for number in want.values if number in row.cells]):
        return None
    return Write(want.position, want.key, row.number, changes, pending, row.row_context)
