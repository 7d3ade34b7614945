"""The credit ledger: append-only entries, and the counters that the caps are checked against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from functions.credits.caps import NONE, Cap, CapUse, cap_of_run
from functions.credits.forecast import Recent
from functions.credits.pricing import EntryKind
from functions.credits.terms import Need
from functions.store import schema
from functions.store.database import insert

_BATCH = 500
"""Keys in one query."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one provider's entries: `charged ≤ what the provider really charged ≤ charged + in_doubt`."""

    charged: Decimal = NONE
    """In credits."""
    in_doubt: Decimal = NONE
    """In credits."""
    lookups: int = 0
    """Settled lookups that were sent, whatever they cost."""
    found: int = 0
    """Those of them that brought a lead that fills a need."""
    emails_wanted: int = 0
    """Those of them that asked for an e-mail address."""
    emails: int = 0
    """Those of them that brought one where it was asked for."""
    paid_without_lead: int = 0
    """Lookups that cost credits and brought no lead that fills a need."""
    paid_without_email: int = 0
    """Lookups that asked for an e-mail address, cost credits and brought none."""


def totals(connection: sa.Connection, run_id: str | None = None) -> dict[str, Totals]:
    """Return the sums by provider, of all or of one run. A doubt that was resolved later is left out."""
    entries = schema.ledger_entries
    later = entries.alias("later")
    resolved = sa.exists().where(later.c.token == entries.c.token, later.c.kind != EntryKind.IN_DOUBT)
    grouped = entries.c.provider, entries.c.kind, entries.c.needs, entries.c.fills
    paid = sa.func.sum(sa.case((entries.c.credits > 0, 1), else_=0)).label("paid")
    sums = sa.func.sum(entries.c.credits).label("credits"), sa.func.count().label("lookups")
    statement = sa.select(*grouped, *sums, paid).group_by(*grouped)
    statement = statement.where(sa.or_(entries.c.kind != EntryKind.IN_DOUBT, ~resolved))
    if run_id is not None:
        statement = statement.where(entries.c.run_id == run_id)
    rows_of: dict[str, list[sa.Row[Any]]] = {}
    for row in connection.execute(statement):
        rows_of.setdefault(row.provider, []).append(row)
    return {provider: _totals(rows) for provider, rows in sorted(rows_of.items())}


def _totals(rows: Sequence[sa.Row[Any]]) -> Totals:
    wanted = [row for row in rows if Need.EMAIL in row.needs]
    charged = [row for row in rows if row.kind == EntryKind.CHARGED]
    return Totals(
        charged=sum((row.credits for row in charged), NONE),
        in_doubt=sum((row.credits for row in rows if row.kind == EntryKind.IN_DOUBT), NONE),
        lookups=sum(row.lookups for row in rows if row.needs),
        found=sum(row.lookups for row in rows if row.fills),
        emails_wanted=sum(row.lookups for row in wanted),
        emails=sum(row.lookups for row in wanted if Need.EMAIL in row.fills),
        paid_without_lead=sum(int(row.paid) for row in charged if not row.fills),
        paid_without_email=sum(int(row.paid) for row in charged if Need.EMAIL in row.needs - row.fills),
    )


def recent(connection: sa.Connection, run_id: str, since: datetime, until: datetime) -> Recent | None:
    """Return the people of a run who were looked up since then, until a moment that was or is now; None for nobody."""
    entries = schema.ledger_entries
    was_sent = sa.type_coerce(entries.c.needs, sa.Text) != ""
    statement = sa.select(sa.func.count(entries.c.key.distinct()), sa.func.min(entries.c.at)).where(
        entries.c.run_id == run_id, entries.c.at >= since, was_sent
    )
    people, first = connection.execute(statement).one()
    claims = schema.claims
    in_flight = connection.scalar(sa.select(sa.func.count()).select_from(claims).where(claims.c.run_id == run_id))
    return Recent(people, first, until, in_flight or 0) if people else None


@dataclass(frozen=True, slots=True)
class Day:
    """Credits that one user spent with one provider for one spreadsheet on one day (UTC)."""

    date: date
    provider: str
    user_id: str
    spreadsheet_id: str
    charged: Decimal
    in_doubt: Decimal


def by_day(connection: sa.Connection, since: datetime) -> list[Day]:
    """Return the credits spent since then, newest day first. A doubt that was resolved later is left out."""
    entries = schema.ledger_entries
    later = entries.alias("later")
    resolved = sa.exists().where(later.c.token == entries.c.token, later.c.kind != EntryKind.IN_DOUBT)
    per_day = 86_400_000_000  # an Instant is kept in microseconds
    day = sa.cast(entries.c.at, sa.BigInteger) / sa.literal(per_day, sa.BigInteger)
    statement = (
        sa.select(
            sa.func.floor(day).label("day"),
            entries.c.provider,
            entries.c.user_id,
            entries.c.spreadsheet_id,
            entries.c.kind,
            sa.func.sum(entries.c.credits).label("credits"),
        )
        .where(entries.c.at >= since, entries.c.kind != EntryKind.RELEASED)
        .where(sa.or_(entries.c.kind == EntryKind.CHARGED, ~resolved))
        .group_by(sa.text("day"), entries.c.provider, entries.c.user_id, entries.c.spreadsheet_id, entries.c.kind)
    )
    found: dict[tuple[int, str, str, str], dict[str, Decimal]] = {}
    for row in connection.execute(statement):
        found.setdefault((int(row.day), row.provider, row.user_id, row.spreadsheet_id), {})[row.kind] = row.credits
    return [
        Day(
            date(1970, 1, 1) + timedelta(days=number),
            provider,
            user_id,
            spreadsheet_id,
            credits_.get(EntryKind.CHARGED, NONE),
            credits_.get(EntryKind.IN_DOUBT, NONE),
        )
        for (number, provider, user_id, spreadsheet_id), credits_ in sorted(found.items(), reverse=True)
    ]


