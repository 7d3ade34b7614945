"""Pair rows as they were with rows as they are: by their person, then by their other contents; pure.

Rows of one identity are told apart by what is typed in them, by the rows above and below, and by what their cells hold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from functions.sheets.cells import Cells, SheetRow, by_identity, exact, is_nobody, same, shows_something
from functions.sheets.row_matching import MAX_COMPARED, one_to_one, sure_pairs

Who = tuple[str, frozenset[int]]
"""Identity and context of a row."""


def paired(
    believed: Sequence[SheetRow],
    rows: Sequence[SheetRow],
    sent: Mapping[Who, Sequence[Cells]],
    hit: Mapping[int, SheetRow] | None = None,
    *,
    whole_rows: bool = False,
) -> list[tuple[SheetRow, SheetRow | None]]:
    """Return each present row with its former self: matched by person, then by other contents.

    Args:
        believed: rows as they were; where they were to be repaired, as they should be.
        rows: as they are now.
        sent: what was written to whom since.
        hit: rows that were to be repaired, as they were before that, by their number.
        whole_rows: whether all rows were read with their contexts, so that nothing else stands in a row without one.
    """
    renamed, beside = _renamed(believed, rows), _Neighbours(believed, rows)
    pairs: list[tuple[SheetRow, SheetRow | None]] = [(row, old) for old, row in renamed]
    taken = {id(one) for pair in renamed for one in pair}
    olds = by_identity([old for old in believed if id(old) not in taken])
    without: list[SheetRow] = []
    for name, group in by_identity([row for row in rows if id(row) not in taken]).items():
        before = olds.pop(name, [])
        if len(before) == len(group) == 1 and not _contradict(before[0], group[0], whole_rows=whole_rows):
            pairs.append((group[0], before[0]))
            continue
        found, open_rows, rest = _told_apart(before, group, beside, sent, hit or {}, whole_rows=whole_rows)
        pairs += found
        without += open_rows
        olds[name] = rest
    # Somebody has edited their URL, or they are new, or it is not known what they were. Whose URL is gone stood among
    # the same, or in the same place, which alone is no evidence: rows move.
    gone = [old for rest in olds.values() for old in rest]
    known = {id(row): old for old, row in sure_pairs(_with_context(gone), _with_context(without))}
    taken = {id(old) for old in known.values()}
    places = {old.number: old for old in gone if old.number and id(old) not in taken}
    for row in without:
        old = places.get(row.number)
        is_another = whole_rows and old is not None and bool(old.row_context) and not row.row_context
        if old is not None and not is_another and _agree(old, row, sent):
            known.setdefault(id(row), old)
    return pairs + [(row, known.get(id(row))) for row in without]


def _renamed(believed: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow]]:
    """Pair rows whose URL was edited: all that was typed around one that is gone stands around one that has come.

    Unless something that is typed there was in a former row of the same identity: then it may be that one.
    """
    before, now = ({(row.identity, row.row_context) for row in some} for some in (believed, rows))
    gone = [old for old in _with_context(believed) if (old.identity, old.row_context) not in now]
    come = [row for row in _with_context(rows) if (row.identity, row.row_context) not in before]
    if not gone or not come:
        return []
    digests: dict[str, set[int]] = defaultdict(set)
    for old in gone:
        digests[old.identity] |= old.row_context
    pairs = one_to_one([old.row_context for old in gone], [row.row_context for row in come])
    return [(gone[at], come[to]) for at, to in pairs.items() if not come[to].row_context & digests[come[to].identity]]


def _with_context(rows: Sequence[SheetRow]) -> list[SheetRow]:
    return [row for row in rows if row.row_context]


def _agree(old: SheetRow, row: SheetRow, sent: Mapping[Who, Sequence[Cells]]) -> bool:
    """Return whether anything that stands in one row stands in the other as well, or was sent there since."""
    there = {number: cell for number, cell in row.cells.items() if cell != ""}
    held = (old.cells, *sent.get((old.identity, old.row_context), ()))
    return bool(old.row_context & row.row_context) or any(
        number in cells and same(cell, cells[number]) for cells in held for number, cell in there.items()
    )


def _may_be(old: SheetRow, row: SheetRow, sent: Mapping[Who, Sequence[Cells]]) -> bool:
    """Return whether a row may be this one, if nothing but the lack of other candidates says so.

    Who was seen right before is one of those that are there now. Who is remembered (number 0) may be gone by now, and
    another row without a profile be new; a profile tells that they are of the same person at least. A row in which
    something was typed is not an empty one: that was inserted, or stands below the last row.
    """
    is_empty = bool(old.row_context) and not row.row_context
    return not is_nobody(old) or (old.number > 0 and not is_empty) or _agree(old, row, sent)


def _contradict(old: SheetRow, row: SheetRow, *, whole_rows: bool) -> bool:
    """Return whether a row without a profile is another one than the one that is there.

    So is one that is remembered if something else is typed there, and one in which something was typed if nothing is.
    """
    if not is_nobody(old) or not old.row_context:
        return False
    if not row.row_context:
        return whole_rows
    return not old.number and not old.row_context & row.row_context


def _told_apart(
    before: Sequence[SheetRow],
    now: Sequence[SheetRow],
    beside: _Neighbours,
    sent: Mapping[Who, Sequence[Cells]],
    hit: Mapping[int, SheetRow],
    *,
    whole_rows: bool,
) -> tuple[list[tuple[SheetRow, SheetRow | None]], list[SheetRow], list[SheetRow]]:
    """Return the pairs among rows of one identity, and the rows that cannot be paired.

    They are alike in all, or known by what is typed in them, or by the rows above and below. Where as many are left as
    there were, they are interchangeable: nothing is typed in one that is not in the others.
    """
    pairs: list[tuple[SheetRow, SheetRow | None]] = []
    inserted = _inserted(before, now, hit)
    open_rows, rest = [row for row in now if row not in inserted], sorted(before, key=lambda old: old.number)

    def likeliest(olds: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow]]:
        return _likeliest(olds, rows, sent)

    def likeliest_that_hold(olds: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow]]:
        """Pair those in which nothing is typed around: of more rows than before, those that show nothing are new."""
        if not whole_rows or not is_nobody(now[0]):
            return []
        holding = [row for row in rows if not row.row_context and shows_something(row)]
        return _likeliest([old for old in olds if not old.row_context], holding, sent)

    # Where more rows look so than before, some of them have been hit, and it is not known which: emptied ones look like
    # those that were empty.
    surely = sure_pairs if whole_rows else _surely_in_a_large_tab
    for find in (_alike, surely, beside.pairs, partial(_alike, more=True), likeliest, likeliest_that_hold):
        found = [(old, row) for old, row in find(rest, open_rows) if _may_be(old, row, sent)]
        pairs += [(row, old) for old, row in found]
        done = {id(one) for pair in found for one in pair}
        open_rows = [row for row in open_rows if id(row) not in done]
        rest = [old for old in rest if id(old) not in done]
    return pairs, open_rows + inserted, rest


def _surely_in_a_large_tab(olds: Sequence[SheetRow], rows: Sequence[SheetRow]) -> list[tuple[SheetRow, SheetRow]]:
    """Pair rows by what is typed around; what was the only row of its identity then by what it shows, if one does.

    What stood around that one was not read. It has been read since there are several, so it looks different. If it
    showed something, and looks like none of them now, it is the only one that is no blank row.
    """
    pairs = sure_pairs(_with_context(olds), _with_context(rows))
    taken = {id(row) for _, row in pairs}
    if len(olds) == 1 and not olds[0].row_context:
        left = [row for row in rows if id(row) not in taken]
        alike = [row for row in left if _shown(row) == _shown(olds[0])]
        if not alike and shows_something(olds[0]):
            alike = [row for row in left if row.row_context or shows_something(row)]
        pairs += [(olds[0], row) for row in alike if len(alike) == 1]
    return pairs


def _inserted(before: Sequence[SheetRow], now: Sequence[SheetRow], hit: Mapping[int, SheetRow]) -> list[SheetRow]:
    """Return the empty rows that are new and have got a repair that was meant for another row, still as it was.

    Of the only row without an address in a large tab the rest is not read, so it looks as the inserted one does now.
    """
    if len(now) <= len(before) or not is_nobody(now[0]) or any(old.row_context for old in before):
        return []
    inserted = [row for row in now if not row.row_context]
    others = Counter(_shown(row) for row in now if row.row_context)
    missed = Counter(_shown(hit[old.number]) for old in before if old.number in hit)
    return inserted if missed and missed <= others and others.total() == len(before) else []


def _shown(row: SheetRow) -> object:
    return frozenset((number, exact(content)) for number, content in row.cells.items())


def _alike(
    olds: Sequence[SheetRow], rows: Sequence[SheetRow], *, more: bool = False
) -> list[tuple[SheetRow, SheetRow]]:
    """Pairs rows that are alike in all; those of which there are more now only if that is asked for."""
    there: dict[object, list[SheetRow]] = defaultdict(list)
    for old in reversed(olds):
        there[_look(old)].append(old)
    looks = [_look(row) for row in rows]
    count = Counter(looks)
    known = {look for look in count if more or count[look] <= len(there[look])}
    return [(there[look].pop(), row) for look, row in zip(looks, rows, strict=True) if look in known and there[look]]


def _likeliest(
    olds: Sequence[SheetRow], rows: Sequence[SheetRow], sent: Mapping[Who, Sequence[Cells]]
) -> list[tuple[SheetRow, SheetRow]]:
    """Pair rows by the text typed beside the cells and by cells that were not hit; in order if nothing tells."""
    if len(olds) != len(rows) or len(olds) * len(rows) > MAX_COMPARED:
        return []
    scored = [
        (-len(old.row_context & row.row_context), len(differences(row.cells, old.cells)), abs(at - to), at, to)
        for at, old in enumerate(olds)
        for to, row in enumerate(rows)
        if _may_be(old, row, sent)
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
        found += self._beside_blank_ones(olds, rows, places)
        for side in (0, 1):
            done = {id(one) for pair in found for one in pair}
            there = {places[id(row)][side]: row for row in rows if id(row) not in done}
            for old in olds:
                place = places[id(old)][side] if id(old) in places else None
                if place is not None and id(old) not in done and place in there:
                    found.append((old, there.pop(place)))
        return found

    @staticmethod
    def _beside_blank_ones(
        olds: Sequence[SheetRow], rows: Sequence[SheetRow], places: Mapping[int, tuple[object, object]]
    ) -> Iterator[tuple[SheetRow, SheetRow]]:
        """Yield rows without an address that showed something, each with the one of two in its place that does.

        The other one is a blank row that was inserted right above or below.
        """
        there = [{place: row for row in rows if (place := places[id(row)][side]) is not None} for side in (0, 1)]
        taken = set[int]()
        for old in olds:
            if is_nobody(old) and shows_something(old) and id(old) in places:
                near = [here.get(place) for here, place in zip(there, places[id(old)], strict=True)]
                holding = [row for row in near if row is not None and shows_something(row)]
                if None not in near and len(holding) == 1 and id(holding[0]) not in taken:
                    taken.add(id(holding[0]))
                    yield old, holding[0]

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
    return row.row_context, _shown(row)


def differences(cells: Cells, base: Cells) -> list[int]:
    """Return the numbers of the cells that differ from a base."""
    return [number for number, content in cells.items() if not same(content, base.get(number, ""))]
