"""Protected cells of a job: somebody who can edit a spreadsheet need not be able to edit each cell of it."""

from __future__ import annotations

from collections.abc import Iterable

from functions.fields.columns import held_columns
from functions.jobs.request import from_record
from functions.sheets.a1 import parse_range
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import Box, Tab
from functions.sheets.layout import layout_from_record
from functions.sheets.scan import columns_of
from functions.sheets.transport import Protected
from functions.store.jobs import Job


def refuse_protected(job: Job, sheet: GoogleSheet, tabs: Iterable[Tab]) -> None:
    """Refuse to act on a job whose cells the caller may not edit.

    Args:
        job: it writes into the columns of its layout, or before it is prepared into those that it would find now.
        sheet: its spreadsheet, with the caller's token; it is read only where something is protected.
        tabs: of its spreadsheet, as this caller sees them.

    Raises:
        Protected: some of the cells are protected against the caller.
        SheetError: the spreadsheet cannot be read.
    """
    if any(tab.sheet_id == job.sheet_id and tab.protected and _is_protected(job, sheet, tab) for tab in tabs):
        raise Protected


def _is_protected(job: Job, sheet: GoogleSheet, tab: Tab) -> bool:
    request = from_record(job.request, job.spreadsheet_id)
    covered, header_row = parse_range(request.range), request.header_row
    top = header_row or covered.first_row
    row = sheet.read_rows(tab.sheet_id, top, top)  # says where the columns are now
    if job.layout is None:
        titles = columns_of(row, header_row, covered.column, row)
        held = held_columns(request.chosen(), titles, request.choices(), reuse=request.placement == "reuse")
        columns = {column for column in held if column is not None}
        if tab.takes_no_columns and None in held:
            return True
    else:
        anchors = {column.anchor for column in layout_from_record(job.layout).columns}
        columns = {column for anchor, column in row.anchors.items() if anchor in anchors}
    first, last = covered.first_row - 1, covered.last_row or tab.rows
    return any(tab.protects(Box(first, column, last, column + 1)) for column in columns)
