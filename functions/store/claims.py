"""Claim → intend → settle: the three steps of a lookup that the store records.

A claim row *is* the durable intention: it is committed, with its credit reserved, before the request may leave. It goes
in exactly one of two ways: its holder settles it or, when it expires, it becomes a doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.pacing import AHEAD
from functions.credits.pricing import Charge, EntryKind
from functions.store import erasures, leads, ledger, reservations, schema
from functions.store.database import Store, insert_of
from functions.store.leads import EVERY_PROVIDER, Known
from functions.store.ledger import NOT_MOVED, Moved
from functions.store.lookups import Claim, Claimed, Recorded, Settlement, Wanted
from functions.store.settlements import entry_of, record_settlements

LIFETIME = timedelta(seconds=300)
"""The life of a claim: far longer than one lookup with all its retries may take."""


def claim(store: Store, wanted: Wanted) -> Claimed:
    """Claim, reserve and intend in one transaction; the claims that it grants may be looked up once it returns.

    Raises:
        StoreError: nothing was claimed.
    """
    return _settle_and_claim(store, (), wanted, wanted.now).claimed


def settle(store: Store, settlements: Sequence[Settlement], now: datetime, wanted: Wanted | None = None) -> Recorded:
    """Settle lookups in one transaction: lead or miss, ledger entry, claim gone, reservation charged or released.

    A claim that expired meanwhile is in the ledger as a doubt; its late answer resolves it.

    Args:
        store: the store.
        settlements: the lookups.
        now: the present.
        wanted: is claimed in the same transaction, with what it gives back; None for nobody.

    Raises:
        StoreError: nothing was settled nor claimed; the claims stand and become doubts when their time is over.
    """
    return _settle_and_claim(store, settlements, wanted, now)


def _settle_and_claim(
    store: Store, settlements: Sequence[Settlement], wanted: Wanted | None, now: datetime
) -> Recorded:
    tokens = {key: uuid4().hex for key in sorted(wanted.keys)} if wanted else {}

    def write(connection: sa.Connection, again: bool) -> Recorded:  # noqa: FBT001 - as `Store.retry_transaction` calls it
        # A commit whose answer was lost may have succeeded. Claiming repeated blindly would reserve the credits twice,
        # and find its own claims held by somebody else. Settling repeated changes nothing: the claims are gone.
        if again:
            _take_back(connection, list(tokens.values()))
        # Others' claims are waited for before any of ours is given up: no two transactions wait for each other.
        mine = _insert(connection, wanted, tokens) if wanted else set()
        recorded, moved = Recorded(), NOT_MOVED
        if settlements:
            held = _take(connection, [settlement.claim.token for settlement in settlements])
            recorded, moved = record_settlements(connection, settlements, held, now)
        if wanted is None:
            ledger.move(connection, *moved)
            return recorded
        return replace(recorded, claimed=_reserve(connection, wanted, tokens, mine, moved))

    return store.retry_transaction(write)


def _insert(connection: sa.Connection, wanted: Wanted, tokens: Mapping[str, str]) -> set[str]:
    """Insert claims; return the keys of those that nobody else holds. The unique key decides between instances."""
    shared = {
        "owner": wanted.owner,
        "run_id": wanted.spender.run_id,
        "user_id": wanted.spender.user_id,
        "spreadsheet_id": wanted.spender.spreadsheet_id,
        "caps": [cap.name for cap in wanted.caps],
        "provider": wanted.provider,
        "credits": wanted.price,
        "needs": wanted.needs,
        "intended_at": wanted.now,
        # counted from the latest start
        "expires_at": wanted.now + (LIFETIME if wanted.pace is None else LIFETIME + AHEAD),
    }
    rows = [{"key": key, "token": token, **shared} for key, token in tokens.items()]
    return set(connection.scalars(_claiming(connection.dialect.name), rows))


def _reserve(
    connection: sa.Connection, wanted: Wanted, tokens: Mapping[str, str], mine: set[str], moved: Moved
) -> Claimed:
    """Reserve credits and turns for the claims that were inserted, and free those that are not to be looked up.

    Leads are read only after the insert: whoever held these claims before committed the lead and freed the claim
    together, so a lead that was paid for is seen here.
    """
    known = {
        key: by_provider
        for key, by_provider in leads.read(connection, sorted(mine), wanted.fresh, wanted.now).items()
        if _has_answered(by_provider, wanted)
    }
    asked = [key for key in wanted.keys if key in mine and key not in known]
    # The same transaction reserves: no claim is ever visible without its credits, and no credits without a claim.
    reserved = reservations.reserve(
        connection, wanted.caps, len(asked), wanted.price, pace=wanted.pace, now=wanted.now, moved=moved
    )
    count, given = len(reserved.turns), reserved.given
    refused, late = asked[count : count + reserved.refused], asked[count + reserved.refused :]
    _free(connection, [tokens[key] for key in (*known, *refused, *late)])
    granted = [
        Claim(key, tokens[key], wanted.provider, wanted.price, turn)
        for key, turn in zip(asked, reserved.turns, strict=False)
    ]
    held = [key for key in tokens if key not in mine]
    return Claimed(granted, known, held, refused, reserved.cap, late, given.again_at, given.until)


def expire(store: Store, now: datetime, *, keys: Sequence[str] | None = None, dead: Sequence[str] = ()) -> int:
    """Turn claims into doubts: expired ones, and those of owners that are known to be dead.

    Args:
        store: the store.
        now: the present.
        keys: only these; None for all.
        dead: owners that have ended.

    Returns:
        The number of claims.
    """
    table = schema.claims
    theirs = [table.c.owner.startswith(f"{owner}/", autoescape=True) for owner in dead]
    over = sa.or_(table.c.expires_at <= now, table.c.owner.in_(list(dead)), *theirs)
    condition = over if keys is None else sa.and_(over, table.c.key.in_(list(keys)))
    with store.reading() as connection:
        if connection.scalar(sa.select(table.c.key).where(condition).limit(1)) is None:
            return 0

    def doubt(connection: sa.Connection, _again: bool) -> int:  # noqa: FBT001 - as `Store.retry_transaction` calls it
        gone = _hold(connection, _held(condition))
        doubtful = {(row["key"], row["provider"]) for row in gone.values()} - _found_since(connection, gone.values())
        leads.learn(connection, dict.fromkeys(doubtful, Known(LeadStatus.IN_DOUBT, now)))
        ledger.append(
            connection,
            [entry_of(row, Charge(EntryKind.IN_DOUBT, row["credits"]), now) for row in gone.values()],
        )
        erasures.keep_out(connection, [row["key"] for row in gone.values()])
        _free(connection, list(gone))
        amounts = ledger.tally((row["caps"], row["credits"]) for row in gone.values())
        ledger.move(connection, amounts, amounts)
        return len(gone)

    return store.retry_transaction(doubt)


def held(connection: sa.Connection, keys: Sequence[str], provider: str) -> set[str]:
    """Return those of these keys that are claimed by anyone, with this provider."""
    table = schema.claims
    condition = table.c.key.in_(list(keys)), table.c.provider == provider
    return set(connection.scalars(sa.select(table.c.key).where(*condition)))


def shorten(connection: sa.Connection, lease: str, until: Mapping[str, datetime]) -> None:
    """Let the claims of an attempt that is silent be over sooner: by provider, once none of its answers can come.

    Who is dead never settles them. Who only stood still sends nothing any more once its lease is over, and settles by
    then what it has sent.

    Args:
        connection: a transaction.
        lease: of the attempt.
        until: when, by provider.
    """
    table = schema.claims
    for provider, at in sorted(until.items()):
        of_attempt = table.c.owner == lease, table.c.provider == provider, table.c.expires_at > at
        connection.execute(table.update().where(*of_attempt).values(expires_at=at))


def owners(store: Store) -> set[str]:
    """Return every process that holds a claim."""
    with store.reading() as connection:
        holders = connection.scalars(sa.select(schema.claims.c.owner).distinct())
        return {holder.partition("/")[0] for holder in holders}


def _has_answered(known: Mapping[str, Known], wanted: Wanted) -> bool:
    """Return whether the provider need not or must not be asked."""
    standing = known.get(EVERY_PROVIDER) or known.get(wanted.provider)
    if standing is None:
        return False
    is_retried = standing.status in wanted.retry and (
        wanted.retry_before is None or standing.learned_at < wanted.retry_before
    )
    return not is_retried and standing.answers(wanted.needs)


@cache
def _claiming(dialect: str) -> sa.Executable:
    return insert_of(dialect, schema.claims).on_conflict_do_nothing().returning(schema.claims.c.key)


def _held(condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    table = schema.claims
    return sa.select(table).where(condition).order_by(table.c.key, table.c.provider).with_for_update()


_TOKENS = schema.claims.c.token.in_(sa.bindparam("tokens", expanding=True))
_BY_TOKEN = _held(_TOKENS)
_FREE = schema.claims.delete().where(_TOKENS)
_locked = _BY_TOKEN.with_only_columns(schema.claims.c.token).cte("locked")
_TAKEN = schema.claims.delete().where(schema.claims.c.token.in_(sa.select(_locked.c.token))).returning(schema.claims)
"""Statements that every lookup needs are built once: that takes as long as to run them."""


def _hold(connection: sa.Connection, statement: sa.Select[Any]) -> dict[str, dict[str, Any]]:
    rows = connection.execute(statement).mappings()
    return {row["token"]: dict(row) for row in rows}


def _take(connection: sa.Connection, tokens: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Delete the claims of these tokens, in the order in which everybody locks them; return those there were."""
    rows = connection.execute(_TAKEN, {"tokens": list(tokens)}).mappings()
    return {row["token"]: dict(row) for row in rows}


def _take_back(connection: sa.Connection, tokens: Sequence[str]) -> None:
    """Undo claims whose commit was not confirmed, since no lookup was sent for them."""
    unheard = _take(connection, tokens)
    ledger.move(connection, ledger.tally((row["caps"], row["credits"]) for row in unheard.values()), {})


def _free(connection: sa.Connection, tokens: Sequence[str]) -> None:
    if tokens:
        connection.execute(_FREE, {"tokens": tokens})


def _found_since(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Return key and provider of leads that came while these claims existed: late answers to earlier lookups."""
    intended_at = {(row["key"], row["provider"]): row["intended_at"] for row in rows}
    table = schema.leads
    keys = sorted({key for key, _ in intended_at})
    found = connection.execute(
        sa.select(table.c.key, table.c.provider, table.c.learned_at).where(
            table.c.key.in_(keys), table.c.status == LeadStatus.FOUND
        )
    )
    learned_at = {(row.key, row.provider): row.learned_at for row in found}
    return {pair for pair, at in intended_at.items() if pair in learned_at and learned_at[pair] >= at}
