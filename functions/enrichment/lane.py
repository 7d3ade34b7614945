"""The lane for costly custom fields: a process computes one such answer at a time, in short pieces, so others go on.

Threads of a process share one processor. An answer may evaluate expressions freely for a few milliseconds. One that
needs more must be alone in the lane, and pauses between its pieces. Only a few wait for their turn, since each holds
a thread that others need. All further ones are refused, and ask again later.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from functions.runtime import REAL, Runtime

FREE_PIECES = 10
"""Of an answer, before it needs the lane. A filter over 1,000 technologies takes about twelve."""
PAUSE_S = 0.001
"""After each further piece: so the lane takes about a fifth of the processor."""
MAX_WAITING = 3
"""Answers that wait for the lane, of the sixteen that an instance gives at once."""
WAIT_S = 4.0
POLL_S = 0.02


class NoTurn(Exception):
    """Another answer's custom fields are being calculated, and enough others wait; ask again."""


@dataclass(slots=True)
class Lane:
    """The lane of one process; safe to share between threads."""

    runtime: Runtime = REAL
    is_taken: bool = False
    waiting: int = 0
    """Answers that wait for their turn."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Take the lane, waiting for it if necessary; return False if it does not become free soon."""
        if self._take_now():
            return True
        with self._lock:
            if self.waiting >= MAX_WAITING:
                return False
            self.waiting += 1
        try:
            until_s = self.runtime.monotonic() + WAIT_S
            while self.runtime.monotonic() < until_s:
                self.runtime.sleep(POLL_S)
                if self._take_now():
                    return True
            return False
        finally:
            with self._lock:
                self.waiting -= 1

    def leave(self) -> None:
        """Let the next one in."""
        self.is_taken = False

    def _take_now(self) -> bool:
        with self._lock:
            if self.is_taken:
                return False
            self.is_taken = True
            return True


class Turn:
    """One answer's use of the lane: called before each piece of its work; leaves the lane when its block ends."""

    def __init__(self, lane: Lane) -> None:
        self._lane, self._pieces = lane, 0
        self._is_in = self._is_refused = False

    def __enter__(self) -> Self:
        """Begin outside of the lane."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the lane."""
        if self._is_in:
            self._lane.leave()

    def __call__(self) -> None:
        """Begin another piece.

        Raises:
            NoTurn: the lane does not become free soon.
        """
        self._pieces += 1
        if self._pieces <= FREE_PIECES:
            return
        if not self._is_in:
            self._is_in = not self._is_refused and self._lane.take()
            self._is_refused = not self._is_in  # its other rows do not wait again
            if self._is_refused:
                raise NoTurn
        self._lane.runtime.sleep(PAUSE_S)
