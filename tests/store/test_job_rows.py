"""What concerns some rows of a job looks through those, not through the whole job: it may have a hundred thousand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from functions.outcomes import Outcome
from functions.store import cell_history, job_rows, ledger, schema_version
from functions.store.database import Store

KEYS, POSITIONS = [f"linkedin.com/in/somebody-{number}" for number in range(500)], list(range(500))


@pytest.mark.parametrize(
    ("work", "index"),
    [
        (lambda c: job_rows.of_chunk(c, "job", 1), "job_id=? AND chunk=?"),
        (lambda c: cell_history.begun(c, "job", 1), "job_id=? AND chunk=?"),
        (lambda c: job_rows.ended(c, "job", POSITIONS), "job_id=? AND position=?"),
        (lambda c: job_rows.settle(c, "job", [(at, Outcome.KNOWN, "") for at in POSITIONS]), "job_id=? AND position=?"),
        (lambda c: job_rows.several(c, "job", KEYS), "key=? AND job_id=?"),
        (lambda c: job_rows.keys_with(c, "job", Outcome.ENRICHED, KEYS), "key=? AND job_id=?"),
        (lambda c: ledger.keys_of_run(c, "job", KEYS), "ix_ledger_entries_key (key=?)"),
    ],
    ids=["of_chunk", "begun", "ended", "settle", "several", "keys_with", "keys_of_run"],
)
def test_some_rows_are_found_by_what_tells_them_from_the_others(
    work: Callable[[sa.Connection], object], index: str, tmp_path: Path
) -> None:
    store, sent = Store(f"sqlite:///{tmp_path / 'store.db'}"), list[tuple[str, Any]]()
    schema_version.upgrade(store)
    sa.event.listen(store.engine, "before_cursor_execute", lambda *sending: sent.append(sending[2:4]))
    with store.writing() as connection:
        sent.clear()
        work(connection)
        statement, values = sent[0]
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    store.close()
    assert index in plan[0], plan
