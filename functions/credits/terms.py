"""A provider's terms as data: its price, whether a repeat is free, its limits, and the needs that it can fill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache


class Need(StrEnum):
    """A reason to ask the next provider: something that the leads so far do not hold."""

    PERSON = "person"  # name, position and company
    EMAIL = "email"  # an e-mail address that can be written to


Needs = frozenset[Need]

NO_NEEDS: Needs = frozenset()
EVERY_NEED: Needs = frozenset(Need)
ONLY_EMAIL: Needs = frozenset({Need.EMAIL})
"""The one case in which a provider may be told to charge for people with an address only."""


STEADY = timedelta(seconds=1)
"""Limits of windows up to this are kept as a steady rate; of longer ones the requests in each window are counted."""

_DAY = timedelta(days=1)


@cache
def label_of(provider: str) -> str:
    """Return a provider's name as people see it: `people_data_labs` is People Data Labs."""
    return provider.replace("_", " ").title()


class WindowStart(StrEnum):
    """The moment at which the window of a limit begins."""

    CLOCK = "clock"  # at the full second, minute, hour or day of UTC
    FIRST_REQUEST = "first_request"  # with the first request after the last window ended
    ROLLING = "rolling"  # at every moment: the last `window` counts


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests in each `window`; retries and refused requests count, too."""

    count: Decimal
    window: timedelta
    starts: WindowStart

    def next_window(self, now: datetime) -> datetime:
        """Return the time from which requests are allowed after a refusal at `now` (aware).

        It is exact for a window by the clock, and the latest possible time for the others.
        """
        if self.starts is not WindowStart.CLOCK:
            return now + self.window
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + ((now - epoch) // self.window + 1) * self.window


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A provider's prices and limits, as it documents them."""

    price: Decimal
    """The most credits that one lookup costs."""
    repeats_are_free: bool
    """True if asking for the same person again costs nothing."""
    fills: Needs
    """The needs that the provider's data can fill."""
    limits: tuple[Limit, ...]
    """All of them hold at once; by default those of the smallest plan with access to the API."""

    def limited_to(self, *, per_second: Decimal | None, per_day: Decimal | None) -> Terms:
        """Return the terms with the limits of another contract; None keeps what is documented.

        Args:
            per_second: takes the place of every limit that is shorter than a day, since one of a minute or an hour
                belongs to the same documented plan.
            per_day: takes the place of the limits of a day and longer.
        """
        short = tuple(limit for limit in self.limits if limit.window < _DAY)
        long = tuple(limit for limit in self.limits if limit.window >= _DAY)
        if per_second is not None:
            short = (Limit(per_second, timedelta(seconds=1), WindowStart.ROLLING),)
        if per_day is not None:
            long = (Limit(per_day, _DAY, long[0].starts if long else WindowStart.ROLLING),)
        return replace(self, limits=short + long)

    @property
    def per_minute(self) -> Decimal | None:
        """Return how many lookups are allowed in a minute; None if there is no limit of a minute or less."""
        minute = timedelta(minutes=1)
        short = [limit for limit in self.limits if limit.window <= minute]
        return min((limit.count * Decimal(minute / limit.window) for limit in short), default=None)

    def max_price(self, needs: Needs) -> Decimal:
        """Return the most that a lookup for `needs` costs: 0 if the provider fills none, since it is not asked then."""
        return self.price if needs & self.fills else Decimal(0)
