"""What Google does not document, or nobody has seen yet: each one a switch, so that tests run either way."""

from __future__ import annotations

import msgspec


class Choices(msgspec.Struct, frozen=True, kw_only=True):
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
    metadata_left_out_of_grids: bool = False
    """A grid that is read by range and mask comes without the developer metadata of its columns and rows."""
    metadata_stays_in_place: bool = False
    """Developer metadata does not go along with a column that is moved."""
    taken_id_accepted: bool = False
    """A second entry of developer metadata gets an id that is in use."""
    deleting_nothing_refused: bool = False
    """A delete of developer metadata that selects no entry is a 400."""
    freed_id_stays_taken: bool = False
    """An id of developer metadata can be used again only after the batch that has deleted its entry."""
    delete_misses_its_batch: bool = False
    """A delete of developer metadata does not see the entries that the same batch has created."""
    spilled_cells_look_empty: bool = False
    """A cell that a formula elsewhere fills says nothing of what it shows."""
    link_runs_left_out: bool = False
    """Links over parts of a text are not told."""
    chips_left_out: bool = False
    """Smart chips are not told."""
    chips_refused: bool = False
    """The API writes no chip at all, so it cannot be seen how one is read."""
    insert_into_blocks_refused: bool = False
    """A column can be inserted neither into nor beside a table, a filter or alternating colours."""
