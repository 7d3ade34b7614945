"""What Google does not document: each one a switch, so that tests run either way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choices:
    """The answers to questions for which no source was found. The defaults let through what might be refused."""

    missing_metadata_refused: bool = False
    """A write by data filter whose metadata is nowhere is a 400, not a 200 without an entry for it."""
    null_by_data_filter_clears: bool = False
    """A null in `DataFilterValueRange.values` empties its cell, as "" does, instead of leaving it alone."""
    strict_validation_refuses: bool = False
    """A value that a strict data validation rejects is a 400 through the API too."""
    typed_column_refuses: bool = False
    """A value that is not of the type of its table's column is a 400."""
    table_renames_header: bool = False
    """A header that a table has already gets a number behind it, an empty one becomes `Column 3`."""
