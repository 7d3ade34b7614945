"""Rates that all instances share: one row for each provider, moved forward as start times are given out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from functions.credits import pacing
from functions.credits.pacing import Counts, Gcra, Schedule, Turn, turns
from functions.credits.terms import Limit
from functions.store import schema
from functions.store.database import Store, insert

MAX_TURN = timedelta(seconds=20)
"""The longest wait for a turn under a rate that allows bursts: somebody may be waiting for the answer."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_rates = schema.rates
_BY_NAME = _rates.c.name == sa.bindparam("rate")
_LOCKED = sa.select(_rates).where(_BY_NAME).with_for_update()
_SAVED = _rates.update().where(_BY_NAME)


@dataclass(frozen=True, slots=True)
class Pace:
    """The limits of one key, under the name of the row that all instances share."""

    name: str
    limits: tuple[Limit, ...]
    margin: timedelta = timedelta(minutes=1)
    """Added to the end of a limit of an hour or a day before anybody asks again."""


def lock(connection: sa.Connection, pace: Pace) -> Schedule:
    """Return the schedule of a key, and keep others from moving it until this transaction is over.

    Lock it before the counters of the ledger: in one order everywhere, so that no two transactions wait for each other.
    """
    row = connection.execute(_LOCKED, {"rate": pace.name}).one_or_none()
    if row is None:
        empty = {"name": pace.name, "limits": "", "counts": {}, "refusals": 0}
        connection.execute(insert(connection, _rates).values(empty).on_conflict_do_nothing())
        row = connection.execute(_LOCKED, {"rate": pace.name}).one()
    return _schedule(pace, row)


def read(connection: sa.Connection, pace: Pace) -> Schedule:
    """Return the schedule of a key as it is now; others may move it at any time."""
    row = connection.execute(sa.select(_rates).where(_rates.c.name == pace.name)).one_or_none()
    return Schedule(limits=pace.limits) if row is None else _schedule(pace, row)


def _schedule(pace: Pace, row: sa.Row[Any]) -> Schedule:
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
    connection.execute(_SAVED, {"rate": pace.name, **values})


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


@dataclass(frozen=True, slots=True)
class Given:
    """The part of the wanted requests that a key allows."""

    turns: tuple[Turn, ...] = ()
    again_at: datetime | None = None
    """When to ask for further turns; None if there are as many as were wanted."""
    until: datetime | None = None
    """The end of a limit of an hour or a day, if that is why there are no more."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The turns that may be taken in this transaction."""

    pace: Pace
    schedule: Schedule
    wanted: int
    now: datetime

    @property
    def count(self) -> int:
        """The number of turns, at most as many as were wanted."""
        return len(turns(self.schedule, self.wanted, self.now).given)

    def take(self, connection: sa.Connection, count: int) -> Given:
        """Take the first `count` of them, and say when there are more if more were wanted."""
        taken = turns(self.schedule, count, self.now)
        moved, again_at, until = taken.schedule, None, None
        if count < self.wanted:
            moved = moved.used_up(self.now, self.pace.margin)
            earliest = moved.earliest(self.now)
            again_at = max(self.now, earliest - pacing.AHEAD / 2)
            until = earliest if earliest - self.now > pacing.PATIENCE else None
        if moved != self.schedule:
            save(connection, self.pace, moved)
        return Given(taken.given, again_at, until)


def offer(connection: sa.Connection, pace: Pace, wanted: int, now: datetime) -> Offer:
    """Return the turns that a key allows at present; nobody else gets any until this transaction is over."""
    return Offer(pace, lock(connection, pace), wanted, now)


def next_turn(store: Store, pace: Pace, now: datetime) -> Given:
    """Take the turn of one further request, however far ahead; none if a limit of an hour or a day is reached.

    Raises:
        StoreError: the store cannot be used.
    """

    def write(connection: sa.Connection, _again: bool) -> Given:  # noqa: FBT001 - as `Store.retry_transaction` calls it
        schedule = lock(connection, pace)
        earliest = schedule.earliest(now)
        if earliest - now > pacing.PATIENCE:
            return Offer(pace, schedule, 1, now).take(connection, 0)
        taken = turns(schedule, 1, now, ahead=pacing.PATIENCE)
        save(connection, pace, taken.schedule)
        return Given(taken.given)

    return store.retry_transaction(write)


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
