"""Match the rows that a run wrote into with the sheet as it is now: cells to restore, and cells to leave alone; pure.

A cell that still holds the run's value gets its earlier content back, wherever its row has gone. If a person stands in
several rows, that has to be certain: because of text that is typed in only one of them, or because all of them held the
same. Uncertain cells are left as they are, and the undo says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from functions.sheets.cells import Cells, Content, SheetRow, Write, by_identity, exact, same
from functions.sheets.row_matching import MAX_COMPARED, RowMatches, RowValues, sure_pairs


@dataclass(slots=True)
class LeftAlone:
    """Cells that an undo leaves as they are: by position, the row's number and how many of its cells."""

    changed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Somebody has changed them since."""
    ambiguous: dict[int, tuple[int, int]] = field(default_factory=dict)
    """They may be those of another row of the same person."""


def match_undo(
    wanted: Sequence[RowValues],
    rows: Sequence[SheetRow],
    kept: Sequence[SheetRow] = (),
    done: Collection[int] = (),
    *,
    whole_rows: bool = True,
) -> tuple[RowMatches, LeftAlone]:
    """Finds each row that the run wrote into, and which of its cells are to be given back.

    Args:
        wanted: with changes from what the run put there to what shall stand there again; all of a person's.
        rows: the sheet as it is now; every row of these people.
        kept: rows of these people as they were before the run.
        done: positions of those that were given back already; they are placed so that no other takes their row.
        whole_rows: whether all rows were read with their contexts also in the run, so that nothing was typed in a row
            without one.
    """
    placed, left = RowMatches(), LeftAlone()
    there, before = by_identity(rows), by_identity(kept)
    wants_of: dict[str, list[RowValues]] = defaultdict(list)
    for want in wanted:
        wants_of[want.key].append(want)
    around: dict[frozenset[int], list[SheetRow]] = defaultdict(list)
    for row in rows if whole_rows else ():
        around[row.row_context].append(row)
    for key, wants in wants_of.items():
        theirs = there.get(key, ())
        renamed = {want.position for want in wants if want.position not in done and _is_renamed(want, theirs, around)}
        placed.absent += [want for want in wants if want.position in renamed]
        left_over = [want for want in wants if want.position not in renamed]
        _match_person(left_over, theirs, before.get(key, ()), done, (placed, left), whole_rows=whole_rows)
    return placed, left


def _is_renamed(want: RowValues, rows: Sequence[SheetRow], around: Mapping[frozenset[int], Sequence[SheetRow]]) -> bool:
    """Return whether somebody has edited the URL of a row: what is typed around, and what the run wrote, is elsewhere.

    Args:
        want: as the run wrote into it.
        rows: of its person now: they may have got this URL since.
        around: all rows, by what is typed around.
    """
    if not want.row_context or any(want.row_context & row.row_context or _still_there(want, row) for row in rows):
        return False
    return any(_still_there(want, row) for row in around.get(want.row_context, ()))


def _match_person(
    wants: Sequence[RowValues],
    rows: Sequence[SheetRow],
    kept: Sequence[SheetRow],
    done: Collection[int],
    into: tuple[RowMatches, LeftAlone],
    *,
    whole_rows: bool,
) -> None:
    placed, left = into
    olds: list[RowValues | SheetRow] = [*wants, *_others_that_held_it(wants, kept)]
    # A person who had one row may have another by now. What stands around the first one was not read in a large tab.
    told_apart = olds if whole_rows or len(rows) == 1 else [old for old in olds if old.row_context]
    found_out = sure_pairs(told_apart, rows)
    pairs = [(old, row) for old, row in found_out if isinstance(old, RowValues)]
    pinned = {row.number for _, row in pairs}
    known, taken = {id(old) for old, _ in found_out}, {row.number for _, row in found_out}
    rest = [want for want in wants if id(want) not in known]
    others = [row for row in rows if row.number not in taken]
    found, doubtful = _given_back(
        rest, others, [old for old in olds if isinstance(old, SheetRow) and id(old) not in known]
    )
    likely, absent = _likely_pairs(rest, others, done)
    placed.absent += [want for want in absent if want.position not in done]
    for want, row in [*pairs, *likely]:
        if want.position in done:
            continue
        cells = _still_there(want, row)
        if row.number not in pinned:
            placed.guessed.add(want.position)
            cells = {number: content for number, content in found[row.number].items() if number in cells}
        pending = {number: content for number, content in cells.items() if not same(content, row.cells[number])}
        placed.writes.append(Write(want.position, want.key, row.number, want.changes, pending, row.row_context))
        if row.number not in pinned and (count := doubtful[row.number]):
            left.ambiguous[want.position] = row.number, count
        if count := _changed(want, row):
            left.changed[want.position] = row.number, count


def _others_that_held_it(wants: Sequence[RowValues], kept: Sequence[SheetRow]) -> list[SheetRow]:
    """Rows that the run did not write into, as they were before it, with a value that it wrote into others."""
    written = {(number, exact(change.before)) for want in wants for number, change in want.changes.items()}
    own = [dict(want.changes) for want in wants]
    contexts = [want.row_context for want in wants]
    found, rest = [], Counter(row.row_context for row in kept)
    for row in kept:
        if not any((number, exact(cell)) in written for number, cell in row.cells.items()):
            continue
        same_row = (
            at
            for at, changes in enumerate(own)
            if contexts[at] == row.row_context
            and changes
            and all(same(change.after, row.cells.get(number, "")) for number, change in changes.items())
        )
        if (at := next(same_row, None)) is None:
            found.append(row)
        else:
            own[at] = {}
            rest[row.row_context] -= 1
    # Perhaps somebody typed there after the run had begun, and the run wrote over that: then it is the same row.
    typed_since = Counter(
        context
        for context, changes in zip(contexts, own, strict=True)
        if context and any(change.after != "" for change in changes.values())
    )
    return [row for row in found if rest[row.row_context] > typed_since[row.row_context]]


def _still_there(want: RowValues, row: SheetRow) -> Cells:
    """Return the earlier contents for the cells that still hold the run's values."""
    return {
        number: change.after
        for number, change in want.changes.items()
        if number in row.cells and same(row.cells[number], change.before)
    }


