"""Decide which cells a write hit because rows moved under it, and what they shall hold again; no I/O.

People sort between a read and a write. What was meant for one row then stands in another one for a moment: the rows as
they were, and what was sent to whom, tell which cells those are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from functions.sheets.cells import Cells, Content, SheetRow, Write, by_identity, same
from functions.sheets.row_matching import MAX_COMPARED


@dataclass(frozen=True, slots=True)
class Sent:
    """Values that were written, and the row that they were for."""

    identity: str
    row_context: frozenset[int]
    cells: Cells


@dataclass(frozen=True, slots=True)
class Repair:
    """Cells that hold what was meant for somebody else, and what they shall hold again."""

    row: SheetRow
    cells: Cells


def unverified(writes: Sequence[Write], rows: Sequence[SheetRow]) -> list[Write]:
    """Return the writes that are not seen beside their own URL in the rows as they are after writing."""
    there = by_identity(rows)
    missing = []
    for write in writes:
        candidates = there.get(write.key, [])
        # A person's other row may hold the same already: that does not mean that this one got it.
        the_row = [row for row in candidates if row.row_context == write.row_context]
        found = next((row for row in the_row or candidates if _holds(row, write.pending)), None)
        if found is None:
            missing.append(write)
        elif len(candidates) > 1:
            candidates.remove(found)
    return missing


def sent_by(writes: Sequence[Write]) -> list[Sent]:
    """Return what these writes send, joined for each row."""
    cells: dict[tuple[int, str, frozenset[int]], dict[int, Content]] = defaultdict(dict)
    for write in writes:
        if write.pending:
            cells[write.number, write.key, write.row_context].update(write.pending)
    return [Sent(identity, row_context, contents) for (_, identity, row_context), contents in cells.items()]


def misplaced(
    believed: Sequence[SheetRow],
    rows: Sequence[SheetRow],
    sent: Sequence[Sent],
    strays: Sequence[Sent],
    planned: Sequence[Repair] = (),
) -> list[Repair]:
    """Finds cells that a write hit because rows moved under it.

    Args:
        believed: what rows held before anything was sent.
        rows: the sheet as it is now.
        sent: all that was written, for whom.
        strays: of it, what was sent while rows moved. Also of what is seen beside its own URL, some may have got there
            by chance, as an empty cell does, and have hit another row.
        planned: what was to be repaired already, and may not have come to where its row was.
    """
    hits = {(fix.row.identity, fix.row.row_context): {n: fix.row.cells[n] for n in fix.cells} for fix in planned}
    shapes = _by_shape(strays)
    own = _own(sent, rows)
    repairs = []
    for row, base in paired(believed, rows):
        held = base.cells if base else {}
        mine = own(row)
        differing = [number for number in _differences(row.cells, held) if (number, row.cells[number]) not in mine]
        hit = _explained(row, differing, shapes) if differing else set()
        known = hits.get((row.identity, row.row_context), {})
        hit |= {number for number in differing if number in known and same(known[number], row.cells[number])}
        if hit:
            repairs.append(Repair(row, {number: held.get(number, "") for number in sorted(hit)}))
    return repairs


def without_overwritten(repairs: Sequence[Repair], writes: Sequence[Write]) -> list[Repair]:
    """Cells of the same row that get their own value need no former one."""
    pending = {write.number: write.pending for write in writes}
    left = [
        Repair(repair.row, {n: cell for n, cell in repair.cells.items() if n not in pending.get(repair.row.number, {})})
        for repair in repairs
    ]
    return [repair for repair in left if repair.cells]


def as_writes(repairs: Sequence[Repair]) -> list[Write]:
    """Repairs, to be sent and seen as writes are."""
    return [
        Write(-1, repair.row.identity, repair.row.number, {}, repair.cells, repair.row.row_context)
        for repair in repairs
    ]


def as_repaired(rows: Sequence[SheetRow], repairs: Sequence[Repair]) -> list[SheetRow]:
    """The rows once the repairs are done."""
    cells = {repair.row.number: repair.cells for repair in repairs}
    return [replace(row, cells={**row.cells, **cells[row.number]}) if row.number in cells else row for row in rows]


Items = set[tuple[int, Content]]
Who = tuple[str, frozenset[int]]


def _own(sent: Sequence[Sent], rows: Sequence[SheetRow]) -> Callable[[SheetRow], Items]:
    """Return what was meant for a row: sent to it, or to another row of its person that looks different now."""
    exact: dict[Who, Items] = defaultdict(set)
    for item in sent:
        exact[item.identity, item.row_context].update(item.cells.items())
    there = {(row.identity, row.row_context) for row in rows}
    changed: dict[str, Items] = defaultdict(set)
    for (identity, row_context), items in exact.items():
        if (identity, row_context) not in there:
            changed[identity] |= items
    nothing: Items = set()
    return lambda row: exact.get((row.identity, row.row_context), nothing) | changed.get(row.identity, nothing)


Shapes = Mapping[tuple[int, ...], Mapping[tuple[object, ...], set[Who]]]
"""Numbers of fields → values in them → for which rows they were meant."""


def _by_shape(strays: Sequence[Sent]) -> Shapes:
    """A write hits one row as a whole; somebody may have typed over one of its cells since."""
    shapes: dict[tuple[int, ...], dict[tuple[object, ...], set[Who]]] = defaultdict(lambda: defaultdict(set))
    for item in strays:
        numbers = tuple(sorted(item.cells))
        for shape in (numbers, *(combinations(numbers, len(numbers) - 1) if len(numbers) > 2 else ())):
            values = tuple(_exact(item.cells[number]) for number in shape)
            shapes[shape][values].add((item.identity, item.row_context))
    return shapes


def _exact(content: Content) -> object:
    return content if not isinstance(content, bool) else (bool, content)


def _explained(row: SheetRow, differing: Sequence[int], shapes: Shapes) -> set[int]:
    """Return the differing cells that hold what one write, or several, brought for another row."""
    hit: set[int] = set()
    itself = {(row.identity, row.row_context)}
    for shape, meant in shapes.items():
        there = [number for number in shape if number in row.cells]
        if len(there) < len(shape):  # a column was deleted since
            found = any(
                who != itself
                and all(
                    _exact(row.cells[number]) == value
                    for number, value in zip(shape, values, strict=True)
                    if number in row.cells
                )
                for values, who in meant.items()
            )
        else:
            found = bool(meant.get(tuple(_exact(row.cells[number]) for number in shape), set()) - itself)
        if found:
            hit.update(number for number in differing if number in there)
    return hit


def paired(believed: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow | None]]:
    """Each row as it is now, with what it was: by who stands in it, then by what else does."""
    olds = by_identity(believed)
    pairs: list[tuple[SheetRow, SheetRow | None]] = []
    without: list[SheetRow] = []
    for name, group in by_identity(rows).items():
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
            (
                rest
                for rest in olds.values()
                for old in rest[:1]
                if row.row_context and old.row_context == row.row_context
            ),
            None,
        )
        pairs.append((row, by_around.pop(0) if by_around else None))
    return pairs


def _told_apart(
    before: Sequence[SheetRow], now: Sequence[SheetRow]
) -> tuple[list[tuple[SheetRow, SheetRow | None]], list[SheetRow], list[SheetRow]]:
    """Rows of one identity in pairs: those that are alike in all, then in what stands around, then the likeliest."""
    pairs: list[tuple[SheetRow, SheetRow | None]] = []
    open_rows, rest = list(now), list(before)
    for looks in (lambda row: (row.row_context, frozenset(row.cells.items())), lambda row: row.row_context):
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
    if len(open_rows) * len(rest) <= MAX_COMPARED:
        for row in list(open_rows):
            if not rest:
                break
            best = max(
                rest, key=lambda old: (len(old.row_context & row.row_context), -len(_differences(row.cells, old.cells)))
            )
            pairs.append((row, best))
            rest.remove(best)
            open_rows.remove(row)
    return pairs, open_rows, rest


def _differences(cells: Cells, base: Cells) -> list[int]:
    return [number for number, content in cells.items() if not same(content, base.get(number, ""))]


def _holds(row: SheetRow, cells: Cells) -> bool:
    return all(same(row.cells.get(number, value), value) for number, value in cells.items())
