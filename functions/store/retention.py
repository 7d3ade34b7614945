"""Delete old data; the ledger stays."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from functions.sheets.cells import NOBODY
from functions.store import schema


def purge(
    connection: sa.Connection,
    *,
    cell_history: datetime,
    jobs: datetime,
    leads: datetime,
    formula_tokens: datetime,
    rates: datetime,
) -> int:
    """Delete data that is older than these times; return the number of rows.

    Args:
        connection: a transaction.
        cell_history: of jobs that ended before, what cells held and got, and by what rows without a profile were known.
        jobs: whole jobs that ended before.
        leads: what was learned, or first shown by a formula, before.
        formula_tokens: those that expired before.
        rates: of providers and spreadsheets that nobody has asked since.
    """
    rows, before, table, paces = schema.job_rows, schema.snapshots, schema.jobs, schema.rates
    old = sa.select(table.c.id).where(table.c.finished_at < cell_history)
    statements = [
        rows.update().where(rows.c.job_id.in_(old), rows.c.cells.is_not(None)).values(cells=sa.null()),
        rows.update().where(rows.c.job_id.in_(old), rows.c.key.startswith(NOBODY)).values(key=None),
        before.delete().where(before.c.job_id.in_(old)),
        table.delete().where(table.c.finished_at < jobs),
        schema.leads.delete().where(schema.leads.c.learned_at < leads),
        schema.formula_people.delete().where(schema.formula_people.c.first_at < leads),
        schema.formula_tokens.delete().where(schema.formula_tokens.c.expires_at < formula_tokens),
        paces.delete().where(
            paces.c.paid_until < rates, sa.or_(paces.c.blocked_until.is_(None), paces.c.blocked_until < rates)
        ),
    ]
    return sum(connection.execute(statement).rowcount for statement in statements)
