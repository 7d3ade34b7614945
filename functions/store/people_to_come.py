"""People of a job who are still to be looked up: their rows are open, and no fresh answer fills the needs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.terms import Needs
from functions.store import schema
from functions.store.leads import EVERY_PROVIDER, Freshness

_SHORT = (LeadStatus.MISSING, LeadStatus.REFUSED)
"""They are fresh for as long as a miss is."""


def count(
    connection: sa.Connection,
    job_id: str,
    *,
    needs: Needs,
    last_provider: str,
    retry: Collection[LeadStatus],
    since: datetime | None,
    fresh: Freshness,
    now: datetime,
) -> int:
    """Return their number, as an estimate: with several providers, some of them will not reach the last one.

    Args:
        connection: a transaction.
        job_id: which job.
        needs: of the run.
        last_provider: the one that is asked last; who was asked there is asked no more.
        retry: statuses that are asked again, once.
        since: when the job was started or retried; what was learned since then is not asked again.
        fresh: the periods for which leads and misses count as known.
        now: the present.
    """
    rows, known = schema.job_rows, schema.leads.alias("known")
    since_miss, since_lead = (sa.literal(now - life, known.c.learned_at.type) for life in (fresh.miss, fresh.lead))
    lives = sa.case((known.c.status.in_(_SHORT), since_miss), else_=since_lead)
    fills = sa.type_coerce(known.c.fills, sa.Text)
    is_enough = sa.and_(known.c.status == LeadStatus.FOUND, *(fills.contains(need.value) for need in sorted(needs)))
    says_enough = sa.or_(known.c.provider.in_([last_provider, EVERY_PROVIDER]), is_enough)
    conditions = [known.c.key == rows.c.key, known.c.learned_at > lives, says_enough]
    if retry and since is not None:
        conditions.append(sa.or_(known.c.status.not_in(list(retry)), known.c.learned_at >= since))
    is_known = sa.exists().where(*conditions)
    statement = sa.select(sa.func.count(rows.c.key.distinct())).where(
        rows.c.job_id == job_id, rows.c.outcome.is_(None), ~is_known
    )
    found: int = connection.execute(statement).scalar_one()
    return found
