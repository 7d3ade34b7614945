"""The credit ledger: append-only entries, and the counters that the caps are checked against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from functions.credits.caps import NONE, Cap, CapUse, cap_of_run
from functions.credits.pricing import EntryKind
from functions.credits.terms import Need
from functions.store import schema
from functions.store.database import Credits, insert, insert_of

if TYPE_CHECKING:
    from functions.credits.forecast import Recent

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


_SUMS = tuple(Totals.__slots__)


def append(
    connection: sa.Connection, entries: Sequence[Mapping[str, Any]], resolved: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Append entries, and keep the totals of their runs.

    Args:
        connection: a transaction.
        entries: of `schema.ledger_entries`.
        resolved: the doubts that they resolve: those are left out of the totals from now on.
    """
    if not entries:
        return
    connection.execute(_APPENDED, entries)
    sums: dict[tuple[str, str], list[Decimal | int]] = {}
    for sign, rows in ((1, entries), (-1, resolved)):
        for row in rows:
            of_run = sums.setdefault((row["run_id"], row["provider"]), [NONE, NONE, *[0] * (len(_SUMS) - 2)])
            for place, amount in enumerate(_amounts(row)):
                of_run[place] += sign * amount
    connection.execute(
        _adding(connection.dialect.name),
        [
            {"run_id": run_id, "provider": provider} | dict(zip(_SUMS, amounts, strict=True))
            for (run_id, provider), amounts in sorted(sums.items())
        ],
    )


_APPENDED = schema.ledger_entries.insert().inline()  # the ids are not asked for: it may be sent in a pipeline


@cache
def _adding(dialect: str) -> sa.Executable:
    table = schema.run_totals
    statement = insert_of(dialect, table)
    more = {name: table.c[name] + statement.excluded[name] for name in _SUMS}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=more)


def _amounts(entry: Mapping[str, Any]) -> tuple[Decimal | int, ...]:
    """Return what an entry adds to each part of `Totals`."""
    kind, credits_, wants_email = entry["kind"], entry["credits"], Need.EMAIL in entry["needs"]
    is_paid = kind == EntryKind.CHARGED and credits_ > 0
    return (
        credits_ if kind == EntryKind.CHARGED else NONE,
        credits_ if kind == EntryKind.IN_DOUBT else NONE,
        int(bool(entry["needs"])),
        int(bool(entry["fills"])),
        int(wants_email),
        int(wants_email and Need.EMAIL in entry["fills"]),
        int(is_paid and not entry["fills"]),
        int(is_paid and wants_email and Need.EMAIL not in entry["fills"]),
    )


def of_run(connection: sa.Connection, run_id: str) -> dict[str, Totals]:
    """Return the sums of one run by provider, as they are kept; as quick at its end as at its beginning."""
    table = schema.run_totals
    rows = connection.execute(sa.select(table).where(table.c.run_id == run_id).order_by(table.c.provider))
    return {row.provider: Totals(**{name: getattr(row, name) for name in _SUMS}) for row in rows}


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
    from functions.credits.forecast import Recent  # only who watches a run forecasts its end

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
    """Return the key and the provider of lookups of a run since then, each with whether it was charged.

    A lookup that was free after all, also if that was in doubt for a while, is none of them: the run may repeat it.
    """
    entries = schema.ledger_entries
    later = entries.alias("later")
    was_free = sa.exists().where(later.c.token == entries.c.token, later.c.kind == EntryKind.RELEASED)
    # Not by the index of runs: SQLite knows no statistics, and would look through all that the run has asked for.
    condition = [sa.func.coalesce(entries.c.run_id, "") == run_id, ~was_free]
    if since is not None:
        condition.append(entries.c.at >= since)
    found: dict[tuple[str, str], bool] = {}
    columns = entries.c.key, entries.c.provider, entries.c.kind
    for start in range(0, len(keys), _BATCH):
        batch = entries.c.key.in_(keys[start : start + _BATCH])
        for key, provider, kind in connection.execute(sa.select(*columns).where(batch, *condition)):
            found[key, provider] = found.get((key, provider), False) or kind == EntryKind.CHARGED
    return found


