"""A chunk and the column as it is now → what to write, and where; decides, never reads or writes.

Rows are known by who stands in them, not by their number: people sort, insert and delete while a run goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that computes what it shows."""

    text: str
    """With its `=`."""


Content = str | int | float | bool | Formula
"""What a cell holds; "" where it is empty."""

Cells = Mapping[int, Content]
"""Target cells of a row, by the number of their field."""


@dataclass(frozen=True, slots=True)
class Image:
    """One target cell: what it held, and what the run put there instead."""

    before: Content
    after: Content


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of the sheet as it is now."""

    number: int
    """From 1."""
    identity: str
    """The profile's key; where there is none, the URL cell's text, marked so that it is no key."""
    cells: Cells
    """Of each field whose column still exists."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row of the job that has its values."""

    position: int
    row: int
    """Its number when it was read."""
    key: str
    values: Cells
    """Without those that are empty."""
    images: Mapping[int, Image] = field(default_factory=dict)
    """What an earlier attempt meant to write."""


@dataclass(frozen=True, slots=True)
class Write:
    """What is to be written into one row."""

    position: int
    key: str
    number: int
    images: Mapping[int, Image]
    """Every cell that holds, or shall hold, what the run puts there."""
    pending: Cells
    """What is not there yet."""


@dataclass(slots=True)
class Placement:
    """Where the rows of a chunk are, and what to do with them. Each wanted row is in exactly one of the three."""

    writes: list[Write] = field(default_factory=list)
    filled: list[Wanted] = field(default_factory=list)
    """Rows whose cells all hold something else already."""
    absent: list[Wanted] = field(default_factory=list)
    """Rows that are not there."""


def same(one: Content, other: Content) -> bool:
    """Whether two cells hold the same: `1` and `1.0` do, `1` and TRUE do not."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def place(wanted: Sequence[Wanted], rows: Sequence[SheetRow], *, overwrite: bool) -> Placement:
    """Finds each wanted row among the rows of the sheet, and what to write there.

    Args:
        wanted: rows of the job.
        rows: the sheet as it is now, or a part of it.
        overwrite: whether a cell that holds something else is written over.
    """
    placed = Placement()
    there = _by_identity(rows)
    for_key: dict[str, list[Wanted]] = defaultdict(list)
    for want in wanted:
        for_key[want.key].append(want)
    for key, wants in for_key.items():
        for want, match in _matched(wants, there.get(key, [])):
            if match is None:
                placed.absent.append(want)
            elif (write := _write(want, match, overwrite=overwrite)) is None:
                placed.filled.append(want)
            else:
                placed.writes.append(write)
    return placed


def _matched(wants: Sequence[Wanted], rows: Sequence[SheetRow]) -> list[tuple[Wanted, SheetRow | None]]:
    """One person's rows of the job, each with a row of the sheet: those that stayed, then those not served yet."""
    free = {row.number: row for row in rows}
    pairs: list[tuple[Wanted, SheetRow | None]] = [(want, free.pop(want.row, None)) for want in wants]

    def served(row: SheetRow) -> tuple[bool, int]:
        holds = all(same(row.cells.get(number, ""), value) for number, value in wants[0].values.items())
        return holds, row.number

    rest = iter(sorted(free.values(), key=served))
    return [(want, next(rest, None) if row is None else row) for want, row in pairs]


def _write(want: Wanted, row: SheetRow, *, overwrite: bool) -> Write | None:
    """What goes into the row; None where every cell of it holds something else that stays."""
    images: dict[int, Image] = {}
    pending: dict[int, Content] = {}
    blocked = 0
    for number, value in want.values.items():
        if number not in row.cells:
            continue  # its column was deleted
        now, earlier = row.cells[number], want.images.get(number)
        ours = earlier is not None and same(now, earlier.after)
        if same(now, value):
            if ours and earlier is not None:
                images[number] = earlier
        elif now == "" or ours or overwrite:
            images[number] = Image(earlier.before if ours and earlier is not None else now, value)
            pending[number] = value
        else:
            blocked += 1
    if blocked and blocked == len([number for number in want.values if number in row.cells]):
        return None
    return Write(want.position, want.key, row.number, images, pending)


def astray(writes: Sequence[Write], rows: Sequence[SheetRow]) -> list[Write]:
    """Which writes are not seen beside their own URL in the rows as they are after writing."""
    there = _by_identity(rows)
    missing = []
    for write in writes:
        candidates = there.get(write.key, [])
        found = next((row for row in candidates if _holds(row, write.pending)), None)
        if found is None:
            missing.append(write)
        elif len(candidates) > 1:
            candidates.remove(found)
    return missing


@dataclass(frozen=True, slots=True)
class Repair:
    """Cells that hold what was meant for somebody else, and what they shall hold again."""

    row: SheetRow
    cells: Cells


def misplaced(
    believed: Mapping[str, Sequence[Cells]], rows: Sequence[SheetRow], sent: Sequence[tuple[str, Cells]]
) -> list[Repair]:
    """Finds cells that a write hit because rows moved under it.

    Args:
        believed: what the rows of each identity held before anything was sent.
        rows: the sheet as it is now.
        sent: what was written, for whom (identity, cells).
    """
    own: dict[str, list[Cells]] = defaultdict(list)
    by_cell: dict[tuple[int, Content], list[tuple[str, Cells]]] = defaultdict(list)
    for key, cells in sent:
        own[key].append(cells)
        for item in cells.items():
            by_cell[item].append((key, cells))
    repairs = []
    for name, group in _by_identity(rows).items():
        rest = list(believed.get(name, ()))
        for row in _unexpected(group, rest, own.get(name, ())):
            base = min(rest, key=lambda cells: len(_differences(row.cells, cells)), default={})
            cells = _explained(row, base, by_cell)
            if cells:
                repairs.append(Repair(row, cells))
                if base in rest:
                    rest.remove(base)
    return repairs


def _unexpected(group: Sequence[SheetRow], rest: list[Cells], own: Sequence[Cells]) -> list[SheetRow]:
    """Rows that hold neither what was believed nor what was meant for them; takes what was believed out of `rest`."""
    unexpected = []
    for row in group:
        for cells in rest:
            if any(not _differences(row.cells, {**cells, **meant}) for meant in ({}, *own)):
                rest.remove(cells)
                break
        else:
            unexpected.append(row)
    return unexpected


def _explained(
    row: SheetRow, base: Cells, by_cell: Mapping[tuple[int, Content], Sequence[tuple[str, Cells]]]
) -> dict[int, Content]:
    """What the cells held that differ from `base` because of one write for somebody else."""
    differing = _differences(row.cells, base)
    best: list[int] = []
    for number in differing:
        for key, cells in by_cell.get((number, row.cells[number]), ()):
            if key != row.identity:
                hit = [other for other in differing if other in cells and same(cells[other], row.cells[other])]
                best = max(best, hit, key=len)
    return {number: base.get(number, "") for number in best}


def _differences(cells: Cells, base: Cells) -> list[int]:
    return [number for number, content in cells.items() if not same(content, base.get(number, ""))]


def _by_identity(rows: Sequence[SheetRow]) -> dict[str, list[SheetRow]]:
    there: dict[str, list[SheetRow]] = defaultdict(list)
    for row in rows:
        there[row.identity].append(row)
    return there


def _holds(row: SheetRow, cells: Cells) -> bool:
    return all(same(row.cells.get(number, value), value) for number, value in cells.items())
