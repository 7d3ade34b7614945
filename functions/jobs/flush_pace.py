"""Decide when the results of an attempt are worth a flush. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FIRST_ROWS = 10
FIRST_S = 2.0
"""The first flush waits for so many rows, or for so long: whoever watches sees that it works, and how well."""
WINDOW_S = 0.5
"""The rate of answers is that of the latest half second."""
SOON_S = 1.0
"""Where the rest of the chunk is expected within this time, its end delivers everything."""


@dataclass(slots=True)
class FlushPace:
    """The rows of one attempt that have come, and the times at which they did."""

    rows: int
    """Of the attempt."""
    began_s: float
    """By any clock that never goes back, as all other times here."""
    _seen: deque[tuple[float, int]] = field(init=False)
    """Time, and how many rows had come: of the window, and the last one before it."""

    def __post_init__(self) -> None:
        self._seen = deque([(self.began_s, 0)])

    def is_worthwhile(self, delivered: int, waiting: int, now_s: float) -> bool:
        """Tell whether a flush is worth its calls now.

        Args:
            delivered: rows that have come and were delivered.
            waiting: rows that have come and were not.
            now_s: the present.
        """
        came = delivered + waiting
        self._seen.append((now_s, came))
        while len(self._seen) > 2 and self._seen[1][0] <= now_s - WINDOW_S:
            self._seen.popleft()
        if not waiting or self._rest_s(came, now_s) <= SOON_S:
            return False
        return bool(delivered) or came >= FIRST_ROWS or now_s - self.began_s >= FIRST_S

    def _rest_s(self, came: int, now_s: float) -> float:
        """The time until all rows have come, at the latest rate."""
        since_s, before = self._seen[0]
        news = came - before
        return (self.rows - came) * (now_s - since_s) / news if news else float("inf")
