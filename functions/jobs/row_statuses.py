"""Writes the Status of rows without a profile: a chunk of its own, after those that look people up.

Such a row has its outcome from the start, and is known again by the text of its URL cell. Rows with the same text get
the same words, so it does not matter which of them is which. A row that is gone meanwhile gets none.
"""

from __future__ import annotations

from collections.abc import Sequence

from functions.jobs.attempt import Attempt
from functions.jobs.leases import tab_lock
from functions.outcomes import Outcome
from functions.sheet_writes.fill import write
from functions.sheets.row_identity import reason_of
from functions.sheets.row_matching import RowValues
from functions.sheets.row_status import number_of, unusable
from functions.store.job_rows import JobRow


def write_statuses(attempt: Attempt, rows: Sequence[JobRow]) -> None:
    """Write the Status of those rows of a chunk that have no profile.

    Raises:
        SheetError: the sheet cannot be used; what was recorded stays for the next attempt.
        StoreError: the store cannot be used.
    """
    told = [(row, row.key) for row in rows if row.outcome is Outcome.UNUSABLE and row.key is not None]
    number, layout = number_of(attempt.request.chosen()) if told else None, attempt.layout
    if number is None or layout is None:
        return
    wanted = [RowValues(row.position, row.row, name, {number: unusable(reason_of(name))}) for row, name in told]
    with tab_lock(attempt) as lock:
        write(lock.writer(attempt.job, layout), wanted, overwrite=attempt.request.overwrite)
