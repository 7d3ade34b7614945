"""Match the rows of a job with the rows of the sheet as it is now, and decide what to write where; no I/O.

Rows are known by who stands in them, not by their number: people sort, insert and delete while a run goes on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import msgspec

from functions.sheets.cells import CellChange, Cells, Content, SheetRow, Spilled, Write, by_identity, same
from functions.sheets.row_status import is_status


class RowValues(msgspec.Struct, frozen=True, gc=False):
    """A row of the job that has its values."""

    position: int
    row: int
    """Its number when it was read."""
    key: str
    values: Cells
    """Without those that are empty."""
    changes: Mapping[int, CellChange] = {}
    """Values that an earlier attempt meant to write; in an undo, values to be given back."""
    row_context: frozenset[int] = frozenset()
    """Of the row that the images are of."""


@dataclass(slots=True)
class RowMatches:
    """The positions of a chunk's rows, and what to do with them; each wanted row is in exactly one of the three."""

    writes: list[Write] = field(default_factory=list)
    filled: list[RowValues] = field(default_factory=list)
    """Rows whose cells all hold something else already."""
    absent: list[RowValues] = field(default_factory=list)
    """Rows that are not there."""
    guessed: set[int] = field(default_factory=set)
    """Positions whose row may be another one of the same person, where that does not matter for what is written."""


RowSignature = tuple[str, frozenset[int]]
"""The identity of a row: its person, and a digest of its other cells."""


def match_rows(
    wanted: Sequence[RowValues],
    rows: Sequence[SheetRow],
    *,
    overwrite: bool,
    taken: Mapping[RowSignature, int] | None = None,
    whole: bool = True,
    statuses: Collection[int] = (),
) -> RowMatches:
    """Finds each wanted row among the rows of the sheet, and what to write there.

    Args:
        wanted: rows of the job.
        rows: the sheet as it is now, or a part of it.
        overwrite: whether a cell that holds something else is written over.
        taken: by appearance, the number of rows that other chunks write to or have written to.
        whole: whether these are all the rows of the tab.
        statuses: the numbers of columns in which the words of an earlier run are written over.
    """
    theirs: dict[str, Counter[frozenset[int]]] = defaultdict(Counter)
    for (key, row_context), count in (taken or {}).items():
        theirs[key][row_context] += count
    placed = RowMatches()
    for wants, there in _by_key(wanted, rows):
        for want, match in _matched(wants, there, theirs[wants[0].key], whole=whole):
            if match is None:
                placed.absent.append(want)
            elif (write := _write(want, match, overwrite=overwrite, statuses=statuses)) is None:
                placed.filled.append(want)
            else:
                placed.writes.append(write)
    return placed


def _by_key(
    wanted: Sequence[RowValues], rows: Sequence[SheetRow]
) -> Iterator[tuple[list[RowValues], Sequence[SheetRow]]]:
    there = by_identity(rows)
    for_key: dict[str, list[RowValues]] = defaultdict(list)
    for want in wanted:
        for_key[want.key].append(want)
    return ((wants, there.get(key, ())) for key, wants in for_key.items())


def _matched(
    wants: Sequence[RowValues], rows: Sequence[SheetRow], theirs: Counter[frozenset[int]], *, whole: bool
) -> list[tuple[RowValues, SheetRow | None]]:
    """Match one person's rows of the job with rows of the sheet.

    They are interchangeable: each gets the same. What matters is that none is served twice while another is left out.
    So first come those that an earlier attempt has described, with what is likest; then rows that lack the values,
    where the row was read before others; at last rows that hold them and that no other chunk has served.
    """

    def held(row: SheetRow) -> int:
        """Return how many of the values are in the row, or cannot be since their column is gone."""
        return sum(same(row.cells.get(number, value), value) for number, value in wants[0].values.items())

    if len(wants) == len(rows) == 1 and not theirs:  # nearly everybody
        # In a part of the tab, somebody else's row may hold the values, and one's own stand elsewhere.
        values, cells = wants[0].values, rows[0].cells
        is_certain = (
            whole or wants[0].changes or any(not same(cells.get(n, value), value) for n, value in values.items())
        )
        return [(wants[0], rows[0] if is_certain else None)]
    left, unplaced = _without(wants, rows, theirs, held)
    free = {row.number: row for row in left}
    contexts = {want.row_context for want in wants if want.changes} - {frozenset()}
    filled = [row for row in left if held(row) == len(wants[0].values) and row.row_context not in contexts]
    others = {row.number for row in filled[:unplaced]}  # which chunks have served them, nothing around them tells now
    found = _likest(wants, [row for row in left if row.number not in others])
    rest = [want for want in wants if want.position not in found]
    found |= _likest(rest, [row for row in left if row.number in others])
    for row in found.values():
        del free[row.number]
    by_held: dict[int, list[SheetRow]] = defaultdict(list)
    for row in free.values():
        by_held[held(row)].append(row)
    holding = by_held.pop(len(wants[0].values), []) if whole else []
    by_held.pop(len(wants[0].values), None)
    for count in sorted(by_held):
        _fill_up(wants, found, by_held[count])
    _fill_up(wants, found, holding[unplaced:])  # as many belong to other chunks, and look otherwise now
    return [(want, found.get(want.position)) for want in wants]


