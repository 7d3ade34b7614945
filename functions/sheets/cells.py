"""Contents of cells and rows of a sheet, and values to be written into them.

Each row makes a dozen of them. As structs they are made in a seventh of a dataclass's time, and without `gc` the
garbage collector passes over them, since none leads back to itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that computes what it shows."""

    text: str
    """With its `=`."""
    row: int = field(default=0, compare=False)
    """The number of the row in which it was read with this text; 0 if that is not known."""

    @property
    def shape(self) -> str:
        """The formula's text without references, which change whenever rows or columns move; texts in quotes stay."""
        parts = self.text.split('"')
        return '"'.join(part if at % 2 else _REFERENCE.sub("·", part) for at, part in enumerate(parts))

    def text_in(self, row: int) -> str:
        """Return the formula's text for another row: relative references to its own row become references to that row.

        That is the text that it would have if it had moved with its row. Other references are left unchanged.
        """

        def moved(found: re.Match[str]) -> str:
            return _OWN_CELL.sub(lambda cell: f"{cell[1]}{row if int(cell[2]) == self.row else cell[2]}", found[0])

        return _QUOTED_OR_CELLS.sub(lambda found: found[0] if found[0][0] in "\"'" else moved(found), self.text)


_REFERENCE = re.compile(r"\$?\b[A-Za-z]{1,3}\$?[0-9]+\b|\$?\b[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}\b|#REF!")
_CELL = r"\$?[A-Za-z]{1,3}\$?[0-9]+"
_QUOTED_OR_CELLS = re.compile(rf"\"[^\"]*\"|'[^']*'|(?<![\w!.:$]){_CELL}(?::{_CELL})?(?![\w(!.])")
"""A text, the name of a tab, or a cell or range of the formula's own tab."""
_OWN_CELL = re.compile(r"(\$?[A-Za-z]{1,3})([0-9]+)")
"""A cell whose row is relative."""


@dataclass(frozen=True, slots=True)
class Spilled:
    """A cell in which nothing is typed, and which shows a value spilled by a formula elsewhere.

    It counts as somebody's data: a value written into it breaks the formula's whole block.
    """

    text: str
    """What it shows."""


Content = str | int | float | bool | Formula | Spilled
"""The content of a cell; "" if it is empty."""

Cells = Mapping[int, Content]
"""Target cells of a row, by the number of their field."""


class CellChange(msgspec.Struct, frozen=True, gc=False):
    """One target cell: what it held, and what the run put there instead."""

    before: Content
    after: Content


class SheetRow(msgspec.Struct, frozen=True, gc=False):
    """A row of the sheet as it is now."""

    number: int
    """From 1."""
    identity: str
    """The profile's key; where there is none, the reason and a digest of the URL cell's text, which are no key."""
    cells: Cells
    """Of each field whose column still exists."""
    row_context: frozenset[int] = frozenset()
    """Digests of what else stands in the row, in any order: tells rows of one identity apart, also after a sort."""


class Write(msgspec.Struct, frozen=True, gc=False):
    """Values to be written into one row."""

    position: int
    key: str
    number: int
    changes: Mapping[int, CellChange]
    """Every cell that holds, or shall hold, what the run puts there."""
    pending: Cells
    """Return the values that are not there yet."""
    row_context: frozenset[int] = frozenset()
    """Of the row that it goes to."""


def same(one: Content, other: Content) -> bool:
    """Return whether two cells hold the same: `1` and `1.0` do, `1` and TRUE do not, formulas in other rows do."""
    if type(one) is str and type(other) is str:  # nearly always
        return one == other
    return exact(one) == exact(other)


def exact(content: Content) -> object:
    """Return what is equal, as a key, for contents that are the `same`."""
    if isinstance(content, Formula):
        return Formula, content.shape
    return (bool, content) if isinstance(content, bool) else content


NOBODY = "text:"
"""Begins the identity of a row without a profile."""


def is_nobody(row: SheetRow) -> bool:
    """Return whether a row holds no profile; rows with this identity may be unrelated."""
    return row.identity.startswith(NOBODY)


def shows_something(row: SheetRow) -> bool:
    """Return whether a target cell of a row is not empty."""
    return any(cell != "" for cell in row.cells.values())


def by_identity(rows: Sequence[SheetRow]) -> dict[str, list[SheetRow]]:
    """Group rows by their identity."""
    there: dict[str, list[SheetRow]] = defaultdict(list)
    for row in rows:
        there[row.identity].append(row)
    return there
