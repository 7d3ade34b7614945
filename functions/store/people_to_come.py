"""People of a job who are still to be looked up: their rows are open, and no fresh answer fills the needs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.terms import Needs
from functions.store import schema
from functions.store.job_states import ChunkState
from functions.store.leads import EVERY_PROVIDER, Freshness

SOME_CHUNKS = 8
"""Of a long run, the chunks that are looked at."""
SOME_ROWS = 400
"""The most open rows that are all looked at; of more, about so many."""
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
    open_rows: int,
) -> int:
    """Return their number, as an estimate: with several providers, some of them will not reach the last one.

    Of a long run, some rows of some chunks stand for all of them: a job is looked at each second, however long it is.

    Args:
        connection: a transaction.
        job_id: which job.
        needs: of the run.
        last_provider: the one that is asked last; who was asked there is asked no more.
        retry: statuses that are asked again, once.
        since: when the job was started or retried; what was learned since then is not asked again.
        fresh: the periods for which leads and misses count as known.
        now: the present.
        open_rows: the rows of the job that have no outcome.
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
    earlier = schema.job_rows.alias("earlier")
    is_repeat = sa.exists().where(
        earlier.c.job_id == job_id,
        earlier.c.key == rows.c.key,
        earlier.c.outcome.is_(None),
        earlier.c.position < rows.c.position,
    )
    is_wanted = sa.and_(rows.c.key.is_not(None), ~is_known, ~is_repeat)
    of_job = rows.c.job_id == job_id, rows.c.outcome.is_(None)
    if open_rows <= SOME_ROWS:
        few: int = connection.execute(sa.select(sa.func.count()).where(*of_job, is_wanted)).scalar_one()
        return few
    numbers = _open_chunks(connection, job_id)
    some = numbers[:: -(-len(numbers) // SOME_CHUNKS) or 1]
    if not some:
        return 0
    # From all over each chunk: its first rows may have been answered, and wait for the next flush.
    of_some = open_rows * len(some) // len(numbers)
    step = -(-of_some // SOME_ROWS) | 1  # an odd one hits every row of a list in which people alternate
    sample = sa.select(is_wanted).where(*of_job, rows.c.chunk.in_(some), rows.c.position % step == 0)
    wanted = connection.scalars(sample).all()
    return round(sum(map(bool, wanted)) * open_rows / len(wanted)) if wanted else 0


def _open_chunks(connection: sa.Connection, job_id: str) -> list[int]:
    table = schema.chunks
    is_open = table.c.job_id == job_id, table.c.number > 0, table.c.state != ChunkState.DONE
    return list(connection.scalars(sa.select(table.c.number).where(*is_open).order_by(table.c.number)))
