"""Pace requests by a steady rate and by counted windows: when may the next one start?

The steady rate is the generic cell rate algorithm (GCRA), whose whole state is one moment. A limit of a second is kept
as a steady rate, since a burst gains nothing over a run and meets the refusals of a key that others use as well. A
limit of a longer window is a count of requests in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import ceil

from functions.credits.terms import STEADY, Limit, WindowStart

AHEAD = timedelta(seconds=3)
"""Start times are given out no further ahead: if their process dies, each is a doubt about a request never sent."""

PATIENCE = timedelta(seconds=90)
"""A run waits for its next start for so long; for a longer time it ends, and goes on when the limit is over."""

PROBE = timedelta(seconds=10)
"""After a limit one request finds out whether it is over; others wait so long for its answer."""

AGAIN = timedelta(minutes=15)
"""The wait after the second refusal in a row: the limit may end later than the provider says."""

MARGIN = timedelta(seconds=1)
"""Added to a window of a minute or longer: the first request reached the provider later than it started here."""

BUCKETS = 60
"""Parts of a rolling window; a part counts until its end has left the window, so the count is never too low."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Counts = tuple[tuple[datetime, int], ...]
"""The begin of each window, or part of a rolling one, and its requests; oldest first."""


@dataclass(frozen=True, slots=True)
class Gcra:
    """A steady rate: one start each `interval` on average, and up to `burst` at once after a pause.

    Its state is the moment at which every start so far is paid for at the steady rate; None before the first start.
    """

    interval: timedelta
    burst: int = 1

    def earliest(self, paid_until: datetime | None, now: datetime) -> datetime:
        """Return the earliest time for the next start, `now` at the soonest."""
        return now if paid_until is None else max(now, paid_until - (self.burst - 1) * self.interval)

    def started(self, paid_until: datetime | None, start: datetime) -> datetime:
        """Return the state after a start."""
        return self.interval + (start if paid_until is None else max(paid_until, start))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The starts of all requests with one key, by all instances together."""

    limits: tuple[Limit, ...]
    """All of them hold at once."""
    paid_until: datetime | None = None
    """The state of the steady rate."""
    counts: Mapping[str, Counts] = field(default_factory=dict)
    """By the name of each limit that is counted."""
    blocked_until: datetime | None = None
    """A limit is reached until then; after it one request at a time finds out whether it is over."""
    refused_at: datetime | None = None
    refusals: int = 0
    """How often in a row the key was found used up; 0 again after the first answer."""

    def earliest(self, now: datetime) -> datetime:
        """Return the earliest time for the next request, `now` at the soonest."""
        start = now if self.blocked_until is None else max(now, self.blocked_until)
        pace = _steady(self.limits)
        if self.paid_until is None or self.paid_until - now <= PATIENCE + pace.interval:  # else a clock has gone back
            start = pace.earliest(self.paid_until, start)
        counted = _counted(self.limits)
        while (later := max([start, *(_with_room(limit, self._of(limit), start) for limit in counted)])) > start:
            start = later
        return start

    def started(self, start: datetime) -> Schedule:
        """Return the schedule after a request is given this start."""
        counts = {_name(limit): _plus(limit, self._of(limit), start, 1) for limit in _counted(self.limits)}
        return replace(
            self,
            paid_until=_steady(self.limits).started(None, start),
            counts=counts,
            blocked_until=start + PROBE if self.refusals else None,
        )

    def started_together(self, start: datetime, count: int) -> Schedule:
        """Return the counts after this number of requests from this start on, without a steady rate; for forecasts."""
        counts = {_name(limit): _plus(limit, self._of(limit), start, count) for limit in _counted(self.limits)}
        return replace(self, counts=counts, blocked_until=None)

    def used(self, limit: Limit, at: datetime) -> int:
        """Return how many requests count under one limit at a time."""
        return sum(count for _, count in _living(limit, self._of(limit), at))

    def used_up(self, now: datetime, margin: timedelta) -> Schedule:
        """Return the schedule where no start is near, as after a refusal: it is blocked until then plus `margin`."""
        earliest = self.earliest(now)
        if earliest - now <= PATIENCE or (self.blocked_until and earliest <= self.blocked_until):
            return self
        refused_at = self._last_start(now)
        return replace(self, blocked_until=earliest + margin, refused_at=refused_at, refusals=max(1, self.refusals))

    def refused(self, started: datetime, wait: timedelta | None, now: datetime, margin: timedelta) -> Schedule:
        """Return the schedule after the provider said that a limit of an hour or longer is reached.

        A second refusal in a row waits for `AGAIN`; a third means that the contract's quota is used up, not a limit.

        Args:
            started: start of the refused request; one that had its start before the last refusal tells nothing new.
            wait: what is left of the limit by the provider's own clock; None if only a person can end it.
            now: the present.
            margin: added to the wait.
        """
        if self.refused_at is not None and started <= self.refused_at:
            return self
        refusals = self.refusals + 1
        pauses = {1: wait and wait + margin, 2: AGAIN}
        pause = pauses.get(refusals) if wait is not None else None
        return replace(
            self,
            blocked_until=None if pause is None else now + pause,
            refused_at=self._last_start(now),
            refusals=refusals,
        )

    def answered(self) -> Schedule:
        """Return the schedule after the provider answered a request: no limit holds any more."""
        return replace(self, blocked_until=None, refused_at=None, refusals=0)

    def _last_start(self, now: datetime) -> datetime:
        """Return a time after which no start has been given: what starts before it is refused for the same reason."""
        return now if self.paid_until is None else max(now, self.paid_until)

    def _of(self, limit: Limit) -> Counts:
        return self.counts.get(_name(limit), ())


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send one request."""

    at: datetime
    """Not before."""
    is_probe: bool = False
    """True if it finds out whether a limit is over: an answer frees everybody."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns for some requests."""

    given: tuple[Turn, ...]
    """In order; fewer than wanted if the others would be too far ahead."""
    schedule: Schedule
    """The schedule after all of them."""


