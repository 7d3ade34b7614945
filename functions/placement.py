"""A chunk and the column as it is now → what to write, and where; decides, never reads or writes.

Rows are known by who stands in them, not by their number: people sort, insert and delete while a run goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations


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
    around: frozenset[int] = frozenset()
    """Digests of what else stands in the row, in any order: tells rows of one identity apart, also after a sort."""


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
    around: frozenset[int] = frozenset()
    """Of the row that it goes to."""


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
    return Write(want.position, want.key, row.number, images, pending, row.around)


def astray(writes: Sequence[Write], rows: Sequence[SheetRow]) -> list[Write]:
    """Which writes are not seen beside their own URL in the rows as they are after writing."""
    there = _by_identity(rows)
    missing = []
    for write in writes:
        candidates = there.get(write.key, [])
        # A person's other row may hold the same already: that does not mean that this one got it.
        the_row = [row for row in candidates if row.around == write.around]
        found = next((row for row in the_row or candidates if _holds(row, write.pending)), None)
        if found is None:
            missing.append(write)
        elif len(candidates) > 1:
            candidates.remove(found)
    return missing


Sent = tuple[str, Cells]
"""Whose, and what was written."""
MOST_COMPARED = 40_000
"""Pairs of rows of one identity that are compared one by one."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Cells that hold what was meant for somebody else, and what they shall hold again."""

    row: SheetRow
    cells: Cells


def misplaced(
    believed: Sequence[SheetRow], rows: Sequence[SheetRow], sent: Sequence[Sent], strays: Sequence[Sent]
) -> list[Repair]:
    """Finds cells that a write hit because rows moved under it.

    Args:
        believed: what rows held before anything was sent.
        rows: the sheet as it is now.
        sent: all that was written, for whom (identity, cells).
        strays: what of it was not seen beside its own URL.
    """
    shapes = _by_shape(strays)
    own: dict[str, set[tuple[int, Content]]] = defaultdict(set)
    for key, cells in sent:
        own[key].update(cells.items())
    repairs = []
    for row, base in paired(believed, rows):
        held = base.cells if base else {}
        differing = [
            number for number in _differences(row.cells, held) if (number, row.cells[number]) not in own[row.identity]
        ]
        hit = _explained(row, differing, shapes) if differing else []
        if hit:
            repairs.append(Repair(row, {number: held.get(number, "") for number in hit}))
    return repairs


Shapes = Mapping[tuple[int, ...], Mapping[tuple[object, ...], set[str]]]
"""Numbers of fields → values in them → for whom they were meant."""


def _by_shape(strays: Sequence[Sent]) -> Shapes:
    """A write hits one row as a whole; somebody may have typed over one of its cells since."""
    shapes: dict[tuple[int, ...], dict[tuple[object, ...], set[str]]] = defaultdict(lambda: defaultdict(set))
    for key, cells in strays:
        numbers = tuple(sorted(cells))
        for shape in (numbers, *(combinations(numbers, len(numbers) - 1) if len(numbers) > 2 else ())):
            shapes[shape][tuple(_exact(cells[number]) for number in shape)].add(key)
    return shapes


def _exact(content: Content) -> object:
    return content if not isinstance(content, bool) else (bool, content)


def _explained(row: SheetRow, differing: Sequence[int], shapes: Shapes) -> list[int]:
    """Which of the differing cells hold what one write brought for somebody else."""
    best: list[int] = []
    for shape, meant in shapes.items():
        there = [number for number in shape if number in row.cells]
        if len(there) < len(shape):  # a column was deleted since
            found = any(
                keys != {row.identity}
                and all(
                    _exact(row.cells[number]) == value
                    for number, value in zip(shape, values, strict=True)
                    if number in row.cells
                )
                for values, keys in meant.items()
            )
        else:
            found = bool(meant.get(tuple(_exact(row.cells[number]) for number in shape), set()) - {row.identity})
        if found:
            best = max(best, [number for number in differing if number in there], key=len)
    return best


def paired(believed: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow | None]]:
    """Each row as it is now, with what it was: by who stands in it, then by what else does."""
    olds = _by_identity(believed)
    pairs: list[tuple[SheetRow, SheetRow | None]] = []
    without: list[SheetRow] = []
    for name, group in _by_identity(rows).items():
        before = olds.pop(name, [])
        if len(before) == len(group) == 1:
            pairs.append((group[0], before[0]))
            continue
        found, open_rows, rest = _told_apart(before, group)
        pairs += found
        without += open_rows
        olds[name] = rest
    for row in without:  # its URL was edited, or it is new
        by_around = next(
            (rest for rest in olds.values() for old in rest[:1] if row.around and old.around == row.around), None
        )
        pairs.append((row, by_around.pop(0) if by_around else None))
    return pairs


def _told_apart(
    before: Sequence[SheetRow], now: Sequence[SheetRow]
) -> tuple[list[tuple[SheetRow, SheetRow | None]], list[SheetRow], list[SheetRow]]:
    """Rows of one identity in pairs: those that are alike in all, then in what stands around, then the likeliest."""
    pairs: list[tuple[SheetRow, SheetRow | None]] = []
    open_rows, rest = list(now), list(before)
    for looks in (lambda row: (row.around, frozenset(row.cells.items())), lambda row: row.around):
        there: dict[object, list[SheetRow]] = defaultdict(list)
        for old in reversed(rest):
            there[looks(old)].append(old)
        unmatched = []
        for row in open_rows:
            same_look = there[looks(row)]
            if same_look:
                pairs.append((row, same_look.pop()))
            else:
                unmatched.append(row)
        open_rows, rest = unmatched, [old for olds in there.values() for old in olds]
    if len(open_rows) * len(rest) <= MOST_COMPARED:
        for row in list(open_rows):
            if not rest:
                break
            best = max(rest, key=lambda old: (len(old.around & row.around), -len(_differences(row.cells, old.cells))))
            pairs.append((row, best))
            rest.remove(best)
            open_rows.remove(row)
    return pairs, open_rows, rest


def _differences(cells: Cells, base: Cells) -> list[int]:
    return [number for number, content in cells.items() if not same(content, base.get(number, ""))]


def _by_identity(rows: Sequence[SheetRow]) -> dict[str, list[SheetRow]]:
    there: dict[str, list[SheetRow]] = defaultdict(list)
    for row in rows:
        there[row.identity].append(row)
    return there


def _holds(row: SheetRow, cells: Cells) -> bool:
    return all(same(row.cells.get(number, value), value) for number, value in cells.items())
