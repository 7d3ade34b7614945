"""Rows and columns that were inserted, deleted or moved: what a workbook remembers of it, and windows hear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from local.sheets_api import references
from local.sheets_api.google_errors import Json

KEPT = 200
"""A window hears of changes within milliseconds; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """One insertion, deletion or move of rows or columns. Indices count from 0; `destination` counts before a move."""

    revision: int
    """Of the workbook, once the change is made."""
    sheet_id: int
    dimension: Literal["ROWS", "COLUMNS"]
    kind: Literal["insert", "delete", "move"]
    start: int
    end: int
    destination: int = 0

    @property
    def moved(self) -> references.Moved:
        """Where spans are afterwards."""
        if self.kind == "insert":
            return references.inserted(self.start, self.end - self.start)
        if self.kind == "delete":
            return references.deleted(self.start, self.end)
        return references.moved_to(self.start, self.end, self.destination)

    def shown(self) -> Json:
        """Return it as a window hears of it."""
        return {
            "sheetId": self.sheet_id,
            "dimension": self.dimension,
            "kind": self.kind,
            "start": self.start,
            "end": self.end,
            "destination": self.destination,
        }
