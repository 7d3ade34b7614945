"""Contents of cells before a run wrote into them, for the undo and for repairing cells of other rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from functions.outcomes import Again
from functions.sheets.cells import CellChange, Cells, Content, Formula, SheetRow, Spilled, Write, shows_something
from functions.sheets.repair import Repair
from functions.store import schema
from functions.store.schema import Moment

_rows, _images = schema.job_rows, schema.snapshots
_BATCH = 500


ROW_CONTEXT = "row_context"
"""Beside the cells: digests of what else stood in the row, by which rows of one identity are told apart."""
BACK = "back"
"""Beside the cells: the numbers of those that an undo gives back."""
SEEN = "seen"
"""Beside the cells: that this was seen done."""
SENT = "sent"
"""Beside the cells: which of them each call has sent, where one has not sent all that is recorded."""
HIT = "hit"
"""Beside the cells of a repair: what a write for somebody else has put there."""
OVERWRITTEN = "overwritten"
"""Beside the cells of a repair: the numbers of those that get their row's own value instead."""


def record_writes(
    connection: sa.Connection, job_id: str, writes: Iterable[Write], sent: Mapping[int, Collection[frozenset[int]]]
) -> None:
    """Record the values for rows before they are written.

    Args:
        connection: a transaction.
        job_id: of the rows.
        writes: the values.
        sent: by position, the cells of each call that sends values of the row, or has since an attempt began it.
    """
    values = [
        {
            "at": write.position,
            "images": _encoded(
                write.changes,
                {ROW_CONTEXT: sorted(write.row_context)}
                | _calls(sent.get(write.position, ()), frozenset(write.changes)),
            ),
        }
        for write in writes
        if write.changes
    ]
    _update(connection, job_id, values)


class WrittenRow(msgspec.Struct, frozen=True, gc=False):
    """A row with recorded values, whether or not they were written."""

    position: int
    row: int
    """Its number when it was read, from 1."""
    key: str
    changes: dict[int, CellChange]
    row_context: frozenset[int]
    back: frozenset[int]
    """Cells that an undo gives back, or has."""
    undone: bool
    """True if that was seen."""
    sent: tuple[frozenset[int], ...] = ()
    """The cells of each call that has perhaps written the row; once an undo gives it back, of each that does so."""


def written_rows(connection: sa.Connection, job_id: str, positions: Sequence[int]) -> dict[int, WrittenRow]:
    """Return the recorded values of these rows, by their position."""
    condition = _rows.c.job_id == job_id, _rows.c.cells.is_not(None)
    return {
        row.position: row
        for batch in _batches(positions)
        for row in _written(connection, *condition, _rows.c.position.in_(batch))
    }


def written(connection: sa.Connection, job_id: str, keys: Sequence[str]) -> list[WrittenRow]:
    """Return every row of these people with recorded values."""
    condition = _rows.c.job_id == job_id, _rows.c.cells.is_not(None)
    return [row for batch in _batches(keys) for row in _written(connection, *condition, _rows.c.key.in_(batch))]


def unsettled(connection: sa.Connection, job_id: str, chunks: Sequence[int]) -> list[WrittenRow]:
    """Return the rows of these chunks with recorded values that have no outcome."""
    if not chunks:
        return []
    condition = _rows.c.job_id == job_id, _rows.c.chunk.in_(chunks), _rows.c.outcome.is_(None)
    return [row for row in _written(connection, *condition, _rows.c.cells.is_not(None)) if not row.undone]


def begun(connection: sa.Connection, job_id: str, chunk: int) -> set[int]:
    """Return the positions of a chunk's open rows with recorded values: an attempt has perhaps written them."""
    is_open = sa.or_(_rows.c.outcome.is_(None), _rows.c.again == Again.WAITING)
    condition = *_to_undo(job_id), _rows.c.chunk == chunk, is_open
    return set(connection.scalars(sa.select(_rows.c.position).where(*condition)))


