"""Formula tokens that count no more."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from functions.store import schema
from functions.store.database import upsert


def revoke(connection: sa.Connection, token_id: str, now: datetime) -> None:
    """From now on the token with this id is refused."""
    upsert(connection, schema.revoked_tokens, [{"id": token_id, "at": now}], replace=("at",))


def is_revoked(connection: sa.Connection, token_id: str) -> bool:
    """Whether it was revoked."""
    table = schema.revoked_tokens
    return connection.scalar(sa.select(table.c.id).where(table.c.id == token_id)) is not None