def keys_of_run(
    connection: sa.Connection, run_id: str, keys: Sequence[str], *, since: datetime | None = None
) -> dict[tuple[str, str], bool]:
    """Return the key and the provider of lookups of a run since then, each with whether it was charged."""
    entries = schema.ledger_entries
    condition = [entries.c.run_id == run_id, entries.c.kind != EntryKind.RELEASED]
    if since is not None:
        condition.append(entries.c.at >= since)
    found: dict[tuple[str, str], bool] = {}
    columns = entries.c.key, entries.c.provider, entries.c.kind
    for start in range(0, len(keys), _BATCH):
        batch = entries.c.key.in_(keys[start : start + _BATCH])
        for key, provider, kind in connection.execute(sa.select(*columns).where(batch, *condition)):
            found[key, provider] = found.get((key, provider), False) or kind == EntryKind.CHARGED
    return found


def reserve(
    connection: sa.Connection, caps: Sequence[Cap], wanted: int, credits_each: Decimal
) -> tuple[int, Cap | None]:
    """Reserve credits for up to `wanted` lookups on every cap, as many as all of them allow.

    Returns:
        How many were granted, and the cap that was in the way of more (None where none was).
    """
    table = schema.counters
    # In one order everywhere, so that two transactions cannot wait for each other.
    ordered = sorted(caps, key=lambda cap: cap.name)
    locked = (
        sa.select(table).where(table.c.cap.in_([cap.name for cap in ordered])).order_by(table.c.cap).with_for_update()
    )
    rows = connection.execute(locked).all()
    if len(rows) < len({cap.name for cap in ordered}):
        connection.execute(
            insert(connection, table).on_conflict_do_nothing(),
            [{"cap": cap.name, "reserved": NONE, "spent": NONE} for cap in ordered],
        )
        rows = connection.execute(locked).all()
    used = {row.cap: row.reserved + row.spent for row in rows}
    granted, in_the_way = wanted, None
    for cap in ordered:
        room = max(0, int((cap.limit - used[cap.name]) // credits_each)) if credits_each else granted
        if room < granted:
            granted, in_the_way = room, cap
    if granted:
        connection.execute(
            table.update()
            .where(table.c.cap.in_([cap.name for cap in ordered]))
            .values(reserved=table.c.reserved + granted * credits_each)
        )
    return granted, in_the_way


def move(connection: sa.Connection, released: Mapping[str, Decimal], spent: Mapping[str, Decimal]) -> None:
    """Give reservations back and add what was spent, cap by cap."""
    table = schema.counters
    by_change: dict[tuple[Decimal, Decimal], list[str]] = {}
    for name in sorted({*released, *spent}):
        change = (released.get(name, NONE), spent.get(name, NONE))
        by_change.setdefault(change, []).append(name)
    if not by_change:
        return
    names = sorted({*released, *spent})
    in_order = sa.select(table.c.cap).where(table.c.cap.in_(names)).order_by(table.c.cap).with_for_update()
    if len(by_change) == 1:  # nearly always: then they are locked and changed in one round trip
        ((freed, added),) = by_change
        locked = in_order.cte("locked")
        moved = table.update().where(table.c.cap == locked.c.cap)
        connection.execute(moved.values(reserved=table.c.reserved - freed, spent=table.c.spent + added))
        return
    connection.execute(in_order).all()
    for (freed, added), caps in by_change.items():
        connection.execute(
            table.update()
            .where(table.c.cap.in_(caps))
            .values(reserved=table.c.reserved - freed, spent=table.c.spent + added)
        )


def used(connection: sa.Connection, caps: Iterable[Cap]) -> dict[str, Decimal]:
    """Return the credits used or reserved on each cap, by its name."""
    table = schema.counters
    names = [cap.name for cap in caps]
    rows = connection.execute(sa.select(table).where(table.c.cap.in_(names)))
    amounts = {row.cap: row.reserved + row.spent for row in rows}
    return {name: amounts.get(name, NONE) for name in names}


def spent(connection: sa.Connection, run_id: str, providers: Sequence[str]) -> dict[str, Decimal]:
    """Return the credits of a run so far, charged or in doubt, by provider; as quick at its end as at its beginning."""
    table = schema.counters
    names = {cap_of_run(provider, run_id): provider for provider in providers}
    rows = connection.execute(sa.select(table.c.cap, table.c.spent).where(table.c.cap.in_(names)))
    amounts = {names[row.cap]: row.spent for row in rows}
    return {provider: amounts.get(provider, NONE) for provider in providers}


def tightest(connection: sa.Connection, caps: Sequence[Cap]) -> CapUse:
    """Return the cap with the fewest credits left; of several, the first."""
    amounts = used(connection, caps)
    return min((CapUse(cap, amounts[cap.name]) for cap in caps), key=lambda use: use.left)


def credits_left(connection: sa.Connection, caps: Sequence[Cap]) -> Decimal:
    """Return the credits that may still be spent under all of these caps."""
    return tightest(connection, caps).left


def tally(amounts: Iterable[tuple[Iterable[str], Decimal]]) -> dict[str, Decimal]:
    """Add amounts up, cap by cap."""
    sums: dict[str, Decimal] = {}
    for names, amount in amounts:
        for name in names:
            sums[name] = sums.get(name, NONE) + amount
    return sums
