"""What a run, a look at it, a retry and an undo ask of SQLite is found by an index, however much the tables hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from functions.jobs.progress import ahead_of
from functions.outcomes import Outcome
from functions.store import erasures
from functions.store.database import Store
from tests.support.desk import Desk, people_rows

GROWING = ("leads", "job_rows", "ledger_entries", "snapshots", "formula_people")
"""Tables that hold a row a person or a lookup, of all runs."""
RARE = {"DELETE FROM snapshots WHERE snapshots.identity IN (?)"}
"""Erasures may take their time."""


@contextmanager
def statements_of(store: Store) -> Iterator[dict[str, object]]:
    """Collects each statement that is sent, with the parameters of its first time."""
    seen: dict[str, object] = {}

    def sent(*event: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        _, _, statement, parameters, _, many = event
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE") and not many:
            seen.setdefault(statement, parameters)

    sa.event.listen(store.engine, "before_cursor_execute", sent)
    try:
        yield seen
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", sent)


def test_no_statement_reads_a_table_that_grows_as_a_whole(desk: Desk) -> None:
    with statements_of(desk.store) as seen:
        spreadsheet = desk.sheet([*people_rows(12), ["https://www.linkedin.com/in/person-3"], ["nobody"]])
        job = desk.run(spreadsheet, max_credits=8)
        with desk.store.reading() as connection:
            ahead_of(desk.context, connection, job, {}, 0)
        again = desk.run(spreadsheet, write="all")
        assert desk.counts(again)[Outcome.KNOWN]
        desk.undo(again)
        desk.retry(job, 20, in_doubt=True)
        assert desk.counts(desk.drain(job))[Outcome.KNOWN], "who was looked up by the other run"
        with desk.store.writing() as connection:
            erasures.erase(connection, "linkedin.com/in/person-3", "1", desk.context.clock())
    read: dict[str, str] = {}
    with desk.store.engine.connect() as connection:
        for statement in seen.keys() - RARE:
            parameters = seen[statement]
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):  # type: ignore[arg-type] # as it was sent
                detail = str(step.detail)
                if detail.startswith("SCAN") and detail.split()[1] in GROWING:
                    read[statement] = detail
    assert len(seen) > 30
    assert not read, "\n".join(f"{detail}: {statement}" for statement, detail in read.items())
