"""Find cells that a write hit because rows moved under it, and their former contents; no I/O.

People sort between a read and a write. Values that were meant for one row then stand in another one for a moment. The
rows as they were, and the record of what was sent to whom, tell which cells those are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from functions.sheets.cells import Cells, Content, Formula, SheetRow, Write, by_identity, exact, is_nobody, same
from functions.sheets.row_matching import sure_pairs
from functions.sheets.row_pairing import Who, differences, paired


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
    """Cells of a row that hold values meant for another row, with the contents that they shall get back."""

    row: SheetRow
    """As it was hit."""
    cells: Cells
    overwritten: frozenset[int] = frozenset()
    """Of the cells, those that get their row's own value instead, and so need no former content."""

    @property
    def sent(self) -> Cells:
        """The contents that are given back."""
        return {number: content for number, content in self.cells.items() if number not in self.overwritten}


def unseen(
    writes: Sequence[Write], before: Sequence[SheetRow], rows: Sequence[SheetRow], repairs: Sequence[Repair] = ()
) -> list[Write]:
    """Return the writes that are not seen beside their own URL once they were sent.

    If nothing typed in a row tells it from others of its person, the rows with the same contents are counted:
    there must be as many as before, plus one for each write.

    Args:
        writes: what was sent.
        before: every row of the tab as it was read before; where it is repaired, as it shall be.
        rows: every row of the tab as it is now.
        repairs: those that are among the writes.
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
    sure = {old.number: row for old, row in _typed_in_since(contexts, before, rows)}
    strays = {repair.row.number: look(repair.row) for repair in repairs if repair.sent}
    missing = []
    for write in writes:
        row = meant.get(write.number)
        the_row = [row for row in there.get(write.key, ()) if row.row_context == write.row_context]
        if len(the_row) == contexts[write.key, write.row_context] == 1:  # typed in it alone, so it is this one
            seen = _holds(the_row[0], write.pending)
        elif not the_row and write.number in sure:  # somebody typed there since
            seen = _holds(sure[write.number], write.pending)
        else:
            seen = row is not None and shown[look(row)] >= wanted[look(row)]
            if seen and write.number in strays:  # perhaps a row was inserted that looks like the one as repaired
                seen = shown[strays[write.number]] <= wanted[strays[write.number]]
        if not seen:
            missing.append(write)
    return missing


def _typed_in_since(
    whom: Collection[Who], before: Sequence[SheetRow], rows: Sequence[SheetRow]
) -> list[tuple[SheetRow, SheetRow]]:
    """Return rows of the people of these rows as they were and are, if one of these looks different now.

    Only those of which what is typed around leaves no doubt.
    """
    there = {(row.identity, row.row_context) for row in rows}
    people = {who[0] for who in whom if who not in there}
    olds, now = (by_identity([row for row in some if row.identity in people]) for some in (before, rows))
    return [pair for name in olds for pair in sure_pairs(olds[name], now.get(name, ()))]


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


def sent_by(writes: Sequence[Write], *, by_column: bool = False) -> list[Sent]:
    """Return what these writes send, for each row what goes there in one call.

    Formulas are sent in a separate call, so rows may move between a row's values and its formulas. The same is true of
    each column once a column has refused its values.
    """
    cells: dict[_Part, dict[int, Content]] = defaultdict(dict)
    over: dict[_Part, dict[int, Content]] = defaultdict(dict)
    for write in writes:
        for number, content in write.pending.items():
            call = number if by_column else -1
            part = write.number, write.key, write.row_context, isinstance(content, Formula), call
            cells[part][number] = content
            if number in write.changes:
                over[part][number] = write.changes[number].before
    return [Sent(part[1], part[2], sent, over[part]) for part, sent in cells.items()]


_Part = tuple[int, str, frozenset[int], bool, int]
"""A row, and a call."""


def misplaced(
    believed: Sequence[SheetRow],
    rows: Sequence[SheetRow],
    sent: Sequence[Sent],
    strays: Sequence[Sent],
    planned: Sequence[Repair] = (),
    *,
    whole_rows: bool = False,
    undoing: bool = False,
) -> list[Repair]:
    """Finds cells that a write hit because rows moved under it.

    Args:
        believed: what rows held before anything was sent.
        rows: the sheet as it is now.
        sent: all that was written, for whom.
        strays: of it, what was sent while rows moved. Also of what is seen beside its own URL, some may have got there
            by chance, as an empty cell does, and have hit another row.
        planned: what was to be repaired already, and may not have come to where its row was; number 0: by an earlier
            attempt.
        whole_rows: whether all rows were read with their contexts.
        undoing: whether the values are former contents. A row whose URL was edited since keeps those that it got.
    """
    hits: dict[Who, list[Cells]] = defaultdict(list)
    for fix in planned:
        hits[fix.row.identity, fix.row.row_context].append({number: fix.row.cells[number] for number in fix.cells})
    stray = _Strays(strays, rows, whole_rows=whole_rows)
    own, theirs = _Own(sent, rows, believed), _Theirs(believed)
    repairs = []
    planned_rows = {fix.row.number: fix.row for fix in planned if fix.row.number}
    for row, base in paired(believed, rows, own.by_row, planned_rows, whole_rows=whole_rows):
        held = base.cells if base else {}
        changed = differences(row.cells, held)
        differing = [
            number
            for number in changed
            if not own.got(row, number, held if base else None) and not (base is None and theirs.held(row, number))
        ]
        if undoing and base is not None:
            differing = [number for number in differing if not own.got_before(base, row, number)]
        hit = stray.hits(row, differing, changed if base else None)
        looks = {(it.identity, it.row_context) for it in (row, base) if it}  # somebody may have typed around it since
        for known in (known for look in looks for known in hits.get(look, ())):
            hit |= {number for number in differing if number in known and same(known[number], row.cells[number])}
        if hit:
            repairs.append(Repair(row, {number: held.get(number, "") for number in sorted(hit)}))
    return repairs


def giving_way(repairs: Sequence[Repair], writes: Sequence[Write]) -> list[Repair]:
    """Return the repairs without sending what these writes overwrite: cells that get their row's own value."""
    pending = {write.number: write.pending.keys() for write in writes}
    return [Repair(it.row, it.cells, frozenset(it.cells.keys() & pending.get(it.row.number, ()))) for it in repairs]