def _fill_up(wants: Sequence[RowValues], found: dict[int, SheetRow], rows: Sequence[SheetRow]) -> None:
    """Give free rows to wanted rows without one: first where a row has not moved, then in order."""
    free = {row.number: row for row in rows}
    for want in wants:
        if want.position not in found and want.row in free:
            found[want.position] = free.pop(want.row)
    rest = iter(sorted(free.values(), key=lambda row: row.number))
    for want in wants:
        if want.position not in found and (row := next(rest, None)) is not None:
            found[want.position] = row


@dataclass(frozen=True, slots=True)
class _Served:
    """A row that another chunk has written to, or is about to."""

    row_context: frozenset[int]


def _without(
    wants: Sequence[RowValues],
    rows: Sequence[SheetRow],
    theirs: Counter[frozenset[int]],
    held: Callable[[SheetRow], int],
) -> tuple[list[SheetRow], int]:
    """Return the rows without those of other chunks, which their other cells identify, and how many were missing.

    Of rows that look alike those that hold most of the values are taken first.
    """
    if not theirs:
        return list(rows), 0
    left, taken, mine = theirs.copy(), set[int](), set[int]()
    known: list[Contextual] = [_Served(context) for context in theirs.elements()]
    known += [want for want in wants if want.changes]
    for one, row in sure_pairs(known, rows):
        if isinstance(one, _Served):
            left[one.row_context] -= 1
            taken.add(row.number)
        else:
            mine.add(row.number)
    for row in sorted(rows, key=held, reverse=True):
        if left[row.row_context] > 0 and row.number not in taken | mine:
            left[row.row_context] -= 1
            taken.add(row.number)
    return [row for row in rows if row.number not in taken], left.total()


MAX_COMPARED = 40_000
"""Pairs of rows of one identity that are compared one by one."""


def _likest(wants: Sequence[RowValues], rows: Sequence[SheetRow]) -> dict[int, SheetRow]:
    """Return by position the row most like the described one: by its other cells, its contents, its number."""
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


def _write(want: RowValues, row: SheetRow, *, overwrite: bool, statuses: Collection[int]) -> Write | None:
    """Return the values for the row; None if every cell of it holds something else that stays."""
    # An earlier attempt may have written what this one does not know: an undo has to find that, too.
    changes = {n: change for n, change in want.changes.items() if n not in want.values and n in row.cells}
    pending: dict[int, Content] = {}
    blocked = 0
    for number, value in want.values.items():
        if number not in row.cells:
            continue  # its column was deleted
        now, earlier = row.cells[number], want.changes.get(number)
        ours = earlier is not None and same(now, earlier.after)
        if now != "" and same(now, value):
            if ours and earlier is not None:
                changes[number] = earlier
        elif now == "" or ours or (_may_replace(now, earlier) if overwrite else number in statuses and is_status(now)):
            changes[number] = CellChange(earlier.before if ours and earlier is not None else now, value)
            pending[number] = value
        else:
            blocked += 1
            if earlier is not None:  # it was sent, and perhaps stands in a wrong row: that must stay recorded
                changes[number] = earlier
    if blocked and blocked == len([number for number in want.values if number in row.cells]):
        return None
    return Write(want.position, want.key, row.number, changes, pending, row.row_context)


def _may_replace(now: Content, earlier: CellChange | None) -> bool:
    return not isinstance(now, Spilled) and not _typed_since(earlier, now)


def _typed_since(earlier: CellChange | None, now: Content) -> bool:
    """Return whether somebody has typed into a cell after the run began to write it, so that the text must stay."""
    return earlier is not None and not same(now, earlier.before) and not same(now, earlier.after)


class Contextual(Protocol):
    """A row of one identity: as it was, or as it is."""

    @property
    def row_context(self) -> frozenset[int]:
        """Return digests of the other contents typed in the row."""


A = TypeVar("A", bound=Contextual)
B = TypeVar("B", bound=Contextual)


def sure_pairs(olds: Sequence[A], rows: Sequence[B]) -> list[tuple[A, B]]:
    """Pair rows of one identity as they were with rows as they are, as far as the typed contents leave no doubt.

    Either everything typed around is the same, and in no other row; or what is typed in one of them only points from
    one row to the other, and nothing points elsewhere. A column that was deleted or filled since does not matter.
    """
    pairs = one_to_one([old.row_context for old in olds], [row.row_context for row in rows])
    rest = [at for at in range(len(olds)) if at not in pairs]
    others = [at for at in range(len(rows)) if at not in set(pairs.values())]
    places = _distinctive([olds[at].row_context for at in rest])
    votes: dict[int, set[int]] = defaultdict(set)
    backs: dict[int, set[int]] = defaultdict(set)
    for digest, there in _distinctive([rows[at].row_context for at in others]).items():
        if digest in places:
            votes[places[digest]].add(there)
            backs[there].add(places[digest])
    for old, theres in votes.items():
        if len(theres) == 1 and backs[(there := next(iter(theres)))] == {old}:
            pairs[rest[old]] = others[there]
    return [(olds[old], rows[row]) for old, row in pairs.items()]


def one_to_one(olds: Sequence[frozenset[int]], rows: Sequence[frozenset[int]]) -> dict[int, int]:
    """Return by their places the pairs of equal contexts that only one old row and only one present row have."""
    before, now = Counter(olds), Counter(rows)
    places = {context: at for at, context in enumerate(rows)}
    return {at: places[context] for at, context in enumerate(olds) if before[context] == now[context] == 1}


def _distinctive(contexts: Sequence[frozenset[int]]) -> dict[int, int]:
    """Map each digest that only one of these rows has to that row."""
    count = Counter(digest for context in contexts for digest in context)
    return {digest: at for at, context in enumerate(contexts) for digest in context if count[digest] == 1}
