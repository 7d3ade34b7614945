"""Erasing a person: everything that the store holds of them goes, but for a digest that keeps them from coming back.

A person who has objected to being looked up, as a provider says, leaves the same digest, which nobody can lift.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.store import schema
from functions.store.database import insert

PAID_AGAIN = "Their lead is gone: whoever looks them up now pays for them again."
"""The sentence for somebody who lifts an erasure."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The absence of a person, and its reason."""

    at: datetime
    status: LeadStatus
    """`ERASED` or `OPTED_OUT`."""


def erase(connection: sa.Connection, key: str, by: str | None, now: datetime) -> None:
    """Takes a person out of all leads, rows, before-images and the ledger, whose amounts stay.

    `by` is the account that asks for it; None where the person has objected.

    Whoever settles a lookup of theirs at this moment holds its claim: this waits until they are done, or they find the
    erasure and `keep_out`.
    """
    claims = schema.claims
    connection.execute(sa.select(claims.c.token).where(claims.c.key == key).with_for_update())
    table = schema.erasures
    statement = insert(connection, table).values(digest=_digest(key), at=now, by_user_id=by)
    values = {"at": statement.excluded.at, "by_user_id": statement.excluded.by_user_id}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.digest], set_=values, where=table.c.by_user_id.is_not(None)
        )
    )
    connection.execute(schema.snapshots.delete().where(schema.snapshots.c.identity == key))
    rows = schema.job_rows
    connection.execute(rows.update().where(rows.c.key == key).values(key=None, cells=sa.null()))
    _forget(connection, [key])
    # After the leads, for which a formula that is about to record the person makes this wait.
    connection.execute(schema.formula_people.delete().where(schema.formula_people.c.key == key))


def opt_out(connection: sa.Connection, keys: Sequence[str], now: datetime) -> None:
    """Take people out who object to being looked up, as a provider says; nobody can lift that."""
    for key in keys:
        erase(connection, key, None, now)


def keep_out(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Takes out again what a lookup has brought in that was in flight while its person was erased."""
    if erased := list(among(connection, keys)):
        _forget(connection, erased)


def lift(connection: sa.Connection, key: str) -> bool:
    """Lets a person be looked up again, unless they have objected; whether they had been erased."""
    table = schema.erasures
    statement = table.delete().where(table.c.digest == _digest(key), table.c.by_user_id.is_not(None))
    return connection.execute(statement).rowcount == 1


def among(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Erasure]:
    """Return those of these people who were erased or have objected."""
    if not keys:
        return {}
    digests = {_digest(key): key for key in keys}
    table = schema.erasures
    rows = connection.execute(sa.select(table).where(table.c.digest.in_(list(digests))))
    return {
        digests[row.digest]: Erasure(row.at, LeadStatus.OPTED_OUT if row.by_user_id is None else LeadStatus.ERASED)
        for row in rows
    }


def _forget(connection: sa.Connection, keys: Sequence[str]) -> None:
    entries = schema.ledger_entries
    connection.execute(schema.leads.delete().where(schema.leads.c.key.in_(keys)))
    connection.execute(entries.update().where(entries.c.key.in_(keys)).values(key=None))


def _digest(key: str) -> str:
    return hashlib.sha256(f"leadfill erased {key}".encode()).hexdigest()
