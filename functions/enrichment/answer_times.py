"""How fast a provider has answered lately: says how many to claim ahead, and whether a lookup can still end in time."""

from __future__ import annotations

from collections import deque

REMEMBERED = 200
"""Answers that count; a provider that becomes slower is noticed within as many."""
FEWEST = 20
"""Answers from which something can be told."""
UNKNOWN_S = 3.0
"""The time that is assumed before."""


class AnswerTimes:
    """The last answers' times, in seconds. Safe to share between threads."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, seconds: float) -> None:
        """Count an answer, or a request that ended without one."""
        self._last.append(seconds)

    @property
    def usual_s(self) -> float:
        """Return the time within which 95 of 100 answers came."""
        times = sorted(self._last.copy())
        return times[int(0.95 * (len(times) - 1))] if len(times) >= FEWEST else UNKNOWN_S

    @property
    def mean_s(self) -> float:
        """Return the mean time of an answer."""
        times = self._last.copy()
        return sum(times) / len(times) if len(times) >= FEWEST else UNKNOWN_S
