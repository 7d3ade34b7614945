"""Limits of requests as providers count them: by the clock, from a first request, or rolling."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from functions.credits.terms import WindowStart


@dataclass(frozen=True, slots=True)
class Counted:
    """A request, counted."""

    is_admitted: bool
    left: int | None
    """Requests that the window still admits; None without a limit."""
    reset_s: float
    """Seconds until the window admits more."""


UNLIMITED = Counted(is_admitted=True, left=None, reset_s=60.0)


class Window:
    """A limit of requests in one length of time, for each key on its own. Refused requests count, too."""

    def __init__(self, length_s: float, starts: WindowStart, clock: Callable[[], float]) -> None:
        """Begins empty.

        Args:
            length_s: how long a window is.
            starts: when one begins.
            clock: the seconds since 1970.
        """
        self._length_s, self._starts, self._clock = length_s, starts, clock
        self._began: dict[str, float] = {}
        self._count: Counter[str] = Counter()
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, key: str, limit: int | None) -> Counted:
        """Counts a request of a key."""
        if limit is None:
            return Counted(is_admitted=True, left=None, reset_s=self._length_s)
        now_s = self._clock()
        count, reset_s = self._roll(key, now_s) if self._starts is WindowStart.ROLLING else self._step(key, now_s)
        return Counted(is_admitted=count <= limit, left=max(0, limit - count), reset_s=reset_s)

    def _step(self, key: str, now_s: float) -> tuple[int, float]:
        began_s = self._began.get(key, -self._length_s)
        if now_s - began_s >= self._length_s:
            is_by_clock = self._starts is WindowStart.CLOCK
            began_s = self._began[key] = now_s - now_s % self._length_s if is_by_clock else now_s
            self._count[key] = 0
        self._count[key] += 1
        return self._count[key], began_s + self._length_s - now_s

    def _roll(self, key: str, now_s: float) -> tuple[int, float]:
        recent = self._recent[key]
        while recent and now_s - recent[0] >= self._length_s:
            recent.popleft()
        recent.append(now_s)
        return len(recent), recent[0] + self._length_s - now_s