def _changed(want: RowValues, row: SheetRow) -> int:
    """The number of cells that hold neither what the run wrote nor what they held before."""
    return sum(
        number in row.cells and not same(row.cells[number], change.before) and not same(row.cells[number], change.after)
        for number, change in want.changes.items()
    )


Held = tuple[int, object]
"""A field's number, and a content."""


def _given_back(
    wants: Sequence[RowValues], rows: Sequence[SheetRow], kept: Sequence[SheetRow]
) -> tuple[Mapping[int, Cells], Counter[int]]:
    """Return by row the contents that its cells certainly get back, and the number of its uncertain cells.

    It is certain where all rows that got a value from the run had held the same, and no further row holds that value.
    """
    before: dict[Held, list[Content]] = defaultdict(list)
    for want in wants:
        for number, change in want.changes.items():
            before[number, exact(change.before)].append(change.after)
    for row in kept:  # what the run would have written stood there already
        for number, cell in row.cells.items():
            if (number, exact(cell)) in before:
                before[number, exact(cell)].append(cell)
    holders = Counter((number, exact(cell)) for row in rows for number, cell in row.cells.items())
    found: dict[int, dict[int, Content]] = {row.number: {} for row in rows}
    doubtful: Counter[int] = Counter()
    for row in rows:
        for number, cell in row.cells.items():
            held = before.get((number, exact(cell)), ())
            if held and len(held) >= holders[number, exact(cell)] and all(same(one, held[0]) for one in held):
                found[row.number][number] = held[0]
            elif any(not same(one, cell) for one in held):
                doubtful[row.number] += 1
    return found, doubtful


def _likely_pairs(
    wants: Sequence[RowValues], rows: Sequence[SheetRow], done: Collection[int]
) -> tuple[list[tuple[RowValues, SheetRow]], list[RowValues]]:
    """Pair each row written into with the row that holds most of its values; return also those without a row.

    This does not change what is restored, only which row a sentence names.
    """
    if len(wants) * len(rows) <= MAX_COMPARED:
        scored = [
            (
                (
                    # Who was given back already holds nothing of the run any more.
                    len(_still_there(want, row)) * (-1 if want.position in done else 1),
                    want.position in done,
                    len(want.row_context & row.row_context),
                    want.row == row.number,
                ),
                want,
                row,
            )
            for want in wants
            for row in rows
        ]
        scored.sort(key=lambda one: one[0], reverse=True)
        candidates = [(want, row) for _, want, row in scored]
    else:
        candidates = list(zip(sorted(wants, key=lambda want: want.position not in done), rows, strict=False))
    pairs: dict[int, tuple[RowValues, SheetRow]] = {}
    taken: set[int] = set()
    for want, row in candidates:
        if want.position not in pairs and row.number not in taken:
            pairs[want.position] = want, row
            taken.add(row.number)
    return list(pairs.values()), [want for want in wants if want.position not in pairs]