def turns(schedule: Schedule, wanted: int, now: datetime, *, ahead: timedelta = AHEAD) -> Turns:
    """Give turns for up to `wanted` requests, none further ahead than `ahead`."""
    given: list[Turn] = []
    while len(given) < wanted and (start := schedule.earliest(now)) <= now + ahead:
        given.append(Turn(start, is_probe=schedule.refusals > 0))
        schedule = schedule.started(start)
    return Turns(tuple(given), schedule)


def _steady(limits: Sequence[Limit]) -> Gcra:
    """Return the slowest of the steady rates; where there is none, starts are in order all the same."""
    intervals = (_micros(limit.window) / limit.count for limit in limits if limit.window <= STEADY)
    return Gcra(timedelta(microseconds=ceil(max(intervals, default=0))))


def _micros(time: timedelta) -> int:
    return time // timedelta(microseconds=1)


def _counted(limits: Sequence[Limit]) -> list[Limit]:
    return [limit for limit in limits if limit.window > STEADY]


def _name(limit: Limit) -> str:
    return f"{limit.window.total_seconds():g} s {limit.starts}"


def _with_room(limit: Limit, counts: Counts, at: datetime) -> datetime:
    """Return the earliest time, `at` at the soonest, at which a request fits under one limit."""
    living = _living(limit, counts, at)
    used = sum(count for _, count in living)
    for end, count in living:
        if used + 1 <= limit.count:
            break
        at, used = end, used - count
    return at


def _living(limit: Limit, counts: Counts, at: datetime) -> list[tuple[datetime, int]]:
    """Return the windows (or parts of a rolling one) that count at a time: the end of each, and its requests."""
    life = _part(limit) + limit.window if limit.starts is WindowStart.ROLLING else limit.window
    margin = timedelta(0) if limit.starts is WindowStart.CLOCK else MARGIN
    return [(begin + life + margin, count) for begin, count in counts if begin + life + margin > at]


def _plus(limit: Limit, counts: Counts, start: datetime, count: int) -> Counts:
    if limit.starts is WindowStart.FIRST_REQUEST:
        is_within = counts and start < counts[-1][0] + limit.window + MARGIN
        begin = counts[-1][0] if is_within else start
    else:
        part = _part(limit)
        begin = _EPOCH + (start - _EPOCH) // part * part
    kept = [(begun, before) for begun, before in counts if begun != begin]
    if limit.starts is WindowStart.ROLLING:
        kept = [(begun, before) for begun, before in kept if begun + _part(limit) + limit.window + MARGIN > start]
    else:
        kept = []
    return (*kept, (begin, count + dict(counts).get(begin, 0)))


def _part(limit: Limit) -> timedelta:
    return limit.window / BUCKETS if limit.starts is WindowStart.ROLLING else limit.window
