"""The interface of every list, whatever its kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from functions.fields.cell_format import CellValue
from functions.outcomes import LeftOut
from local.lists.layout import Layout
from local.lists.shape import Shape


class Cells(NamedTuple):
    """What a run reads of a row; many rows may have the same."""

    url: str
    """What `functions.profiles.parse` reads: the URL cell's text, with the link behind it."""
    held: tuple[str, ...]
    """What stands in the target cell of each field; "" where the cell is empty or its column is new."""
    hidden: LeftOut | None = None
    """How the row is hidden, if it is."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row of a list; a struct, since a list may have millions of them."""

    number: int
    """As a spreadsheet shows it, from 1."""
    cells: Cells
    record: Any
    """For the writer of the same list."""

    @property
    def url(self) -> str:
        """See `Cells`."""
        return self.cells.url

    @property
    def held(self) -> tuple[str, ...]:
        """See `Cells`."""
        return self.cells.held

    @property
    def hidden(self) -> LeftOut | None:
        """See `Cells`."""
        return self.cells.hidden


class ListWriter(Protocol):
    """Writes the result row by row, in the order of the list."""

    def render(self, held: Sequence[str], values: Sequence[CellValue] | None) -> Any:  # noqa: ANN401 - each kind of file has a form of its own
        """Return values in the form in which `write` takes them; it serves for all rows that hold the same.

        Args:
            held: what stands in the target cell of each field: a filled cell is kept.
            values: one for each field, "" to leave the cell as it is; None to leave the whole row.
        """

    def write(self, record: Any, rendered: Any) -> None:  # noqa: ANN401 - the writer's own forms
        """Write a row, from its record and its values."""

    def close(self) -> None:
        """Finish the file; without it the file is not usable."""

    def discard(self) -> None:
        """Let go of the file without finishing it."""


class SourceList(Protocol):
    """A list of people that was opened."""

    @property
    def path(self) -> Path:
        """Where it stands."""

    @property
    def shape(self) -> Shape:
        """Where its header and its URLs are."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about what was found and decided, for the plan."""

    @property
    def suffix(self) -> str:
        """The ending of a result's name, with its dot."""

    def rows(self, layout: Layout) -> Iterator[Row]:
        """Iterate over every row of the list, blank ones included.

        Raises:
            BadFile: what follows cannot be read.
        """

    def create(self, target: Path, layout: Layout) -> ListWriter:
        """Begin a result with everything above the first row.

        Raises:
            BadFile: a result of this kind cannot be made.
        """
