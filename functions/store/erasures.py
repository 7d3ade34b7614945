"""Erasing a person: everything that the store holds of them goes, but for a digest that keeps them from coming back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from functions.store import schema
from functions.store.engine import upsert


def erase(connection: sa.Connection, key: str, now: datetime) -> None:
    """Takes a person out of leads, rows, before-images and the ledger, whose amounts stay."""
    upsert(connection, schema.erasures, [{"digest": _digest(key), "at": now}], replace=("at",))
    connection.execute(schema.leads.delete().where(schema.leads.c.key == key))
    connection.execute(schema.before_images.delete().where(schema.before_images.c.identity == key))
    rows, entries = schema.job_rows, schema.credit_entries
    connection.execute(rows.update().where(rows.c.key == key).values(key=None, cells=sa.null()))
    connection.execute(entries.update().where(entries.c.key == key).values(key=None))


def lift(connection: sa.Connection, key: str) -> bool:
    """Lets a person be looked up again; whether they had been erased."""
    statement = schema.erasures.delete().where(schema.erasures.c.digest == _digest(key))
    return connection.execute(statement).rowcount == 1


def among(connection: sa.Connection, keys: Sequence[str]) -> dict[str, datetime]:
    """Which of these people were erased, and when."""
    if not keys:
        return {}
    digests = {_digest(key): key for key in keys}
    table = schema.erasures
    rows = connection.execute(sa.select(table.c.digest, table.c.at).where(table.c.digest.in_(list(digests))))
    return {digests[row.digest]: row.at for row in rows}


def _digest(key: str) -> str:
    return hashlib.sha256(f"leadfill erased {key}".encode()).hexdigest()
