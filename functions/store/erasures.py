"""Erasure of a person: deletes everything about them but a digest, which keeps them from being looked up again.

A provider's own id tells that two URLs are one person: then they are erased together.
A person who has objected at a provider leaves the same digest, and nobody can lift that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.store import schema
from functions.store.database import insert

NOBODY: Mapping[tuple[str, str], str] = MappingProxyType({})
PAID_AGAIN = "Their lead was deleted, so the next lookup of this person is paid for again."
"""The sentence for somebody who lifts an erasure."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record that a person was erased or has objected."""

    at: datetime
    status: LeadStatus
    """`ERASED` or `OPTED_OUT`."""


def erase(connection: sa.Connection, key: str, by: str | None, now: datetime) -> None:
    """Remove a person from all leads, rows, snapshots and the ledger, whose amounts stay.

    `by` is the account that asks for it; None where the person has objected. Other URLs that are the same person by a
    provider's own id are erased with this one, and so is each further one, once a lookup tells that it is.

    Whoever settles a lookup of theirs at this moment holds its claim: this waits until they are done, or they find the
    erasure and `keep_out`.
    """
    keys, persons = _same_person(connection, key)
    claims = schema.claims
    connection.execute(sa.select(claims.c.token).where(claims.c.key.in_(keys)).order_by(claims.c.key).with_for_update())
    _bar(connection, [*map(_digest, keys), *(_digest_of_id(*person) for person in persons)], _digest(key), by, now)
    before, rows, shown = schema.snapshots, schema.job_rows, schema.formula_people
    connection.execute(before.delete().where(before.c.identity.in_(keys)))
    connection.execute(rows.update().where(rows.c.key.in_(keys)).values(key=None, cells=sa.null()))
    _forget(connection, keys)
    # After the leads, for which a formula that is about to record the person makes this wait.
    connection.execute(shown.delete().where(shown.c.key.in_(keys)))


def _bar(connection: sa.Connection, digests: Sequence[str], asked: str, by: str | None, now: datetime) -> None:
    """Leaves the digests; what a person has objected to stays so."""
    table = schema.erasures
    statement = insert(connection, table)
    values = {name: statement.excluded[name] for name in ("asked", "at", "by_user_id")}
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.digest], set_=values, where=table.c.by_user_id.is_not(None)
    )
    rows = [{"digest": digest, "asked": asked, "at": now, "by_user_id": by} for digest in sorted(set(digests))]
    connection.execute(statement, rows)


def _same_person(connection: sa.Connection, key: str) -> tuple[list[str], set[tuple[str, str]]]:
    """Return the keys of all URLs that are this person by the ids of the providers, and these ids."""
    table, keys, persons = schema.leads, {key}, set[tuple[str, str]]()
    while True:
        of_keys = sa.select(table.c.provider, table.c.person).where(table.c.key.in_(sorted(keys)))
        ids = {(provider, person) for provider, person in connection.execute(of_keys) if person} - persons
        if not ids:
            return sorted(keys), persons
        persons |= ids
        by_name = table.c.person.in_(sorted({person for _, person in ids}))  # pairs would make SQLite read all leads
        found = connection.execute(sa.select(table.c.key, table.c.provider, table.c.person).where(by_name))
        keys |= {key for key, provider, person in found if (provider, person) in ids}


def opt_out(connection: sa.Connection, keys: Sequence[str], now: datetime) -> None:
    """Take people out who object to being looked up, as a provider says; nobody can lift that."""
    for key in keys:
        erase(connection, key, None, now)


def keep_out(
    connection: sa.Connection, keys: Sequence[str], persons: Mapping[tuple[str, str], str] = NOBODY
) -> dict[str, Erasure]:
    """Takes out again what a lookup has brought in of an erased person: one that was in flight, or of another URL.

    `persons` are the ids of those who were found, by key and provider. Returned are those who were erased, by key.
    """
    urls: dict[str, set[str]] = {_digest(key): {key} for key in keys}
    for (key, provider), person in persons.items():
        urls.setdefault(_digest_of_id(provider, person), set()).add(key)
    erased: dict[str, Erasure] = {}
    for row in _rows(connection, urls):
        erased |= dict.fromkeys(urls[row.digest], _erasure(row))
        new = [digest for key in urls[row.digest] if (digest := _digest(key)) != row.digest]
        if new:
            _bar(connection, new, row.asked, row.by_user_id, row.at)
    if erased:
        _forget(connection, sorted(erased))
    return erased


def lift(connection: sa.Connection, key: str) -> bool:
    """Lets a person be looked up again by all their URLs, unless they have objected; whether they had been erased."""
    table = schema.erasures
    asked = sa.select(table.c.asked).where(table.c.digest == _digest(key)).scalar_subquery()
    return (
        connection.execute(table.delete().where(table.c.asked == asked, table.c.by_user_id.is_not(None))).rowcount > 0
    )


def among(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Erasure]:
    """Return those of these people who were erased or have objected."""
    of_keys = digests(keys)
    return {of_keys[row.digest]: _erasure(row) for row in _rows(connection, of_keys)}


def digests(keys: Sequence[str]) -> dict[str, str]:
    """Return the keys by the digest that an erasure of each would leave."""
    return {_digest(key): key for key in keys}


def _rows(connection: sa.Connection, found: Collection[str]) -> Sequence[sa.Row[Any]]:
    return connection.execute(_OF_DIGESTS, {"digests": list(found)}).all() if found else []


def _erasure(row: sa.Row[Any]) -> Erasure:
    return Erasure(row.at, LeadStatus.OPTED_OUT if row.by_user_id is None else LeadStatus.ERASED)


_OF_DIGESTS = sa.select(schema.erasures).where(schema.erasures.c.digest.in_(sa.bindparam("digests", expanding=True)))


def _forget(connection: sa.Connection, keys: Sequence[str]) -> None:
    entries = schema.ledger_entries
    connection.execute(schema.leads.delete().where(schema.leads.c.key.in_(keys)))
    connection.execute(entries.update().where(entries.c.key.in_(keys)).values(key=None))


def _digest(key: str) -> str:
    return hashlib.sha256(f"leadfill erased {key}".encode()).hexdigest()


def _digest_of_id(provider: str, person: str) -> str:
    return _digest(f"{provider} {person}")
