"""Where the chosen fields stand in a CSV: old columns are reused, new ones come right of the URLs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.fields import Facts, project
from functions.fields.catalogue import Field
from functions.fields.columns import target_columns
from functions.outcomes import Lead
from local.csv_file import CsvFile, safe


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the chosen fields stand in the rows that are written."""

    fields: tuple[Field, ...]
    places: tuple[int, ...]
    """For each field its column in the written row, from 0."""
    added: int
    """How many columns are new; they stand right of the URLs."""
    url_column: int

    @classmethod
    def of(cls, file: CsvFile, fields: tuple[Field, ...]) -> Columns:
        """Reuses a column whose header names the field; puts new ones right of the URLs."""
        targets = target_columns(fields, file.header, file.url_column)
        added = sum(target.held is None for target in targets)
        return cls(fields, tuple(target.planned for target in targets), added, file.url_column)

    def widen(self, row: Sequence[str], titles: Sequence[str] = ()) -> list[str]:
        """A row of the file with room for the new columns; for the header row, with their titles."""
        after = self.url_column + 1
        wide = [*row[:after], *[""] * self.added, *row[after:]]
        for place, title in zip(self.places, titles, strict=False):
            wide[place] = wide[place] or title
        return wide

    def filled(self, wide: Sequence[str]) -> bool:
        """Whether every target cell of a widened row holds something already."""
        return all(wide[place].strip() for place in self.places)

    def fill(self, wide: list[str], lead: Lead | None, facts: Facts) -> None:
        """Writes what is known into the target cells that are empty."""
        for place, value in zip(self.places, project(lead, facts, self.fields), strict=True):
            if not wide[place].strip():
                wide[place] = safe(value)
