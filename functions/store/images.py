"""What cells held before a run wrote into them: for the undo, and to give strange rows back what was theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from functions.placement import Cells, Content, Formula, Image
from functions.store import schema

_rows, _images = schema.job_rows, schema.before_images
_BATCH = 500


def intend(connection: sa.Connection, job_id: str, rows: Iterable[tuple[int, Mapping[int, Image]]]) -> None:
    """Records what is about to be written into rows (position, images), before it is."""
    values = [
        {"at": position, "images": {str(number): _packed_image(image) for number, image in images.items()}}
        for position, images in rows
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


def written(connection: sa.Connection, job_id: str, keys: Sequence[str]) -> list[tuple[int, str, dict[int, Image]]]:
    """Every row of these people into which something was meant to be written: position, key, images."""
    found = []
    for batch in _batches(keys):
        condition = _rows.c.job_id == job_id, _rows.c.key.in_(batch), _rows.c.cells.is_not(None)
        statement = sa.select(_rows.c.position, _rows.c.key, _rows.c.cells).where(*condition)
        found += [(row.position, row.key, unpacked(row.cells)) for row in connection.execute(statement)]
    return found


def forget(connection: sa.Connection, job_id: str, positions: Sequence[int]) -> None:
    """The cells of these rows hold what they held before."""
    for batch in _batches(positions):
        condition = _rows.c.job_id == job_id, _rows.c.position.in_(batch)
        connection.execute(_rows.update().where(*condition).values(cells=sa.null()))


def remember(connection: sa.Connection, job_id: str, images: Iterable[tuple[str, Cells]]) -> None:
    """Records what reused columns hold in rows (identity, cells) anew; empty rows need none."""
    connection.execute(_images.delete().where(_images.c.job_id == job_id))
    values = [
        {"job_id": job_id, "identity": name, "cells": {str(number): _packed(cell) for number, cell in cells.items()}}
        for name, cells in images
    ]
    if values:
        connection.execute(_images.insert(), values)


def remembered(
    connection: sa.Connection, job_id: str, identities: Sequence[str]
) -> list[tuple[str, dict[int, Content]]]:
    """What reused columns held in the rows of these identities."""
    found: list[tuple[str, dict[int, Content]]] = []
    for batch in _batches(identities):
        condition = _images.c.job_id == job_id, _images.c.identity.in_(batch)
        statement = sa.select(_images.c.identity, _images.c.cells).where(*condition)
        found += [
            (row.identity, {int(number): _content(cell) for number, cell in row.cells.items()})
            for row in connection.execute(statement)
        ]
    return found


def unpacked(cells: Mapping[str, Any]) -> dict[int, Image]:
    """A row's `cells` column → images."""
    return {int(number): Image(_content(before), _content(after)) for number, (before, after) in cells.items()}


def _packed_image(image: Image) -> list[object]:
    return [_packed(image.before), _packed(image.after)]


def _packed(content: Content) -> object:
    return {"formula": content.text} if isinstance(content, Formula) else content


def _content(packed: Any) -> Content:  # noqa: ANN401 - JSON
    return Formula(packed["formula"]) if isinstance(packed, dict) else packed


T = TypeVar("T")


def _batches(items: Sequence[T]) -> Iterable[list[T]]:
    return (list(items[start : start + _BATCH]) for start in range(0, len(items), _BATCH))
