"""Columns that refuse values: a strict dropdown, a typed column of a table, a protected range. Others are still filled.

Google refuses a write as a whole, and does not always say because of which column. So a write that was refused twice,
with a read of the sheet in between, is sent column by column; a column that is refused then is left out from then on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from functions.errors import BadRange
from functions.sheets.cells import Content, Write
from functions.sheets.transport import Protected

_PLACE = re.compile(r"tried writing to|grid limits|beyond|already exists", re.IGNORECASE)
"""In Google's words: what shall be written stands elsewhere now, or nowhere."""

Columns = Mapping[int, Mapping[int, Content]]
"""Field's number → row (from 1) → content."""


@dataclass(slots=True)
class Refusals:
    """The columns that have refused their values, with Google's reason, by the field's number."""

    reasons: dict[int, str] = field(default_factory=dict)
    by_column: bool = field(default=False, init=False)
    """Whether the latest write went column by column."""
    _doubted: bool = False
    """Whether the latest write was refused."""

    def without(self, write: Write) -> Write:
        """Return a write without the columns that are known to refuse values."""
        return replace(
            write,
            changes={number: change for number, change in write.changes.items() if number not in self.reasons},
            pending={number: content for number, content in write.pending.items() if number not in self.reasons},
        )

    def send(self, columns: Columns, write: Callable[[Columns], None]) -> BadRange | Protected | None:
        """Send all values at once, or column by column if that was refused before; return the refusal, if any.

        Raises:
            SheetError: as `write`.
        """
        self.by_column = False
        try:
            write(columns)
        except (BadRange, Protected) as error:
            if _PLACE.search(str(error)):  # rows were deleted, or columns were moved: the next look finds them
                return error
            if not self._doubted:
                self._doubted = True
                return error
            return self._send_each(columns, write)
        self._doubted = False
        return None

    def _send_each(self, columns: Columns, write: Callable[[Columns], None]) -> BadRange | Protected | None:
        """Send column by column; raise the refusal if every column is protected, since then it concerns the tab."""
        refused: dict[int, BadRange | Protected] = {}
        self.by_column = True
        for number, cells in columns.items():
            try:
                write({number: cells})
            except (BadRange, Protected) as error:
                refused[number] = error
        errors = list(refused.values())
        if len(errors) == len(columns) and all(isinstance(error, Protected) for error in errors):
            raise errors[0]
        if moved := [error for error in errors if _PLACE.search(str(error))]:
            return moved[0]
        self.reasons |= {number: str(error) for number, error in refused.items()}
        self._doubted = False
        return None
