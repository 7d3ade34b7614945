"""Protected cells of a job: somebody who can edit a spreadsheet need not be able to edit each cell of it."""

from __future__ import annotations

from collections.abc import Iterable

from functions.jobs.request import from_record
from functions.sheets.a1 import parse_range
from functions.sheets.grid import Box, Tab
from functions.sheets.layout import layout_from_record
from functions.sheets.transport import Protected
from functions.store.jobs import Job


def refuse_protected(job: Job, tabs: Iterable[Tab]) -> None:
    """Refuse to act on a job whose cells the caller may not edit.

    Args:
        job: it writes into the columns of its layout, or before it is prepared into those that were chosen.
        tabs: of its spreadsheet, as this caller sees them.

    Raises:
        Protected: some of the cells are protected against the caller.
    """
    if any(tab.sheet_id == job.sheet_id and _is_protected(job, tab) for tab in tabs):
        raise Protected


def _is_protected(job: Job, tab: Tab) -> bool:
    request = from_record(job.request, job.spreadsheet_id)
    covered = parse_range(request.range)
    if job.layout is None:
        columns = request.places()
        if tab.takes_no_columns and len(columns) < len(request.chosen()):
            return True
    else:  # where the columns were when they were found; people may have moved them since
        columns = {*layout_from_record(job.layout).places} - {covered.column}
    first, last = covered.first_row - 1, covered.last_row or tab.rows
    return any(tab.protects(Box(first, column, last, column + 1)) for column in columns)
