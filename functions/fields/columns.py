"""Decide which column takes each field: one whose header names it, or a new one right of the URLs; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.fields.catalogue import Field
from functions.fields.selection import is_named_by


@dataclass(frozen=True, slots=True)
class Target:
    """The column of a field; columns are counted from 0."""

    field: Field
    held: int | None
    """The field's column now; None for a new column."""
    planned: int
    """Its column once the new ones are there."""


def column_named(field: Field, titles: Sequence[str], url_column: int) -> int | None:
    """The first column whose title names the field. The URLs' own column takes none: they would be written over."""
    return next(
        (column for column, title in enumerate(titles) if column != url_column and title and is_named_by(field, title)),
        None,
    )


def target_columns(fields: Sequence[Field], titles: Sequence[str], url_column: int) -> tuple[Target, ...]:
    """The column of each field. New columns stand right of the URLs and shift what stood there.

    Args:
        fields: what is to be filled.
        titles: the header row; empty where there is none, or where no column is used again.
        url_column: where the URLs stand.
    """
    held = [column_named(field, titles, url_column) for field in fields]
    added = held.count(None)
    new = iter(range(url_column + 1, url_column + 1 + added))
    return tuple(
        Target(field, column, next(new) if column is None else column + added * (column > url_column))
        for field, column in zip(fields, held, strict=True)
    )
