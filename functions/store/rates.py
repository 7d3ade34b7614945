"""Rates that all instances keep together: one row for each provider, moved forward as start times are given out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from functions.credits import pacing
from functions.credits.pacing import Counts, Gcra, Schedule
from functions.credits.terms import Limit
from functions.store import schema
from functions.store.database import Store, insert

MAX_TURN = timedelta(seconds=20)
"""The longest wait for a turn under a rate that allows bursts: somebody may be waiting for the answer."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_rates = schema.rates


@dataclass(frozen=True, slots=True)
class Pace:
    """The limits of one key, under the name of the row that all instances share."""

    name: str
    limits: tuple[Limit, ...]


def lock(connection: sa.Connection, pace: Pace) -> Schedule:
    """Return the schedule of a key, and keep others from moving it until this transaction is over.

    Lock it before the counters of the ledger: in one order everywhere, so that no two transactions wait for each other.
    """
    statement = sa.select(_rates).where(_rates.c.name == pace.name).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        empty = {"name": pace.name, "limits": "", "counts": {}, "refusals": 0}
        connection.execute(insert(connection, _rates).values(empty).on_conflict_do_nothing())
        row = connection.execute(statement).one()
    known = Schedule(limits=pace.limits, paid_until=row.paid_until, counts=_counts(row.counts))
    if row.limits != _text(pace.limits):  # another contract: what the old one refused says nothing
        return known
    return Schedule(
        limits=pace.limits,
        paid_until=known.paid_until,
        counts=known.counts,
        blocked_until=row.blocked_until,
        refused_at=row.refused_at,
        refusals=row.refusals,
    )


def save(connection: sa.Connection, pace: Pace, schedule: Schedule) -> None:
    """Keep the schedule that `lock` gave, moved forward."""
    values = {
        "limits": _text(pace.limits),
        "paid_until": schedule.paid_until,
        "counts": {
            name: [[(begin - _EPOCH) // _MICROSECOND, count] for begin, count in counts]
            for name, counts in schedule.counts.items()
        },
        "blocked_until": schedule.blocked_until,
        "refused_at": schedule.refused_at,
        "refusals": schedule.refusals,
    }
    connection.execute(_rates.update().where(_rates.c.name == pace.name).values(values))


def change(store: Store, pace: Pace, move: Callable[[Schedule], Schedule]) -> Schedule:
    """Move a schedule in a transaction of its own; return it as it is then.

    Raises:
        StoreError: the store cannot be used.
    """

    def write(connection: sa.Connection, _again: bool) -> Schedule:  # noqa: FBT001 - as `Store.retry_transaction` calls it
        schedule = lock(connection, pace)
        moved = move(schedule)
        if moved != schedule:
            save(connection, pace, moved)
        return moved

    return store.retry_transaction(write)


def next_start(store: Store, pace: Pace, now: datetime, *, margin: timedelta) -> datetime | None:
    """Give the start time of one further request; None if a limit of an hour or a day is reached.

    Args:
        store: the store.
        pace: the limits that all instances keep together.
        now: the present.
        margin: added to the end of such a limit before anybody asks again.

    Raises:
        StoreError: the store cannot be used.
    """
    given: list[datetime] = []

    def move(schedule: Schedule) -> Schedule:
        given.clear()  # of an earlier try, whose commit was not confirmed
        earliest = schedule.earliest(now)
        if earliest - now > pacing.PATIENCE:
            return schedule.used_up(now, margin)
        given.append(earliest)
        return schedule.started(earliest)

    change(store, pace, move)
    return given[0] if given else None


def next_in_bursts(store: Store, name: str, gcra: Gcra, now: datetime) -> datetime | None:
    """Give the start time of one request under a steady rate that allows bursts, such as a spreadsheet's.

    Where it would be more than `MAX_TURN` from now, it is None, and nothing has changed.

    Raises:
        StoreError: the store cannot be used.
    """
    given: list[datetime] = []

    def move(schedule: Schedule) -> Schedule:
        given.clear()  # of an earlier try, whose commit was not confirmed
        if (earliest := gcra.earliest(schedule.paid_until, now)) - now > MAX_TURN:
            return schedule
        given.append(earliest)
        return replace(schedule, paid_until=gcra.started(schedule.paid_until, earliest))

    change(store, Pace(name, ()), move)
    return given[0] if given else None


def _text(limits: tuple[Limit, ...]) -> str:
    return ", ".join(f"{limit.count} in {limit.window.total_seconds():g} s {limit.starts}" for limit in limits)


def _counts(record: Mapping[str, list[tuple[int, int]]]) -> dict[str, Counts]:
    return {
        name: tuple((_EPOCH + begin * _MICROSECOND, count) for begin, count in counts)
        for name, counts in record.items()
    }
