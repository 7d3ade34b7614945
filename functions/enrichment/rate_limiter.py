"""The rate at which this instance sends: a safety net beside the pace that all instances share.

It holds nothing back until the provider objects to many requests: then the key allows less than its limits say, or
other systems use it too. A few objections say nothing about the rate; those requests are sent again, and no more. On
many, all threads slow down together: none starts for a moment, then starts are spaced at a rate below the one that was
just served. The rate grows with every answer, faster the longer nobody objected, until it holds nothing back. This is
the additive increase and multiplicative decrease of network congestion control, on a rate rather than on a window,
since a burst limit counts requests per second: where answers are quick, even one in flight can be too many.
"""

from __future__ import annotations

import threading
from collections import deque
from math import inf

from functions.runtime import REAL, Runtime, StopSignal

SLOWER = 0.85
"""The share of the rate that is left after it was too high."""

GROWTH_PER_S = 0.03
"""The share of itself that the rate gains in a second; n times as much in the n-th second after it was lowered."""

MIN_PER_S = 0.2
"""The slowest pace."""

PAUSE_S = 0.5
"""Seconds without a start where no time is named: a token bucket refills within about a second."""

MAX_PAUSE_S = 30.0
"""A longer `Retry-After` is cut to this."""

WINDOW_S = 5.0
"""A `Retry-After` of so long names the end of a window, in which nobody is served: all wait for it."""

RECENT_S = 5.0
"""Seconds over which answers are counted, and for which a rate stays bounded at least."""

TOO_MANY, TOO_MANY_OF = 5, 0.2
"""So many objections of late, and such a share of the answers, mean that the rate is too high."""

FREE_AT = 4.0
"""A bound this many times above what is served holds nothing back; it is dropped."""


class RateLimiter:
    """Says when the next lookup may start, as fast as the provider takes them. Shared by threads."""

    def __init__(self, concurrency: int, runtime: Runtime = REAL) -> None:
        """Hold nothing back at first.

        Args:
            concurrency: how many lookups are in flight at most; first guess of the rate.
            runtime: the clock.
        """
        self._concurrency, self._clock = concurrency, runtime.monotonic
        self._lock = threading.Lock()
        self._per_s = inf
        self._next_start_s = -inf
        self._slowdowns = 0
        self._slowed_s = -inf
        self._bookings = 0  # goes up when what threads have booked is void
        self._answered: deque[tuple[float, bool]] = deque(maxlen=128)
        """The time of each answer of late, and whether it was an objection."""

    @property
    def per_s(self) -> float:
        """The number of turns that may begin in a second; infinite until the provider objects."""
        return self._per_s

    def acquire(self, stop: StopSignal) -> int | None:
        """Wait until this thread may send; return None if `stop` was set before that: then nothing may be sent.

        What it gives is for `slow_down`: the number of slow-downs so far.
        """
        start_s, booking = inf, -1
        while not stop.is_set():
            with self._lock:
                now_s = self._clock()
                if booking != self._bookings:
                    start_s, booking = max(now_s, self._next_start_s), self._bookings
                    self._next_start_s = start_s + 1 / self._per_s
                if start_s <= now_s:
                    return self._slowdowns
            stop.wait(start_s - now_s)
        return None

    def slow_down(self, slowdowns: int, retry_after_s: float | None = None) -> None:
        """Slow down, because the provider answered a turn with the limit of a second or a minute.

        Such answers to turns that began before everybody slowed down say nothing new.

        Args:
            slowdowns: what `acquire` gave at the beginning of the turn.
            retry_after_s: the pause that the provider asks for.
        """
        with self._lock:
            now_s = self._clock()
            if retry_after_s is not None and retry_after_s >= WINDOW_S:
                self._pause_until(now_s + min(retry_after_s, MAX_PAUSE_S))
            if slowdowns < self._slowdowns:
                return
            self._answered.append((now_s, True))
            if not self._is_too_fast(now_s):
                return
            self._per_s = max(MIN_PER_S, SLOWER * min(self._per_s, self._served_per_s(now_s)))
            self._slowdowns += 1
            self._slowed_s = self._next_start_s = now_s
            self._answered.clear()  # the next decision is about the new rate
            self._pause_until(now_s + max(PAUSE_S, retry_after_s or 0.0))

    def speed_up(self) -> None:
        """Speed up, because the provider gave any other answer."""
        with self._lock:
            now_s = self._clock()
            self._answered.append((now_s, False))
            if self._per_s == inf:
                return
            slowed_for_s = now_s - self._slowed_s
            # A step for each answer: `per_s` answers in a second make `GROWTH_PER_S` of `per_s`.
            self._per_s += GROWTH_PER_S * max(1.0, slowed_for_s)
            if slowed_for_s > RECENT_S and self._per_s > FREE_AT * self._served_per_s(now_s):
                self._per_s = inf

    def _pause_until(self, until_s: float) -> None:
        self._next_start_s = max(self._next_start_s, until_s)
        self._bookings += 1

    def _is_too_fast(self, now_s: float) -> bool:
        recent = [objected for answered_s, objected in self._answered if answered_s > now_s - RECENT_S]
        return sum(recent) >= TOO_MANY and sum(recent) > TOO_MANY_OF * len(recent)

    def _served_per_s(self, now_s: float) -> float:
        """Return the recent rate of answers that were not objections; a cautious guess if there were hardly any."""
        served = [at_s for at_s, objected in self._answered if at_s > now_s - RECENT_S and not objected]
        if len(served) < 2 or served[0] >= now_s:
            return float(self._concurrency)
        return len(served) / (now_s - served[0])