def people_to_undo(connection: sa.Connection, job_id: str, *, after: str, limit: int) -> list[str]:
    """Return people of whom a row holds values of the run, as far as is known: those behind `after`, in order."""
    condition = *_to_undo(job_id), _rows.c.key > after
    statement = sa.select(_rows.c.key).where(*condition).distinct().order_by(_rows.c.key).limit(limit)
    return list(connection.scalars(statement))


def count_to_undo(connection: sa.Connection, job_id: str) -> int:
    """Return the number of rows that hold values of the run, as far as is known."""
    return connection.scalar(sa.select(sa.func.count()).where(*_to_undo(job_id))) or 0


def _to_undo(job_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _rows.c.job_id == job_id, _rows.c.cells.is_not(None), _rows.c.cells[SEEN].as_boolean().is_(None)


def undo_in_flight(connection: sa.Connection, job_id: str) -> bool:
    """Return whether an undo has begun to restore cells and this was not confirmed."""
    condition = *_to_undo(job_id), _rows.c.cells[BACK].as_string().is_not(None)
    return connection.scalar(sa.select(_rows.c.position).where(*condition).limit(1)) is not None


def record_undo(connection: sa.Connection, job_id: str, rows: Iterable[WrittenRow]) -> None:
    """Record that cells are about to be restored (`back`), or that a read has confirmed it (`undone`)."""
    values = [
        {
            "at": row.position,
            "images": _encoded(
                row.changes,
                {ROW_CONTEXT: sorted(row.row_context), BACK: sorted(row.back)}
                | _calls(row.sent, row.back)
                | ({SEEN: True} if row.undone else {}),
            ),
        }
        for row in rows
    ]
    _update(connection, job_id, values)


def save_snapshot(
    connection: sa.Connection,
    job_id: str,
    rows: Iterable[SheetRow],
    *,
    at_undo: bool = False,
    first: int = 1,
    last: int | None = None,
) -> None:
    """Record the contents of a run's columns, row by row; empty rows are not stored.

    Args:
        connection: a transaction.
        job_id: the job with these columns.
        rows: as they are now.
        at_undo: whether an undo is about to begin, and not the run.
        first: the number of the first row of those for which this replaces what was recorded at the same point.
        last: that of the last one; None: to the end of the tab.
    """
    moment = Moment.BEFORE_UNDO if at_undo else Moment.BEFORE_RUN
    replaced = [_images.c.job_id == job_id, _images.c.moment == moment, _images.c.row >= first]
    if last is not None:
        replaced.append(_images.c.row <= last)
    connection.execute(_images.delete().where(*replaced))
    values = (
        {
            "job_id": job_id,
            "row": row.number,
            "identity": row.identity,
            "moment": moment,
            "cells": {str(number): _packed(cell) for number, cell in row.cells.items() if cell != ""}
            | {ROW_CONTEXT: sorted(row.row_context)},
        }
        for row in rows
        if shows_something(row)
    )
    while batch := list(islice(values, _BATCH)):
        connection.execute(_images.insert(), batch)


def read_snapshot(
    connection: sa.Connection, job_id: str, identities: Sequence[str], *, at_undo: bool
) -> list[SheetRow]:
    """Return the recorded contents of columns in the rows of these identities, with 0 as the rows' number.

    Before the run these are the reused columns, since the others did not exist.
    """
    found: list[SheetRow] = []
    moment = Moment.BEFORE_UNDO if at_undo else Moment.BEFORE_RUN
    for batch in _batches(identities):
        condition = _images.c.job_id == job_id, _images.c.moment == moment, _images.c.identity.in_(batch)
        statement = sa.select(_images.c.identity, _images.c.cells).where(*condition)
        for row in connection.execute(statement):
            cells = {int(number): _content(cell) for number, cell in row.cells.items() if number != ROW_CONTEXT}
            found.append(SheetRow(0, row.identity, cells, frozenset(row.cells.get(ROW_CONTEXT, ()))))
    return found


def record_repairs(connection: sa.Connection, job_id: str, repairs: Iterable[Repair]) -> None:
    """Record all repairs that a delivery has begun, in place of those recorded before; none: they were seen done."""
    connection.execute(_images.delete().where(_images.c.job_id == job_id, _images.c.moment == Moment.REPAIR))
    values = [
        {
            "job_id": job_id,
            "row": repair.row.number,
            "identity": repair.row.identity,
            "moment": Moment.REPAIR,
            "cells": {str(number): _packed(cell) for number, cell in repair.cells.items()}
            | {
                ROW_CONTEXT: sorted(repair.row.row_context),
                HIT: {str(number): _packed(repair.row.cells[number]) for number in repair.cells},
                OVERWRITTEN: sorted(repair.overwritten),
            },
        }
        for repair in repairs
    ]
    if values:
        connection.execute(_images.insert(), values)


def repairs(connection: sa.Connection, job_id: str) -> list[Repair]:
    """Return the repairs that were begun and not seen done, with 0 as the rows' number and only the cells concerned."""
    condition = _images.c.job_id == job_id, _images.c.moment == Moment.REPAIR
    statement = sa.select(_images.c.identity, _images.c.cells).where(*condition).order_by(_images.c.id)
    return [
        Repair(
            SheetRow(0, row.identity, _contents(row.cells[HIT]), frozenset(row.cells[ROW_CONTEXT])),
            _contents({number: cell for number, cell in row.cells.items() if number.isdecimal()}),
            frozenset(row.cells.get(OVERWRITTEN, ())),
        )
        for row in connection.execute(statement)
    ]


def _update(connection: sa.Connection, job_id: str, values: list[dict[str, Any]]) -> None:
    if values:
        statement = _rows.update().where(_rows.c.job_id == job_id, _rows.c.position == sa.bindparam("at"))
        connection.execute(statement.values(cells=sa.bindparam("images", type_=_rows.c.cells.type)), values)


def _written(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Iterator[WrittenRow]:
    statement = sa.select(_rows.c.position, _rows.c.row, _rows.c.key, _rows.c.cells).where(*conditions)
    for row in connection.execute(statement).all():
        cells: dict[str, Any] = row.cells
        changes = {
            int(number): CellChange(_content(pair[0]), _content(pair[1]))
            for number, pair in cells.items()
            if number.isdecimal()
        }
        row_context, back = frozenset(cells.get(ROW_CONTEXT, ())), frozenset(cells.get(BACK, ()))
        sent = tuple(map(frozenset, cells.get(SENT, ()))) or (back or frozenset(changes),)
        yield WrittenRow(row.position, row.row, row.key, changes, row_context, back, SEEN in cells, sent)


def _calls(sent: Collection[frozenset[int]], everything: frozenset[int]) -> dict[str, object]:
    """Return what is recorded of calls: nothing where all sent everything, as nearly always."""
    calls = {cells & everything for cells in sent}  # of a column that was deleted, nothing is recorded
    return {} if calls <= {everything} else {SENT: sorted(map(sorted, calls))}


def _encoded(changes: Mapping[int, CellChange], beside: Mapping[str, object]) -> msgspec.Raw:
    """Return what is recorded of a row, as JSON: as objects, those of a chunk would busy the garbage collector."""
    images: dict[str, object] = {
        str(number): (_packed(change.before), _packed(change.after)) for number, change in changes.items()
    }
    return msgspec.Raw(msgspec.json.encode({**images, **beside}))


def _packed(content: Content) -> object:
    if type(content) is str:  # nearly always
        return content
    if isinstance(content, Formula):
        return {"formula": content.text, "row": content.row}
    return {"spilled": content.text} if isinstance(content, Spilled) else content


def _content(packed: Any) -> Content:  # noqa: ANN401 - JSON
    if isinstance(packed, dict):
        return Spilled(packed["spilled"]) if "spilled" in packed else Formula(packed["formula"], packed["row"])
    plain: str | float | bool = packed
    return plain


def _contents(packed: dict[str, Any]) -> Cells:
    return {int(number): _content(cell) for number, cell in packed.items()}


T = TypeVar("T")


def _batches(items: Sequence[T]) -> Iterable[list[T]]:
    return (list(items[start : start + _BATCH]) for start in range(0, len(items), _BATCH))