def as_writes(repairs: Sequence[Repair]) -> list[Write]:
    """Return repairs as writes, to be sent and confirmed like others."""
    return [
        Write(-1, repair.row.identity, repair.row.number, {}, sent, repair.row.row_context)
        for repair in repairs
        if (sent := repair.sent)
    ]


def with_repairs(believed: Sequence[SheetRow], repairs: Sequence[Repair]) -> list[SheetRow]:
    """Return remembered rows as repairs would have left them that an earlier attempt began; a row may be new."""
    rows = list(believed)
    for repair in repairs:
        who = repair.row.identity, repair.row.row_context
        at = next((at for at, row in enumerate(rows) if (row.identity, row.row_context) == who), len(rows))
        held = rows[at].cells if at < len(rows) else {}
        rows[at : at + 1] = [replace(repair.row, cells={**held, **repair.cells})]
    return rows


def as_repaired(rows: Sequence[SheetRow], repairs: Sequence[Repair]) -> list[SheetRow]:
    """Return the rows as they are once the repairs are done."""
    cells = {repair.row.number: repair.cells for repair in repairs}
    return [replace(row, cells={**row.cells, **cells[row.number]}) if row.number in cells else row for row in rows]


class _Own:
    """Values meant for a row: sent to it, or to another row of its person that looks different now."""

    def __init__(self, sent: Sequence[Sent], rows: Sequence[SheetRow], believed: Sequence[SheetRow]) -> None:
        there = {(row.identity, row.row_context) for row in rows}
        whom = {(item.identity, item.row_context) for item in sent}
        now = {
            (old.identity, old.row_context): (row.identity, row.row_context)
            for old, row in _typed_in_since(whom, believed, rows)
        }
        self.by_row: dict[Who, list[Cells]] = defaultdict(list)
        self._sent: dict[Who | str, dict[tuple[int, object], list[Content | None]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for item in sent:
            who = item.identity, item.row_context
            self.by_row[who].append(item.cells)
            for number, content in item.cells.items():
                over = item.over.get(number)
                row = who if who in there else now.get(who, item.identity)
                self._sent[row][number, exact(content)].append(over)

    def got(self, row: SheetRow, number: int, held: Cells | None) -> bool:
        """Return whether what a cell holds was meant for it; of rows that look alike, for one that held the same."""
        who = row.identity, row.row_context
        sent = self._sent.get(who if who in self.by_row or who in self._sent else row.identity, {})
        overs = sent.get((number, exact(row.cells[number])), ())
        return any(over is None or held is None or same(over, held.get(number, "")) for over in overs)

    def got_before(self, base: SheetRow, row: SheetRow, number: int) -> bool:
        """Return whether what a cell holds was meant for the row as it was before somebody edited its URL."""
        sent = self.by_row.get((base.identity, base.row_context), ())
        return base.identity != row.identity and any(
            number in cells and same(cells[number], row.cells[number]) for cells in sent
        )


class _Theirs:
    """Contents of people's rows as they were; beside its person, none of these is a stray."""

    def __init__(self, believed: Sequence[SheetRow]) -> None:
        self._rows, self._held = believed, set[tuple[str, int, object]]()

    def held(self, row: SheetRow, number: int) -> bool:
        """Return whether any row of the same person held what a cell holds."""
        if not self._held:
            self._held = {
                (old.identity, n, exact(cell)) for old in self._rows for n, cell in old.cells.items() if cell != ""
            }
        return not is_nobody(row) and (row.identity, number, exact(row.cells[number])) in self._held


class _Strays:
    """Values that were sent while rows moved and may have hit other rows; those of one call for a row hit one row."""

    def __init__(self, sent: Sequence[Sent], rows: Sequence[SheetRow], *, whole_rows: bool) -> None:
        there = {row.identity for row in rows}
        contexts = frozenset[int]().union(*(row.row_context for row in rows))
        self._bringing: dict[tuple[int, object], dict[object, tuple[Cells, bool]]] = defaultdict(dict)
        for item in sent:
            # What was given back, and to whom nobody knows now: where it stands may be that row, with another URL.
            is_gone = whole_rows and bool(item.row_context) and not item.row_context & contexts
            is_strange = is_gone or item.identity in there or item.over.keys() >= item.cells.keys()
            look = tuple(sorted((number, exact(cell)) for number, cell in item.cells.items()))
            for number, cell in item.cells.items():
                self._bringing[number, exact(cell)][look, is_strange] = item.cells, is_strange

    def hits(self, row: SheetRow, differing: Sequence[int], changed: Collection[int] | None) -> set[int]:
        """Return which cells of a row were hit by one of these, or by several.

        Args:
            row: as it is now.
            differing: cells that differ from what their row held, and were not meant to.
            changed: those that differ from that at all; None where it is not known what the row held.
        """
        hit: set[int] = set()
        brought = [(number, self._bringing.get((number, exact(row.cells[number])), {})) for number in differing]
        for number, looks in sorted(brought, key=lambda one: len(one[1])):  # the rarest value tells the most
            if number not in hit:
                for cells, is_strange in looks.values():
                    if is_strange or changed is not None:
                        hit |= _hit_by(row, cells, changed) & set(differing)
        return hit


def _hit_by(row: SheetRow, cells: Cells, changed: Collection[int] | None) -> set[int]:
    """Return the cells that hold the sent values, if all of these are here.

    Somebody may have deleted a column since, or typed over what came, or the row's own formulas came in a later call.
    Then the cell differs from what it held, which has to be known; else one such cell of three is taken for that.
    """
    there = [number for number in cells if number in row.cells]
    holding = {number for number in there if same(row.cells[number], cells[number])}
    others = [number for number in there if number not in holding]
    is_explained = len(others) == 1 and len(there) > 2 if changed is None else set(others) <= set(changed)
    return holding if is_explained or not others else set()


def _holds(row: SheetRow, cells: Cells) -> bool:
    there = [row.cells.get(number, value) for number, value in cells.items()]
    return all(map(same, there, cells.values()))  # asked of every row: a generator would be half the work
