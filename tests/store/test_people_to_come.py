"""P12: the time left counts the people who are still to be looked up, as the waterfall would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.credits.lead_status import DOUBTFUL, LeadStatus
from functions.credits.terms import EVERY_NEED, NO_NEEDS, Need, Needs
from functions.outcomes import Outcome
from functions.store import leads, people_to_come, schema
from functions.store.database import Store
from functions.store.job_states import ChunkState, JobState
from functions.store.leads import EVERY_PROVIDER, Known

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FRESH = leads.Freshness(lead=timedelta(days=180), miss=timedelta(days=30))
FIRST, LAST = "slintel", "prospeo"
PERSON = frozenset({Need.PERSON})


def add_job(store: Store, rows: list[tuple[str, Outcome | None]]) -> None:
    job: dict[str, Any] = {"id": "1", "spreadsheet_id": "sheet", "user_id": "1", "idempotency_key": "1"}
    job |= {"request": {}, "request_digest": "", "state": JobState.RUNNING, "ceilings": {}, "sheet_id": 0}
    job |= {"rows": len(rows), "stop_requested": False, "created_at": NOON, "user_email": ""}
    with store.writing() as connection:
        connection.execute(schema.jobs.insert(), [job])
        values = [
            {"job_id": "1", "position": at, "chunk": 1, "row": 2 + at, "key": key, "detail": "", "outcome": outcome}
            for at, (key, outcome) in enumerate(rows)
        ]
        if values:
            connection.execute(schema.job_rows.insert(), values)


def learn(store: Store, key: str, provider: str, status: LeadStatus, *, days: int = 0, fills: Needs = NO_NEEDS) -> None:
    packed = leads.pack(b"{}") if status is LeadStatus.FOUND else None
    with store.writing() as connection:
        leads.learn(connection, {(key, provider): Known(status, NOON - timedelta(days=days), fills, packed=packed)})


def count(store: Store, last: str = FIRST, needs: Needs = EVERY_NEED, **more: Any) -> int:  # noqa: ANN401 - see `people_to_come.count`
    chosen: dict[str, Any] = {"retry": (), "since": NOON - timedelta(hours=1), "open_rows": 1} | more
    with store.reading() as connection:
        return people_to_come.count(connection, "1", needs=needs, last_provider=last, fresh=FRESH, now=NOON, **chosen)


def test_of_a_long_run_some_rows_stand_for_all(store: Store) -> None:
    add_job(store, [])
    chunks, per_chunk = 40, people_to_come.SOME_ROWS // 20
    with store.writing() as connection:
        connection.execute(
            schema.chunks.insert(),
            [
                {"id": f"{number}", "job_id": "1", "number": number, "state": ChunkState.QUEUED, "due_at": NOON}
                | {"seen": 0, "failed_attempts": 0, "progress": 0, "wrote": False}
                for number in range(1, chunks + 1)
            ],
        )
        connection.execute(
            schema.job_rows.insert(),
            [
                {"job_id": "1", "position": at, "chunk": 1 + at // per_chunk, "row": 2 + at, "detail": ""}
                | {"key": f"person-{at // 2}" if at % 4 < 2 else f"{at}"}
                for at in range(chunks * per_chunk)
            ],
        )
    rows = chunks * per_chunk
    found = count(store, open_rows=rows)
    assert abs(found - 3 / 4 * rows) < rows / 50, "of four rows two are of one person"


@pytest.mark.parametrize("chunks", [1, 3, 20])
@pytest.mark.parametrize("answered", [0.1, 0.6])
def test_rows_of_a_long_chunk_that_were_answered_and_not_written_yet_do_not_stand_for_all(
    store: Store, chunks: int, answered: float
) -> None:
    add_job(store, [])
    per_chunk = 1_000 // chunks
    rows = [(1 + at // per_chunk, at % per_chunk, f"person-{at}") for at in range(chunks * per_chunk)]
    done = {f"linkedin.com/in/{key}" for _, place, key in rows if place < answered * per_chunk}
    with store.writing() as connection:
        values = [
            (f"{number}", "1", number, ChunkState.QUEUED, NOON, 0, 0, 0, False) for number in range(1, chunks + 1)
        ]
        names = ("id", "job_id", "number", "state", "due_at", "seen", "failed_attempts", "progress", "wrote")
        connection.execute(schema.chunks.insert(), [dict(zip(names, value, strict=True)) for value in values])
        connection.execute(
            schema.job_rows.insert(),
            [
                {"job_id": "1", "position": at, "chunk": chunk, "row": 2 + at, "detail": ""}
                | {"key": f"linkedin.com/in/{key}"}
                for at, (chunk, _, key) in enumerate(rows)
            ],
        )
        packed = leads.pack(b"{}")
        leads.learn(
            connection,
            {(key, FIRST): Known(LeadStatus.FOUND, NOON, EVERY_NEED, packed=packed) for key in sorted(done)},
        )
    to_come = len(rows) - len(done)
    assert abs(count(store, open_rows=len(rows)) - to_come) < to_come / 10


def test_one_person_counts_once_and_only_while_a_row_is_open(store: Store) -> None:
    add_job(store, [("a", None), ("a", None), ("b", Outcome.FAILED), ("c", None)])
    assert count(store) == 2


def test_who_was_asked_last_is_asked_no_more_whatever_came(store: Store) -> None:
    add_job(store, [(status.value, None) for status in LeadStatus])
    for status in LeadStatus:
        barred = status in (LeadStatus.ERASED, LeadStatus.OPTED_OUT)
        learn(store, status.value, EVERY_PROVIDER if barred else FIRST, status)
    assert count(store) == 0


def test_what_is_stale_counts_for_nothing(store: Store) -> None:
    add_job(store, [("lead", None), ("miss", None), ("old miss", None)])
    learn(store, "lead", FIRST, LeadStatus.FOUND, days=181, fills=EVERY_NEED)
    learn(store, "miss", FIRST, LeadStatus.MISSING, days=29)
    learn(store, "old miss", FIRST, LeadStatus.MISSING, days=31)
    assert count(store) == 2


def test_with_a_second_provider_who_has_an_open_need_is_still_to_come(store: Store) -> None:
    add_job(store, [("whole", None), ("without", None), ("miss", None), ("last", None)])
    learn(store, "whole", FIRST, LeadStatus.FOUND, fills=EVERY_NEED)
    learn(store, "without", FIRST, LeadStatus.FOUND, fills=PERSON)
    learn(store, "miss", FIRST, LeadStatus.MISSING)
    learn(store, "last", LAST, LeadStatus.MISSING)
    assert count(store, LAST) == 2
    assert count(store, LAST, PERSON) == 1


def test_a_doubt_is_to_come_once_where_it_is_retried(store: Store) -> None:
    add_job(store, [("before", None), ("since", None)])
    learn(store, "before", FIRST, LeadStatus.IN_DOUBT, days=1)
    learn(store, "since", FIRST, LeadStatus.IN_DOUBT)
    assert count(store) == 0
    assert count(store, retry=DOUBTFUL) == 1
