"""Chunks of a job whose rows may have been written by a delivery that broke off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.store import chunks, schema
from functions.store.chunks import Chunk
from functions.store.database import Store
from functions.store.job_states import ChunkState, JobState

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_also_what_a_living_attempt_has_begun_is_looked_for(store: Store) -> None:
    states = {
        1: (ChunkState.RUNNING, 1),
        2: (ChunkState.RUNNING, 1),
        3: (ChunkState.QUEUED, 1),
        4: (ChunkState.QUEUED, 0),
        5: (ChunkState.DONE, 1),
        6: (ChunkState.QUEUED, 0),
    }
    job: dict[str, Any] = {"id": "1", "spreadsheet_id": "sheet", "user_id": "1", "idempotency_key": "1"}
    job |= {"request": {}, "request_digest": "", "state": JobState.RUNNING, "ceilings": {}, "sheet_id": 0}
    job |= {"rows": 0, "stop_requested": False, "created_at": NOON, "user_email": ""}
    with store.writing() as connection:
        connection.execute(schema.jobs.insert(), [job])
        connection.execute(
            schema.chunks.insert(),
            [
                {"id": f"{number}", "job_id": "1", "number": number, "state": state, "due_at": NOON}
                | {"seen": 0, "failed_attempts": failed, "progress": 0, "wrote": number == 6}
                for number, (state, failed) in states.items()
            ],
        )
    with store.reading() as connection:
        assert sorted(chunks.begun(connection, Chunk("1", "1", 1, "me"))) == [2, 3, 6]
