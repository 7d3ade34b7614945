"""Decide which cells a write hit because rows moved under it, and what they shall hold again; no I/O.

People sort between a read and a write. What was meant for one row then stands in another one for a moment: the rows as
they were, and what was sent to whom, tell which cells those are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from functions.sheets.cells import Cells, Content, SheetRow, Write, by_identity, exact, same
from functions.sheets.row_matching import MAX_COMPARED, sure_pairs


@dataclass(frozen=True, slots=True)
class Sent:
    """Values that were written, and the row that they were for."""

    identity: str
    row_context: frozenset[int]
    cells: Cells
    over: Cells = field(default_factory=dict)
    """What that row held, as far as it was known."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Cells that hold what was meant for somebody else, and what they shall hold again."""

    row: SheetRow
    cells: Cells


def unverified(writes: Sequence[Write], rows: Sequence[SheetRow]) -> list[Write]:
    """Return the writes of an earlier attempt that are not seen beside their own URL in the rows as they are now."""
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


def unseen(writes: Sequence[Write], before: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[Write]:
    """Return the writes that are not seen beside their own URL once they were sent.

    Where nothing that is typed in a row tells it from others of its person, those that hold the same are counted: as
    many as looked so before, and one for each write.

    Args:
        writes: what was sent.
        before: every row of the tab as it was read before.
        rows: every row of the tab as it is now.
    """
    cells: dict[int, dict[int, Content]] = defaultdict(dict)
    for write in writes:
        cells[write.number].update(write.pending)
    meant = {
        row.number: replace(row, cells={**row.cells, **cells[row.number]}) for row in before if row.number in cells
    }
    columns = frozenset(rows[0].cells) if rows else frozenset()

    def look(row: SheetRow) -> object:
        return row.identity, frozenset((n, exact(cell)) for n, cell in row.cells.items() if n in columns)

    keys = {write.key for write in writes}
    wanted = Counter(look(meant.get(row.number, row)) for row in before if row.identity in keys)
    there = by_identity([row for row in rows if row.identity in keys])
    shown = Counter(look(row) for group in there.values() for row in group)
    contexts = Counter((row.identity, row.row_context) for row in before if row.identity in keys)
    missing = []
    for write in writes:
        row = meant.get(write.number)
        the_row = [row for row in there.get(write.key, ()) if row.row_context == write.row_context]
        if len(the_row) == contexts[write.key, write.row_context] == 1:  # typed in it alone, so it is this one
            seen = _holds(the_row[0], write.pending)
        else:
            seen = row is not None and shown[look(row)] >= wanted[look(row)]
        if not seen:
            missing.append(write)
    return missing


def unseen_nearby(writes: Sequence[Write], rows: Sequence[SheetRow], several: Collection[str]) -> list[Write]:
    """Return the writes that are not seen beside their own URL in a part of the tab.

    Args:
        writes: what was sent.
        rows: some rows of the tab as they are now.
        several: people who stand in several rows: where nothing else tells a row of theirs from the others, it may
            have moved away and another one come here.
    """
    there: dict[Who, list[SheetRow]] = defaultdict(list)
    for row in rows:
        there[row.identity, row.row_context].append(row)
    missing = []
    for write in writes:
        the_row = there[write.key, write.row_context]
        known = len(the_row) == 1 and (bool(write.row_context) or write.key not in several)
        if write.pending and not (known and _holds(the_row[0], write.pending)):
            missing.append(write)
    return missing


def sent_by(writes: Sequence[Write]) -> list[Sent]:
    """Return what these writes send, joined for each row."""
    cells: dict[tuple[int, str, frozenset[int]], dict[int, Content]] = defaultdict(dict)
    over: dict[tuple[int, str, frozenset[int]], dict[int, Content]] = defaultdict(dict)
    for write in writes:
        if write.pending:
            to = write.number, write.key, write.row_context
            cells[to].update(write.pending)
            over[to].update({n: change.before for n, change in write.changes.items() if n in write.pending})
    return [
        Sent(identity, context, sent, over[at, identity, context]) for (at, identity, context), sent in cells.items()
    ]


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
    hits: dict[Who, list[Cells]] = defaultdict(list)
    for fix in planned:
        hits[fix.row.identity, fix.row.row_context].append({number: fix.row.cells[number] for number in fix.cells})
    shapes = _by_shape(strays)
    own = _Own(sent, rows)
    repairs = []
    for row, base in paired(believed, rows):
        held = base.cells if base else {}
        differing = [
            number for number in _differences(row.cells, held) if not own.got(row, number, held if base else None)
        ]
        hit = _explained(row, differing, shapes) if differing else set()
        for known in hits.get((row.identity, row.row_context), ()):
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


Who = tuple[str, frozenset[int]]


class _Own:
    """What was meant for a row: sent to it, or to another row of its person that looks different now."""

    def __init__(self, sent: Sequence[Sent], rows: Sequence[SheetRow]) -> None:
        there = {(row.identity, row.row_context) for row in rows}
        self._sent: dict[Who | str, dict[tuple[int, object], list[Content | None]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for item in sent:
            who = item.identity, item.row_context
            for number, content in item.cells.items():
                over = item.over.get(number)
                self._sent[who if who in there else item.identity][number, exact(content)].append(over)

    def got(self, row: SheetRow, number: int, held: Cells | None) -> bool:
        """Return whether what a cell holds was meant for it; of rows that look alike, for one that held the same."""
        item = number, exact(row.cells[number])
        overs = [
            over
            for who in ((row.identity, row.row_context), row.identity)
            for over in self._sent.get(who, {}).get(item, ())
        ]
        return any(over is None or held is None or same(over, held.get(number, "")) for over in overs)


Shapes = Mapping[tuple[int, ...], set[tuple[object, ...]]]
"""Numbers of fields → values in them."""


def _by_shape(strays: Sequence[Sent]) -> Shapes:
    """A write hits one row as a whole; somebody may have typed over one of its cells since."""
    shapes: dict[tuple[int, ...], set[tuple[object, ...]]] = defaultdict(set)
    for item in strays:
        numbers = tuple(sorted(item.cells))
        for shape in (numbers, *(combinations(numbers, len(numbers) - 1) if len(numbers) > 2 else ())):
            shapes[shape].add(tuple(exact(item.cells[number]) for number in shape))
    return shapes


def _explained(row: SheetRow, differing: Sequence[int], shapes: Shapes) -> set[int]:
    """Return the differing cells that hold what one write, or several, brought for another row."""
    hit: set[int] = set()
    for shape, meant in shapes.items():
        there = [number for number in shape if number in row.cells]
        if len(there) < len(shape):  # a column was deleted since
            found = any(
                all(
                    exact(row.cells[number]) == value
                    for number, value in zip(shape, values, strict=True)
                    if number in row.cells
                )
                for values in meant
            )
        else:
            found = tuple(exact(row.cells[number]) for number in shape) in meant
        if found:
            hit.update(number for number in differing if number in there)
    return hit


def paired(believed: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow | None]]:
    """Each row as it is now, with what it was: by who stands in it, then by what else does."""
    olds, beside = by_identity(believed), _Neighbours(believed, rows)
    pairs: list[tuple[SheetRow, SheetRow | None]] = []
    without: list[SheetRow] = []
    for name, group in by_identity(rows).items():
        before = olds.pop(name, [])
        if len(before) == len(group) == 1:
            pairs.append((group[0], before[0]))
            continue
        found, open_rows, rest = _told_apart(before, group, beside)
        pairs += found
        without += open_rows
        olds[name] = rest
    # Somebody has edited their URL, or they are new. Whose URL is gone stood in the same row, or among the same.
    gone = [old for rest in olds.values() for old in rest]
    known = {id(row): old for old, row in sure_pairs(gone, without)}
    taken = {id(old) for old in known.values()}
    places = {old.number: old for old in gone if old.number and id(old) not in taken}
    return pairs + [(row, known.get(id(row)) or places.get(row.number)) for row in without]


def _told_apart(
    before: Sequence[SheetRow], now: Sequence[SheetRow], beside: _Neighbours
) -> tuple[list[tuple[SheetRow, SheetRow | None]], list[SheetRow], list[SheetRow]]:
    """Rows of one identity in pairs; and those of which it cannot be said what they were, or are.

    They are alike in all, or known by what is typed in them, or by the rows above and below. Where as many are left as
    there were, they are interchangeable: nothing is typed in one that is not in the others.
    """
    there: dict[object, list[SheetRow]] = defaultdict(list)
    for old in reversed(before):
        there[_look(old)].append(old)
    pairs: list[tuple[SheetRow, SheetRow | None]] = []
    open_rows: list[SheetRow] = []
    for row in now:
        if alike := there[_look(row)]:
            pairs.append((row, alike.pop()))
        else:
            open_rows.append(row)
    rest = sorted((old for olds in there.values() for old in olds), key=lambda old: old.number)
    for find in (sure_pairs, beside.pairs, _likeliest):
        found = find(rest, open_rows)
        pairs += [(row, old) for old, row in found]
        done = {id(one) for pair in found for one in pair}
        open_rows = [row for row in open_rows if id(row) not in done]
        rest = [old for old in rest if id(old) not in done]
    return pairs, open_rows, rest


def _likeliest(olds: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow]]:
    """Pairs by what is typed around and by the cells that were not hit; the same order where nothing tells."""
    if len(olds) != len(rows) or len(olds) * len(rows) > MAX_COMPARED:
        return []
    scored = [
        (-len(old.row_context & row.row_context), len(_differences(row.cells, old.cells)), abs(at - to), at, to)
        for at, old in enumerate(olds)
        for to, row in enumerate(rows)
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for *_, at, to in sorted(scored):
        if at not in pairs and to not in taken:
            pairs[at] = to
            taken.add(to)
    return [(olds[at], rows[to]) for at, to in pairs.items()]


class _Neighbours:
    """Rows as they were and are, known by the nearest row above or below that is like no other, and the distance."""

    def __init__(self, before: Sequence[SheetRow], now: Sequence[SheetRow]) -> None:
        self._before, self._now = [
            sorted((row for row in rows if row.number), key=lambda row: row.number) for rows in (before, now)
        ]
        count = Counter((row.identity, row.row_context) for row in self._before)
        again = Counter((row.identity, row.row_context) for row in self._now)
        self._marks = {who for who, times in count.items() if times == again[who] == 1}
        self._places: dict[int, tuple[object, object]] | None = None

    def pairs(self, olds: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow]]:
        """Pairs rows of one identity that stand in the same place, by what is above them or by what is below."""
        found: list[tuple[SheetRow, SheetRow]] = []
        if not olds or not rows:
            return found
        places = self._all_places()
        for side in (0, 1):
            done = {id(one) for pair in found for one in pair}
            there = {places[id(row)][side]: row for row in rows if id(row) not in done}
            for old in olds:
                place = places[id(old)][side] if id(old) in places else None
                if place is not None and id(old) not in done and place in there:
                    found.append((old, there.pop(place)))
        return found

    def _all_places(self) -> dict[int, tuple[object, object]]:
        if self._places is None:
            self._places = {}
            for rows in (self._before, self._now):
                above, below = self._along(rows), self._along(rows[::-1])
                self._places |= {id(row): (above[id(row)], below[id(row)]) for row in rows}
        return self._places

    def _along(self, rows: Sequence[SheetRow]) -> dict[int, object]:
        places: dict[int, object] = {}
        mark: tuple[object, int] | None = None
        for row in rows:
            places[id(row)] = None if mark is None else (mark[0], abs(row.number - mark[1]))
            if (row.identity, row.row_context) in self._marks:
                mark = (row.identity, row.row_context), row.number
        return places


def without(olds: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[SheetRow]:
    """Return the rows of one identity as they were that are none of these for certain."""
    looks = Counter(_look(row) for row in rows)
    rest = []
    for old in olds:
        if looks[_look(old)] > 0:
            looks[_look(old)] -= 1
        else:
            rest.append(old)
    sure = {id(old) for old, _ in sure_pairs(rest, rows)}
    return [old for old in rest if id(old) not in sure]


def _look(row: SheetRow) -> object:
    return row.row_context, frozenset((number, exact(content)) for number, content in row.cells.items())


def _differences(cells: Cells, base: Cells) -> list[int]:
    return [number for number, content in cells.items() if not same(content, base.get(number, ""))]


def _holds(row: SheetRow, cells: Cells) -> bool:
    return all(same(row.cells.get(number, value), value) for number, value in cells.items())
