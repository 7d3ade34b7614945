"""Rows that a job ends without settling them; the credits spent on each decide its outcome."""

from __future__ import annotations

import sqlalchemy as sa

from functions.credits import lead_status
from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import EntryKind
from functions.outcomes import Outcome
from functions.store import job_rows, ledger, schema

PAID_NOT_WRITTEN = (
    "The person was looked up, and the run ended before the values were written. They are kept: a retry writes them "
    "and pays nothing again."
)
_BATCH = 500
"""Keys in one query."""


def end(connection: sa.Connection, job_id: str, outcome: Outcome, detail: str, *, chunk: int | None = None) -> None:
    """Give open rows an outcome; rows on which this job has spent credits say so.

    Args:
        connection: a transaction.
        job_id: which job.
        outcome: of rows on which nothing was spent.
        detail: their sentence.
        chunk: only the rows of this chunk; None for all.
    """
    asked = _asked(connection, job_id, chunk)
    spent = _spent(connection, job_id, sorted(set(asked.values())))
    settled = [(position, *spent[key]) for position, key in asked.items() if key in spent]
    if settled:
        job_rows.settle(connection, job_id, settled)
    job_rows.settle_open(connection, job_id, outcome, detail, chunk)


def _asked(connection: sa.Connection, job_id: str, chunk: int | None) -> dict[int, str]:
    """Returns the open rows of people whom the job has asked for, position to key: few, however many rows are open."""
    rows, entries, claims = schema.job_rows, schema.ledger_entries, schema.claims
    charged = sa.select(entries.c.key).where(entries.c.run_id == job_id, entries.c.kind != EntryKind.RELEASED)
    claimed = sa.select(claims.c.key).where(claims.c.run_id == job_id)
    condition = [rows.c.job_id == job_id, rows.c.outcome.is_(None), rows.c.key.in_(charged.union(claimed))]
    if chunk is not None:
        condition.append(rows.c.chunk == chunk)
    found = connection.execute(sa.select(rows.c.position, rows.c.key).where(*condition))
    return {row.position: row.key for row in found}


def _spent(connection: sa.Connection, job_id: str, keys: list[str]) -> dict[str, tuple[Outcome, str]]:
    """Returns the outcomes of people on whom the job has spent something, perhaps in vain."""
    asked = ledger.keys_of_run(connection, job_id, keys)
    statuses: dict[tuple[str, str], LeadStatus] = {}
    table, claims = schema.leads, schema.claims
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        known = sa.select(table.c.key, table.c.provider, table.c.status).where(table.c.key.in_(batch))
        statuses |= {(row.key, row.provider): LeadStatus(row.status) for row in connection.execute(known)}
        # Whoever holds a claim has perhaps sent it; one that has died becomes a doubt when its time is over.
        held = sa.select(claims.c.key, claims.c.provider).where(claims.c.key.in_(batch), claims.c.run_id == job_id)
        statuses |= {(row.key, row.provider): LeadStatus.IN_DOUBT for row in connection.execute(held)}
    without_lead: dict[str, tuple[Outcome, str]] = {}
    for (key, provider), status in statuses.items():
        ended = lead_status.outcome_of_known(status, provider)
        if status is not LeadStatus.FOUND and (key not in without_lead or _worth(ended) < _worth(without_lead[key])):
            without_lead[key] = ended
    paid = Outcome.FAILED, PAID_NOT_WRITTEN
    found = (pair for pair, status in statuses.items() if status is LeadStatus.FOUND)
    return without_lead | {key: paid for key, provider in found if asked.get((key, provider))}


def _worth(ended: tuple[Outcome, str]) -> int:
    """Return the rank of an outcome among those of several providers; the first one becomes the row's."""
    return (Outcome.IN_DOUBT, Outcome.FAILED, Outcome.NOT_FOUND).index(ended[0])
