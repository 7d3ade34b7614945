"""The behaviour of Google Sheets as checks of this installation found it, shared by all instances."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from functions.sheets.assumptions import Assumption, Behaviour, Finding, Verdict
from functions.store import schema
from functions.store.database import insert

_known = schema.sheet_behaviour


def read(connection: sa.Connection) -> Behaviour:
    """Return how Google Sheets is known to differ from what Leadfill relies on."""
    names = set(connection.scalars(sa.select(_known.c.assumption).where(_known.c.holds.is_(False))))
    # One that a newer version has kept may be unknown here.
    return Behaviour(frozenset(assumption for assumption in Assumption if assumption.value in names))


def keep(connection: sa.Connection, findings: Collection[Finding], now: datetime) -> None:
    """Replace what was known by what was tried; assumptions that could not be tried keep their earlier result."""
    for finding in findings:
        if finding.verdict is Verdict.NOT_TRIED:
            continue
        values = {"holds": finding.verdict is Verdict.HOLDS, "tried_at": now}
        statement = insert(connection, _known).values(assumption=finding.assumption.value, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["assumption"], set_=values))
