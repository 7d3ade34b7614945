"""People whom a spreadsheet's formulas have shown although the spreadsheet had not asked for them before.

A formula token can be used by everybody who can edit its spreadsheet, so what it shows of leads that the team has paid
for elsewhere is limited by day. A person for whom a run of the spreadsheet was started, or for whom its formulas have
paid, was asked for there and is not counted: `job_rows` and the ledger remember that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.store import schema
from functions.store.database import Store

_BATCH = 1_000
"""Keys in one query."""

_people = schema.formula_people


def over_the_limit(
    store: Store, spreadsheet_id: str, keys: Sequence[str], limit_per_day: int, now: datetime
) -> frozenset[str]:
    """Record known people whom a formula is about to show, and tell who may not be shown today.

    One query where everybody was asked for in this spreadsheet before.

    Args:
        store: the store.
        spreadsheet_id: where the formula stands.
        keys: people whose lead was there already.
        limit_per_day: how many people may become new to the spreadsheet's formulas in a day (UTC).
        now: the present.

    Raises:
        StoreError: the store cannot be used.
    """
    with store.reading() as connection:
        new = _new_to(connection, spreadsheet_id, keys)
    if not new:
        return frozenset()
    with store.writing() as connection:
        _wait_for_turn(connection, spreadsheet_id)
        new = _new_to(connection, spreadsheet_id, new, lock=True)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        condition = _people.c.spreadsheet_id == spreadsheet_id, _people.c.first_at >= today
        shown = connection.scalar(sa.select(sa.func.count()).select_from(_people).where(*condition)) or 0
        room = max(0, limit_per_day - shown)
        rows = [{"spreadsheet_id": spreadsheet_id, "key": key, "first_at": now} for key in new[:room]]
        if rows:
            connection.execute(_people.insert(), rows)
    return frozenset(new[room:])


def _wait_for_turn(connection: sa.Connection, spreadsheet_id: str) -> None:
    """Let formulas of one spreadsheet count one after the other, by locking all its tokens.

    SQLite has one writer at a time and ignores FOR UPDATE.
    """
    tokens = schema.formula_tokens
    mine = sa.select(tokens.c.id).where(tokens.c.spreadsheet_id == spreadsheet_id)
    connection.execute(mine.order_by(tokens.c.id).with_for_update()).all()


def _new_to(connection: sa.Connection, spreadsheet_id: str, keys: Sequence[str], *, lock: bool = False) -> list[str]:
    """Return those of these people who have a lead and were never asked for in this spreadsheet, in the order given.

    Args:
        connection: a transaction.
        spreadsheet_id: which.
        keys: people.
        lock: whether erasing one of them waits until this transaction is over; it would miss what is recorded here.
    """
    leads, rows, jobs, entries = schema.leads, schema.job_rows, schema.jobs, schema.ledger_entries
    shown = sa.exists().where(_people.c.spreadsheet_id == spreadsheet_id, _people.c.key == leads.c.key)
    of_jobs = rows.c.key == leads.c.key, jobs.c.id == rows.c.job_id, jobs.c.spreadsheet_id == spreadsheet_id
    paid = entries.c.key == leads.c.key, entries.c.spreadsheet_id == spreadsheet_id
    statement = sa.select(leads.c.key).where(
        leads.c.status == LeadStatus.FOUND, ~shown, ~sa.exists().where(*paid), ~sa.exists().where(*of_jobs)
    )
    if lock:
        statement = statement.with_for_update(read=True, of=leads)
    new: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        new.update(connection.scalars(statement.where(leads.c.key.in_(keys[start : start + _BATCH]))))
    return [key for key in dict.fromkeys(keys) if key in new]
