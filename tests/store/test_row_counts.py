"""P8: the counts of a job's rows that are kept are those that a count gives, whatever happened to the rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from functions.outcomes import Again, Outcome
from functions.store import job_rows, schema, unfinished_rows
from functions.store.database import Store
from functions.store.job_rows import JobRow
from functions.store.job_states import JobState

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
ROWS, CHUNKS, STEPS = 40, 4, 60
OUTCOMES = [*Outcome]


def add_job(store: Store, job_id: str, random: Random) -> None:
    job: dict[str, Any] = {"id": job_id, "spreadsheet_id": "sheet", "user_id": "1", "idempotency_key": job_id}
    job |= {"request": {}, "request_digest": "", "state": JobState.RUNNING, "ceilings": {}, "sheet_id": 0}
    job |= {"rows": ROWS, "stop_requested": False, "created_at": NOON, "user_email": ""}
    begun = [Outcome.UNUSABLE, Outcome.LEFT_OUT, None, None]
    with store.writing() as connection:
        connection.execute(schema.jobs.insert(), [job])
        rows = [JobRow(at, at % CHUNKS, at + 2, f"person-{at // 2}", random.choice(begun), "") for at in range(ROWS)]
        job_rows.add(connection, job_id, rows)


def counted(connection: sa.Connection, job_id: str) -> Counter[Outcome]:
    table = schema.job_rows
    ended = sa.select(table.c.outcome).where(table.c.job_id == job_id, table.c.outcome.is_not(None))
    return Counter(Outcome(outcome) for outcome in connection.scalars(ended))


def step(connection: sa.Connection, job_id: str, random: Random) -> None:
    positions = [random.randrange(ROWS) for _ in range(random.randrange(1, 12))]  # some twice
    outcomes = random.sample(OUTCOMES, 2)
    match random.randrange(7):
        case 0 | 1 | 2:
            job_rows.settle(connection, job_id, [(at, random.choice(OUTCOMES), "so") for at in positions])
        case 3:
            reasons = [Again.WAITING, Again.SKIPPED]
            job_rows.mark(connection, job_id, {at: random.choice(reasons) for at in positions})
        case 4:
            job_rows.go_on(connection, job_id, positions)
        case 5:
            job_rows.reopen(connection, job_id, outcomes)
        case _:
            chunk = random.choice([None, *range(CHUNKS)])
            unfinished_rows.end(connection, job_id, outcomes[0], "ended", chunk=chunk)


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_that_are_kept_are_those_that_a_count_gives(store: Store, seed: int) -> None:
    random = Random(seed)
    for job_id in ("a", "b"):
        add_job(store, job_id, random)
    for _ in range(STEPS):
        with store.writing() as connection:
            step(connection, random.choice("ab"), random)
        with store.reading() as connection:
            for job_id in ("a", "b"):
                assert job_rows.counts(connection, job_id) == counted(connection, job_id)


def test_a_change_that_is_taken_back_counts_nothing(store: Store) -> None:
    add_job(store, "a", Random(1))
    with pytest.raises(ZeroDivisionError), store.writing() as connection:  # noqa: PT012 - what is done before it fails
        job_rows.settle_open(connection, "a", Outcome.CANCELLED, "", None)
        raise ZeroDivisionError
    with store.reading() as connection:
        assert job_rows.counts(connection, "a") == counted(connection, "a")
