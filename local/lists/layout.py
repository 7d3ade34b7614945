"""Where the chosen fields stand in a list: columns that name a field are reused, the others are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.fields.catalogue import Field
from functions.fields.columns import Columns, doubled_sentences, held_columns
from local.lists.columns import letter
from local.lists.shape import Shape


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of the chosen fields."""

    fields: tuple[Field, ...]
    places: tuple[int | None, ...]
    """For each field the column that it has in the list already, from 0; None where it gets a new one."""

    @property
    def new(self) -> tuple[int, ...]:
        """The numbers of the fields that get a new column."""
        return tuple(number for number, place in enumerate(self.places) if place is None)

    @property
    def old(self) -> tuple[tuple[int, int], ...]:
        """The numbers of the other fields, each with its column."""
        return tuple((number, place) for number, place in enumerate(self.places) if place is not None)


def doubled(shape: Shape, layout: Layout) -> tuple[str, ...]:
    """Say where several columns could be meant, and which one was taken."""
    columns = Columns(shape.titles, shape.url_column)
    return (*shape.doubled, *doubled_sentences(layout.places, columns, letter))


def lay_out(shape: Shape, fields: Sequence[Field]) -> Layout:
    """Find each field's column by the titles of the list."""
    return Layout(tuple(fields), tuple(held_columns(fields, Columns(shape.titles, shape.url_column))))
