"""Leads and misses: read in batches, kept whole."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.outcomes import Lead
from functions.store import erasures, schema
from functions.store.database import upsert

_FAST = 1
"""zlib's quickest level: a lead shrinks to a third, and a read costs tens of microseconds."""
_BATCH = 1_000
"""Keys in one query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The periods for which leads and misses count as known."""

    lead: timedelta
    miss: timedelta


@dataclass(frozen=True, slots=True)
class Known:
    """The store's knowledge of one profile."""

    status: LeadStatus
    learned_at: datetime
    packed: bytes | None

    @property
    def lead(self) -> Lead | None:
        """The lead, whole; None where none was ever found."""
        return None if self.packed is None else msgspec.json.decode(zlib.decompress(self.packed), type=dict)


def pack(raw: bytes) -> bytes:
    """A lead's JSON as the store keeps it."""
    return zlib.compress(raw, _FAST)


def read(connection: sa.Connection, keys: Sequence[str], fresh: Freshness, now: datetime) -> dict[str, Known]:
    """Return what is known and still fresh of these keys; an erasure holds for ever."""
    table = schema.leads
    rows = connection.execute(
        sa.select(table.c.key, table.c.status, table.c.learned_at, table.c.lead).where(table.c.key.in_(keys))
    )
    known = {
        row.key: Known(LeadStatus(row.status), row.learned_at, row.lead)
        for row in rows
        if _is_fresh(row.status, row.learned_at, fresh, now)
    }
    erased = erasures.among(connection, [key for key in keys if key not in known])
    return known | {key: Known(LeadStatus.ERASED, at, None) for key, at in erased.items()}


def statuses(connection: sa.Connection, keys: Sequence[str], fresh: Freshness, now: datetime) -> dict[str, LeadStatus]:
    """Return the fresh statuses of any number of keys, without their leads."""
    table = schema.leads
    known: dict[str, LeadStatus] = {}
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        rows = connection.execute(
            sa.select(table.c.key, table.c.status, table.c.learned_at).where(table.c.key.in_(batch))
        )
        known |= {row.key: LeadStatus(row.status) for row in rows if _is_fresh(row.status, row.learned_at, fresh, now)}
        erased = erasures.among(connection, [key for key in batch if key not in known])
        known |= dict.fromkeys(erased, LeadStatus.ERASED)
    return known


def _is_fresh(status: str, learned_at: datetime, fresh: Freshness, now: datetime) -> bool:
    """A doubt, and a paid answer that could not be read, hold as long as a lead: asking again could pay twice."""
    return learned_at + (fresh.miss if status in (LeadStatus.MISSING, LeadStatus.REFUSED) else fresh.lead) > now


def learn(connection: sa.Connection, statuses: Mapping[str, tuple[LeadStatus, bytes | None]], now: datetime) -> None:
    """Records what became known of each key. A lead found once is kept, whatever a later lookup comes to."""
    rows = [
        {"key": key, "status": status, "learned_at": now, "lead": packed}
        for key, (status, packed) in sorted(statuses.items())
    ]
    upsert(connection, schema.leads, [row for row in rows if row["lead"]], replace=("status", "learned_at", "lead"))
    upsert(connection, schema.leads, [row for row in rows if not row["lead"]], replace=("status", "learned_at"))
