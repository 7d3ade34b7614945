"""P5: an attempt knows which rows of its chunk an earlier one has perhaps written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.outcomes import Again, Outcome
from functions.sheets.cells import CellChange, Write
from functions.store import cell_history, job_rows, schema
from functions.store.cell_history import WrittenRow
from functions.store.database import Store
from functions.store.job_rows import JobRow
from functions.store.job_states import JobState


def test_rows_that_were_begun_are_open_and_hold_recorded_values(store: Store) -> None:
    job: dict[str, Any] = {"id": "job", "spreadsheet_id": "sheet", "user_id": "1", "idempotency_key": "job"}
    job |= {"request": {}, "request_digest": "", "state": JobState.RUNNING, "ceilings": {}, "sheet_id": 0}
    job |= {"rows": 6, "stop_requested": False, "created_at": datetime(2026, 11, 26, tzinfo=UTC), "user_email": ""}
    changes = {0: CellChange("", "Founder")}
    with store.writing() as connection:
        connection.execute(schema.jobs.insert(), [job])
        job_rows.add(connection, "job", [JobRow(at, 1 + at // 5, at + 2, f"person-{at}", None, "") for at in range(6)])
        written = [Write(at, f"person-{at}", at + 2, changes, {0: "Founder"}) for at in (0, 1, 2, 3, 5)]
        cell_history.record_writes(connection, "job", written, {0: [frozenset({0})]})
        undone = WrittenRow(1, 3, "person-1", changes, frozenset(), frozenset({0}), undone=True)
        cell_history.record_undo(connection, "job", [undone])
        job_rows.settle(connection, "job", [(2, Outcome.KNOWN, ""), (3, Outcome.KNOWN, "")])
        job_rows.mark(connection, "job", {3: Again.WAITING})
    with store.reading() as connection:
        assert cell_history.begun(connection, "job", 1) == {0, 3}
        assert cell_history.written_rows(connection, "job", [0])[0].changes == changes
