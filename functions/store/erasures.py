"""Erasing a person: everything that the store holds of them goes, but for a digest that keeps them from coming back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from functions.store import schema
from functions.store.database import upsert

PAID_AGAIN = "Their lead is gone: whoever looks them up now pays for them again."
"""The sentence for somebody who lifts an erasure."""


def erase(connection: sa.Connection, key: str, by: str, now: datetime) -> None:
    """Takes a person out of leads, rows, before-images and the ledger, whose amounts stay; `by` is the account.

    Whoever settles a lookup of theirs at this moment holds its claim: this waits until they are done, or they find the
    erasure and `keep_out`.
    """
    claims = schema.claims
    connection.execute(sa.select(claims.c.token).where(claims.c.key == key).with_for_update())
    upsert(
        connection,
        schema.erasures,
        [{"digest": _digest(key), "at": now, "by_user_id": by}],
        replace=("at", "by_user_id"),
    )
    connection.execute(schema.snapshots.delete().where(schema.snapshots.c.identity == key))
    rows = schema.job_rows
    connection.execute(rows.update().where(rows.c.key == key).values(key=None, cells=sa.null()))
    _forget(connection, [key])
    # After the lead, for which a formula that is about to record the person makes this wait.
    connection.execute(schema.formula_people.delete().where(schema.formula_people.c.key == key))


def keep_out(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Takes out again what a lookup has brought in that was in flight while its person was erased."""
    if erased := list(among(connection, keys)):
        _forget(connection, erased)


def lift(connection: sa.Connection, key: str) -> bool:
    """Lets a person be looked up again; whether they had been erased."""
    statement = schema.erasures.delete().where(schema.erasures.c.digest == _digest(key))
    return connection.execute(statement).rowcount == 1


def among(connection: sa.Connection, keys: Sequence[str]) -> dict[str, datetime]:
    """Return those of these people who were erased, and when."""
    if not keys:
        return {}
    digests = {_digest(key): key for key in keys}
    table = schema.erasures
    rows = connection.execute(sa.select(table.c.digest, table.c.at).where(table.c.digest.in_(list(digests))))
    return {digests[row.digest]: row.at for row in rows}


def _forget(connection: sa.Connection, keys: Sequence[str]) -> None:
    entries = schema.ledger_entries
    connection.execute(schema.leads.delete().where(schema.leads.c.key.in_(keys)))
    connection.execute(entries.update().where(entries.c.key.in_(keys)).values(key=None))


def _digest(key: str) -> str:
    return hashlib.sha256(f"leadfill erased {key}".encode()).hexdigest()
