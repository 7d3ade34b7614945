"""The behaviour of Google Sheets, as the checks of this installation have found it: alike for all instances."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from functions.sheets.assumptions import Assumption, Behaviour, Finding, Verdict
from functions.store import schema
from functions.store.database import insert

_known = schema.sheet_behaviour


def read(connection: sa.Connection) -> Behaviour:
    """What is known to differ from what Leadfill relies on."""
    names = set(connection.scalars(sa.select(_known.c.assumption).where(_known.c.holds.is_(False))))
    # One that a newer version has kept may be unknown here.
    return Behaviour(frozenset(assumption for assumption in Assumption if assumption.value in names))


def keep(connection: sa.Connection, findings: Collection[Finding], now: datetime) -> None:
    """Keeps what was tried in place of what was known of it; what could not be tried stays as it was known."""
    for finding in findings:
        if finding.verdict is Verdict.NOT_TRIED:
            continue
        values = {"holds": finding.verdict is Verdict.HOLDS, "tried_at": now}
        statement = insert(connection, _known).values(assumption=finding.assumption.value, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["assumption"], set_=values))