Moved = tuple[Mapping[str, Decimal], Mapping[str, Decimal]]
"""Credits of lookups that have ended, by cap: what was reserved and is given back, and what was spent."""
NOT_MOVED: Moved = {}, {}

_NAMES = schema.counters.c.cap.in_(sa.bindparam("names", expanding=True))
_LOCKED = sa.select(schema.counters).where(_NAMES).order_by(schema.counters.c.cap).with_for_update()
_CHANGE = {
    "reserved": schema.counters.c.reserved + sa.bindparam("by_reserved", type_=Credits),
    "spent": schema.counters.c.spent + sa.bindparam("by_spent", type_=Credits),
}
_CHANGED = schema.counters.update().where(_NAMES).values(_CHANGE)
_locked = _LOCKED.with_only_columns(schema.counters.c.cap).cte("locked")
_LOCKED_AND_CHANGED = schema.counters.update().where(schema.counters.c.cap == _locked.c.cap).values(_CHANGE)


def reserve(
    connection: sa.Connection, caps: Sequence[Cap], wanted: int, credits_each: Decimal, moved: Moved = NOT_MOVED
) -> tuple[int, Cap | None]:
    """Reserve credits for up to `wanted` lookups on every cap, as many as all of them allow.

    Before that, the credits of lookups that have ended are `moved`.

    Returns:
        How many were granted, and the cap that was in the way of more (None where none was).
    """
    if not wanted:
        move(connection, *moved)
        return 0, None
    released, spent = moved
    # In one order everywhere, so that two transactions cannot wait for each other.
    ordered = sorted(caps, key=lambda cap: cap.name)
    names = sorted({*(cap.name for cap in ordered), *released, *spent})
    rows = connection.execute(_LOCKED, {"names": names}).all()
    if len(rows) < len(names):
        connection.execute(
            insert(connection, schema.counters).on_conflict_do_nothing(),
            [{"cap": name, "reserved": NONE, "spent": NONE} for name in names],
        )
        rows = connection.execute(_LOCKED, {"names": names}).all()
    used = {row.cap: row.reserved + row.spent - released.get(row.cap, NONE) + spent.get(row.cap, NONE) for row in rows}
    granted, in_the_way = wanted, None
    for cap in ordered:
        room = max(0, int((cap.limit - used[cap.name]) // credits_each)) if credits_each else granted
        if room < granted:
            granted, in_the_way = room, cap
    reserved = dict.fromkeys((cap.name for cap in ordered), granted * credits_each)
    changes = _by_change(reserved, released, spent)
    for (by_reserved, by_spent), changed in changes.items():
        connection.execute(_CHANGED, {"names": changed, "by_reserved": by_reserved, "by_spent": by_spent})
    return granted, in_the_way


def move(connection: sa.Connection, released: Mapping[str, Decimal], spent: Mapping[str, Decimal]) -> None:
    """Give reservations back and add what was spent, cap by cap."""
    changes = _by_change({}, released, spent)
    statement = _LOCKED_AND_CHANGED  # nearly always: then they are locked and changed in one round trip
    if len(changes) > 1:
        statement = _CHANGED
        connection.execute(_LOCKED, {"names": sorted({*released, *spent})}).all()
    for (by_reserved, by_spent), changed in changes.items():
        connection.execute(statement, {"names": changed, "by_reserved": by_reserved, "by_spent": by_spent})


def _by_change(
    reserved: Mapping[str, Decimal], released: Mapping[str, Decimal], spent: Mapping[str, Decimal]
) -> dict[tuple[Decimal, Decimal], list[str]]:
    """Return the names of caps by the change of their counters: of what is reserved, and of what is spent."""
    changes: dict[tuple[Decimal, Decimal], list[str]] = {}
    for name in sorted({*reserved, *released, *spent}):
        change = reserved.get(name, NONE) - released.get(name, NONE), spent.get(name, NONE)
        changes.setdefault(change, []).append(name)
    changes.pop((NONE, NONE), None)
    return changes


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
