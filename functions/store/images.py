"""What cells held before a run wrote into them: for the undo, and to give strange rows back what was theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from functions.placement import Content, Formula, Image, SheetRow, Write
from functions.store import schema

_rows, _images = schema.job_rows, schema.before_images
_BATCH = 500


AROUND = "around"
"""Beside the cells: digests of what else stood in the row, by which rows of one identity are told apart."""


def intend(connection: sa.Connection, job_id: str, writes: Iterable[Write]) -> None:
    """Records what is about to be written into rows, before it is."""
    values = [
        {
            "at": write.position,
            "images": {str(number): _packed_image(image) for number, image in write.images.items()}
            | {AROUND: sorted(write.around)},
        }
        for write in writes
        if write.images
    ]
    if values:
        statement = _rows.update().where(_rows.c.job_id == job_id, _rows.c.position == sa.bindparam("at"))
        connection.execute(statement.values(cells=sa.bindparam("images", type_=_rows.c.cells.type)), values)


def intended(connection: sa.Connection, job_id: str, positions: Sequence[int]) -> dict[int, dict[int, Image]]:
    """What was meant to be written into these rows, by their position."""
    found: dict[int, dict[int, Image]] = {}
    for batch in _batches(positions):
        condition = _rows.c.job_id == job_id, _rows.c.position.in_(batch), _rows.c.cells.is_not(None)
        for row in connection.execute(sa.select(_rows.c.position, _rows.c.cells).where(*condition)):
            found[row.position] = unpacked(row.cells)
    return found


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A row into which something was meant to be written."""

    position: int
    row: int
    """Its number when it was read, from 1."""
    key: str
    images: dict[int, Image]
    around: frozenset[int]


def written(connection: sa.Connection, job_id: str, keys: Sequence[str]) -> list[WrittenRow]:
    """Every row of these people into which something was meant to be written."""
    found = []
    for batch in _batches(keys):
        condition = _rows.c.job_id == job_id, _rows.c.key.in_(batch), _rows.c.cells.is_not(None)
        statement = sa.select(_rows.c.position, _rows.c.row, _rows.c.key, _rows.c.cells).where(*condition)
        found += [
            WrittenRow(row.position, row.row, row.key, unpacked(row.cells), frozenset(row.cells.get(AROUND, ())))
            for row in connection.execute(statement)
        ]
    return found


def forget(connection: sa.Connection, job_id: str, positions: Sequence[int]) -> None:
    """The cells of these rows hold what they held before."""
    for batch in _batches(positions):
        condition = _rows.c.job_id == job_id, _rows.c.position.in_(batch)
        connection.execute(_rows.update().where(*condition).values(cells=sa.null()))


def remember(connection: sa.Connection, job_id: str, rows: Iterable[SheetRow]) -> None:
    """Records what reused columns hold in rows anew; empty rows need none."""
    connection.execute(_images.delete().where(_images.c.job_id == job_id))
    values = [
        {
            "job_id": job_id,
            "identity": row.identity,
            "cells": {str(number): _packed(cell) for number, cell in row.cells.items() if cell != ""}
            | {AROUND: sorted(row.around)},
        }
        for row in rows
        if any(cell != "" for cell in row.cells.values())
    ]
    if values:
        connection.execute(_images.insert(), values)


def remembered(connection: sa.Connection, job_id: str, identities: Sequence[str]) -> list[SheetRow]:
    """What reused columns held in the rows of these identities, wherever they were (number 0)."""
    found: list[SheetRow] = []
    for batch in _batches(identities):
        condition = _images.c.job_id == job_id, _images.c.identity.in_(batch)
        statement = sa.select(_images.c.identity, _images.c.cells).where(*condition)
        for row in connection.execute(statement):
            cells = {int(number): _content(cell) for number, cell in row.cells.items() if number != AROUND}
            found.append(SheetRow(0, row.identity, cells, frozenset(row.cells.get(AROUND, ()))))
    return found


def unpacked(cells: Mapping[str, Any]) -> dict[int, Image]:
    """A row's `cells` column → images."""
    images = ((number, image) for number, image in cells.items() if number != AROUND)
    return {int(number): Image(_content(before), _content(after)) for number, (before, after) in images}


def _packed_image(image: Image) -> list[object]:
    return [_packed(image.before), _packed(image.after)]


def _packed(content: Content) -> object:
    return {"formula": content.text} if isinstance(content, Formula) else content


def _content(packed: Any) -> Content:  # noqa: ANN401 - JSON
    return Formula(packed["formula"]) if isinstance(packed, dict) else packed


T = TypeVar("T")


def _batches(items: Sequence[T]) -> Iterable[list[T]]:
    return (list(items[start : start + _BATCH]) for start in range(0, len(items), _BATCH))
