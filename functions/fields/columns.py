"""Decide which column takes each field: a chosen one, one that is named after it, or a new one; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from functions.errors import BadRange
from functions.fields.catalogue import Field
from functions.fields.selection import spelling


class NewColumn(StrEnum):
    """Where a new column stands."""

    BESIDE = "new"
    """Right of the URLs, where it shifts what stood there."""
    END = "end"
    """Right of the last column in use."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A column that somebody chose for a field."""

    column: int
    """From 0."""
    title: str | None = None
    """Its title when it was chosen, by which it is found again if columns were moved since."""


Choices = Mapping[str, Chosen | NewColumn]
"""Name of a field → the column that somebody chose for it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a tab or of a list; counted from 0."""

    titles: Sequence[str]
    """The header row; empty where there is none."""
    url_column: int
    made_for: Mapping[int, str] = field(default_factory=dict)
    """Columns that an earlier run has made, by whatever title, and the name of their field."""
    used: int = 0
    """Columns up to the last one in use."""

    def title(self, column: int) -> str:
        """The title of a column; "" where it has none."""
        return self.titles[column] if column < len(self.titles) else ""


@dataclass(frozen=True, slots=True)
class Target:
    """The column of a field; columns are counted from 0."""

    field: Field
    held: int | None
    """The field's column now; None for a new column."""
    planned: int
    """Its column once the new ones are there."""
    at_end: bool = False
    """True if it is a new column right of all others."""


def held_columns(
    fields: Sequence[Field], columns: Columns, choices: Choices | None = None, *, reuse: bool = True
) -> list[int | None]:
    """Return the column that each field has already; None where it gets a new one. No column takes two fields.

    The URLs' own column takes none: they would be written over.

    Args:
        fields: what is to be filled.
        columns: what stands there.
        choices: columns that somebody chose.
        reuse: whether columns that are named after a field take it, by their title, as an earlier run's, or by another
            name that lists give it; in this order.

    Raises:
        BadRange: a chosen column cannot take its field.
    """
    choices = choices or {}
    held: dict[str, int] = {}
    for each in fields:
        if isinstance(choice := choices.get(each.name), Chosen):
            held[each.name] = _chosen(each, choice, columns, set(held.values()))
    for candidates in _candidates(columns) if reuse else ():
        for each in fields:
            if each.name in held or each.name in choices:
                continue
            taken = {columns.url_column, *held.values()}
            place = next((column for column in candidates(each) if column not in taken), None)
            if place is not None:
                held[each.name] = place
    return [held.get(each.name) for each in fields]


def _candidates(columns: Columns) -> tuple[Callable[[Field], Sequence[int]], ...]:
    """Return what finds the columns that may take a field, the best first; each title is looked at once."""
    by_title, by_field = _by_title(columns), defaultdict[str, list[int]](list)
    for column, name in sorted(columns.made_for.items()):
        if column < max(len(columns.titles), columns.used):
            by_field[name].append(column)

    def titled(*names: str) -> list[int]:
        return sorted(column for name in {*map(spelling, names)} for column in by_title.get(name, ()))

    return (
        lambda each: titled(each.header, each.name),
        lambda each: by_field.get(each.name, ()),
        lambda each: titled(*each.aliases),
    )


def _by_title(columns: Columns) -> Mapping[str, Sequence[int]]:
    """Return the columns with each title, by its spelling."""
    found = defaultdict[str, list[int]](list)
    for column, title in enumerate(columns.titles):
        if title:
            found[spelling(title)].append(column)
    return found


def target_columns(
    fields: Sequence[Field], columns: Columns, choices: Choices | None = None, *, reuse: bool = True
) -> tuple[Target, ...]:
    """The column of each field, as `held_columns`, and where the new ones will stand.

    Raises:
        BadRange: a chosen column cannot take its field.
    """
    choices = choices or {}
    held = held_columns(fields, columns, choices, reuse=reuse)
    at_end = [
        place is None and choices.get(each.name) is NewColumn.END for each, place in zip(fields, held, strict=True)
    ]
    added = sum(place is None and not last for place, last in zip(held, at_end, strict=True))
    beside = iter(range(columns.url_column + 1, columns.url_column + 1 + added))
    last_ones = iter(range(end_of(columns) + added, end_of(columns) + added + len(fields)))
    return tuple(
        Target(
            each,
            place,
            place + added * (place > columns.url_column) if place is not None else next(last_ones if last else beside),
            last,
        )
        for each, place, last in zip(fields, held, at_end, strict=True)
    )


def doubled_sentences(
    held: Sequence[int | None], columns: Columns, letters_of: Callable[[int], str]
) -> tuple[str, ...]:
    """Say of each column that takes a field which others have the same title, and take none.

    Args:
        held: the column of each field, if it has one.
        columns: what stands there.
        letters_of: names a column as the spreadsheet does.
    """
    said, taken, by_title = [], {columns.url_column, *held}, _by_title(columns)
    for place in held:
        title = columns.title(place) if place is not None else ""
        if place is None or not title:
            continue
        others = [letters_of(other) for other in by_title[spelling(title)] if other not in taken]
        if others:
            stay = "stays as it is" if len(others) == 1 else "stay as they are"
            rest = " and ".join(filter(None, [", ".join(others[:-1]), others[-1]]))
            said.append(f"“{title}” is the title of several columns: {letters_of(place)} is filled, {rest} {stay}.")
    return tuple(said)


def place_of(choice: Chosen, columns: Columns) -> int | None:
    """Return where a chosen column is now; None if it was moved and cannot be found by its title."""
    if choice.title is None or columns.title(choice.column) == choice.title:
        return choice.column
    places = [column for column, text in enumerate(columns.titles) if text and text == choice.title]
    return places[0] if len(places) == 1 else None


def end_of(columns: Columns) -> int:
    """Return where a column at the end is inserted, from 0."""
    return max(columns.used, columns.url_column + 1)


def _chosen(each: Field, choice: Chosen, columns: Columns, taken: set[int]) -> int:
    place = place_of(choice, columns)
    if place is None:
        raise BadRange(
            f"The column that was chosen for “{each.header}” is no longer where it was; make a new plan, "
            "and choose it again."
        )
    if place == columns.url_column:
        raise BadRange(f"“{each.header}” cannot go into the column of the LinkedIn URLs; choose another column for it.")
    if place in taken:
        raise BadRange(f"The column chosen for “{each.header}” takes another field already; choose another for it.")
    return place
