"""Forecast when the lookups of a run are done, from their pace so far and the providers' limits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil, floor

from functions.credits.pacing import PATIENCE, Schedule
from functions.credits.terms import STEADY, Limit, WindowStart

MIN_PEOPLE = 10
"""Fewer answers say nothing about the pace: only the documented rates do."""
SHORT = timedelta(seconds=10)
"""Where the documented rates alone allow less, it is the answers that take time."""
STRAGGLERS = 0.3
"""The last answers come late: as if so many more were to come for each claimed lookup. About half of those are sent."""
MARGIN = timedelta(minutes=2)
"""The usual time from the end of a limit of an hour or a day until somebody asks again."""
MAX_PAUSES = 1_000
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Recent:
    """The people who were looked up lately."""

    people: int
    since: datetime
    """The time of the first answer."""
    until: datetime
    """The present, or when the run began to wait."""
    in_flight: int = 0
    """Lookups that are claimed, and whose answers have not come."""

    @property
    def interval(self) -> timedelta | None:
        """Return the average time per person, over all lookups in flight together; None if it is unknown."""
        return (self.until - self.since) / self.people if self.people >= MIN_PEOPLE else None


@dataclass(frozen=True, slots=True)
class Supply:
    """The limits of one provider, and its part of the run."""

    schedule: Schedule
    share: float = 1.0
    """Requests to it for each person."""

    def is_held(self, now: datetime) -> bool:
        """Return whether a limit is reached, so that the run waits for it."""
        return bool(self.share) and self._counted.earliest(now) > now

    def last_start(self, people: int, now: datetime) -> datetime | None:
        """Return the earliest time at which the last of this number of people can be asked for; None if unlimited."""
        left = ceil(people * self.share)
        if not self.schedule.limits or not left:
            return None
        each, schedule, at = self._each, self._counted, now
        for _ in range(MAX_PAUSES):
            start = schedule.earliest(at)
            at = start + MARGIN if start - at > PATIENCE else start
            taken = min([left, *(_fit(limit, schedule, at, each) for limit in schedule.limits)])
            schedule = schedule.started_together(at, taken)
            at, left = at + taken * each, left - taken
            if not left:
                return at
        done = ceil(people * self.share) - left
        return at + (at - now) * (left / done)  # the rest at the same pace: a run over years need not be exact

    @property
    def _each(self) -> timedelta:
        """The steady rate, as the time of each request."""
        steady = (limit.window / float(limit.count) for limit in self.schedule.limits if limit.window <= STEADY)
        return max(steady, default=NOTHING)

    @property
    def _counted(self) -> Schedule:
        """The schedule with the other limits only, and of them those that the steady rate can reach."""
        limits = (limit for limit in self.schedule.limits if limit.window > STEADY)
        reached = tuple(limit for limit in limits if float(limit.count) * self._each < limit.window)
        return replace(self.schedule, limits=reached, paid_until=None)


def done_at(people: int, recent: Recent | None, supplies: Sequence[Supply], now: datetime) -> datetime | None:
    """Return when this number of people will have been looked up; None while nothing tells.

    Args:
        people: who are still to be looked up.
        recent: those who were.
        supplies: the providers of the run.
        now: the present, or when the run goes on.
    """
    if not people:
        return now
    starts = [start for supply in supplies if (start := supply.last_start(people, now)) is not None]
    # Limits know nothing of the time that answers take; but while one is waited for, the time since then says nothing.
    interval = recent.interval if recent else None
    if recent and interval is not None and not any(supply.is_held(now) for supply in supplies):
        starts.append(now + (people + STRAGGLERS * min(people, recent.in_flight)) * interval)
    end = max(starts, default=None)
    is_guess = interval is None and end is not None and end - now < SHORT
    return None if is_guess else end


def shortest_time(limits: Sequence[Limit], lookups: int, now: datetime) -> timedelta:
    """Return the least time that so many lookups take from now on, if nobody else asks the provider meanwhile."""
    end = Supply(Schedule(limits=tuple(limits))).last_start(lookups, now)
    return NOTHING if end is None else end - now


def in_words(left_s: float | None) -> str:
    """Say the time left as the sidebar does, rounded so that it does not flicker; empty where nothing can be said."""
    if left_s is None:
        return ""
    if left_s < 10:
        return "a few seconds left"
    if left_s < 60:
        return f"about {ceil(left_s / 10) * 10} s left"
    if (minutes := _rounded(left_s / 60)) < 60:
        return f"about {minutes} min left"
    hours, rest = divmod(5 * _rounded(minutes / 5), 60)
    if hours < 48:
        return f"about {hours} h{f' {rest} min' if rest else ''} left"
    return f"about {_rounded(hours / 24)} days left"


def _rounded(number: float) -> int:
    return floor(number + 0.5)  # halves up, as JavaScript does: 2.5 minutes are 3 in the sidebar, too


def _fit(limit: Limit, schedule: Schedule, at: datetime, each: timedelta) -> int:
    """Return how many requests fit under a limit before a run has to wait for it, or its window begins again."""
    room = max(1, floor(limit.count) - schedule.used(limit, at))
    if limit.starts is WindowStart.CLOCK and each:  # more, where the window ends before
        till_then = max(1, ceil((limit.next_window(at) - at) / each))
        return min(room, till_then)
    return room
