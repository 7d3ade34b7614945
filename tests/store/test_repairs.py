"""P5, P6: repairs that were begun and not seen done are there for the next attempt, with both contents of each cell."""

from __future__ import annotations

from random import Random

import sqlalchemy as sa

from functions.sheets.cells import Formula, SheetRow
from functions.sheets.repair import Repair
from functions.store import cell_history, erasures, schema
from functions.store.database import Store
from tests.store.test_row_counts import NOON, add_job

PERSON = "linkedin.com/in/person-1"
BEGUN = [
    Repair(SheetRow(0, PERSON, {0: "theirs", 2: 7.0}, frozenset({5, 6})), {0: "", 2: Formula("=A1", 3)}),
    Repair(SheetRow(0, "text:", {1: "theirs"}, frozenset()), {1: "mine"}),
]


def test_repairs_are_kept_until_they_are_seen_done(store: Store) -> None:
    for job_id in ("job", "other"):
        add_job(store, job_id, Random(0))
    with store.writing() as connection:
        cell_history.save_snapshot(connection, "job", [SheetRow(2, PERSON, {0: "before"})])
        cell_history.record_repairs(connection, "job", BEGUN[:1])
        cell_history.record_repairs(connection, "job", BEGUN)
        assert cell_history.repairs(connection, "job") == BEGUN
        assert cell_history.repairs(connection, "other") == []
        cell_history.record_repairs(connection, "job", [])
        assert cell_history.repairs(connection, "job") == []
        (held,) = cell_history.read_snapshot(connection, "job", [PERSON], at_undo=False)
        assert held.cells == {0: "before"}


def test_an_erasure_takes_a_persons_repairs(store: Store) -> None:
    add_job(store, "job", Random(0))
    with store.writing() as connection:
        cell_history.record_repairs(connection, "job", BEGUN)
        erasures.erase(connection, PERSON, "1", NOON)
        assert connection.scalars(sa.select(schema.snapshots.c.identity)).all() == ["text:"]
